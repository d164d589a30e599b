//! What `log` and `dnstap` become: one query log, with the names and classes of all blocks.

use super::{nomadns, text};

/// What a Corefile becomes: the keys of `[query_log]`, and what is said of it.
fn imported(corefile: &str) -> (Vec<String>, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("Corefile"), corefile).unwrap();
    let output = nomadns(folder.path(), &["import", "Corefile"]);
    let (config, said) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.code().is_some_and(|it| it < 2), "{said}");
    let section = config.split("[query_log]").nth(1).unwrap_or_default();
    let section = section.split("\n[").next().unwrap_or_default();
    let is_key = |line: &&str| !line.is_empty() && !line.starts_with(['#', '[']);
    let keys = section.lines().filter(is_key).map(str::to_owned);
    let path = folder.path().join("nomadns.toml");
    std::fs::write(&path, &config).unwrap();
    let checked = nomadns(folder.path(), &["check", "--config", "nomadns.toml"]);
    assert!(checked.status.success(), "{config}\n{checked:?}");
    (keys.collect(), said)
}

const COREDNS: &str = "format = \"coredns\"";
const STDOUT: &str = "target = \"stdout\"";

#[test]
fn log_becomes_lines_of_coredns_on_standard_output() {
    for (corefile, expected) in [
        (".:53 {\n nomad\n log\n}\n", &[COREDNS, STDOUT][..]),
        (
            ".:53 {\n nomad\n log . \"{common}\" {\n  class denial error\n }\n}\n",
            &["classes = [\"denial\", \"error\"]", COREDNS, STDOUT],
        ),
        (
            ".:53 {\n nomad\n log . {\n  class all\n }\n}\n",
            &[COREDNS, STDOUT],
        ),
        (
            "nomad:53 {\n nomad nomad\n log\n}\n.:53 {\n forward . 10.0.0.2\n}\n",
            &[COREDNS, "names = [\"nomad\"]", STDOUT],
        ),
        (
            "nomad:53 {\n nomad nomad\n log\n}\n.:53 {\n forward . 10.0.0.2\n log\n}\n",
            &[COREDNS, STDOUT],
        ),
        (
            ".:53 {\n nomad\n log web.nomad db.nomad {\n  class success\n }\n}\n",
            &[
                "classes = [\"success\"]",
                COREDNS,
                "names = [\"web.nomad\", \"db.nomad\"]",
                STDOUT,
            ],
        ),
    ] {
        let (keys, said) = imported(corefile);
        assert_eq!(keys, expected, "{corefile}");
        assert!(!said.contains("lost"), "{corefile}: {said}");
    }
}

#[test]
fn a_format_of_its_own_is_lost_and_the_rest_is_not() {
    let (keys, said) = imported(".:53 {\n nomad\n log . \"{remote} {name}\"\n}\n");
    assert_eq!(keys, [COREDNS, STDOUT]);
    assert!(
        said.contains("lost: Corefile:3: log: its own format"),
        "{said}"
    );
}

#[test]
fn dnstap_becomes_a_collector_where_there_is_no_log() {
    for (line, target) in [
        (
            "dnstap /run/dnstap.sock full",
            "target = \"unix:/run/dnstap.sock\"",
        ),
        (
            "dnstap unix:///run/dnstap.sock full",
            "target = \"unix:/run/dnstap.sock\"",
        ),
        (
            "dnstap tcp://10.0.0.5:6000 full",
            "target = \"tcp:10.0.0.5:6000\"",
        ),
    ] {
        let (keys, said) = imported(&format!(
            ".:53 {{\n nomad\n {line} {{\n  identity one\n }}\n}}\n"
        ));
        assert_eq!(keys, ["format = \"dnstap\"", "identity = \"one\"", target]);
        assert!(!said.contains("lost"), "{said}");
    }
    let (keys, said) = imported(".:53 {\n nomad\n dnstap tls://collector:6000 full\n}\n");
    assert!(keys.is_empty() && said.contains("without TLS"), "{said}");
    let (keys, said) = imported(".:53 {\n nomad\n dnstap /run/dnstap.sock full\n log\n}\n");
    assert_eq!(keys, [COREDNS, STDOUT]);
    assert!(
        said.contains("lost: Corefile:3: dnstap: nomadns has one query log"),
        "{said}"
    );
}
