//! One name, one thing: no two types of the crate have the same name, but where the path makes the difference plain.

use std::collections::BTreeMap;

use proc_macro2::TokenTree;

use crate::sources::{Source, assert_none, sources};

/// Parts of the crate whose types may be named like types elsewhere, but not like each other, and why.
const PLAIN_BY_PATH: [(&str, &str); 1] = [(
    "src/demo/",
    "simulates a Nomad, whose own words the client of a Nomad uses too",
)];

#[test]
fn a_type_has_a_name_of_its_own() {
    assert_none(&shared(&sources("src")));
}

#[test]
fn every_exception_to_own_names_is_still_needed() {
    let all = types(&sources("src"));
    for (prefix, reason) in PLAIN_BY_PATH {
        let differs = |paths: &Vec<String>| {
            paths.iter().any(|path| path.starts_with(prefix))
                && paths.iter().any(|path| !path.starts_with(prefix))
        };
        assert!(all.values().any(differs), "{prefix} no longer {reason}");
    }
}

/// The names that more than one type of one part has, with the files.
fn shared(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for (name, paths) in types(sources) {
        let mut parts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for path in &paths {
            parts.entry(part(path)).or_default().push(path);
        }
        let many = parts.into_values().filter(|paths| paths.len() > 1);
        findings.extend(many.map(|paths| format!("{name} is a type of {}", paths.join(", "))));
    }
    findings
}

fn part(path: &str) -> &'static str {
    let found = PLAIN_BY_PATH
        .iter()
        .find(|(prefix, _)| path.starts_with(prefix));
    found.map_or("", |(prefix, _)| *prefix)
}

/// The files that define a type of each name, outside of functions, implementations and inline modules.
fn types(sources: &[Source]) -> BTreeMap<String, Vec<String>> {
    let mut types: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in sources {
        let mut defines = false;
        for token in source.tokens() {
            let TokenTree::Ident(ident) = token else {
                defines = false;
                continue;
            };
            let word = ident.to_string();
            if defines {
                types
                    .entry(word.clone())
                    .or_default()
                    .push(source.path.clone());
            }
            defines = matches!(&*word, "struct" | "enum" | "union" | "trait" | "type");
        }
    }
    types
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<Source> = files
            .iter()
            .map(|(path, text)| Source::new(path, text))
            .collect();
        shared(&sources)
    }

    #[test]
    fn two_types_of_one_name_are_found_whatever_they_are() {
        let files = [
            ("src/a.rs", "pub(crate) struct Key; fn f() {}"),
            ("src/b.rs", "type Key = u8;"),
            ("src/c.rs", "enum Other {}"),
        ];
        assert_eq!(found(&files), ["Key is a type of src/a.rs, src/b.rs"]);
    }

    #[test]
    fn the_simulated_nomad_is_apart_but_one_in_itself() {
        let apart = [
            ("src/nomad/a.rs", "struct Key;"),
            ("src/demo/a.rs", "struct Key;"),
        ];
        assert!(found(&apart).is_empty());
        let inside = [
            ("src/demo/a.rs", "struct Key;"),
            ("src/demo/b.rs", "trait Key {}"),
        ];
        assert_eq!(
            found(&inside),
            ["Key is a type of src/demo/a.rs, src/demo/b.rs"]
        );
    }

    #[test]
    fn associated_types_and_those_of_functions_are_no_matter() {
        let files = [
            (
                "src/a.rs",
                "impl Future for A { type Output = (); } fn f() { struct Local; }",
            ),
            (
                "src/b.rs",
                "impl Future for B { type Output = (); } fn f() { struct Local; }",
            ),
        ];
        assert!(found(&files).is_empty());
    }
}
