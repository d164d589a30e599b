//! A job whose group has a block `network { dns { ... } }`: what its task finds, with the resolver of its container.

use std::net::Ipv4Addr;
use std::path::Path;

use serde_json::{Value, json};

use crate::machine::cluster::Cluster;
use crate::machine::gateway::Gateway;
use crate::machine::jobs::Job;
use crate::machine::{run, say, until};

/// A shell and a resolver that need no library, so that the task's own file system is small.
const BUSYBOX: &str = "/bin/busybox";

#[tokio::test]
async fn a_task_finds_a_service_by_its_short_name() {
    let Some(run) = run().await else { return };
    if let Some(missing) = missing() {
        return say(&format!("SKIPPED, {missing}"));
    }
    let cluster = Cluster::of_one(&run.nomad).await;
    cluster.run(&Job::new("web")).await;
    // `/etc/resolv.conf` has no ports. Of all addresses of this host one that nobody else listens at.
    let [a, b, c] = rand::random::<[u8; 3]>().map(|it| it.clamp(1, 254));
    let server = Ipv4Addr::new(127, a, b, c);
    let gateway = Gateway::listening(&format!("{server}:53"), &cluster.addresses(), "").await;
    gateway.until_ready().await;

    let job = asking_job(server, "cat /etc/resolv.conf; busybox nslookup -type=a web");
    cluster.api().put("/v1/jobs", &job).await;
    let mut said = String::new();
    until("a task that has ended", async || {
        said = output(&cluster).await.unwrap_or_default();
        said.contains("Address: 127.0.0.1")
    })
    .await;
    // The second server is the node's own, as the job names it.
    let servers = format!("nameserver {server}\nnameserver 127.0.0.1\n");
    for lines in [&*servers, "search default.nomad\n", "options ndots:1\n"] {
        assert!(said.contains(lines), "{lines}{said}");
    }
    assert!(said.contains("Name:\tweb.default.nomad"), "{said}");
}

/// Why this cannot be tried here.
fn missing() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    if !status.lines().any(|it| it.starts_with("Uid:\t0\t")) {
        return Some("the driver exec wants root".to_owned());
    }
    let there = Path::new(BUSYBOX).exists();
    (!there).then(|| format!("{BUSYBOX} (Debian's busybox-static) is not installed"))
}

/// A job that runs a command once in a container that asks this server.
fn asking_job(server: Ipv4Addr, command: &str) -> Value {
    json!({ "Job": {
        "ID": "asks",
        "Name": "asks",
        "Type": "batch",
        "Datacenters": ["dc1"],
        "TaskGroups": [{
            "Name": "group",
            "EphemeralDisk": { "SizeMB": 10 },
            "Networks": [{
                "DNS": { "Servers": [server, "${attr.unique.network.ip-address}"], "Searches": ["default.nomad"], "Options": ["ndots:1"] },
            }],
            "Tasks": [{
                "Name": "task",
                "Driver": "exec",
                "Config": { "command": BUSYBOX, "args": ["sh", "-c", command] },
                "Resources": { "CPU": 20, "MemoryMB": 50 },
                "LogConfig": { "MaxFiles": 1, "MaxFileSizeMB": 1 },
            }],
        }],
    }})
}

/// What the task has printed, when it has ended.
async fn output(cluster: &Cluster) -> Option<String> {
    let allocations = cluster.api().get("/v1/job/asks/allocations").await.body;
    let allocation = &allocations[0];
    let state = &allocation["TaskStates"]["task"];
    assert_ne!(state["Failed"], true, "{state}");
    let id = allocation["ID"].as_str()?;
    if state["State"] != "dead" {
        return None;
    }
    let path = format!("/v1/client/fs/logs/{id}?task=task&type=stdout&plain=true");
    let printed = cluster.api().octets(&path).await;
    Some(String::from_utf8_lossy(&printed).into_owned())
}
