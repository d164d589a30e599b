//! The other tables: allocations and their checks, namespaces, nodes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::call::Call;
use super::read::{blocking, denied, filter_of, page, rights};
use super::reply::{Meta, Reply};
use crate::demo::agent::{Agent, Version};
use crate::demo::filter::{Datum, Field, UnknownField};
use crate::demo::model::{Allocation, Check, NamespaceRow};
use crate::demo::state::Table;

/// `/v1/allocations`
pub(crate) async fn allocations(agent: &Agent, call: &Call) -> Result<Reply, Reply> {
    let token = rights(agent, call)?;
    let is_every = call.namespace == "*";
    let is_allowed = match is_every {
        true => token.may_read_jobs_somewhere(),
        false => token.may_read_jobs(&call.namespace),
    };
    if !is_allowed {
        return Err(denied());
    }
    let filter = filter_of(call)?;
    let is_asked = |namespace: &str| {
        if is_every {
            token.may_read_jobs(namespace)
        } else {
            namespace == call.namespace
        }
    };
    Ok(blocking(
        agent,
        call,
        Table::Allocations,
        |cluster| cluster.index(Table::Allocations),
        |cluster, meta| {
            let mut rows: Vec<&Allocation> = cluster
                .allocations
                .iter()
                .filter(|row| is_asked(&row.namespace))
                .collect();
            rows.sort_by(|a, b| (a.create_index, &a.id).cmp(&(b.create_index, &b.id)));
            let mut matching = Vec::with_capacity(rows.len());
            for row in rows {
                let row = shown(row, call);
                match filter
                    .as_ref()
                    .map_or(Ok(true), |filter| filter.holds(&Filtered(&row)))
                {
                    Ok(true) => matching.push(row),
                    Ok(false) => {}
                    Err(error) => {
                        return Reply::error(400, format!("failed to read result page: {error}"));
                    }
                }
            }
            let (rows, next_token) = page(call, matching.into_iter(), page_token, |row, token| {
                page_token(row) == token
            });
            Reply::state(Meta { next_token, ..meta }, Value::Array(rows).to_string())
        },
    )
    .await)
}

fn shown(row: &Allocation, call: &Call) -> Value {
    let mut row = serde_json::to_value(row).unwrap_or_default();
    let shows_tasks = call.parameter("task_states") != Some("false");
    if let (true, Value::Null) = (shows_tasks, &row["TaskStates"]) {
        row["TaskStates"] = json!({});
    } else if !shows_tasks {
        row["TaskStates"] = Value::Null;
    }
    row
}

fn page_token(row: &Value) -> String {
    format!(
        "{}.{}",
        row["CreateIndex"],
        row["ID"].as_str().unwrap_or_default()
    )
}

/// `/v1/allocation/:id/checks`: the last results, which only the allocation's node knows: each server asks it.
/// Never blocks. Without checks it is an empty object, or as lately nothing at all.
pub(crate) fn checks(agent: &Agent, call: &Call, id: &str) -> Result<Reply, Reply> {
    let token = rights(agent, call)?;
    agent.read(|cluster| {
        let Some(allocation) = cluster.allocations.get(id) else {
            return Err(Reply::error(404, format!("Unknown allocation \"{id}\"")));
        };
        if !token.may_read_jobs(&allocation.namespace) {
            return Err(denied());
        }
        Ok(())
    })?;
    Ok(agent.read_newest(|cluster| {
        let checks = cluster.allocations.checks(id).iter();
        let by_id: BTreeMap<&str, &Check> =
            checks.map(|check| (check.id.as_str(), check)).collect();
        match by_id.is_empty() && agent.version == Version::V2_0_5 {
            true => Reply::json("null"),
            false => Reply::json(serde_json::to_vec(&by_id).unwrap_or_default()),
        }
    }))
}

/// `/v1/namespaces`
pub(crate) async fn namespaces(agent: &Agent, call: &Call) -> Result<Reply, Reply> {
    let token = rights(agent, call)?;
    Ok(blocking(
        agent,
        call,
        Table::Namespaces,
        |cluster| cluster.index(Table::Namespaces),
        |cluster, meta| {
            let rows: Vec<&NamespaceRow> = cluster
                .namespaces()
                .filter(|(name, _, _)| token.may_read_jobs(name))
                .map(|(_, row, _)| row)
                .collect();
            Reply::state(meta, serde_json::to_vec(&rows).unwrap_or_default())
        },
    )
    .await)
}

/// `/v1/nodes`
pub(crate) async fn nodes(agent: &Agent, call: &Call) -> Result<Reply, Reply> {
    if !rights(agent, call)?.may_read_nodes() {
        return Err(denied());
    }
    Ok(blocking(
        agent,
        call,
        Table::Nodes,
        |cluster| cluster.index(Table::Nodes),
        |cluster, meta| {
            Reply::state(
                meta,
                serde_json::to_vec(cluster.nodes()).unwrap_or_default(),
            )
        },
    )
    .await)
}

/// What Nomad filters: the allocation, of which the list shows a part, its job's type under another name.
struct Filtered<'a>(&'a Value);

impl Datum for Filtered<'_> {
    fn field(&self, path: &[String]) -> Result<Field<'_>, UnknownField> {
        let names: Vec<&str> = path.iter().map(String::as_str).collect();
        let names = match names[..] {
            ["Job", "Type"] => vec!["JobType"],
            ["JobType", ..] => return Err(unknown(path, 0)),
            _ => names,
        };
        let mut value = self.0;
        for (part, name) in names.into_iter().enumerate() {
            value = value.get(name).ok_or_else(|| unknown(path, part))?;
        }
        Ok(match value {
            Value::String(text) => Field::Text(text.clone()),
            Value::Number(number) => Field::Number(number.as_i64().unwrap_or(i64::MAX)),
            Value::Bool(is) => Field::Bool(*is),
            Value::Array(items) => Field::List(items.iter().filter_map(Value::as_str).collect()),
            Value::Null | Value::Object(_) => Field::Null,
        })
    }
}

fn unknown(path: &[String], part: usize) -> UnknownField {
    let path = path.to_vec();
    UnknownField { path, part }
}
