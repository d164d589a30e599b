//! `nomadns lookup`: queries a running gateway as its clients do, and prints the answer as `dig` does. Asks its operator's
//! listener too, for `nomadns cache`.
//!
//! Floor 6, beside `app`. It is a client and uses no part of the gateway except `dns`. It reads no files; `args` does
//! that when it makes the options.

mod args;
mod argument_error;
mod ask;
mod asked;
mod cache;
mod compare;
mod error;
mod http;
mod json;
mod listener;
mod options;
mod paint;
mod print;
mod reply;
mod report;
mod stream;
mod tls;
mod transport_choice;
mod udp;

use std::io::{self, Write};

pub use args::LookupArgs;
pub use argument_error::ArgumentError;
pub use ask::{Retry, TransportReply};
pub use cache::{CacheLookup, CacheLookupError};
pub use error::LookupError;
pub use listener::{ask_listener, reachable};
pub use options::{Detail, GatewayPaths, GatewayPorts, LookupOptions, LookupTransport, Trust};
pub use paint::Coloring;
pub use reply::{LookupReply, RecordLine};

use ask::Asker;

use crate::dns::Rcode;

/// What came of a lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookupOutcome {
    /// The same records came on every transport asked.
    Answered,
    /// Every transport says that there are none: no such name, or none of that type (RFC 2308).
    Denied,
    /// Every transport brought the same error code, such as SERVFAIL or REFUSED.
    Refused,
    /// On some transport no answer came.
    Failed,
    /// The answers differ.
    Differed,
}

impl LookupOutcome {
    /// The word for it in JSON.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Denied => "denied",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Differed => "differed",
        }
    }

    /// The exit code of the command for it.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Answered => 0,
            Self::Failed | Self::Differed => 1,
            Self::Denied => 2,
            Self::Refused => 3,
        }
    }
}

/// Asks over each transport in turn and prints what came: one answer in full, several as a table, the data alone, or all as
/// JSON. What goes wrong is printed to `problems` where `out` is for data alone.
///
/// # Errors
/// Only what writing fails with; that no answer came is an outcome, and printed.
pub async fn run(
    options: &LookupOptions,
    out: &mut dyn Write,
    problems: &mut dyn Write,
) -> io::Result<LookupOutcome> {
    let asker = Asker::new(options);
    let mut all = Vec::with_capacity(options.transports.len());
    for &transport in &options.transports {
        all.push(asker.ask(transport).await);
    }
    let outcome = outcome(&all);
    match &all[..] {
        _ if options.detail == Detail::Json => report::print_json(options, &all, outcome, out)?,
        _ if options.detail == Detail::Short => compare::print_data(options, &all, out, problems)?,
        [asked] => print::print_one(options, asked, out)?,
        _ => compare::print_all(options, &all, out)?,
    }
    Ok(outcome)
}

fn outcome(all: &[TransportReply]) -> LookupOutcome {
    let groups = compare::groups(all);
    if all.iter().any(|asked| asked.result.is_err()) {
        return LookupOutcome::Failed;
    }
    match &groups[..] {
        [agreed] => match agreed.rcode {
            Rcode::NOERROR if !agreed.answer.is_empty() => LookupOutcome::Answered,
            Rcode::NOERROR | Rcode::NXDOMAIN => LookupOutcome::Denied,
            _ => LookupOutcome::Refused,
        },
        _ => LookupOutcome::Differed,
    }
}
