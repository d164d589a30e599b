//! Imports point down: from floor to floor, and without a ring between the files of one folder.

use std::collections::BTreeMap;

use crate::modules::{Module, Use, uses};
use crate::sources::{Source, assert_none, sources};

/// The floor of each module of the crate.
const FLOORS: [(&str, u8); 29] = [
    ("blocking", 0),
    ("exposition", 0),
    ("fair_queue", 0),
    ("regular_file", 0),
    ("secret", 0),
    ("tls_failure", 0),
    ("token_bucket", 0),
    ("unix_time", 0),
    ("dns", 1),
    ("catalog", 1),
    ("nomad", 1),
    ("answers", 2),
    ("forward", 2),
    ("query_log", 2),
    ("transfer", 3),
    ("sync", 2),
    ("layers", 3),
    ("listeners", 4),
    ("demo", 5),
    ("certs", 5),
    ("config", 6),
    ("lookup", 6),
    ("profile", 6),
    ("app", 7),
    ("export", 7),
    ("import", 7),
    ("cli", 8),
    ("main", 9),
    // lib.rs itself
    ("", 9),
];

#[test]
fn imports_point_down_from_floor_to_floor() {
    assert_none(&upward(&uses(&sources("src"))));
}

#[test]
fn the_modules_of_a_folder_form_no_ring() {
    assert_none(&rings(&uses(&sources("src"))));
}

#[test]
fn every_module_of_the_crate_has_a_floor() {
    let known = |source: &Source| {
        floor(&source.module())
            .is_none()
            .then(|| source.path.clone())
    };
    assert_none(&sources("src").iter().filter_map(known).collect::<Vec<_>>());
}

#[test]
fn the_check_sees_the_uses_of_the_real_tree() {
    let uses = uses(&sources("src"));
    let has = |from: &str, to: &str| {
        uses.iter()
            .any(|it| it.from.join("::") == from && it.to.join("::") == to)
    };
    assert!(
        has("cli", "app")
            && has("layers::cache", "dns::answer")
            && has("config::check", "config::file")
    );
}

/// The uses that do not point to a lower floor.
fn upward(uses: &[Use]) -> Vec<String> {
    let mut findings = Vec::new();
    for it in uses {
        for to in [&it.through, &it.to] {
            if top(to) == top(&it.from) || findings_has(&findings, it) {
                continue;
            }
            let (from_floor, to_floor) = (floor(&it.from), floor(to));
            if from_floor.zip(to_floor).is_none_or(|(from, to)| from <= to) {
                let shown =
                    |floor: Option<u8>| floor.map_or_else(|| "none".into(), |it| it.to_string());
                findings.push(format!(
                    "{}: {} (floor {}) uses {} (floor {}); a module may use only lower floors",
                    it.place,
                    it.from.join("::"),
                    shown(from_floor),
                    to.join("::"),
                    shown(to_floor),
                ));
            }
        }
    }
    findings
}

/// Rings between the modules of one folder; a folder below it counts as one module.
fn rings(uses: &[Use]) -> Vec<String> {
    let mut folders: BTreeMap<Module, BTreeMap<String, BTreeMap<String, &str>>> = BTreeMap::new();
    for it in uses {
        let shared = it
            .from
            .iter()
            .zip(&it.to)
            .take_while(|(from, to)| from == to)
            .count();
        // Between a module and what is below it there are no two siblings.
        let (Some(from), Some(to)) = (it.from.get(shared), it.to.get(shared)) else {
            continue;
        };
        if shared > 0 {
            let folder = folders.entry(it.from[..shared].to_vec()).or_default();
            let edges = folder.entry(from.clone()).or_default();
            edges.entry(to.clone()).or_insert(&it.place);
        }
    }
    let mut findings = Vec::new();
    for (folder, edges) in &folders {
        for start in edges.keys() {
            let mut way = Vec::new();
            // Each ring is told once, from its first module.
            if back_to(start, start, edges, &mut way) {
                let steps: Vec<String> = way
                    .iter()
                    .map(|(to, place)| format!("uses {to} ({place})"))
                    .collect();
                findings.push(format!(
                    "{}: {start} {}; modules of one folder may not form a ring",
                    folder.join("::"),
                    steps.join(", which "),
                ));
            }
        }
    }
    findings
}

type Edges<'a> = BTreeMap<String, BTreeMap<String, &'a str>>;

