//! One agent of Nomad: its configuration, its ports, its process.

use std::ffi::OsString;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use super::api::Api;
use super::process::Process;

/// What a client offers, and what it need not look for.
const CLIENT: &str = r#"
plugin "raw_exec" { config { enabled = true } }
client {
  enabled = true
  network_interface = "lo"
  chroot_env {
    "/bin/busybox" = "/bin/busybox"
    "/etc/passwd" = "/etc/passwd"
  }
  options = {
    "driver.allowlist" = "raw_exec,mock_driver,exec"
    "fingerprint.denylist" = "env_aws,env_gce,env_azure,env_digitalocean,cni,consul,vault"
  }
"#;

const SERVER: &str = "\nserver {\n  enabled = true\n";

/// A lost node is found out within a few seconds, not within half a minute.
const SHORT_HEARTBEATS: &str = r#"
  min_heartbeat_ttl = "1s"
  max_heartbeats_per_second = 100.0
  heartbeat_grace = "1s"
"#;

/// The ports of an agent.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    pub http: u16,
    pub rpc: u16,
    pub serf: u16,
}

impl Ports {
    /// Takes free ones. Until the agent has them another might; no range is fixed, so that is rare.
    pub fn free() -> Self {
        let listeners = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [http, rpc, serf] = listeners.map(|it| it.local_addr().unwrap().port());
        Self { http, rpc, serf }
    }
}

/// What differs from cluster to cluster.
#[derive(Clone, Copy, Debug, Default)]
pub struct Features {
    pub acl: bool,
    /// Whether a node that is silent counts as lost within a few seconds. One that a stopped server keeps
    /// waiting does then, too.
    pub short_heartbeats: bool,
}

/// What an agent is.
#[derive(Clone, Copy, Debug)]
pub enum Role<'a> {
    /// Server and client in one.
    Both,
    /// A server beside others, of which these ports are known.
    Server(&'a [Ports]),
    /// A client of these servers.
    Client(&'a [Ports]),
}

/// An agent that may run, and run again.
#[derive(Debug)]
pub struct Agent {
    nomad: OsString,
    pub ports: Ports,
    pub api: Api,
    folder: PathBuf,
    process: Option<Process>,
}

impl Agent {
    /// Writes its configuration into a folder, and starts it.
    pub fn start(
        nomad: &OsString,
        folder: &Path,
        ports: Ports,
        role: Role<'_>,
        features: Features,
    ) -> Self {
        std::fs::create_dir_all(folder).unwrap();
        let text = configuration(folder, ports, role, features);
        std::fs::write(folder.join("agent.hcl"), text).unwrap();
        let mut agent = Self {
            nomad: nomad.clone(),
            ports,
            api: Api::new(ports.http),
            folder: folder.to_owned(),
            process: None,
        };
        agent.start_again();
        agent
    }

    /// Starts it, with what it has on disk.
    pub fn start_again(&mut self) {
        let config = self.folder.join("agent.hcl");
        let arguments = ["agent", "-config", config.to_str().unwrap()];
        let log = self.folder.join("log");
        self.process = Some(Process::start(&self.nomad, &arguments, &log));
    }

    /// Ends it as a crash does.
    pub fn kill(&mut self) {
        self.process.take().expect("it runs").kill();
    }

    pub fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("it runs")
    }

    /// The folder of what a client's allocations write.
    pub fn allocations(&self) -> PathBuf {
        self.folder.join("data/alloc")
    }
}

fn configuration(folder: &Path, ports: Ports, role: Role<'_>, features: Features) -> String {
    let name = folder.file_name().unwrap().to_str().unwrap();
    let Ports { http, rpc, serf } = ports;
    let addresses = |of: &[Ports], port: fn(&Ports) -> u16| {
        let each = of.iter().map(|it| format!("\"127.0.0.1:{}\"", port(it)));
        each.collect::<Vec<_>>().join(", ")
    };
    let heartbeats = if features.short_heartbeats {
        SHORT_HEARTBEATS
    } else {
        ""
    };
    let acl = features.acl;
    let part = match role {
        Role::Both => format!("{SERVER}{heartbeats}  bootstrap_expect = 1\n}}\n{CLIENT}}}\n"),
        Role::Server(all) => format!(
            "{SERVER}{heartbeats}  bootstrap_expect = {}\n  server_join {{\n    retry_join = [{}]\n    \
             retry_interval = \"1s\"\n  }}\n}}\n",
            all.len(),
            addresses(all, |it| it.serf)
        ),
        Role::Client(servers) => {
            let servers = addresses(servers, |it| it.rpc);
            format!("{CLIENT}  servers = [{servers}]\n}}\n")
        }
    };
    format!(
        r#"name = "{name}"
bind_addr = "127.0.0.1"
data_dir = "{folder}/data"
disable_update_check = true
leave_on_interrupt = false
leave_on_terminate = false
ports {{
  http = {http}
  rpc = {rpc}
  serf = {serf}
}}
advertise {{
  http = "127.0.0.1"
  rpc = "127.0.0.1"
  serf = "127.0.0.1"
}}
acl {{
  enabled = {acl}
  token_ttl = "1s"
  policy_ttl = "1s"
}}
{part}"#,
        folder = folder.display(),
    )
}
