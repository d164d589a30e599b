//! Parses Nomad's responses so that a broken record does not affect the others.
//!
//! Floor 1. The whole body is parsed first, since it is nearly always valid. Only if that fails, each record is
//! parsed alone, and those with wrong types are left out and counted.

use std::collections::HashMap;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::error::{Cause, excerpt};
use super::query::QueryMeta;

/// The services that the token may list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What the server that answered says of itself.
    pub meta: QueryMeta,
    /// Each service once.
    pub services: Vec<ListedService>,
    /// Records that could not be read.
    pub unreadable: usize,
}

/// One service of a list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ListedService {
    /// Exactly as Nomad has it.
    pub namespace: std::sync::Arc<str>,
    /// Exactly as Nomad has it.
    pub name: Box<str>,
}

/// The registrations of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// What the server that answered says of itself.
    pub meta: QueryMeta,
    /// In Nomad's order.
    pub registrations: Vec<Registration>,
    /// Registrations that could not be read.
    pub unreadable: usize,
}

/// One registration, as Nomad has it: nothing in it has been checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Registration {
    /// `_nomad-task-ALLOCATION-GROUP-SERVICE-LABEL`; unique in its namespace.
    #[serde(rename = "ID")]
    pub id: String,
    /// The service's name, as the job has it.
    pub service_name: String,
    /// The namespace it belongs to.
    pub namespace: String,
    /// The client node it runs on.
    #[serde(rename = "NodeID", default)]
    pub node_id: String,
    /// The node's datacenter.
    #[serde(default)]
    pub datacenter: String,
    /// The job.
    #[serde(rename = "JobID", default)]
    pub job_id: String,
    /// The allocation.
    #[serde(rename = "AllocID", default)]
    pub allocation_id: String,
    /// Free texts; Nomad writes a list or null.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub tags: Vec<String>,
    /// An address, a host name, or anything else.
    #[serde(default)]
    pub address: String,
    /// 0 when the service has no port label.
    #[serde(default)]
    pub port: u16,
}

/// The namespaces that the token may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespaces {
    /// Nomad's index of the table.
    pub index: u64,
    /// Their names.
    pub names: Vec<String>,
}

/// Allocations, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocations {
    /// What the server that answered says of itself; the index is that of the allocations.
    pub meta: QueryMeta,
    /// In Nomad's order.
    pub allocations: Vec<AllocationStub>,
    /// Records that could not be read.
    pub unreadable: usize,
}

/// An allocation in short: enough to see whether its instances still live.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AllocationStub {
    /// The allocation.
    #[serde(rename = "ID")]
    pub id: String,
    /// Its namespace.
    pub namespace: String,
    /// Its node.
    #[serde(rename = "NodeID", default)]
    pub node_id: String,
    /// `pending`, `running`, `complete`, `failed`, `lost` or `unknown`.
    #[serde(default)]
    pub client_status: String,
    /// `run`, `stop` or `evict`.
    #[serde(default)]
    pub desired_status: String,
}

/// One check of an allocation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Check {
    /// The service it belongs to.
    pub service: String,
    /// `healthiness` or `readiness`.
    pub mode: String,
    /// `success`, `failure` or `pending`.
    pub status: String,
}

/// A client node in short.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Node {
    /// The node.
    #[serde(rename = "ID")]
    pub id: String,
    /// Its datacenter.
    #[serde(default)]
    pub datacenter: String,
    /// Its address.
    #[serde(default)]
    pub address: String,
    /// The version of Nomad on it.
    #[serde(default)]
    pub version: String,
    /// `initializing`, `ready`, `down` or `disconnected`.
    #[serde(default)]
    pub status: String,
}

/// A namespace of the list; its services are read at once, or kept as they are to be read one by one.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedNamespace<S> {
    namespace: std::sync::Arc<str>,
    services: Vec<S>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedName {
    service_name: Box<str>,
}

