//! Cuts a Corefile into words, as the Caddyfile (version 1) is cut: by white space, with quotes and comments.
//!
//! Floor 7. Variables and imports come later, in `expand` and `parse`.

use std::sync::Arc;

use super::error::{CorefileError, Position};

/// A word of a Corefile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) position: Position,
    /// Whether it is the first of its line.
    pub(super) starts_line: bool,
}

/// Cuts a text into words.
///
/// A word with `"` at its start ends at the next `"`, in which only `\"` is special. `#` begins a comment, also inside a
/// word.
///
/// # Errors
/// A quote that is not closed.
pub(super) fn words(file: &Arc<str>, text: &str) -> Result<Vec<Word>, CorefileError> {
    let mut words = Vec::new();
    let mut line = 1;
    let mut last_line = 0;
    let mut characters = text.chars().peekable();
    while let Some(&next) = characters.peek() {
        if next == '\n' {
            line += 1;
        }
        if next.is_whitespace() {
            characters.next();
            continue;
        }
        if next == '#' {
            while characters.next_if(|it| *it != '\n').is_some() {}
            continue;
        }
        let position = Position {
            file: Arc::clone(file),
            line,
        };
        let text = match next {
            '"' => quoted(&mut characters, &position)?,
            _ => plain(&mut characters),
        };
        let starts_line = line != last_line;
        line += text.matches('\n').count();
        last_line = line;
        words.push(Word {
            text,
            position,
            starts_line,
        });
    }
    Ok(words)
}

type Characters<'text> = std::iter::Peekable<std::str::Chars<'text>>;

fn plain(characters: &mut Characters<'_>) -> String {
    let mut word = String::new();
    while let Some(next) = characters.next_if(|it| !it.is_whitespace() && *it != '#') {
        word.push(next);
    }
    word
}

fn quoted(characters: &mut Characters<'_>, position: &Position) -> Result<String, CorefileError> {
    let mut word = String::new();
    characters.next();
    while let Some(next) = characters.next() {
        match next {
            '"' => return Ok(word),
            '\\' if characters.next_if_eq(&'"').is_some() => word.push('"'),
            _ => word.push(next),
        }
    }
    let problem = "the quote that begins here is not closed; expected another `\"`";
    Err(CorefileError::new(position, problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<(String, usize, bool)> {
        let words = words(&"Corefile".into(), text).unwrap();
        let words = words.into_iter();
        words
            .map(|it| (it.text, it.position.line, it.starts_line))
            .collect()
    }

    #[test]
    fn words_end_at_white_space_and_comments() {
        let found = texts("a b#c d\n  e # f\n\ng");
        let expected = [
            ("a", 1, true),
            ("b", 1, false),
            ("e", 2, true),
            ("g", 4, true),
        ];
        assert_eq!(
            found,
            expected.map(|(text, line, first)| (text.to_owned(), line, first))
        );
    }

    #[test]
    fn quotes_keep_white_space_and_lines() {
        let found = texts("a \"b \\\" # c\nd\" e\nf");
        assert_eq!(found[1], ("b \" # c\nd".into(), 1, false));
        assert_eq!(found[2], ("e".into(), 2, false));
        assert_eq!(found[3], ("f".into(), 3, true));
    }

    #[test]
    fn a_quote_that_is_not_closed_is_an_error_with_its_line() {
        let error = words(&"Corefile".into(), "a\n \"b").unwrap_err();
        assert!(
            error.to_string().starts_with("Corefile:2: the quote"),
            "{error}"
        );
    }
}
