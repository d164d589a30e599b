//! Reads a Corefile of CoreDNS and writes the configuration of nomadns that does the same.
//!
//! Floor 7. `parse` makes server blocks of the text, as CoreDNS does it; `plugins` says of each line what it becomes, in a
//! `Draft`; `write` prints that. No query passes here. It reads no file itself: `cli` gives it what files and the
//! environment have.

mod draft;
mod error;
mod expand;
mod imports;
mod keys;
mod parse;
mod plugins;
mod tokens;
mod wildcard;
mod write;

use std::io;

pub use self::draft::Remark;
use self::draft::{Draft, SecretRule};
use self::error::shown;
pub use self::error::{CorefileError, Position};
use self::parse::Parser;
pub use self::wildcard::is_match;

/// The most octets of a Corefile and of all files that it imports together.
pub const COREFILE_OCTETS: usize = 4 << 20;
/// The most imports of files and snippets, counted each time that one is used.
const MOST_IMPORTS: usize = 1000;
/// The most words of all that is imported.
const MOST_WORDS: usize = 200_000;
/// The most files that one wildcard may stand for.
pub const MOST_MATCHES: usize = 256;
/// The most problems and notes that are kept; further ones are only counted.
const MOST_REMARKS: usize = 1000;

/// What a Corefile refers to: files and variables.
pub trait Surroundings {
    /// Reads a file, given as in the Corefile, from the folder of the file that imports it.
    ///
    /// # Errors
    /// What the system says.
    fn read(&self, from: &str, path: &str) -> io::Result<(String, Vec<u8>)>;

    /// The files that a pattern with `*` or `?` in its last part stands for, sorted, at most `MOST_MATCHES`.
    ///
    /// # Errors
    /// What the system says, and more files than that.
    fn list(&self, from: &str, pattern: &str) -> io::Result<Vec<String>>;

    /// The value of a variable.
    fn variable(&self, name: &str) -> Option<String>;
}

/// How a Corefile is imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportOptions {
    /// The port of keys without one, as `coredns -dns.port` sets it.
    pub dns_port: u16,
    /// Whether a token that stands in the Corefile may stand in the configuration.
    pub writes_secrets: bool,
}

/// What a Corefile became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The configuration, with a comment for each line that it comes from.
    pub config: String,
    /// What has no counterpart.
    pub losses: Vec<Remark>,
    /// What works differently, and what to know.
    pub notes: Vec<Remark>,
}

/// Makes a configuration of the Corefile that `name` has.
///
/// # Errors
/// What CoreDNS could not read either, with its file and line, and what is larger than the limits.
pub fn import(
    name: &str,
    text: &[u8],
    options: ImportOptions,
    surroundings: &dyn Surroundings,
) -> Result<Imported, CorefileError> {
    let (blocks, unset) = Parser::new(name, surroundings)?.parse(text)?;
    let secrets = match options.writes_secrets {
        true => SecretRule::Written,
        false => SecretRule::LeftOut,
    };
    let mut draft = Draft::new(secrets);
    for (position, variable) in unset {
        let words = format!(
            "the environment variable {} is not set, so it is empty",
            shown(&variable)
        );
        draft.note(&position, &variable, words);
    }
    plugins::translate(&blocks, options.dns_port, &mut draft)?;
    Ok(write::imported(name, draft))
}
