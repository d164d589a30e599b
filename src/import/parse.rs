//! Makes server blocks of words: snippets, imports, keys, and the lines of plugins.
//!
//! Floor 7. It reads as CoreDNS does; `imports` puts snippets and files in the place of their name.

use std::collections::HashMap;
use std::sync::Arc;

use super::error::{CorefileError, Position, shown};
use super::expand::expand;
use super::tokens::{Word, words};
use super::{COREFILE_OCTETS, MOST_IMPORTS, Surroundings};

/// A server block: its keys, and what stands between its braces.
#[derive(Clone, Debug)]
pub(super) struct ServerBlock {
    pub(super) keys: Vec<Word>,
    pub(super) directives: Vec<Directive>,
}

/// A plugin with its arguments and the lines of its own block.
#[derive(Clone, Debug)]
pub(super) struct Directive {
    pub(super) name: Word,
    pub(super) arguments: Vec<Word>,
    pub(super) lines: Vec<Vec<Word>>,
}

/// The variables that are not set, each where it stands.
pub(super) type UnsetVariables = Vec<(Position, String)>;

/// Reads one Corefile.
pub(super) struct Parser<'a> {
    pub(super) surroundings: &'a dyn Surroundings,
    /// What is still to be read, the next word last.
    pub(super) rest: Vec<Word>,
    pub(super) snippets: HashMap<String, Vec<Word>>,
    unset: UnsetVariables,
    last: Position,
    pub(super) imports: usize,
    pub(super) words: usize,
    octets: usize,
}

impl<'a> Parser<'a> {
    /// Makes one for the Corefile of this name.
    pub(super) fn new(
        name: &str,
        surroundings: &'a dyn Surroundings,
    ) -> Result<Self, CorefileError> {
        Ok(Self {
            surroundings,
            rest: Vec::new(),
            snippets: HashMap::new(),
            unset: Vec::new(),
            last: Position {
                file: name.into(),
                line: 1,
            },
            imports: 0,
            words: 0,
            octets: 0,
        })
    }

    /// Reads all server blocks.
    ///
    /// # Errors
    /// The first mistake.
    pub(super) fn parse(
        mut self,
        text: &[u8],
    ) -> Result<(Vec<ServerBlock>, UnsetVariables), CorefileError> {
        let file = Arc::clone(&self.last.file);
        self.rest = self.cut(&file, text)?;
        self.rest.reverse();
        let mut blocks = Vec::new();
        while !self.rest.is_empty() {
            let Some((keys, has_brace)) = self.keys()? else {
                continue;
            };
            match &keys[..] {
                [key] if key.text.starts_with('(') && key.text.ends_with(')') => {
                    self.snippet(key, has_brace)?;
                }
                _ => {
                    let directives = self.directives(has_brace)?;
                    blocks.push(ServerBlock { keys, directives });
                }
            }
        }
        Ok((blocks, self.unset))
    }

    pub(super) fn cut(&mut self, file: &Arc<str>, text: &[u8]) -> Result<Vec<Word>, CorefileError> {
        let start = Position {
            file: Arc::clone(file),
            line: 1,
        };
        self.octets += text.len();
        if self.octets > COREFILE_OCTETS {
            let problem =
                format!("the Corefile and its imports have more than {COREFILE_OCTETS} octets");
            return Err(CorefileError::new(&start, problem));
        }
        let text = std::str::from_utf8(text).map_err(|error| {
            let line = 1 + text[..error.valid_up_to()]
                .iter()
                .filter(|it| **it == b'\n')
                .count();
            let position = Position {
                line,
                ..start.clone()
            };
            CorefileError::new(&position, "is not UTF-8 text; expected a Corefile")
        })?;
        words(file, text)
    }

    pub(super) fn next(&mut self) -> Option<Word> {
        let word = self.rest.pop()?;
        self.last = word.position.clone();
        Some(word)
    }

    pub(super) fn peek(&self) -> Option<&Word> {
        self.rest.last()
    }

    pub(super) fn expanded(&mut self, mut word: Word) -> Word {
        let (surroundings, mut unset) = (self.surroundings, Vec::new());
        word.text = expand(&word.text, &|name| surroundings.variable(name), &mut unset);
        let unset = unset.into_iter().map(|name| (word.position.clone(), name));
        self.unset
            .extend(unset.take(MOST_IMPORTS.saturating_sub(self.unset.len())));
        word
    }

