//! A Nomad cluster of a test's own: one agent that is all, or three servers and a client.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::agent::{Agent, Features, Ports, Role};
use super::api::Api;
use super::jobs::Job;
use super::process::shell;
use super::until;

/// Agents that end with the test, and their folder.
#[derive(Debug)]
pub struct Cluster {
    pub servers: Vec<Agent>,
    /// None where the one server is the client too.
    pub client: Option<Agent>,
    /// The management token; empty where ACLs are off.
    pub token: String,
    // Last, since it goes when all processes have gone.
    folder: Folder,
}

/// A folder that goes with all that is mounted in it: Nomad mounts one for the secrets of each task.
#[derive(Debug)]
struct Folder(TempDir);

impl Cluster {
    /// Starts one agent that is server and client.
    pub async fn of_one(nomad: &OsString) -> Self {
        Self::of_one_with(nomad, Features::default()).await
    }

    /// The same with ACLs on.
    pub async fn with_acl(nomad: &OsString) -> Self {
        let features = Features {
            acl: true,
            ..Features::default()
        };
        Self::of_one_with(nomad, features).await
    }

    /// Starts three servers and one client.
    pub async fn of_three(nomad: &OsString) -> Self {
        Self::of_three_with(nomad, Features::default()).await
    }

    /// Starts the same with what may differ.
    pub async fn of_three_with(nomad: &OsString, features: Features) -> Self {
        let folder = Folder(TempDir::new().unwrap());
        let ports = [(); 3].map(|()| Ports::free());
        let start = |name: &str, ports_of, role| {
            Agent::start(nomad, &folder.path().join(name), ports_of, role, features)
        };
        let servers = ["s1", "s2", "s3"].iter().zip(ports);
        let servers = servers.map(|(name, own)| start(name, own, Role::Server(&ports)));
        let servers: Vec<Agent> = servers.collect();
        let client = start("client", Ports::free(), Role::Client(&ports));
        let mut cluster = Self {
            servers,
            client: Some(client),
            token: String::new(),
            folder,
        };
        cluster.until_ready().await;
        cluster
    }

    async fn of_one_with(nomad: &OsString, features: Features) -> Self {
        let folder = Folder(TempDir::new().unwrap());
        let own = folder.path().join("agent");
        let agent = Agent::start(nomad, &own, Ports::free(), Role::Both, features);
        let mut cluster = Self {
            servers: vec![agent],
            client: None,
            token: String::new(),
            folder,
        };
        if features.acl {
            cluster.bootstrap().await;
        }
        cluster.until_ready().await;
        cluster
    }

    /// Asks one of the servers, with all rights.
    pub fn api_of(&self, server: usize) -> Api {
        self.servers[server].api.with_token(&self.token)
    }

    /// Asks the first server, with all rights.
    pub fn api(&self) -> Api {
        self.api_of(0)
    }

    /// The addresses of all servers, as a configuration names them.
    pub fn addresses(&self) -> Vec<String> {
        self.servers.iter().map(|it| it.api.url.clone()).collect()
    }

    /// A folder for what a test writes.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Waits until one server leads by the word of each of these; which it is.
    pub async fn leader(&self, asked: &[usize]) -> usize {
        let mut found = None;
        until("one leader", async || {
            let mut named = BTreeSet::new();
            for server in asked {
                let reply = self.api_of(*server).try_get("/v1/status/leader").await;
                named.insert(reply.ok().and_then(|it| self.server_at(&it.body)));
            }
            found = named.pop_first().flatten();
            named.is_empty() && found.is_some_and(|it| asked.contains(&it))
        })
        .await;
        found.expect("it was waited for")
    }

    /// Waits until a job's instances are registered, and of every service of it exactly these; their ports.
    pub async fn run(&self, job: &Job) -> BTreeSet<u16> {
        self.run_at(0, job).await
    }

    /// The same through another server.
    pub async fn run_at(&self, server: usize, job: &Job) -> BTreeSet<u16> {
        let api = self.api_of(server);
        api.put("/v1/jobs", &job.to_json()).await;
        let mut ports = BTreeSet::new();
        for service in &job.services {
            let what = format!("{} instances of {service}", job.count);
            until(&what, async || {
                ports = registered(&api, &job.namespace, service).await;
                ports.len() == job.count
            })
            .await;
        }
        ports
    }

    /// Stops a job, and waits until nothing of it is registered.
    pub async fn end(&self, server: usize, job: &Job) {
        let api = self.api_of(server);
        api.delete(&format!("/v1/job/{}?namespace={}", job.id, job.namespace))
            .await;
        until("nothing of the job", async || {
            let mut left = 0;
            for service in &job.services {
                left += registered(&api, &job.namespace, service).await.len();
            }
            left == 0
        })
        .await;
    }

