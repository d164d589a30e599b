//! `nomadns lookup`: asks a running gateway as its clients do, and prints what came as `dig` does.
//!
//! Floor 6, beside `app`; a client, so nothing of the gateway but `dns` is in it. Reads no files:
//! whoever made the arguments into options did.

mod args;
mod ask;
mod compare;
mod error;
mod http;
mod json;
mod options;
mod print;
mod reply;
mod stream;
mod tls;
mod udp;

use std::io::{self, Write};

pub use args::{ArgumentError, LookupArgs};
pub use error::LookupError;
pub use options::{Detail, LookupOptions, Ports, Transport, Trust};
pub use reply::{Line, Reply};

use ask::{Asked, Asker};

/// What came of a lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An answer came on every transport asked, and all say the same; its code does not matter.
    Answered,
    /// On some transport none came.
    Failed,
    /// The answers differ.
    Differed,
}

impl Outcome {
    /// The exit code of the command for it.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Answered => 0,
            Self::Failed | Self::Differed => 1,
        }
    }
}

/// Asks over each transport in turn and prints what came: one answer in full, several as a table.
///
/// # Errors
/// Only what writing to `out` fails with; that no answer came is an outcome, and printed.
pub async fn run(options: &LookupOptions, out: &mut dyn Write) -> io::Result<Outcome> {
    let asker = Asker::new(options);
    let mut all = Vec::with_capacity(options.transports.len());
    for &transport in &options.transports {
        all.push(asker.ask(transport).await);
    }
    match &all[..] {
        [asked] => print::print_one(options, asked, out)?,
        _ => compare::print_all(options, &all, out)?,
    }
    Ok(outcome(&all))
}

fn outcome(all: &[Asked]) -> Outcome {
    if all.iter().any(|asked| asked.result.is_err()) {
        Outcome::Failed
    } else if compare::groups(all).len() > 1 {
        Outcome::Differed
    } else {
        Outcome::Answered
    }
}
