//! Queries over HTTP: DNS messages by GET and POST (RFC 8484), and the JSON form.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Client, RequestBuilder, StatusCode};
use rustls::ClientConfig;

use super::error::LookupError;
use super::json;
use super::reply::LookupReply;
use crate::dns::Query;
use crate::dns::wire::{MESSAGE_OCTETS, encode_query};

const DNS_MESSAGE: &str = "application/dns-message";

/// The longest JSON that is read, in octets: a full message of short records, each as text.
const JSON_OCTETS: usize = 4 << 20;

/// The most of an error's body that is shown, in characters.
const SHOWN_CHARACTERS: usize = 200;

/// How a message is carried.
#[derive(Clone, Copy, Debug)]
pub(super) enum Method {
    Get,
    Post,
}

/// Asks a server, given as host and port, at a path over HTTPS.
pub(super) async fn ask_https(
    (server, path): (&str, &str),
    method: Method,
    config: ClientConfig,
    query: &Query,
) -> Result<LookupReply, LookupError> {
    let client = client().tls_backend_preconfigured(config).build()?;
    let url = format!("https://{server}{path}");
    let mut message = Vec::new();
    encode_query(query, &mut message);
    let request = match method {
        Method::Get => client
            .get(url)
            .query(&[("dns", URL_SAFE_NO_PAD.encode(&message))]),
        Method::Post => client
            .post(url)
            .header("content-type", DNS_MESSAGE)
            .body(message),
    };
    let answer = send(request.header("accept", DNS_MESSAGE), MESSAGE_OCTETS).await?;
    LookupReply::from_message(&answer, query)
}

/// Asks a server, given as host and port, at a path for JSON over plain HTTP.
///
/// The configuration of TLS is not used, but without one the client would read the system's certificates.
pub(super) async fn ask_json(
    (server, path): (&str, &str),
    config: ClientConfig,
    query: &Query,
) -> Result<LookupReply, LookupError> {
    let client = client().tls_backend_preconfigured(config).build()?;
    let dnssec_ok = query.edns.is_some_and(|edns| edns.dnssec_ok);
    let request = client.get(format!("http://{server}{path}")).query(&[
        ("name", query.name.to_string()),
        ("type", query.record_type.0.to_string()),
        ("do", u8::from(dnssec_ok).to_string()),
    ]);
    let answer = send(request.header("accept", "application/json"), JSON_OCTETS).await?;
    json::read(&answer)
}

/// A client that goes to the server itself, whatever the environment says of proxies.
pub(super) fn client() -> reqwest::ClientBuilder {
    Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("nomadns/", env!("CARGO_PKG_VERSION")))
}

/// Sends a request and reads at most so many octets of what comes.
async fn send(request: RequestBuilder, most: usize) -> Result<Vec<u8>, LookupError> {
    let mut response = request.send().await?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > most {
            return Err(LookupError::TooLong(most));
        }
        body.extend_from_slice(&chunk);
    }
    if response.status() != StatusCode::OK {
        let text = String::from_utf8_lossy(&body);
        let shown: String = text.trim().chars().take(SHOWN_CHARACTERS).collect();
        return Err(LookupError::Status {
            status: response.status().as_u16(),
            body: shown.escape_debug().to_string(),
        });
    }
    Ok(body)
}
