//! Why a Corefile cannot be read.

use std::fmt;
use std::sync::Arc;

/// Where something stands: the file and the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The file, as it is named.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", shown(&self.file), self.line)
    }
}

/// A mistake in a Corefile: where, what was read, what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{position}: {problem}")]
pub struct CorefileError {
    /// Where it is.
    pub position: Position,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl CorefileError {
    /// Says what is wrong at a place.
    pub(super) fn new(position: &Position, problem: impl Into<String>) -> Self {
        Self {
            position: position.clone(),
            problem: problem.into(),
        }
    }
}

/// How much is shown of a text that others wrote.
const SHOWN_CHARACTERS: usize = 200;

/// A text of others on one line, without control characters.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(SHOWN_CHARACTERS)
        .flat_map(|it| match it.is_control() || is_invisible(it) {
            true => it.escape_unicode().collect::<Vec<_>>(),
            false => vec![it],
        })
        .collect();
    if text.chars().nth(SHOWN_CHARACTERS).is_some() {
        shown.push('…');
    }
    shown
}

/// Marks that change the direction of a text, and separators that end a line.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_others_stays_on_one_line_and_is_cut() {
        assert_eq!(shown("a\nb\u{1b}[31m"), "a\\u{a}b\\u{1b}[31m");
        assert_eq!(shown("x\u{202e}y"), "x\\u{202e}y");
        assert_eq!(shown(&"ä".repeat(300)).chars().count(), 201);
    }
}
