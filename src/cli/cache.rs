//! `nomadns cache`: lists and forgets what a running gateway keeps of the names that it forwards.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{fail, print, say};
use crate::dns::Name;
use crate::lookup::CacheLookup;

#[derive(Debug, Args)]
pub(super) struct CacheArgs {
    #[command(subcommand)]
    command: CacheCommand,
}

#[derive(Debug, Subcommand)]
enum CacheCommand {
    /// Prints the answers that are kept, in the form of a zone file
    Dump {
        /// The name; all names if there is none
        name: Option<Name>,
        #[command(flatten)]
        flags: CacheFlags,
    },
    /// Forgets the answers that are kept for a name, of all types, so that upstreams are asked again
    Flush {
        /// The name, such as www.example.com
        name: Name,
        #[command(flatten)]
        flags: CacheFlags,
    },
}

#[derive(Debug, Args)]
struct CacheFlags {
    /// The names below it too
    #[arg(long)]
    below: bool,
    /// The address of the gateway's operator's listener (`listen.admin`)
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9153")]
    admin: SocketAddr,
}

impl CacheFlags {
    fn lookup(&self) -> CacheLookup {
        CacheLookup {
            admin: self.admin,
            below: self.below,
        }
    }
}

pub(super) async fn run(args: CacheArgs) -> ExitCode {
    match args.command {
        CacheCommand::Dump { name, flags } => match flags.lookup().list(name.as_ref()).await {
            Ok(list) => print(list.as_bytes()),
            Err(error) => fail(1, &error.to_string()),
        },
        CacheCommand::Flush { name, flags } => match flags.lookup().flush(&name).await {
            Ok(count) => say(&format!("forgotten: {count} questions")),
            Err(error) => fail(1, &error.to_string()),
        },
    }
}
