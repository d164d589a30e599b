//! The questions that are asked, one function each.
//!
//! Floor 1. Names go into paths percent-encoded, whatever is in them. Lists and reads take any server's word
//! (`stale`), which works without a leader: their index says how new they are.

use std::time::Duration;

use http::HeaderMap;

use super::call::{Answered, Call, Encoding, Patience};
use super::client::Client;
use super::decode::{
    self, AgentHealth, AllocationStub, Check, Listed, NamespaceRecord, Namespaces, Node, Read,
};
use super::error::{Cause, NomadError};
use super::stream::EventStream;

/// Nomad adds up to this part of a wait, as jitter.
const JITTER_PART: u32 = 16;

/// Whether a list is answered at once or when it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// At once.
    No,
    /// When the index is over this one, or after the time.
    Over(u64, Duration),
}

impl Client {
    /// Lists the services of a namespace, or of all with `*`.
    ///
    /// # Errors
    /// Any [`Cause`]; a token that may list nothing in `*` is no error but an empty list with index 0.
    pub async fn list_services(&self, namespace: &str, wait: Wait) -> Result<Listed, NomadError> {
        let timeouts = &self.settings().timeouts;
        let mut call = self.call("/v1/services".into(), self.settings().limits.list_bytes);
        call.query.extend([
            ("namespace", namespace.to_owned()),
            ("stale", String::new()),
        ]);
        if let Wait::Over(index, wait) = wait {
            let wait_ms = format!("{}ms", wait.as_millis());
            call.query
                .extend([("index", index.to_string()), ("wait", wait_ms)]);
            call.patience = Patience::Waits;
            call.allowed = wait + wait / JITTER_PART + timeouts.blocking_slack;
        }
        self.decoded(call, |answer| {
            let (services, unreadable) = decode::services(&answer.body)?;
            Ok(Listed {
                index: index(&answer.headers)?,
                known_leader: header(&answer.headers, "x-nomad-knownleader") != Some("false"),
                last_contact_ms: header(&answer.headers, "x-nomad-lastcontact")
                    .and_then(|text| text.parse().ok())
                    .unwrap_or(0),
                services,
                unreadable,
            })
        })
        .await
    }

    /// Reads the registrations of one service, by its exact name; `filter` is Nomad's own expression, or empty.
    ///
    /// # Errors
    /// Any [`Cause`]; a service that does not exist is no error but an empty list.
    pub async fn service(
        &self,
        namespace: &str,
        name: &str,
        filter: &str,
    ) -> Result<Read, NomadError> {
        let limit = self.settings().limits.service_bytes;
        let mut call = self.call(format!("/v1/service/{}", encode(name)), limit);
        // Packing a few kilobytes costs both sides more than it saves on the way.
        call.encoding = Encoding::Identity;
        call.query.extend([
            ("namespace", namespace.to_owned()),
            ("stale", String::new()),
        ]);
        if !filter.is_empty() {
            call.query.push(("filter", filter.to_owned()));
        }
        self.decoded(call, |answer| {
            let (registrations, unreadable) = decode::records(&answer.body)?;
            Ok(Read {
                index: index(&answer.headers)?,
                registrations,
                unreadable,
            })
        })
        .await
    }

    /// Names the namespaces that the token may see; none with a bare workload identity.
    ///
    /// # Errors
    /// Any [`Cause`].
    pub async fn namespaces(&self) -> Result<Namespaces, NomadError> {
        let call = self.call("/v1/namespaces".into(), self.settings().limits.list_bytes);
        self.decoded(call, |answer| {
            let (records, _) = decode::records::<NamespaceRecord>(&answer.body)?;
            let names = records.into_iter().map(|record| record.name).collect();
            Ok(Namespaces {
                index: index(&answer.headers)?,
                names,
            })
        })
        .await
    }

    /// Lists the allocations of a namespace, or of all with `*`, in short; `filter` is Nomad's own expression, or empty.
    ///
    /// # Errors
    /// Any [`Cause`].
    pub async fn allocations(
        &self,
        namespace: &str,
        filter: &str,
    ) -> Result<Vec<AllocationStub>, NomadError> {
        let mut call = self.call("/v1/allocations".into(), self.settings().limits.list_bytes);
        call.query.extend([
            ("namespace", namespace.to_owned()),
            ("task_states", "false".into()),
            ("stale", String::new()),
        ]);
        if !filter.is_empty() {
            call.query.push(("filter", filter.to_owned()));
        }
        self.decoded(call, |answer| Ok(decode::records(&answer.body)?.0))
            .await
    }

