//! The objects of the Nomad API in wire form, with fields in Nomad's (alphabetical) order.
//!
//! Scripts pass them in, and captured responses parse to them. They own their data; the cluster stores registrations
//! in a smaller form (`state/instance.rs`).

use ahash::RandomState;
use base64::Engine as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The node that a registration runs on unless it says otherwise.
pub(crate) const NODE_ID: &str = "36a02cbb-b67b-0f42-e621-00752e7d565a";
/// The datacenter that a registration runs in unless it says otherwise.
pub(crate) const DATACENTER: &str = "dc1";

/// One instance of a service, as `/v1/service/:name` lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "the fields are Nomad's own")]
pub struct Registration {
    pub address: String,
    #[serde(rename = "AllocID")]
    pub alloc_id: String,
    #[serde(default)]
    pub create_index: u64,
    pub datacenter: String,
    #[serde(rename = "ID")]
    pub id: String,
    #[serde(rename = "JobID")]
    pub job_id: String,
    #[serde(default)]
    pub modify_index: u64,
    pub namespace: String,
    #[serde(rename = "NodeID")]
    pub node_id: String,
    pub port: i64,
    pub service_name: String,
    pub tags: Option<Vec<String>>,
}

impl Registration {
    /// Makes a group service's instance at 127.0.0.1:8080, in an allocation of its own.
    pub fn new(namespace: &str, service: &str) -> Self {
        Self {
            address: "127.0.0.1".to_owned(),
            alloc_id: random_uuid(),
            create_index: 0,
            datacenter: DATACENTER.to_owned(),
            id: String::new(),
            job_id: service.to_owned(),
            modify_index: 0,
            namespace: namespace.to_owned(),
            node_id: NODE_ID.to_owned(),
            port: 8080,
            service_name: service.to_owned(),
            tags: Some(Vec::new()),
        }
        .port_label("http")
    }

    /// Sets the address: any text, as in Nomad.
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.address = address.into();
        self
    }

    /// Sets the port; 0 is what Nomad says of a service without a port label.
    pub fn port(mut self, port: i64) -> Self {
        self.port = port;
        self
    }

    /// Sets the tags.
    pub fn tags<T: Into<String>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        self.tags = Some(tags.into_iter().map(Into::into).collect());
        self
    }

    /// Sets the job, which is also the group in the registration's ID.
    pub fn job(mut self, job: &str) -> Self {
        let label = self.label().to_owned();
        self.job_id = job.to_owned();
        self.port_label(&label)
    }

    /// Puts the registration into an allocation, so that several may share one.
    pub fn allocation(mut self, alloc_id: &str) -> Self {
        let label = self.label().to_owned();
        self.alloc_id = alloc_id.to_owned();
        self.port_label(&label)
    }

    /// Sets the port label, the tail of the registration's ID.
    pub fn port_label(mut self, label: &str) -> Self {
        self.id = self.id_before_label() + label;
        self
    }

    /// Sets node and datacenter.
    pub fn node(mut self, node_id: &str, datacenter: &str) -> Self {
        self.node_id = node_id.to_owned();
        self.datacenter = datacenter.to_owned();
        self
    }

    fn label(&self) -> &str {
        self.id
            .strip_prefix(&self.id_before_label())
            .unwrap_or_default()
    }

    fn id_before_label(&self) -> String {
        let Self {
            alloc_id,
            job_id,
            service_name,
            ..
        } = self;
        format!("_nomad-task-{alloc_id}-group-{job_id}-{service_name}-")
    }
}

/// One allocation, as `/v1/allocations` lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "the fields are Nomad's own")]
pub struct Allocation {
    pub client_description: String,
    pub client_status: String,
    pub create_index: u64,
    pub create_time: i64,
    pub deployment_status: Value,
    pub desired_description: String,
    pub desired_status: String,
    pub desired_transition: Value,
    #[serde(rename = "EvalID")]
    pub eval_id: String,
    #[serde(rename = "FollowupEvalID")]
    pub followup_eval_id: String,
    #[serde(rename = "ID")]
    pub id: String,
    #[serde(rename = "JobID")]
    pub job_id: String,
    pub job_type: String,
    pub job_version: u64,
    pub modify_index: u64,
    pub modify_time: i64,
    pub name: String,
    pub namespace: String,
    pub next_allocation: String,
    #[serde(rename = "NodeID")]
    pub node_id: String,
    pub node_name: String,
    pub preempted_allocations: Value,
    pub preempted_by_allocation: String,
    pub reschedule_tracker: Value,
    pub task_group: String,
    pub task_states: Value,
}

