//! The responses about the agent itself: health, leader, regions, its own settings.

use serde_json::json;

use super::call::{Call, Consistency};
use super::read::{denied, rights, source};
use super::reply::Reply;
use crate::demo::agent::Agent;

/// `/v1/agent/health`: the one probe that needs no token and tells of the leader.
pub(crate) async fn health(agent: &Agent) -> Reply {
    let ok = json!({ "message": "ok", "ok": true });
    if source(agent, Consistency::Leader).await.is_ok() {
        return Reply::json(json!({ "client": ok, "server": ok }).to_string());
    }
    let lost = json!({ "message": "no leader", "ok": false });
    Reply::json(json!({ "client": ok, "server": lost }).to_string()).with_status(500)
}

/// `/v1/status/leader`: held like a read that needs the leader.
pub(crate) async fn leader(agent: &Agent) -> Reply {
    if let Err(reply) = source(agent, Consistency::Leader).await {
        return reply;
    }
    let address = agent.leader_address().unwrap_or_default();
    Reply::json(json!(address).to_string())
}

/// `/v1/regions`
pub(crate) fn regions() -> Reply {
    Reply::json("[\"global\"]")
}

/// `/v1/agent/self`, as far as clients look into it.
pub(crate) fn own_settings(agent: &Agent, call: &Call) -> Result<Reply, Reply> {
    if !rights(agent, call)?.may_read_agent() {
        return Err(denied());
    }
    let version = agent.version.text();
    let body = json!({
        "config": {
            "Datacenter": "dc1",
            "Region": "global",
            "Server": { "Enabled": true },
            "Version": { "Version": version, "VersionPrerelease": "" },
        },
        "member": {
            "Addr": "127.0.0.1",
            "Name": "vm.global",
            "Port": 4648,
            "Status": "alive",
            "Tags": { "build": version, "dc": "dc1", "region": "global", "role": "nomad" },
        },
        "stats": { "nomad": { "leader": "true", "server": "true" } },
    });
    Ok(Reply::json(body.to_string()))
}