    /// Reads the checks of one allocation, which only its node knows.
    ///
    /// # Errors
    /// Any [`Cause`]; not found when the allocation, or the way to its node, is gone.
    pub async fn allocation_checks(&self, allocation: &str) -> Result<Vec<Check>, NomadError> {
        let limit = self.settings().limits.service_bytes;
        let call = self.call(
            format!("/v1/allocation/{}/checks", encode(allocation)),
            limit,
        );
        self.decoded(call, |answer| decode::checks(&answer.body))
            .await
    }

    /// Lists the client nodes.
    ///
    /// # Errors
    /// Any [`Cause`]; it needs the right `node:read`.
    pub async fn nodes(&self) -> Result<Vec<Node>, NomadError> {
        let mut call = self.call("/v1/nodes".into(), self.settings().limits.list_bytes);
        call.query.push(("stale", String::new()));
        self.decoded(call, |answer| Ok(decode::records(&answer.body)?.0))
            .await
    }

    /// Asks the agent how it is; needs no token.
    ///
    /// # Errors
    /// Any [`Cause`]; an agent that is not well answers 500.
    pub async fn agent_health(&self) -> Result<AgentHealth, NomadError> {
        let call = self.call(
            "/v1/agent/health".into(),
            self.settings().limits.service_bytes,
        );
        self.decoded(call, |answer| decode::agent_health(&answer.body))
            .await
    }

    /// Opens the stream of changes of services in a namespace, or in all with `*`, from an index on.
    ///
    /// # Errors
    /// Any [`Cause`]. From Nomad 1.11.2 on, a refusal is a stream that ends before its first frame.
    pub async fn event_stream(
        &self,
        from: u64,
        namespace: &str,
    ) -> Result<EventStream, NomadError> {
        let limits = &self.settings().limits;
        let mut call = self.call("/v1/event/stream".into(), limits.event_line_bytes);
        call.encoding = Encoding::Identity;
        call.query.extend([
            ("topic", "Service".to_owned()),
            ("namespace", namespace.to_owned()),
            ("index", from.to_string()),
        ]);
        let silence = self.settings().timeouts.stream_silence;
        let (response, permit) = self.open(call).await?;
        let url = format!("{}/v1/event/stream", self.address());
        Ok(EventStream::new(
            (response, permit),
            url,
            silence,
            limits.event_line_bytes,
        ))
    }

    fn call(&self, path: String, limit_bytes: usize) -> Call {
        let allowed = self.settings().timeouts.request;
        Call {
            path,
            query: Vec::new(),
            allowed,
            limit_bytes,
            encoding: Encoding::Gzip,
            patience: Patience::Prompt,
            place: 0,
        }
    }

    async fn decoded<T>(
        &self,
        call: Call,
        decode: impl FnOnce(&Answered) -> Result<T, Cause>,
    ) -> Result<T, NomadError> {
        let path = call.path.clone();
        let answer = self.ask(call).await?;
        decode(&answer).map_err(|cause| NomadError {
            url: format!("{}{path}", self.address()),
            cause,
        })
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn index(headers: &HeaderMap) -> Result<u64, Cause> {
    header(headers, "x-nomad-index")
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| Cause::Malformed {
            what: "header X-Nomad-Index",
            why: "absent or no number".into(),
        })
}

/// Percent-encodes a part of a path; everything but unreserved characters (RFC 3986 section 2.3).
fn encode(part: &str) -> String {
    let mut encoded = String::with_capacity(part.len());
    for byte in part.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' => {
                encoded.push(byte.into())
            }
            // A part that is only dots would be taken for a step in the path.
            b'.' if part.len() > 2 => encoded.push('.'),
            byte => {
                const HEX: &[u8; 16] = b"0123456789ABCDEF";
                encoded.extend([
                    '%',
                    HEX[usize::from(byte >> 4)].into(),
                    HEX[usize::from(byte & 15)].into(),
                ]);
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn names_are_percent_encoded_whatever_is_in_them() {
        assert_eq!(encode("illegal-bad_name.x y"), "illegal-bad_name.x%20y");
        assert_eq!(encode("a/b?c#d%é"), "a%2Fb%3Fc%23d%25%C3%A9");
        assert_eq!(encode(".."), "%2E%2E");
    }
}
