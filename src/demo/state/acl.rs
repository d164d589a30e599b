//! Tokens and what they can read, in the levels of access that a gateway meets.

use std::collections::{BTreeSet, HashMap};

/// Whether tokens are asked for, and those that exist.
#[derive(Clone, Debug, Default)]
pub struct Acl {
    /// Off: anyone may read all. On: the tokens decide.
    pub enforcement: Enforcement,
    /// The tokens by their secret.
    pub tokens: HashMap<String, Token>,
}

/// Whether ACLs are on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Enforcement {
    /// No token is needed. The task API's socket asks for one all the same.
    #[default]
    Off,
    /// Every request is answered by its token's rights, without one by no rights.
    On,
}

/// A token's rights.
#[derive(Clone, Debug)]
pub struct Token {
    bearer: Bearer,
    validity: Validity,
    read_job: Scope,
    node_read: bool,
    agent_read: bool,
    management: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bearer {
    Client,
    Workload,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Validity {
    Valid,
    Expired,
}

#[derive(Clone, Debug)]
enum Scope {
    Everywhere,
    In(BTreeSet<String>),
}

impl Token {
    /// A valid token without any right.
    pub fn without_rights() -> Self {
        Self {
            bearer: Bearer::Client,
            validity: Validity::Valid,
            read_job: Scope::In(BTreeSet::new()),
            node_read: false,
            agent_read: false,
            management: false,
        }
    }

    /// `namespace "*" { capabilities = ["read-job"] }`
    pub fn reads_everything() -> Self {
        Self {
            read_job: Scope::Everywhere,
            ..Self::without_rights()
        }
    }

    /// `read-job` in some namespaces only.
    pub fn reads<'a>(namespaces: impl IntoIterator<Item = &'a str>) -> Self {
        let namespaces = namespaces.into_iter().map(str::to_owned).collect();
        Self {
            read_job: Scope::In(namespaces),
            ..Self::without_rights()
        }
    }

    /// A workload identity without a policy: single namespaces and services, anywhere, and nothing else.
    pub fn workload_identity() -> Self {
        Self {
            bearer: Bearer::Workload,
            ..Self::without_rights()
        }
    }

    /// A management token: everything.
    pub fn management() -> Self {
        Self {
            node_read: true,
            agent_read: true,
            management: true,
            ..Self::reads_everything()
        }
    }

    /// The same with `node { policy = "read" }`.
    pub fn with_node_read(self) -> Self {
        Self {
            node_read: true,
            ..self
        }
    }

    /// The same with `agent { policy = "read" }`.
    pub fn with_agent_read(self) -> Self {
        Self {
            agent_read: true,
            ..self
        }
    }

    /// The same, but expired.
    pub fn expired(self) -> Self {
        Self {
            validity: Validity::Expired,
            ..self
        }
    }

    pub(crate) fn is_expired(&self) -> bool {
        self.validity == Validity::Expired
    }

    pub(crate) fn may_read_jobs(&self, namespace: &str) -> bool {
        match &self.read_job {
            Scope::Everywhere => true,
            Scope::In(namespaces) => namespaces.contains(namespace),
        }
    }

    /// Services may be read by every workload identity too, whatever its own namespace.
    pub(crate) fn may_read_services(&self, namespace: &str) -> bool {
        self.bearer == Bearer::Workload || self.may_read_jobs(namespace)
    }

    pub(crate) fn may_read_jobs_somewhere(&self) -> bool {
        match &self.read_job {
            Scope::Everywhere => true,
            Scope::In(namespaces) => !namespaces.is_empty(),
        }
    }

    pub(crate) fn may_read_nodes(&self) -> bool {
        self.node_read
    }

    pub(crate) fn may_read_agent(&self) -> bool {
        self.agent_read
    }

    pub(crate) fn is_management(&self) -> bool {
        self.management
    }
}
