//! The documents name files that exist, and what the code is told of by its documents is there.

use crate::sources::{assert_none, read, root};

/// The documents that people read first.
const DOCUMENTS: [&str; 4] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
];

/// How a path of ours begins.
const OURS: [&str; 5] = ["src/", "tests/", ".ci/", "benches/", "certs-dev/README"];

#[test]
fn the_documents_name_files_that_exist() {
    let missing = DOCUMENTS.iter().flat_map(|document| {
        let paths = paths(&read(document));
        // A link may name a heading of the file.
        let file = |path: &String| root().join(path.split('#').next().unwrap_or(path));
        let missing = paths.into_iter().filter(move |path| !file(path).exists());
        missing.map(move |path| format!("{document} names {path}, which is not there"))
    });
    assert_none(&missing.collect::<Vec<_>>());
}

#[test]
fn every_floor_says_what_it_must_not_do() {
    let text = read("ARCHITECTURE.md");
    let floors = text
        .split("\n### ")
        .skip(1)
        .map(|part| part.split("\n## ").next().unwrap_or(part));
    let lacking = floors.filter(|floor| !floor.contains("- Invariant: "));
    let lacking: Vec<String> = lacking
        .map(|floor| floor.lines().next().unwrap_or("").into())
        .collect();
    assert_none(&lacking);
    assert!(text.matches("\n### ").count() >= 9);
}

/// Paths between backticks and in links.
fn paths(text: &str) -> Vec<String> {
    let code = text.split('`').skip(1).step_by(2).map(str::to_owned);
    let code =
        code.filter(|it| OURS.iter().any(|begin| it.starts_with(begin)) && !it.contains(' '));
    let links = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let links = links.filter(|link| !link.starts_with("http") && !link.starts_with('#'));
    code.chain(links.map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_found_in_code_and_links() {
        let text =
            "see `src/a.rs` and `cargo test`, [that](LICENSE) and [this](https://example.org)";
        assert_eq!(paths(text), ["src/a.rs", "LICENSE"]);
    }
}
