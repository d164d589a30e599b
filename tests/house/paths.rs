//! Finds the paths that a source names: in `use` items, in expressions and types, in macros.

use std::iter::Peekable;
use std::vec::IntoIter;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::sources::Source;

/// A path, such as `crate::dns::Name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// The segments as they are written, a `use` tree taken apart.
    pub(crate) segments: Vec<String>,
    /// The name that it gets here, when that is not its last segment.
    pub(crate) alias: Option<String>,
    /// How many inline modules (`mod tests { … }`) it stands in.
    pub(crate) depth: usize,
    pub(crate) line: usize,
    pub(crate) role: Role,
}

/// What a path is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// `use`
    Import,
    /// `pub use`, with any visibility
    Reexport,
    /// Anywhere else
    Inline,
}

/// What a source names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    pub(crate) paths: Vec<Named>,
    /// The modules that it declares as files.
    pub(crate) children: Vec<String>,
}

impl Names {
    /// Finds what `source` names.
    pub(crate) fn of(source: &Source) -> Self {
        let mut names = Self::default();
        names.walk(source.tokens(), 0);
        names
    }

    fn walk(&mut self, tokens: TokenStream, depth: usize) {
        let mut tokens = tokens
            .into_iter()
            .collect::<Vec<_>>()
            .into_iter()
            .peekable();
        let mut role = Role::Import;
        // Whether a `::` came before, so that an identifier does not start a path.
        let mut inside_path = false;
        while let Some(token) = tokens.next() {
            let starts = !std::mem::replace(&mut inside_path, false);
            match token {
                TokenTree::Ident(ident) => match &*ident.to_string() {
                    "pub" => {
                        role = Role::Reexport;
                        let _ = tokens.next_if(|next| is_group(next, Delimiter::Parenthesis));
                        continue;
                    }
                    "use" if !tokens.peek().is_some_and(|next| is_punct(next, '<')) => {
                        let item: Vec<_> = tokens
                            .by_ref()
                            .take_while(|next| !is_punct(next, ';'))
                            .collect();
                        let mut tree = item.into_iter().peekable();
                        self.take_tree(&mut tree, &[], (depth, role));
                    }
                    "mod" => self.module(&mut tokens, depth),
                    first if starts => {
                        let first = Named {
                            segments: vec![first.to_owned()],
                            alias: None,
                            depth,
                            line: ident.span().start().line,
                            role: Role::Inline,
                        };
                        self.inline(first, &mut tokens);
                    }
                    _ => {}
                },
                TokenTree::Group(group) => self.walk(group.stream(), depth),
                TokenTree::Punct(punct) if punct.as_char() == ':' => {
                    inside_path = tokens.next_if(|next| is_punct(next, ':')).is_some();
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
            role = Role::Import;
        }
    }

    /// `mod name;` or `mod name { … }`, from after the `mod`.
    fn module(&mut self, tokens: &mut Tokens, depth: usize) {
        let Some(TokenTree::Ident(name)) = tokens.next() else {
            return;
        };
        match tokens.next() {
            Some(TokenTree::Group(group)) => self.walk(group.stream(), depth + 1),
            _ => self.children.push(name.to_string()),
        }
    }

    /// A path outside of `use`, from after its first segment.
    fn inline(&mut self, mut path: Named, tokens: &mut Tokens) {
        while tokens.peek().is_some_and(|next| is_punct(next, ':')) {
            let colon = tokens.next();
            if tokens.next_if(|next| is_punct(next, ':')).is_none() {
                // A type or a value follows, which may be a path of its own.
                debug_assert!(colon.is_some());
                break;
            }
            match tokens.next_if(|next| matches!(next, TokenTree::Ident(_))) {
                Some(segment) => path.segments.push(segment.to_string()),
                None => break,
            }
        }
        if path.segments.len() > 1 {
            self.paths.push(path);
        }
    }

    /// One branch of a `use` tree below `prefix`.
    fn take_tree(&mut self, tree: &mut Tokens, prefix: &[String], at: (usize, Role)) {
        let (depth, role) = at;
        let mut segments = prefix.to_vec();
        let mut line = 0;
        let mut alias = None;
        while let Some(token) = tree.next() {
            match token {
                TokenTree::Ident(ident) if ident == "as" => {
                    alias = tree.next().map(|name| name.to_string());
                }
                TokenTree::Ident(ident) => {
                    line = ident.span().start().line;
                    // `{self, …}` names the module itself.
                    if ident != "self" || segments.is_empty() {
                        segments.push(ident.to_string());
                    }
                }
                TokenTree::Group(group) => {
                    let inner: Vec<_> = group.stream().into_iter().collect();
                    for branch in inner.split(|token| is_punct(token, ',')) {
                        if !branch.is_empty() {
                            let branch = branch.to_vec();
                            let mut branch = branch.into_iter().peekable();
                            self.take_tree(&mut branch, &segments, at);
                        }
                    }
                    return;
                }
                TokenTree::Punct(punct) if punct.as_char() == '*' => {
                    line = punct.span().start().line;
                    segments.push("*".into());
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
        self.paths.push(Named {
            segments,
            alias,
            depth,
            line,
            role,
        });
    }
}

type Tokens = Peekable<IntoIter<TokenTree>>;

fn is_punct(token: &TokenTree, punct: char) -> bool {
    matches!(token, TokenTree::Punct(found) if found.as_char() == punct)
}

fn is_group(token: &TokenTree, delimiter: Delimiter) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == delimiter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        let names = Names::of(&Source::new("src/made/up.rs", text));
        let shown = |named: &Named| {
            let (path, line) = (named.segments.join("::"), named.line);
            format!("{line} {:?} {path} {}", named.role, named.depth)
        };
        names.paths.iter().map(shown).collect()
    }

    #[test]
    fn a_use_tree_is_taken_apart() {
        let text =
            "use crate::a::{self, b::C, d as e};\npub(crate) use super::f::*;\npub use g::h;";
        let expected = [
            "1 Import crate::a 0",
            "1 Import crate::a::b::C 0",
            "1 Import crate::a::d 0",
            "2 Reexport super::f::* 0",
            "3 Reexport g::h 0",
        ];
        assert_eq!(paths(text), expected);
    }

    #[test]
    fn paths_are_found_in_types_expressions_macros_and_inline_modules() {
        let text = "fn f(a: crate::a::A) -> Vec<super::B> { x.y(crate::c::d()) }\n\
                    fn g() { select! { _ = crate::e::f() => {} } }\n\
                    mod tests { fn h() { super::super::i::j::<u8>() } }";
        let expected = [
            "1 Inline crate::a::A 0",
            "1 Inline super::B 0",
            "1 Inline crate::c::d 0",
            "2 Inline crate::e::f 0",
            "3 Inline super::super::i::j 1",
        ];
        assert_eq!(paths(text), expected);
    }

    #[test]
    fn comments_and_strings_name_nothing() {
        assert!(
            paths("//! crate::a::b\n/// crate::a\nconst A: &str = \"crate::a::b\"; // crate::c")
                .is_empty()
        );
    }

    #[test]
    fn modules_in_files_are_children_and_inline_ones_are_not() {
        let source = Source::new("src/up/mod.rs", "pub mod a;\nmod b;\nmod tests {}");
        assert_eq!(Names::of(&source).children, ["a", "b"]);
    }
}