    /// The keys of the next block, and whether a brace follows; none if there is no key.
    fn keys(&mut self) -> Result<Option<(Vec<Word>, bool)>, CorefileError> {
        let (mut keys, mut is_more) = (Vec::new(), false);
        while let Some(word) = self.next() {
            let mut word = self.expanded(word);
            if word.text == "import" && word.starts_line {
                self.import(&word.position)?;
                continue;
            }
            if word.text == "{" {
                if is_more {
                    let problem = "read `{`, expected another key; is there a comma too many?";
                    return Err(CorefileError::new(&word.position, problem));
                }
                if keys.is_empty() {
                    let problem =
                        "read `{`, expected the key of a server block before it, such as `.:53`";
                    return Err(CorefileError::new(&word.position, problem));
                }
                return Ok(Some((keys, true)));
            }
            if word.text == "}" {
                let problem = "read `}`, expected the key of a server block; there is a closing brace too many";
                return Err(CorefileError::new(&word.position, problem));
            }
            is_more = word.text.ends_with(',');
            if is_more {
                word.text.pop();
            }
            if !word.text.is_empty() {
                keys.push(word);
            }
            let ends = self
                .peek()
                .is_none_or(|it| it.starts_line && it.text != "{");
            if !is_more && ends {
                break;
            }
        }
        if is_more {
            let problem = "the file ends behind a comma; expected another key";
            return Err(CorefileError::new(&self.last, problem));
        }
        Ok((!keys.is_empty()).then_some((keys, false)))
    }

    /// Keeps the words of a snippet.
    fn snippet(&mut self, key: &Word, has_brace: bool) -> Result<(), CorefileError> {
        let name = key.text[1..key.text.len() - 1].to_owned();
        if !has_brace {
            let problem = format!(
                "the snippet {} has no block; expected `{{`",
                shown(&key.text)
            );
            return Err(CorefileError::new(&key.position, problem));
        }
        let (mut body, mut depth) = (Vec::new(), 1_usize);
        while let Some(word) = self.next() {
            match &*word.text {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                if self.snippets.insert(name, body).is_some() {
                    let problem = format!("the snippet {} is there twice", shown(&key.text));
                    return Err(CorefileError::new(&key.position, problem));
                }
                return Ok(());
            }
            body.push(word);
        }
        Err(self.unclosed(&key.position))
    }

    fn unclosed(&self, opened: &Position) -> CorefileError {
        let problem = format!("the file ends, expected `}}` for the block that begins at {opened}");
        CorefileError::new(&self.last, problem)
    }

    /// The plugins of a block, up to its brace or, without one, to the end.
    fn directives(&mut self, has_brace: bool) -> Result<Vec<Directive>, CorefileError> {
        let (opened, mut directives) = (self.last.clone(), Vec::new());
        while let Some(word) = self.next() {
            match &*word.text {
                "}" if has_brace => return Ok(directives),
                "import" => self.import(&word.position)?,
                _ => directives.push(self.directive(word)?),
            }
        }
        match has_brace {
            true => Err(self.unclosed(&opened)),
            false => Ok(directives),
        }
    }

    /// One plugin: to the end of its line, or of the block that it opens.
    fn directive(&mut self, name: Word) -> Result<Directive, CorefileError> {
        let name = self.expanded(name);
        let (mut depth, mut arguments) = (0_usize, Vec::new());
        let mut lines: Vec<Vec<Word>> = Vec::new();
        while let Some(next) = self.peek() {
            if depth == 0 && (next.starts_line && next.text != "{" || next.text == "}") {
                break;
            }
            let Some(word) = self.next() else { break };
            match &*word.text {
                "import" if word.starts_line => {
                    self.import(&word.position)?;
                    continue;
                }
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            let is_own_brace = matches!((&*word.text, depth), ("{", 1) | ("}", 0));
            if is_own_brace {
                if depth == 0 {
                    break;
                }
                continue;
            }
            let word = self.expanded(word);
            match lines.last_mut() {
                _ if depth == 0 => arguments.push(word),
                Some(line) if !word.starts_line => line.push(word),
                _ => lines.push(vec![word]),
            }
        }
        match depth {
            0 => Ok(Directive {
                name,
                arguments,
                lines,
            }),
            _ => Err(self.unclosed(&name.position)),
        }
    }
}