impl Allocation {
    /// Makes the running, healthy allocation that a registration belongs to.
    pub fn running(of: &Registration, index: u64, ordinal: usize) -> Self {
        let group = &of.job_id;
        Self {
            client_description: "Tasks are running".to_owned(),
            client_status: "running".to_owned(),
            create_index: index,
            create_time: 0,
            deployment_status: json!({
                "Canary": false, "Healthy": true, "ModifyIndex": index, "Timestamp": null
            }),
            desired_description: String::new(),
            desired_status: "run".to_owned(),
            desired_transition: json!({
                "ForceReschedule": null, "Migrate": null, "NoShutdownDelay": null, "Reschedule": null
            }),
            eval_id: random_uuid(),
            followup_eval_id: String::new(),
            id: of.alloc_id.clone(),
            job_id: of.job_id.clone(),
            job_type: "service".to_owned(),
            job_version: 0,
            modify_index: index,
            modify_time: 0,
            name: format!("{}.{group}[{ordinal}]", of.job_id),
            namespace: of.namespace.clone(),
            next_allocation: String::new(),
            node_id: of.node_id.clone(),
            node_name: "vm".to_owned(),
            preempted_allocations: Value::Null,
            preempted_by_allocation: String::new(),
            reschedule_tracker: Value::Null,
            task_group: group.clone(),
            task_states: Value::Null,
        }
    }
}

/// The last result of one check of an allocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "the fields are Nomad's own")]
pub struct Check {
    pub check: String,
    pub group: String,
    #[serde(rename = "ID")]
    pub id: String,
    pub mode: String,
    pub output: String,
    pub service: String,
    pub status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    pub timestamp: i64,
}

impl Check {
    /// Makes the TCP check of a registration, passing or failing.
    pub fn tcp(of: &Registration, status: &str) -> Self {
        Self {
            check: "tcp".to_owned(),
            group: format!("{}.{}[0]", of.job_id, of.job_id),
            id: format!(
                "{:032x}",
                RandomState::with_seeds(1, 2, 3, 4).hash_one(&of.id)
            ),
            mode: "healthiness".to_owned(),
            output: match status {
                "failure" => format!(
                    "dial tcp {}:{}: connect: connection refused",
                    of.address, of.port
                ),
                _ => "nomad: tcp ok".to_owned(),
            },
            service: of.service_name.clone(),
            status: status.to_owned(),
            status_code: None,
            task: None,
            timestamp: 0,
        }
    }
}

/// One row of `/v1/namespaces`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "the fields are Nomad's own")]
pub struct NamespaceRow {
    pub capabilities: Value,
    pub create_index: u64,
    pub description: String,
    pub hash: String,
    pub meta: Value,
    pub modify_index: u64,
    pub name: String,
    pub node_pool_configuration: Value,
    pub quota: String,
}

impl NamespaceRow {
    /// Makes an empty namespace. Its hash only has the form of Nomad's.
    pub fn new(name: &str, index: u64) -> Self {
        let digest = [1, 2, 3, 4].map(|seed| RandomState::with_seeds(seed, 0, 0, 0).hash_one(name));
        let digest: Vec<u8> = digest.iter().flat_map(|part| part.to_be_bytes()).collect();
        Self {
            capabilities: Value::Null,
            create_index: index,
            description: match name {
                "default" => "Default shared namespace".to_owned(),
                _ => String::new(),
            },
            hash: base64::engine::general_purpose::STANDARD.encode(digest),
            meta: Value::Null,
            modify_index: index,
            name: name.to_owned(),
            node_pool_configuration: Value::Null,
            quota: String::new(),
        }
    }
}

/// Makes a random UUID in Nomad's form.
pub fn random_uuid() -> String {
    let hex = format!("{:032x}", rand::random::<u128>());
    [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ]
    .join("-")
}
