//! The requests to Nomad, one function each.
//!
//! Floor 1. Names are percent-encoded in paths, whatever they contain. The caller chooses the consistency mode and
//! whether the response waits for a change (`query.rs`).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

use super::call::{Call, Encoding, OkResponse, Patience};
use super::client::Client;
use super::decode::{self, Allocations, Check, Listed, NamespaceRecord, Namespaces, Node, Read};
use super::error::{Cause, NomadError};
use super::permits::Urgency;
use super::query::{Belief, Consistency, QueryMeta, QueryOptions, WaitMode};
use super::stream::EventStream;

/// The service that is read to hear a server; it need not exist.
const ANY_SERVICE: &str = "nomadns-contact";

impl Client {
    /// Lists the services of a namespace, or of all with `*`.
    ///
    /// # Errors
    /// Any [`Cause`]; a token that may list nothing in `*` is no error but an empty list with index 0.
    pub async fn list_services(
        &self,
        namespace: &str,
        options: QueryOptions,
    ) -> Result<Listed, NomadError> {
        let limit = self.settings().limits.list_bytes;
        let mut call = self.call("/v1/services".into(), limit);
        call.query.push(("namespace", namespace.to_owned()));
        self.set_options(&mut call, options);
        self.decoded(call, |answer| {
            let (services, unreadable) = decode::services(&answer.body)?;
            Ok(Listed {
                meta: answer.meta()?,
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
        options: QueryOptions,
    ) -> Result<Read, NomadError> {
        let call = self.service_call(namespace, name, filter, options);
        if matches!(name, "." | "..") {
            // A step in a path, however it is written (WHATWG URL, "double-dot path segment"): another thing is there.
            let cause = Cause::NotFound(format!("no path names a service called {name:?}"));
            let url = format!("{}{}", self.address(), call.path);
            return Err(NomadError { url, cause });
        }
        self.decoded(call, |answer| {
            let (registrations, unreadable) = decode::records(&answer.body)?;
            Ok(Read {
                meta: answer.meta()?,
                registrations,
                unreadable,
            })
        })
        .await
    }

    /// Asks the cheapest question whose answer says how the server stands to its leader: a read of a service that
    /// need not exist, in a namespace that the token may read.
    ///
    /// # Errors
    /// Any [`Cause`]; what makes a stale answer no word of Nomad is among them.
    pub async fn contact(
        &self,
        namespace: &str,
        options: QueryOptions,
    ) -> Result<QueryMeta, NomadError> {
        let call = self.service_call(namespace, ANY_SERVICE, "", options);
        self.decoded(call, OkResponse::meta).await
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
                index: answer.meta()?.index,
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
        options: QueryOptions,
    ) -> Result<Allocations, NomadError> {
        let mut call = self.call("/v1/allocations".into(), self.settings().limits.list_bytes);
        call.urgency = Urgency::Background;
        call.query.extend([
            ("namespace", namespace.to_owned()),
            ("task_states", "false".into()),
        ]);
        self.set_options(&mut call, options);
        if !filter.is_empty() {
            call.query.push(("filter", filter.to_owned()));
        }
        self.decoded(call, |answer| {
            let (allocations, unreadable) = decode::records(&answer.body)?;
            Ok(Allocations {
                meta: answer.meta()?,
                allocations,
                unreadable,
            })
        })
        .await
    }

    /// Reads the checks of one allocation, which only its node knows.
    ///
    /// # Errors
    /// Any [`Cause`]; not found when the allocation, or the way to its node, is gone.
    pub async fn allocation_checks(&self, allocation: &str) -> Result<Vec<Check>, NomadError> {
        let limit = self.settings().limits.service_bytes;
        let path = format!("/v1/allocation/{}/checks", encode(allocation));
        let mut call = self.call(path, limit);
        call.urgency = Urgency::Background;
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
        let limit_bytes = limits.event_line_bytes;
        let path = call.path.clone();
        let (response, endpoint, permit) = self.open(call).await?;
        let url = format!("{}{path}", endpoint.address);
        Ok(EventStream::new(
            (response, permit),
            url,
            silence,
            limit_bytes,
            self.turns().clone(),
        ))
    }

    fn service_call(
        &self,
        namespace: &str,
        name: &str,
        filter: &str,
        options: QueryOptions,
    ) -> Call {
        let limit = self.settings().limits.service_bytes;
        let mut call = self.call(format!("/v1/service/{}", encode(name)), limit);
        call.patience = Patience::Prompt;
        // Packing a few kilobytes costs both sides more than it saves on the way.
        call.encoding = Encoding::Identity;
        call.query.push(("namespace", namespace.to_owned()));
        self.set_options(&mut call, options);
        if !filter.is_empty() {
            call.query.push(("filter", filter.to_owned()));
        }
        call
    }

    pub(super) fn call(&self, path: String, limit_bytes: usize) -> Call {
        let allowed = self.settings().timeouts.request;
        Call {
            path,
            query: Vec::new(),
            allowed,
            limit_bytes,
            encoding: Encoding::Gzip,
            patience: Patience::Late,
            urgency: Urgency::Answers,
            belief: None,
        }
    }

    fn set_options(&self, call: &mut Call, options: QueryOptions) {
        if options.consistency == Consistency::Stale {
            call.query.push(("stale", String::new()));
            call.belief = Some(Belief {
                min_index: options.min_index,
                last_contact: self.settings().last_contact,
            });
        }
        if let WaitMode::Over(index, wait) = options.wait {
            let wait_ms = format!("{}ms", wait.as_millis());
            call.query
                .extend([("index", index.to_string()), ("wait", wait_ms)]);
            call.patience = Patience::Late;
            call.allowed = options.wait.longest() + self.settings().timeouts.blocking_slack;
        }
    }

    pub(super) async fn decoded<T>(
        &self,
        call: Call,
        decode: impl FnOnce(&OkResponse) -> Result<T, Cause>,
    ) -> Result<T, NomadError> {
        let answer = self.ask(call).await?;
        let decode = || decode(&answer);
        let decoded = self.turns().read(answer.body.len(), decode).await;
        decoded.map_err(|cause| NomadError {
            url: answer.url,
            cause,
        })
    }
}

/// What of a name is percent-encoded: everything but unreserved characters (RFC 3986 section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

pub(super) fn encode(part: &str) -> PercentEncode<'_> {
    utf8_percent_encode(part, RESERVED)
}

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn names_are_percent_encoded_whatever_is_in_them() {
        let encoded = |part| encode(part).to_string();
        assert_eq!(encoded("illegal-bad_name.x y~"), "illegal-bad_name.x%20y~");
        assert_eq!(encoded("a/b?c#d%é"), "a%2Fb%3Fc%23d%25%C3%A9");
    }
}
