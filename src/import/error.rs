//! Why a Corefile cannot be read.

use std::fmt;
use std::sync::Arc;

use crate::nomad::without_user;

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
            problem: one_line(&problem.into()),
        }
    }
}

/// How much is shown of a text that others wrote.
const SHOWN_CHARACTERS: usize = 200;

/// A text of others on one line, without control characters.
pub(super) fn shown(text: &str) -> String {
    let start: String = text.chars().take(SHOWN_CHARACTERS).collect();
    let mut shown = one_line(&start);
    if text.chars().nth(SHOWN_CHARACTERS).is_some() {
        shown.push('…');
    }
    shown
}

/// A word of others without the user and the password that an address can have.
pub(super) fn shown_word(word: &str) -> String {
    match word.contains('@') || word.contains("%40") {
        true => shown(&without_user(word)),
        false => shown(word),
    }
}

/// A text on one line, without control characters, however long it is.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for letter in text.chars() {
        match is_unprintable(letter) {
            true => line.extend(letter.escape_unicode()),
            false => line.push(letter),
        }
    }
    line
}

/// Control characters, marks that change the direction of a text, and separators that end a line.
pub(super) fn is_unprintable(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_others_stays_on_one_line_and_is_cut() {
        assert_eq!(shown("a\nb\u{1b}[31m"), "a\\u{a}b\\u{1b}[31m");
        assert_eq!(shown("x\u{202e}y"), "x\\u{202e}y");
        assert_eq!(shown(&"ä".repeat(300)).chars().count(), 201);
        assert_eq!(one_line(&"\u{7}".repeat(300)).len(), 300 * "\\u{7}".len());
    }

    #[test]
    fn a_word_is_shown_without_user_and_password() {
        for word in [
            "http://user:hidden@nomad:4646",
            "user:hidden@nomad:4646",
            "http://user:hidden%40nomad:4646",
        ] {
            assert!(!shown_word(word).contains("hidden"), "{word}");
        }
        assert_eq!(shown_word(".:53"), ".:53");
        assert_eq!(
            shown_word("https://dns.example:x/a?b"),
            "https://dns.example:x/a?b"
        );
    }
}
