//! `import`: a snippet or files in the place of their name.
//!
//! Floor 7. How many imports there may be, and how many words they have together, is limited, so a ring of them ends.

use super::error::{CorefileError, Position, shown};
use super::parse::Parser;
use super::tokens::Word;
use super::{MOST_IMPORTS, MOST_WORDS};

impl Parser<'_> {
    /// Puts what is imported before the words that are still to be read.
    pub(super) fn import(&mut self, at: &Position) -> Result<(), CorefileError> {
        let is_there = self.peek().is_some_and(|it| !it.starts_line);
        let word = is_there.then(|| self.next()).flatten();
        let Some(word) = word
            .map(|it| self.expanded(it))
            .filter(|it| !it.text.is_empty())
        else {
            let problem =
                "`import` has no argument; expected the name of a snippet, a file or a pattern";
            return Err(CorefileError::new(at, problem));
        };
        if let Some(more) = self.peek().filter(|it| !it.starts_line) {
            let problem = format!(
                "`import` takes one argument, and {} follows; expected the end of the line",
                shown(&more.text)
            );
            return Err(CorefileError::new(at, problem));
        }
        self.imports += 1;
        let mut imported = match self.snippets.get(&word.text) {
            Some(words) => words.clone(),
            None => self.files(at, &word.text)?,
        };
        self.words += imported.len();
        if self.imports > MOST_IMPORTS || self.words > MOST_WORDS {
            let problem = format!(
                "more than {MOST_IMPORTS} imports, or {MOST_WORDS} words of them; does {} import itself?",
                shown(&word.text)
            );
            return Err(CorefileError::new(at, problem));
        }
        if let Some(first) = imported.first_mut() {
            first.starts_line = true;
        }
        self.rest.extend(imported.into_iter().rev());
        Ok(())
    }

    fn files(&mut self, at: &Position, path: &str) -> Result<Vec<Word>, CorefileError> {
        let wrong = |what: &str, error: &std::io::Error| {
            let problem = format!(
                "`import {}` {what} ({error}); expected a snippet that is defined before this line, or a file",
                shown(path)
            );
            CorefileError::new(at, problem)
        };
        let paths = match path.contains(['*', '?']) {
            true => self.surroundings.list(&at.file, path),
            false => Ok(vec![path.to_owned()]),
        };
        let paths = paths.map_err(|error| wrong("cannot be looked for", &error))?;
        let mut words = Vec::new();
        for path in paths {
            let read = self.surroundings.read(&at.file, &path);
            let (name, octets) = read.map_err(|error| wrong("cannot be read", &error))?;
            words.extend(self.cut(&name.into(), &octets)?);
        }
        Ok(words)
    }
}
