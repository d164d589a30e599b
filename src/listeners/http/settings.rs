//! What is offered over HTTP, where, to whom.

use std::sync::Arc;

use super::credentials::Credentials;
use super::host::Hosts;
use super::origins::Origins;
use super::paths::Paths;

/// How the listeners of clients speak HTTP.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Where messages and names are asked for.
    pub paths: Paths,
    /// The hosts that are asked for on plain HTTP.
    pub hosts: Hosts,
    /// The origins whose pages may read the answers.
    pub origins: Arc<Origins>,
    /// Who may ask; everybody when empty.
    pub credentials: Vec<Arc<Credentials>>,
}
