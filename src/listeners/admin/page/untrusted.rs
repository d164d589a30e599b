//! How text from Nomad and from clients is shown: HTML-escaped by maud, and characters that are not seen made visible.
//!
//! Floor 4. Control characters, marks that turn the direction of text and such that take no room could hide what a name is.

use maud::{Escaper, Render};

use super::model::Untrusted;

impl Render for Untrusted {
    fn render_to(&self, out: &mut String) {
        use std::fmt::Write as _;
        let mut escaper = Escaper::new(out);
        for character in self.0.chars() {
            let written = match is_hidden(character) {
                true => write!(escaper, "{}", character.escape_unicode()),
                false => escaper.write_char(character),
            };
            // A String takes everything.
            debug_assert!(written.is_ok());
        }
    }
}

impl From<&str> for Untrusted {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Untrusted {
    fn from(text: String) -> Self {
        Self(text)
    }
}

fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_stays_text_and_hides_nothing() {
        let text = Untrusted::from("<b>\"&\u{1b}\u{202e}x");
        let shown = text.render().into_string();
        assert_eq!(shown, "&lt;b&gt;&quot;&amp;\\u{1b}\\u{202e}x");
    }
}
