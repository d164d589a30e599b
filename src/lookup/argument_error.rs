//! What is wrong with the arguments of a lookup.

use std::io;
use std::path::PathBuf;

/// Arguments that mean no lookup.
#[derive(Debug, thiserror::Error)]
pub enum ArgumentError {
    /// A CA that cannot be read.
    #[error("--ca {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file that holds no certificates.
    #[error("{}: contains no certificate; expected PEM with BEGIN CERTIFICATE", .0.display())]
    NoCertificate(PathBuf),
    /// A word that is no name, or no type, in the words of who reads it.
    #[error("{0}")]
    Word(String),
    /// No name.
    #[error("no NAME: write `nomadns lookup [@SERVER] NAME [TYPE]`")]
    NoName,
    /// More words than a name and a type.
    #[error("`{0}`: one name and one type are asked at a time")]
    OneNameOnly(String),
    /// Another server.
    #[error("`{0}`: there is a server already; one is asked at a time")]
    SecondServer(String),
    /// A server without a name.
    #[error("no server behind @: write @HOST, such as @127.0.0.1")]
    NoServer,
    /// A server with a port.
    #[error(
        "`{word}`: a port stands in a flag: @{host} --dns-port {port} (or --tls-port, --https-port, --http-port)"
    )]
    ServerWithPort {
        /// What was written.
        word: String,
        /// The part before the port.
        host: String,
        /// The port.
        port: String,
    },
}
