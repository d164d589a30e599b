//! The service reads: the list, one service's instances, those of a job or an allocation.

use ahash::RandomState;

use super::call::Call;
use super::read::{blocking, contact, denied, filter_of, meta, page, rights};
use super::reply::{Meta, Reply};
use crate::demo::agent::Agent;
use crate::demo::filter::{Datum, Expression, Field, UnknownField};
use crate::demo::state::instance::{Instance, View};
use crate::demo::state::{Cluster, Table};

/// `/v1/services`
pub(crate) async fn list(agent: &Agent, call: &Call) -> Result<Reply, Reply> {
    let token = rights(agent, call)?;
    let is_every = call.namespace == "*";
    // Whoever may read nothing learns not even the index.
    if is_every && !token.may_read_jobs_somewhere() {
        return Ok(Reply::state(meta(contact(agent, call), 0), "[]"));
    }
    if !is_every && !token.may_read_services(&call.namespace) {
        return Err(denied());
    }
    let is_asked = |name: &str| {
        if is_every {
            token.may_read_jobs(name)
        } else {
            name == call.namespace
        }
    };
    let watched = |cluster: &Cluster| match is_every {
        true => cluster.index(Table::Services),
        false => cluster.services_index(&call.namespace),
    };
    Ok(
        blocking(agent, call, Table::Services, watched, |cluster, meta| {
            Reply::state(meta, list_body(cluster, is_asked))
        })
        .await,
    )
}

/// Writes the list. The order of services differs from answer to answer, as Nomad's does.
fn list_body(cluster: &Cluster, is_asked: impl Fn(&str) -> bool) -> String {
    let mut body = String::from("[");
    for (name, _, services) in cluster.namespaces() {
        if !is_asked(name) || services.is_empty() {
            continue;
        }
        if body.len() > 1 {
            body.push(',');
        }
        let name = serde_json::to_string(name).unwrap_or_default();
        body.push_str(&format!("{{\"Namespace\":{name},\"Services\":["));
        let mut entries: Vec<&str> = services.entries().collect();
        let turn = rand::random_range(0..entries.len());
        entries.rotate_left(turn);
        for (position, entry) in entries.into_iter().enumerate() {
            if position > 0 {
                body.push(',');
            }
            body.push_str(entry);
        }
        body.push_str("]}");
    }
    body.push(']');
    body
}

/// `/v1/service/:name`
pub(crate) async fn service(agent: &Agent, call: &Call, name: &str) -> Result<Reply, Reply> {
    if !rights(agent, call)?.may_read_services(&call.namespace) {
        return Err(denied());
    }
    let choice = call.parameter("choose").map(Choice::read).transpose()?;
    let filter = filter_of(call)?;
    // Nomad watches the service's own rows.
    let watched = |cluster: &Cluster| {
        let services = cluster.services(&call.namespace);
        let instances = services.map_or(&[][..], |services| services.of(name));
        let newest = instances.iter().map(|instance| instance.modify_index).max();
        (instances.len(), newest)
    };
    Ok(
        blocking(agent, call, Table::Services, watched, |cluster, meta| {
            let services = cluster.services(&call.namespace);
            let instances = services.map_or(&[][..], |services| services.of(name));
            match chosen(call, instances, filter.as_ref(), choice.as_ref()) {
                Ok((instances, next_token)) => {
                    Reply::state(Meta { next_token, ..meta }, instances_body(instances))
                }
                Err(error) => Reply::error(400, format!("failed to read result page: {error}")),
            }
        })
        .await,
    )
}

fn chosen<'a>(
    call: &Call,
    instances: &'a [Instance],
    filter: Option<&Expression>,
    choice: Option<&Choice<'_>>,
) -> Result<(Vec<&'a Instance>, Option<String>), UnknownField> {
    let mut matching = Vec::with_capacity(instances.len());
    for instance in instances {
        if filter.map_or(Ok(true), |filter| filter.holds(&instance.view()))? {
            matching.push(instance);
        }
    }
    let is_reverse = call
        .parameter("reverse")
        .is_some_and(|value| value != "false");
    if is_reverse {
        matching.reverse();
    }
    let (mut instances, next_token) = page(
        call,
        matching.into_iter(),
        |instance| format!("{}.{}", instance.namespace(), instance.id()),
        |instance, token| {
            let id = token.split_once('.').map_or(token, |(_, id)| id);
            let order = instance.compare_id(id);
            if is_reverse {
                order.is_le()
            } else {
                order.is_ge()
            }
        },
    );
    if let Some(choice) = choice {
        choice.make(&mut instances);
    }
    Ok((instances, next_token))
}

