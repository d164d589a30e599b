//! How a script changes the health of instances: checks that fail and pass, nodes that are lost.

use super::SimulatedNomad;
use crate::demo::model::{Allocation, Check, Registration};

impl SimulatedNomad {
    /// Sets the one check of each of these instances: `success`, `failure` or `pending`.
    pub fn check_instances(&self, instances: &[Registration], status: &str) {
        for instance in instances {
            self.set_checks(&instance.alloc_id, vec![Check::tcp(instance, status)]);
        }
    }

    /// Loses a node: its allocations are `lost`, and nobody knows their checks. Their registrations stay, as
    /// they do where Nomad forgets to take them away.
    pub fn lose_node(&self, node: &str) {
        self.update_allocations_of(node, |row| {
            row.client_status = "lost".to_owned();
            row.client_description = "alloc is lost since its node is down".to_owned();
            row.desired_status = "stop".to_owned();
        });
    }

    /// Has a lost node back: its allocations run again.
    pub fn find_node(&self, node: &str) {
        self.update_allocations_of(node, |row| {
            row.client_status = "running".to_owned();
            row.desired_status = "run".to_owned();
        });
    }

    fn update_allocations_of(&self, node: &str, update: impl Fn(&mut Allocation)) {
        self.agent.change(|cluster| {
            let on_it = |row: &&Allocation| row.node_id == node;
            let rows: Vec<Allocation> = cluster.allocations.iter().filter(on_it).cloned().collect();
            let updated = rows.into_iter().map(|mut row| {
                update(&mut row);
                row
            });
            cluster.update_allocations(updated);
        });
    }
}
