//! The jobs that tests run: tasks of the mock driver, which are no processes, and their services.

use serde_json::{Value, json};

/// A job with one group of one task.
#[derive(Clone, Debug)]
pub struct Job {
    pub id: String,
    pub namespace: String,
    pub count: usize,
    pub services: Vec<String>,
    pub tags: Vec<String>,
    /// The port on which a check of HTTP is answered; none for no check.
    check: Option<u16>,
    identity: bool,
}

impl Job {
    /// One instance of one service, called like the job, in the namespace `default`.
    pub fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            namespace: "default".to_owned(),
            count: 1,
            services: vec![id.to_owned()],
            tags: Vec::new(),
            check: None,
            identity: false,
        }
    }

    #[must_use]
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.namespace = namespace.to_owned();
        self
    }

    #[must_use]
    pub fn count(mut self, count: usize) -> Self {
        self.count = count;
        self
    }

    #[must_use]
    pub fn services(mut self, services: Vec<String>) -> Self {
        self.services = services;
        self
    }

    #[must_use]
    pub fn tags(mut self, tags: &[&str]) -> Self {
        self.tags = tags.iter().map(|it| (*it).to_owned()).collect();
        self
    }

    /// Has an HTTP check asked every second, of whoever listens on this port.
    #[must_use]
    pub fn check(mut self, port: u16) -> Self {
        self.check = Some(port);
        self
    }

    /// Has the identity of the task written into a file for it.
    #[must_use]
    pub fn identity(mut self) -> Self {
        self.identity = true;
        self
    }

    /// The job as `/v1/jobs` takes it.
    pub fn to_json(&self) -> Value {
        let network = match self.check {
            Some(port) => json!({ "ReservedPorts": [{ "Label": "p", "Value": port }] }),
            None => json!({ "DynamicPorts": [{ "Label": "p" }] }),
        };
        let services = self.services.iter().map(|name| self.service(name));
        let services: Vec<Value> = services.collect();
        let mut task = json!({
            "Name": "task",
            "Driver": "mock_driver",
            "Config": { "run_for": "10h" },
            "Resources": { "CPU": 1, "MemoryMB": 10 },
            "LogConfig": { "Disabled": true, "MaxFiles": 1, "MaxFileSizeMB": 1 },
            "Services": services,
        });
        if self.identity {
            task["Identity"] = json!({ "Env": true, "File": true });
        }
        json!({ "Job": {
            "ID": self.id,
            "Name": self.id,
            "Namespace": self.namespace,
            "Type": "service",
            "Datacenters": ["dc1"],
            "TaskGroups": [{
                "Name": "group",
                "Count": self.count,
                "EphemeralDisk": { "SizeMB": 10 },
                "Networks": [network],
                "Tasks": [task],
            }],
        }})
    }

    fn service(&self, name: &str) -> Value {
        let mut service = json!({
            "Name": name,
            "Provider": "nomad",
            "PortLabel": "p",
            "Tags": self.tags,
        });
        if self.check.is_some() {
            // In nanoseconds, as Nomad has them; it takes no less than a second.
            service["Checks"] = json!([{
                "Name": "answers",
                "Type": "http",
                "Path": "/",
                "Interval": 1_000_000_000_u64,
                "Timeout": 1_000_000_000_u64,
            }]);
        }
        service
    }
}