/// `choose=N|key`: the same key gets the same N instances as long as they are there (rendezvous hashing).
struct Choice<'a> {
    count: usize,
    key: &'a str,
}

impl<'a> Choice<'a> {
    fn read(text: &'a str) -> Result<Self, Reply> {
        let wrong = || Reply::error(400, "choose must be of the form '<number>|<key>'");
        let (count, key) = text.split_once('|').ok_or_else(wrong)?;
        let count = count.parse().map_err(|_| wrong())?;
        Ok(Self { count, key })
    }

    fn make(&self, instances: &mut Vec<&Instance>) {
        let hasher = RandomState::with_seeds(1, 2, 3, 4);
        instances.sort_by_cached_key(|instance| hasher.hash_one((instance.id(), self.key)));
        instances.truncate(self.count);
    }
}

/// `/v1/job/:id/services`
pub(crate) async fn of_job(agent: &Agent, call: &Call, job: &str) -> Result<Reply, Reply> {
    if !rights(agent, call)?.may_read_services(&call.namespace) {
        return Err(denied());
    }
    Ok(blocking(
        agent,
        call,
        Table::Services,
        services_index,
        |cluster, meta| {
            let known = cluster.allocations.iter().any(|allocation| {
                allocation.job_id == job && allocation.namespace == call.namespace
            });
            let services = cluster.services(&call.namespace);
            let instances: Vec<&Instance> = services
                .into_iter()
                .flat_map(|services| services.instances())
                .filter(|instance| instance.job() == job)
                .collect();
            if instances.is_empty() && !known {
                return Reply::error(404, "job not found").with_meta(Meta { index: 0, ..meta });
            }
            Reply::state(meta, in_order(instances))
        },
    )
    .await)
}

/// `/v1/allocation/:id/services`
pub(crate) async fn of_allocation(agent: &Agent, call: &Call, id: &str) -> Result<Reply, Reply> {
    let token = rights(agent, call)?;
    Ok(blocking(
        agent,
        call,
        Table::Services,
        services_index,
        |cluster, meta| {
            let instances: Vec<&Instance> = cluster
                .namespaces()
                .flat_map(|(_, _, services)| services.instances())
                .filter(|instance| instance.alloc() == id)
                .collect();
            let namespace = cluster
                .allocations
                .get(id)
                .map(|allocation| allocation.namespace.as_str());
            let namespace =
                namespace.or_else(|| instances.first().map(|first| &**first.namespace()));
            match namespace {
                None => {
                    Reply::error(404, "allocation not found").with_meta(Meta { index: 0, ..meta })
                }
                Some(namespace) if !token.may_read_jobs(namespace) => denied(),
                Some(_) => Reply::state(meta, in_order(instances)),
            }
        },
    )
    .await)
}

/// What a query of a job or an allocation watches here; Nomad watches a little less.
fn services_index(cluster: &Cluster) -> u64 {
    cluster.index(Table::Services)
}

fn in_order(mut instances: Vec<&Instance>) -> Vec<u8> {
    instances.sort_by_cached_key(|instance| instance.id());
    instances_body(instances)
}

fn instances_body(instances: Vec<&Instance>) -> Vec<u8> {
    let views: Vec<View<'_>> = instances.into_iter().map(Instance::view).collect();
    // Texts and numbers always serialise.
    serde_json::to_vec(&views).unwrap_or_default()
}

impl Datum for View<'_> {
    fn field(&self, path: &[String]) -> Result<Field<'_>, UnknownField> {
        let unknown = |part| UnknownField {
            path: path.to_vec(),
            part,
        };
        let text = |value: &str| Ok(Field::Text(value.to_owned()));
        let number = |value: u64| Ok(Field::Number(i64::try_from(value).unwrap_or(i64::MAX)));
        let [name] = path else { return Err(unknown(1)) };
        match name.as_str() {
            "Address" => text(&self.address()),
            "AllocID" => text(self.alloc_id),
            "CreateIndex" => number(self.indexes().0),
            "Datacenter" => text(self.datacenter),
            "ID" => text(&self.id()),
            "JobID" => text(self.job_id),
            "ModifyIndex" => number(self.indexes().1),
            "Namespace" => text(self.namespace),
            "NodeID" => text(self.node_id),
            "Port" => Ok(Field::Number(self.port)),
            "ServiceName" => text(self.service_name),
            "Tags" => Ok(Field::List(
                self.tags
                    .unwrap_or_default()
                    .iter()
                    .map(|tag| &**tag)
                    .collect(),
            )),
            _ => Err(unknown(0)),
        }
    }
}