/// Reads `/v1/services`; returns the services and how many records were left out.
pub(super) fn services(body: &Bytes) -> Result<(Vec<ListedService>, usize), Cause> {
    let mut found = Vec::new();
    if let Ok(all) = serde_json::from_slice::<Vec<ListedNamespace<ListedName>>>(body) {
        for listed in all {
            found.extend(listed.services.into_iter().map(|service| ListedService {
                namespace: std::sync::Arc::clone(&listed.namespace),
                name: service.service_name,
            }));
        }
        return Ok((found, 0));
    }
    let text = utf8(body);
    let mut unreadable = 0;
    for raw in raw_records(&text)? {
        let Ok(listed) = serde_json::from_str::<ListedNamespace<&RawValue>>(raw.get()) else {
            unreadable += 1;
            continue;
        };
        for raw in listed.services {
            match serde_json::from_str::<ListedName>(raw.get()) {
                Ok(ListedName { service_name: name }) => {
                    let namespace = std::sync::Arc::clone(&listed.namespace);
                    found.push(ListedService { namespace, name });
                }
                Err(_) => unreadable += 1,
            }
        }
    }
    Ok((found, unreadable))
}

/// Reads a list of records; returns those that are right and how many are not.
pub(super) fn records<T: DeserializeOwned>(body: &Bytes) -> Result<(Vec<T>, usize), Cause> {
    if let Ok(all) = serde_json::from_slice::<Vec<T>>(body) {
        return Ok((all, 0));
    }
    let text = utf8(body);
    let raw = raw_records(&text)?;
    let count = raw.len();
    let good: Vec<T> = raw
        .iter()
        .filter_map(|raw| serde_json::from_str(raw.get()).ok())
        .collect();
    let unreadable = count - good.len();
    Ok((good, unreadable))
}

/// Reads an object of records by name, leaving out those with wrong types.
pub(super) fn checks(body: &Bytes) -> Result<Vec<Check>, Cause> {
    let text = utf8(body);
    // Nomad writes null for an allocation without checks.
    let raw: Option<HashMap<String, &RawValue>> =
        serde_json::from_str(&text).map_err(|e| malformed(&e))?;
    Ok(raw
        .unwrap_or_default()
        .values()
        .filter_map(|raw| serde_json::from_str(raw.get()).ok())
        .collect())
}

/// The name in `/v1/namespaces`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NamespaceRecord {
    pub(super) name: String,
}

fn raw_records(text: &str) -> Result<Vec<&RawValue>, Cause> {
    serde_json::from_str(text).map_err(|error| malformed(&error))
}

/// Bytes that are no UTF-8 spoil only the text they stand in.
fn utf8(body: &Bytes) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(body)
}

fn malformed(error: &serde_json::Error) -> Cause {
    Cause::Malformed {
        what: "JSON answer",
        why: excerpt(&error.to_string()),
    }
}

fn null_is_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_broken_registration_spoils_only_itself() {
        let good = r#"{"ID":"a","ServiceName":"redis","Namespace":"default","Tags":null,"Port":1}"#;
        for bad in [
            "null",
            "7",
            r#"{"ID":5}"#,
            &good.replace(":1}", ":70000}"),
            &good.replace("null", "[1]"),
        ] {
            let body = Bytes::from(format!("[{good},{bad},{good}]"));
            let (read, unreadable) = records::<Registration>(&body).unwrap();
            assert_eq!((read.len(), unreadable), (2, 1), "{bad}");
        }
    }

    #[test]
    fn an_allocation_without_checks_has_none() {
        for body in ["null", "{}", " null\n"] {
            assert_eq!(checks(&Bytes::from(body)), Ok(Vec::new()));
        }
        assert!(checks(&Bytes::from("[]")).is_err());
    }

    #[test]
    fn bytes_that_are_no_text_spoil_only_their_record() {
        let (found, unreadable) = services(&Bytes::from_static(
            b"[{\"Namespace\":\"a\",\"Services\":[{\"ServiceName\":\"x\xff\"},{\"ServiceName\":7},{\"ServiceName\":\"y\"}]},3]",
        ))
        .unwrap();
        assert_eq!((found.len(), unreadable), (2, 2));
    }
}