    /// Waits until the client has said of all allocations of a job that ended that they have.
    ///
    /// It says so some time after their services are gone.
    pub async fn until_complete(&self, job: &Job) {
        let path = format!("/v1/job/{}/allocations?namespace={}", job.id, job.namespace);
        let api = self.api();
        until("complete allocations", async || {
            let reply = api.get(&path).await;
            let mut allocations = reply.body.as_array().unwrap().iter();
            allocations.all(|it| it["ClientStatus"] == "complete")
        })
        .await;
    }

    /// Deregisters one instance of a service, and waits until this server knows it; the ports that are left.
    ///
    /// Nothing but the servers has to do with it: a client that was at a server when that went waits for half
    /// a minute before it asks another for its allocations.
    pub async fn take_one(&self, server: usize, service: &str) -> BTreeSet<u16> {
        let api = self.api_of(server);
        let path = format!("/v1/service/{service}");
        let mut left = BTreeSet::new();
        until("one instance less", async || {
            // Just after an election the way to the leader may fail.
            let known = api.try_get(&path).await.ok();
            let Some(known) = known.filter(|it| it.status == 200) else {
                return false;
            };
            let id = known.body[0]["ID"].as_str().expect("there is one to take");
            left = ports_of(&known.body);
            left.remove(&port_of(&known.body[0]));
            let taken = api.try_delete(&format!("{path}/{id}")).await;
            taken.is_ok_and(|it| it.status == 200)
        })
        .await;
        until("this server knows it", async || {
            registered(&api, "default", service).await == left
        })
        .await;
        left
    }

    pub async fn make_namespace(&self, name: &str) {
        let api = self.api();
        api.put("/v1/namespace", &json!({ "Name": name })).await;
    }

    /// Writes a policy, of the name `nomadns` like the token's.
    pub async fn put_policy(&self, rules: &str) {
        let policy = json!({ "Name": "nomadns", "Rules": rules });
        self.api().put("/v1/acl/policy/nomadns", &policy).await;
    }

    /// Makes a token that has this policy.
    pub async fn make_token(&self) -> String {
        let asked = json!({ "Name": "nomadns", "Type": "client", "Policies": ["nomadns"] });
        let made = self.api().put("/v1/acl/token", &asked).await;
        made.body["SecretID"].as_str().unwrap().to_owned()
    }

    async fn bootstrap(&mut self) {
        let api = self.api();
        let mut token = String::new();
        until("the first token", async || {
            self.servers[0].process().assert_runs();
            let reply = api.try_put("/v1/acl/bootstrap").await;
            let made = reply.ok().filter(|it| it.status == 200);
            token = made.map_or_else(String::new, |it| {
                it.body["SecretID"].as_str().unwrap().to_owned()
            });
            !token.is_empty()
        })
        .await;
        self.token = token;
    }

    async fn until_ready(&mut self) {
        let api = self.api();
        until("a client that is ready", async || {
            let agents = self.servers.iter_mut().chain(&mut self.client);
            agents.for_each(|it| it.process().assert_runs());
            let nodes = api.try_get("/v1/nodes").await;
            nodes.is_ok_and(|it| it.body[0]["Status"] == "ready")
        })
        .await;
    }

    fn server_at(&self, leader: &Value) -> Option<usize> {
        let (_, port) = leader.as_str()?.rsplit_once(':')?;
        let port: u16 = port.parse().ok()?;
        self.servers.iter().position(|it| it.ports.rpc == port)
    }
}

impl Folder {
    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        // What is mounted last goes first: it may be within another.
        let points = mounts
            .lines()
            .rev()
            .filter_map(|line| line.split(' ').nth(1));
        let own = self.path().to_str().unwrap_or_default();
        for point in points.filter(|it| it.starts_with(own)) {
            shell(&format!("umount -l '{point}'"));
        }
    }
}

/// The ports of a service's instances, as a server knows them.
pub async fn registered(api: &Api, namespace: &str, service: &str) -> BTreeSet<u16> {
    let path = format!("/v1/service/{service}?namespace={namespace}&stale");
    ports_of(&api.get(&path).await.body)
}

/// The ports of registrations.
pub fn ports_of(registrations: &Value) -> BTreeSet<u16> {
    let each = registrations.as_array().unwrap().iter();
    each.map(port_of).collect()
}

fn port_of(registration: &Value) -> u16 {
    u16::try_from(registration["Port"].as_u64().unwrap()).unwrap()
}
