//! The metric of clients that were refused: by listener and reason, never by address.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use super::GatewayParts;
use crate::layers::metrics::{counter, family};
use crate::listeners::Clients;

/// Tells what was refused.
#[derive(Debug)]
pub(super) struct Refused(Arc<Clients>);

impl Refused {
    pub(super) fn of(parts: &GatewayParts) -> Self {
        Self(Arc::clone(&parts.connections.server.clients))
    }
}

impl Collector for Refused {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let name = "nomadns_clients_refused";
        let help = "Queries and requests of clients that may not ask, or not so often";
        let mut own = family(&mut encoder, name, help, MetricType::Counter)?;
        for (listener, reason, count) in self.0.refusals().counts() {
            counter(
                &mut own,
                &[("listener", listener), ("reason", reason)],
                count,
            )?;
        }
        let name = "nomadns_unproven_answers";
        let help = "Answers over UDP to networks that had too many without a good cookie";
        let mut own = family(&mut encoder, name, help, MetricType::Counter)?;
        for (outcome, count) in self.0.unproven_counters().counts() {
            counter(&mut own, &[("outcome", outcome)], count)?;
        }
        Ok(())
    }
}
