//! Queries over TCP and TLS: a length, then the message (RFC 1035 §4.2.2, RFC 7858 §3.3).

use std::sync::Arc;

use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::error::LookupError;
use super::reply::LookupReply;
use crate::dns::Query;
use crate::dns::wire::encode_query;

/// Asks a server, given as host and port, over TCP.
pub(super) async fn ask_tcp(server: &str, query: &Query) -> Result<LookupReply, LookupError> {
    exchange(TcpStream::connect(server).await?, query).await
}

/// Asks a server, given as host and port, over TLS; its certificate has to be good for `host`.
pub(super) async fn ask_tls(
    server: &str,
    host: &str,
    mut config: ClientConfig,
    query: &Query,
) -> Result<LookupReply, LookupError> {
    // RFC 7858 §3.1 has no ALPN; IANA gave the token later, and servers that know it may ask for it.
    config.alpn_protocols = vec![b"dot".to_vec()];
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| LookupError::ServerName(host.escape_debug().to_string()))?;
    let stream = TcpStream::connect(server).await?;
    let connector = TlsConnector::from(Arc::new(config));
    exchange(connector.connect(name, stream).await?, query).await
}

async fn exchange(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    query: &Query,
) -> Result<LookupReply, LookupError> {
    let mut message = vec![0; 2];
    encode_query(query, &mut message);
    // A query has a header, a name and at most an OPT.
    let length = u16::try_from(message.len() - 2).unwrap_or(u16::MAX);
    message[..2].copy_from_slice(&length.to_be_bytes());
    stream.write_all(&message).await?;
    stream.flush().await?;
    let length = stream.read_u16().await?;
    let mut answer = vec![0; length.into()];
    stream.read_exact(&mut answer).await?;
    LookupReply::from_message(&answer, query)
}
