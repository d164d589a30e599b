//! Colours what is printed for a terminal. Whether it is one, the command finds out.

use clap::builder::styling::{AnsiColor, Style};

use crate::dns::Rcode;

/// Whether what is printed has colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Coloring {
    /// It is plain text.
    #[default]
    Plain,
    /// It has the escape sequences of terminals.
    Colored,
}

/// What a piece of text is, which decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tint {
    /// What went well.
    Good,
    /// What is worth a look: there is no such name, or transports do not agree.
    Notable,
    /// What went wrong.
    Bad,
    /// What stands around the records.
    Comment,
    /// The owner of a record.
    Owner,
    /// The type of a record.
    Kind,
}

impl Coloring {
    /// Colours a text, which must not be padded afterwards.
    pub(super) fn paint(self, tint: Tint, text: &str) -> String {
        if self == Self::Plain || text.is_empty() {
            return text.to_owned();
        }
        let style = match tint {
            Tint::Good => AnsiColor::Green.on_default(),
            Tint::Notable => AnsiColor::Yellow.on_default(),
            Tint::Bad => AnsiColor::Red.on_default().bold(),
            Tint::Comment => Style::new().dimmed(),
            Tint::Owner => Style::new().bold(),
            Tint::Kind => AnsiColor::Cyan.on_default(),
        };
        format!("{style}{text}{style:#}")
    }
}

/// How a code is coloured.
pub(super) fn tint(rcode: Rcode) -> Tint {
    match rcode {
        Rcode::NOERROR => Tint::Good,
        Rcode::NXDOMAIN => Tint::Notable,
        _ => Tint::Bad,
    }
}
