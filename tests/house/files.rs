//! What every file keeps: a header, a length, no `unsafe`, no files and environment of the machine.

use proc_macro2::{TokenStream, TokenTree};

use crate::paths::Names;
use crate::sources::{Source, assert_none, sources};

const MOST_LINES: usize = 300;
const MOST_HEADER_LINES: usize = 8;

/// The one module of system calls that the libraries lack.
const UNSAFE: &str = "src/listeners/udp/batch.rs";

/// Who may touch the file system or the environment, and why.
const MACHINE: [(&str, &str); 8] = [
    (
        "src/cli/",
        "reads the environment and the files that the user named",
    ),
    (
        "src/config/",
        "reads the configuration and the files that it names",
    ),
    (
        "src/regular_file.rs",
        "opens files for the configuration and the snapshot",
    ),
    (
        "src/sync/stored/folder.rs",
        "keeps the snapshot in the folder that the configuration names",
    ),
    (
        "src/query_log/output.rs",
        "writes the query log to the file that the configuration names",
    ),
    (
        "src/query_log/unfinished.rs",
        "moves a file of the query log aside whose stream has no end",
    ),
    ("src/certs.rs", "writes the development certificates"),
    (
        "src/demo/server/mod.rs",
        "removes the unix socket that an earlier demo left",
    ),
];

#[test]
fn every_file_begins_with_a_short_header() {
    assert_none(&all().iter().filter_map(header).collect::<Vec<_>>());
}

#[test]
fn no_file_is_too_long() {
    assert_none(&all().iter().filter_map(length).collect::<Vec<_>>());
}

#[test]
fn only_the_module_of_system_calls_is_unsafe() {
    assert_none(
        &sources("src")
            .iter()
            .flat_map(unsafe_code)
            .collect::<Vec<_>>(),
    );
}

#[test]
fn only_the_upper_floors_touch_files_and_environment() {
    assert_none(&sources("src").iter().flat_map(machine).collect::<Vec<_>>());
}

#[test]
fn every_exception_is_still_needed() {
    let all = sources("src");
    let any = |prefix: &str, needs: fn(&Source) -> bool| {
        all.iter()
            .any(|source| source.path.starts_with(prefix) && needs(source))
    };
    for (prefix, reason) in MACHINE {
        assert!(
            any(prefix, |it| !touches(it).is_empty()),
            "{prefix} no longer {reason}"
        );
    }
    assert!(
        any(UNSAFE, |it| !unsafe_lines(it.tokens()).is_empty()),
        "{UNSAFE} is safe now"
    );
}

fn all() -> Vec<Source> {
    ["src", "tests", "benches"]
        .into_iter()
        .flat_map(sources)
        .collect()
}

fn header(source: &Source) -> Option<String> {
    let lines = source
        .text
        .lines()
        .take_while(|line| line.starts_with("//!"))
        .count();
    let Source { path, .. } = source;
    match lines {
        0 => Some(format!(
            "{path}:1: a file begins with `//!`: what it is, and what it does not do"
        )),
        lines if lines > MOST_HEADER_LINES => Some(format!(
            "{path}:1: the header has {lines} lines; {MOST_HEADER_LINES} are enough"
        )),
        _ => None,
    }
}

fn length(source: &Source) -> Option<String> {
    let lines = source.text.lines().count();
    let Source { path, .. } = source;
    (lines > MOST_LINES).then(|| format!("{path}: {lines} lines; a file has at most {MOST_LINES}"))
}

fn unsafe_code(source: &Source) -> Vec<String> {
    let Source { path, .. } = source;
    if path == UNSAFE {
        return Vec::new();
    }
    let finding = |line| format!("{path}:{line}: unsafe code belongs into {UNSAFE}");
    unsafe_lines(source.tokens())
        .into_iter()
        .map(finding)
        .collect()
}

fn unsafe_lines(tokens: TokenStream) -> Vec<usize> {
    let lines = |token| match token {
        TokenTree::Ident(ident) if ident == "unsafe" => vec![ident.span().start().line],
        TokenTree::Group(group) => unsafe_lines(group.stream()),
        _ => Vec::new(),
    };
    tokens.into_iter().flat_map(lines).collect()
}

fn machine(source: &Source) -> Vec<String> {
    let Source { path, .. } = source;
    if MACHINE.iter().any(|(prefix, _)| path.starts_with(prefix)) {
        return Vec::new();
    }
    let finding = |(line, what)| {
        format!("{path}:{line}: {what} is for cli.rs and config/; hand down what they read")
    };
    touches(source).into_iter().map(finding).collect()
}

/// The lines that name the file system or the environment.
fn touches(source: &Source) -> Vec<(usize, String)> {
    let found = |named: crate::paths::Named| {
        let path = named.segments.join("::");
        let reach = ["std::fs", "std::env", "tokio::fs"];
        reach
            .into_iter()
            .find(|it| path.starts_with(it))
            .map(|_| (named.line, path))
    };
    Names::of(source)
        .paths
        .into_iter()
        .filter_map(found)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_a_late_and_a_long_header_are_found() {
        let header = |text: &str| header(&Source::new("src/a.rs", text));
        assert!(header("use a::b;\n//! late").is_some());
        assert!(header(&"//! long\n".repeat(9)).is_some_and(|it| it.contains("9 lines")));
        assert!(header("//! good\n\nuse a::b;").is_none());
    }

    #[test]
    fn a_long_file_is_found() {
        let of = |lines: usize| Source::new("src/a.rs", &"//!\n".repeat(lines));
        assert!(length(&of(301)).is_some() && length(&of(300)).is_none());
    }

    #[test]
    fn unsafe_code_is_found_wherever_it_hides() {
        let text = "// unsafe\nfn f() {\n  g(|| unsafe { 1 });\n}";
        let findings = unsafe_code(&Source::new("src/a.rs", text));
        assert_eq!(
            findings,
            ["src/a.rs:3: unsafe code belongs into src/listeners/udp/batch.rs"]
        );
    }

    #[test]
    fn files_and_environment_are_found_through_any_import() {
        let machine = |text: &str| machine(&Source::new("src/dns/a.rs", text)).len();
        assert_eq!(machine("use std::{fmt, fs};"), 1);
        assert_eq!(
            machine("fn f() { std::env::args(); tokio::fs::read(\"a\") }"),
            2
        );
        assert_eq!(
            machine("const A: &str = env!(\"CARGO_PKG_VERSION\"); use std::fmt;"),
            0
        );
    }
}
