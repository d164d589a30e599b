//! The documents name files and headings that exist, and what the code is told of by its documents is there.

use std::path::Path;

use crate::sources::{assert_none, read, root};

/// The documents beside the sources; those in `docs/` are found.
const DOCUMENTS: [&str; 5] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "certs-dev/README.md",
];

/// How a path of ours begins.
const OURS: [&str; 6] = [
    "src/",
    "tests/",
    ".ci/",
    "benches/",
    "deploy/",
    "certs-dev/README",
];

#[test]
fn the_documents_name_files_and_headings_that_exist() {
    let documents = documents();
    assert!(documents.len() > 12, "{documents:?}");
    let wrong = documents.iter().flat_map(|document| {
        let text = read(document);
        let paths = paths(&text).into_iter();
        let missing = paths.filter(|path| !root().join(path).exists());
        let links = links(&text).into_iter();
        let broken = links.filter(|link| !leads_somewhere(document, link));
        let wrong: Vec<String> = missing.chain(broken).collect();
        let tell = move |it: String| format!("{document} names {it}, which is not there");
        wrong.into_iter().map(tell)
    });
    assert_none(&wrong.collect::<Vec<_>>());
}

#[test]
fn the_index_of_the_documents_names_each_of_them() {
    let links = links(&read("docs/README.md"));
    let documents = documents();
    let inside = documents.iter().filter_map(|it| it.strip_prefix("docs/"));
    let missing = inside.filter(|it| *it != "README.md" && !links.iter().any(|link| link == it));
    let missing: Vec<String> = missing
        .map(|it| format!("docs/README.md lacks {it}"))
        .collect();
    assert_none(&missing);
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

/// All documents, those in `docs/` too.
fn documents() -> Vec<String> {
    let folder = std::fs::read_dir(root().join("docs")).expect("docs/");
    let names = folder.map(|entry| entry.expect("an entry").file_name());
    let names = names.filter_map(|name| name.into_string().ok());
    let inside = names.filter(|name| name.ends_with(".md"));
    let inside = inside.map(|name| format!("docs/{name}"));
    DOCUMENTS
        .map(str::to_owned)
        .into_iter()
        .chain(inside)
        .collect()
}

/// Whether the file and the heading of a link in `document` are there.
fn leads_somewhere(document: &str, link: &str) -> bool {
    let (file, heading) = link.split_once('#').unwrap_or((link, ""));
    let folder = root().join(document);
    let folder = folder.parent().unwrap_or_else(|| Path::new(""));
    let file = match file {
        "" => root().join(document),
        file => folder.join(file),
    };
    let has_heading = |text: String| anchors(&text).iter().any(|it| it == heading);
    match heading {
        "" => file.exists(),
        _ => std::fs::read_to_string(file).is_ok_and(has_heading),
    }
}

/// What links call the headings of a document, as GitHub makes it of them.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    let anchor = |line: &str| {
        let heading = line.trim_start_matches('#').trim().to_lowercase();
        heading
            .chars()
            .filter(kept)
            .collect::<String>()
            .replace(' ', "-")
    };
    headings.map(anchor).collect()
}

/// Paths between backticks, from the root of the repository on.
fn paths(text: &str) -> Vec<String> {
    let code = text.split('`').skip(1).step_by(2);
    let ours = |it: &&str| OURS.iter().any(|begin| it.starts_with(begin)) && !it.contains(' ');
    code.filter(ours).map(str::to_owned).collect()
}

/// Where links lead, but those to other hosts.
fn links(text: &str) -> Vec<String> {
    let links = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let inside = links.filter(|link| !link.starts_with("http"));
    inside.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_found_in_code_and_links() {
        let text = "see `src/a.rs` and `cargo test`, [that](LICENSE), [this](https://example.org), ![it](a.png)";
        assert_eq!(paths(text), ["src/a.rs"]);
        assert_eq!(links(text), ["LICENSE", "a.png"]);
    }

    #[test]
    fn a_link_without_its_heading_is_found() {
        assert_eq!(anchors("# A, `b` and C\n\ntext\n"), ["a-b-and-c"]);
        assert!(leads_somewhere("docs/limits.md", "../README.md"));
        assert!(leads_somewhere("docs/limits.md", "#fixed-limits"));
        assert!(!leads_somewhere("docs/limits.md", "#no-such-heading"));
        assert!(leads_somewhere("README.md", "docs/status-page.png"));
        assert!(!leads_somewhere("README.md", "docs/no-such-picture.png"));
        assert!(!leads_somewhere(
            "README.md",
            "docs/limits.md#no-such-heading"
        ));
    }
}
