//! Registers many services at once, for load tests: a hundred thousand with ten instances each in a second or two.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use super::SimulatedNomad;
use crate::demo::model::{NODE_ID, Registration};
use crate::demo::state::instance::Instance;

/// How many nodes the generated instances are spread over.
const NODES: usize = 200;
const FIRST_PORT: i64 = 20_000;
const PORTS: usize = 12_000;

/// Services to generate.
#[derive(Clone, Debug)]
pub struct BulkLoad {
    /// The namespace they are in.
    pub namespace: String,
    /// The beginning of their names, before a number of six digits.
    pub prefix: String,
    /// How many services.
    pub services: usize,
    /// How many instances each has.
    pub instances: usize,
}

impl Default for BulkLoad {
    fn default() -> Self {
        Self {
            namespace: "default".to_owned(),
            prefix: "svc".to_owned(),
            services: 1000,
            instances: 10,
        }
    }
}

impl BulkLoad {
    /// Gives the name of the service with a number.
    pub fn name(&self, number: usize) -> String {
        format!("{}{number:06}", self.prefix)
    }

    fn model(&self, number: usize) -> Registration {
        let zone = if number.is_multiple_of(2) {
            "blue"
        } else {
            "green"
        };
        Registration::new(&self.namespace, &self.name(number)).tags(["generated", zone])
    }
}

impl SimulatedNomad {
    /// Generates services at one raft index, with no events and no rows in the table of allocations.
    /// Instance j of service i always has the same allocation and the address 10.x.y.z.
    pub fn load_services(&self, load: &BulkLoad) {
        let nodes: Vec<Arc<str>> = (0..NODES).map(node).collect();
        self.agent.change(|cluster| {
            cluster.create_namespace(&load.namespace);
            let index = cluster.pass_services();
            for number in 0..load.services {
                let name: Arc<str> = load.name(number).into();
                cluster.put_service(&load.namespace, &name, |namespace| {
                    let mut model = load.model(number);
                    (model.create_index, model.modify_index) = (index, index);
                    let model = Instance::new(&model, namespace, &name, None);
                    let serial = |nth| number * load.instances + nth;
                    let instances = (0..load.instances).map(serial);
                    instances
                        .map(|serial| nth_instance(&model, serial, &nodes))
                        .collect()
                });
            }
        });
    }
}

fn nth_instance(model: &Instance, serial: usize, nodes: &[Arc<str>]) -> Instance {
    let alloc = format!("{serial:08x}-0000-4000-8000-{serial:012x}");
    let [_, high, middle, low] = u32::try_from(serial).unwrap_or(u32::MAX).to_be_bytes();
    let address = IpAddr::V4(Ipv4Addr::new(10, high.wrapping_add(64), middle, low));
    let port = FIRST_PORT + i64::try_from(serial % PORTS).unwrap_or_default();
    model.sibling(
        alloc.into(),
        address,
        port,
        Arc::clone(&nodes[serial % nodes.len()]),
    )
}

fn node(number: usize) -> Arc<str> {
    let tail = NODE_ID.strip_prefix("36a02cbb").unwrap_or(NODE_ID);
    format!("{number:08x}{tail}").into()
}
