//! `nomadns cache`: lists and forgets what a running gateway keeps of the names that it forwards, over its operator's
//! listener.

use std::error::Error;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use reqwest::{Client, Method};

use super::{fail, say};
use crate::dns::Name;

/// How long the gateway may take, for a list of everything too.
const TIMEOUT: Duration = Duration::from_secs(30);

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

pub(super) async fn run(args: CacheArgs) -> ExitCode {
    match args.command {
        CacheCommand::Dump { name, flags } => match ask(Method::GET, name, &flags).await {
            Ok(list) => match io::stdout().write_all(list.as_bytes()) {
                Ok(()) => ExitCode::SUCCESS,
                // Who was to read it is gone.
                Err(_) => ExitCode::FAILURE,
            },
            Err(problem) => fail(1, &problem),
        },
        CacheCommand::Flush { name, flags } => {
            match ask(Method::DELETE, Some(name), &flags).await {
                Ok(count) => say(&format!("forgotten: {} questions", count.trim())),
                Err(problem) => fail(1, &problem),
            }
        }
    }
}

async fn ask(method: Method, name: Option<Name>, flags: &CacheFlags) -> Result<String, String> {
    let admin = flags.admin;
    let unreachable = |error: reqwest::Error| {
        let mut cause: &dyn Error = &error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        format!(
            "cannot ask the gateway at {admin}: {cause}; is it running, and is this its listen.admin? --admin names another address"
        )
    };
    // Nothing is encrypted here, but reqwest wants one; this process has no other use for it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .tls_certs_only([])
        .timeout(TIMEOUT)
        .build()
        .map_err(unreachable)?;
    let mut request = client.request(method, format!("http://{admin}/cache"));
    if let Some(name) = name {
        request = request.query(&[("name", name.to_string())]);
        request = request.query(&[("below", flags.below)]);
    }
    let response = request.send().await.map_err(unreachable)?;
    let status = response.status();
    let text = response.text().await.map_err(unreachable)?;
    match status.is_success() {
        true => Ok(text),
        false => Err(format!(
            "the gateway at {admin} answers {status}: {}",
            text.trim().escape_debug()
        )),
    }
}
