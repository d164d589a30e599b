//! What the operator's pages tell.
//!
//! Floor 7.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::parts::GatewayParts;
use super::{forwarding, liveness, metrics, status};
use crate::listeners::admin::Admin;

impl GatewayParts {
    /// The operator's pages; the last tell them when the gateway is about to end, and when it ends.
    pub(super) fn pages(
        &self,
        liveness: liveness::LivenessProbe,
        (leaving, ending): (CancellationToken, CancellationToken),
    ) -> Admin {
        let forwarder = Arc::clone(&self.forwarder);
        Admin {
            liveness,
            leaving,
            metrics: metrics::provider(self),
            readiness: status::readiness(Arc::clone(&self.sync)),
            status: status::page(
                Arc::clone(&self.sync),
                self.client.clone(),
                Arc::clone(&self.reloads),
            ),
            cache: Arc::new(move || forwarder.now().as_ref().map(forwarding::cache_pages)),
            ending,
        }
    }
}
