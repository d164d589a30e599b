//! The modules of the crate and which one uses which, re-exports followed to where a thing is made.

use std::collections::{BTreeMap, BTreeSet};

use crate::paths::{Names, Role};
use crate::sources::Source;

/// The name of our crate, as `main.rs` says it.
const CRATE: &str = "nomadns";

/// A module, as its segments below the crate.
pub(crate) type Module = Vec<String>;

/// That one module uses another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) from: Module,
    /// The module that the path names.
    pub(crate) through: Module,
    /// The module that makes what is named, re-exports followed.
    pub(crate) to: Module,
    /// The file and line.
    pub(crate) place: String,
}

/// All uses between modules of the crate, but not that a module re-exports what is below itself.
pub(crate) fn uses(sources: &[Source]) -> Vec<Use> {
    let files: Vec<File> = sources.iter().map(File::new).collect();
    let tree = Tree::new(&files);
    let mut uses = Vec::new();
    for file in &files {
        for named in &file.names.paths {
            let Some(path) = file.absolute(&named.segments, named.depth) else {
                continue;
            };
            let (through, to) = (tree.module_of(&path), tree.maker_of(&path));
            let own_child = through.starts_with(&file.module) && through != file.module;
            if to == file.module || (own_child && named.role == Role::Reexport) {
                continue;
            }
            let place = format!("{}:{}", file.path, named.line);
            uses.push(Use {
                from: file.module.clone(),
                through,
                to,
                place,
            });
        }
    }
    uses
}

struct File {
    path: String,
    module: Module,
    names: Names,
}

impl File {
    fn new(source: &Source) -> Self {
        Self {
            path: source.path.clone(),
            module: source.module(),
            names: Names::of(source),
        }
    }

    /// The path from the crate; none when it leads to another crate.
    fn absolute(&self, segments: &[String], depth: usize) -> Option<Vec<String>> {
        let (first, rest) = segments.split_first()?;
        // Inline modules of this file stand below it, and are the file as far as we care.
        let mut up = 0;
        let mut base = match &**first {
            "crate" | CRATE => return Some(rest.to_vec()),
            "self" => self.module.clone(),
            "super" => {
                up = 1;
                self.module.clone()
            }
            child if depth == 0 && self.names.children.iter().any(|known| known == child) => {
                return Some([&self.module[..], segments].concat());
            }
            _ => return None,
        };
        let more = rest
            .iter()
            .take_while(|segment| *segment == "super")
            .count();
        up += more;
        base.truncate(base.len().saturating_sub(up.saturating_sub(depth)));
        base.extend_from_slice(&rest[more..]);
        Some(base)
    }
}

/// Which modules there are, and what names are bound in each by `use`.
struct Tree {
    modules: BTreeSet<Module>,
    bound: BTreeMap<(Module, String), Vec<String>>,
}

impl Tree {
    fn new(files: &[File]) -> Self {
        let modules = files.iter().map(|file| file.module.clone()).collect();
        let mut bound = BTreeMap::new();
        for file in files {
            let outer = file.names.paths.iter().filter(|named| named.depth == 0);
            for named in outer.filter(|named| named.role != Role::Inline) {
                let Some(path) = file.absolute(&named.segments, 0) else {
                    continue;
                };
                let name = named.alias.as_ref().or_else(|| named.segments.last());
                let name = name.expect("no path is empty").clone();
                bound.insert((file.module.clone(), name), path);
            }
        }
        Self { modules, bound }
    }

    /// The deepest module on a path.
    fn module_of(&self, path: &[String]) -> Module {
        let ends = (0..=path.len()).rev();
        let known = ends
            .map(|end| path[..end].to_vec())
            .find(|module| self.modules.contains(module));
        known.unwrap_or_default()
    }

    /// The module that makes what a path names.
    fn maker_of(&self, path: &[String]) -> Module {
        let mut path = path.to_vec();
        // A chain of re-exports is short; a ring of them would not compile.
        for _ in 0..16 {
            let module = self.module_of(&path);
            let Some(name) = path.get(module.len()) else {
                return module;
            };
            match self.bound.get(&(module.clone(), name.clone())) {
                Some(target) if target != &path => {
                    path = [&target[..], &path[module.len() + 1..]].concat();
                }
                _ => return module,
            }
        }
        self.module_of(&path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses_of(files: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<Source> = files
            .iter()
            .map(|(path, text)| Source::new(path, text))
            .collect();
        let shown = |it: &Use| format!("{} > {}", it.from.join("::"), it.to.join("::"));
        uses(&sources).iter().map(shown).collect()
    }

    #[test]
    fn reexports_are_followed_and_are_no_use_themselves() {
        let files = [
            (
                "src/dns/mod.rs",
                "mod name; mod query; pub use name::Name; pub use self::query::*;",
            ),
            ("src/dns/name.rs", "pub struct Name;"),
            ("src/dns/query.rs", "use super::Name;"),
            ("src/layers.rs", "fn f(name: crate::dns::Name) {}"),
        ];
        assert_eq!(
            uses_of(&files),
            ["dns::query > dns::name", "layers > dns::name"]
        );
    }

    #[test]
    fn inline_modules_count_as_their_file() {
        let files = [
            ("src/a/mod.rs", "mod b; mod c;"),
            (
                "src/a/b.rs",
                "mod tests { use super::X; use super::super::c; }",
            ),
            ("src/a/c.rs", ""),
        ];
        assert_eq!(uses_of(&files), ["a::b > a::c"]);
    }

    #[test]
    fn a_parent_that_uses_its_child_is_seen() {
        let files = [
            ("src/a/mod.rs", "mod b; use self::b::B; fn f() { b::g() }"),
            ("src/a/b.rs", ""),
        ];
        assert_eq!(uses_of(&files), ["a > a::b", "a > a::b"]);
    }
}