/// Looks for a way from `at` back to `start` over modules that come after it.
fn back_to<'a>(start: &str, at: &str, edges: &Edges<'a>, way: &mut Vec<(String, &'a str)>) -> bool {
    for (to, place) in edges.get(at).into_iter().flatten() {
        let seen = way.iter().any(|(passed, _)| passed == to);
        if seen || &**to < start {
            continue;
        }
        way.push((to.clone(), place));
        if to == start || back_to(start, to, edges, way) {
            return true;
        }
        way.pop();
    }
    false
}

fn findings_has(findings: &[String], it: &Use) -> bool {
    findings
        .last()
        .is_some_and(|last| last.starts_with(&format!("{}: ", it.place)))
}

fn top(module: &Module) -> &str {
    module.first().map_or("", String::as_str)
}

fn floor(module: &Module) -> Option<u8> {
    FLOORS
        .iter()
        .find(|(name, _)| *name == top(module))
        .map(|(_, floor)| *floor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses_of(files: &[(&str, &str)]) -> Vec<Use> {
        let sources: Vec<Source> = files
            .iter()
            .map(|(path, text)| Source::new(path, text))
            .collect();
        uses(&sources)
    }

    #[test]
    fn an_upward_import_is_found_with_file_line_and_rule() {
        let files = [
            ("src/dns/name.rs", "\nuse crate::layers::Stack;"),
            ("src/layers/mod.rs", ""),
        ];
        let findings = upward(&uses_of(&files));
        let expected = "src/dns/name.rs:2: dns::name (floor 1) uses layers (floor 3); \
                        a module may use only lower floors";
        assert_eq!(findings, [expected]);
    }

    #[test]
    fn an_import_on_the_same_floor_is_found_and_one_downwards_is_not() {
        let files = [
            (
                "src/sync/mod.rs",
                "use crate::answers::Router; use crate::catalog::Catalog;",
            ),
            ("src/answers/mod.rs", ""),
            ("src/catalog/mod.rs", ""),
        ];
        assert_eq!(upward(&uses_of(&files)).len(), 1);
    }

    #[test]
    fn a_module_without_a_floor_is_found() {
        let files = [
            ("src/cli.rs", "use crate::attic::Box;"),
            ("src/attic.rs", ""),
        ];
        assert!(upward(&uses_of(&files))[0].contains("attic (floor none)"));
    }

    #[test]
    fn a_reexport_hides_no_upward_use() {
        let files = [
            ("src/dns/mod.rs", "mod name; pub use crate::config::File;"),
            ("src/dns/name.rs", "use super::File;"),
            ("src/config/mod.rs", "mod file; pub use file::File;"),
            ("src/config/file.rs", ""),
        ];
        assert_eq!(upward(&uses_of(&files)).len(), 2);
    }

    #[test]
    fn a_ring_of_siblings_is_found_once_with_all_its_steps() {
        let files = [
            (
                "src/dns/mod.rs",
                "mod a; mod b; mod c; pub use b::B; pub use c::C;",
            ),
            ("src/dns/a.rs", "use super::B;"),
            ("src/dns/b.rs", "fn f(c: super::C) {}"),
            ("src/dns/c.rs", "use crate::dns::a::A;"),
        ];
        let expected = "dns: a uses b (src/dns/a.rs:1), which uses c (src/dns/b.rs:1), which uses a \
                        (src/dns/c.rs:1); modules of one folder may not form a ring";
        assert_eq!(rings(&uses_of(&files)), [expected]);
    }

    #[test]
    fn a_ring_through_folders_is_found_where_the_folders_meet() {
        let files = [
            ("src/demo/mod.rs", "mod shared; mod state;"),
            ("src/demo/shared.rs", "use super::state::log::Log;"),
            ("src/demo/state/mod.rs", "pub mod log; mod table;"),
            ("src/demo/state/log.rs", ""),
            (
                "src/demo/state/table.rs",
                "use crate::demo::shared::Shared;",
            ),
        ];
        assert_eq!(rings(&uses_of(&files)).len(), 1);
    }

    #[test]
    fn what_a_child_takes_from_its_parent_is_no_ring() {
        let files = [
            ("src/dns/mod.rs", "mod a; use a::A; pub struct B;"),
            ("src/dns/a.rs", "use super::B;"),
        ];
        assert!(rings(&uses_of(&files)).is_empty());
    }
}
