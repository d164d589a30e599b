//! What SECURITY.md promises is proven: each proof that it names exists, whichever kind it is of.

use crate::reference::functions;
use crate::sources::{assert_none, read, root, sources};
use crate::tables::rows;

#[test]
fn each_promise_has_a_proof_that_exists() {
    let sources = ["src", "tests"].into_iter().flat_map(sources);
    let tests: Vec<String> = sources.flat_map(|it| functions(it.tokens())).collect();
    let exists = |proof: &str| exists(proof, &tests);
    assert_none(&unproven(&rows(&read("SECURITY.md"), "Promises"), exists));
}

#[test]
fn a_proof_that_takes_long_is_part_of_the_long_check() {
    let long = read(".ci/long");
    let missing = rows(&read("SECURITY.md"), "Promises")
        .into_iter()
        .flat_map(|row| proofs(&row[2]))
        .filter(|(proof, is_long)| *is_long && !is_run_by(&long, proof));
    let missing: Vec<String> = missing
        .map(|(proof, _)| format!("SECURITY.md: .ci/long does not run {proof}"))
        .collect();
    assert_none(&missing);
}

/// Rows without a figure or a proof, and proofs that are not there.
fn unproven(rows: &[Vec<String>], exists: impl Fn(&str) -> bool) -> Vec<String> {
    let mut findings = Vec::new();
    for row in rows {
        let [promise, figure, proof] = &row[..] else {
            findings.push(format!("SECURITY.md: {row:?} has not three cells"));
            continue;
        };
        let proofs = proofs(proof);
        if figure.is_empty() || proofs.is_empty() {
            findings.push(format!(
                "SECURITY.md: {promise:?} lacks its figure or its proof"
            ));
        }
        let missing = proofs.iter().filter(|(proof, _)| !exists(proof));
        findings.extend(missing.map(|(proof, _)| {
            format!("SECURITY.md: {promise:?} names the proof {proof}, which is not there")
        }));
    }
    findings
}

/// The proofs of a cell, in code, and whether each takes long.
fn proofs(cell: &str) -> Vec<(String, bool)> {
    let parts: Vec<&str> = cell.split('`').collect();
    let pairs = parts.chunks(2).skip(1).zip(parts.iter().skip(1).step_by(2));
    pairs
        .map(|(after, proof)| ((*proof).to_owned(), after[0].starts_with(" (*long*)")))
        .collect()
}

/// Whether a proof is there: a script, a target of the fuzzer, an attack, or a test.
fn exists(proof: &str, tests: &[String]) -> bool {
    if proof.contains('/') {
        return root().join(proof).is_file();
    }
    if let Some(target) = proof.strip_prefix("fuzz ") {
        let path = format!("fuzz/fuzz_targets/{target}.rs");
        return root().join(path).is_file();
    }
    if let Some((file, function)) = proof.split_once('.') {
        let path = root().join(format!("tests/attack/cases/{file}.py"));
        let begin = format!("def {function}(world):");
        return path.is_file() && read(&format!("tests/attack/cases/{file}.py")).contains(&begin);
    }
    tests.iter().any(|test| test == proof)
}

/// Whether the long check runs it, a target with all the others; a release is built where two are compared.
fn is_run_by(long: &str, proof: &str) -> bool {
    let script = match proof {
        ".ci/release" => ".ci/reproducible",
        proof if proof.starts_with("fuzz ") => ".ci/fuzz",
        proof => proof,
    };
    long.contains(script)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proofs_are_read_with_what_is_said_of_them() {
        let read = proofs("`a_test`, `held.flood` and `fuzz name` (*long*), `.ci/run`");
        let names: Vec<&str> = read.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["a_test", "held.flood", "fuzz name", ".ci/run"]);
        let long: Vec<bool> = read.iter().map(|(_, long)| *long).collect();
        assert_eq!(long, [false, false, true, false]);
    }

    #[test]
    fn each_kind_of_proof_is_looked_for_where_it_belongs() {
        let tests = ["a_test".to_owned()];
        for proof in ["a_test", "held.nxdomain_flood", "fuzz message", ".ci/run"] {
            assert!(exists(proof, &tests), "{proof}");
        }
        for proof in [
            "another",
            "held.nothing",
            "nobody.flood",
            "fuzz nothing",
            ".ci/nothing",
        ] {
            assert!(!exists(proof, &tests), "{proof}");
        }
    }

    #[test]
    fn a_row_without_a_proof_that_exists_is_found() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let rows = [
            row(["a", "1", "`there`"]),
            row(["b", "1", "`gone`"]),
            row(["c", "1", "none"]),
            row(["d", "", "`there`"]),
        ];
        assert_eq!(unproven(&rows, |proof| proof == "there").len(), 3);
    }
}
