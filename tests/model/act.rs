//! What each step does to the cluster, and to what the test knows of it.

use std::sync::Arc;

use nomadns::demo::{Fault, Lag, Removal, Token};
use tokio::time::Duration;

use super::steps::{Change, EventReport, Policy, Step};
use super::table::{CHANGING, Service};
use super::world::{SECRET, World};

impl World {
    pub(crate) async fn act(&mut self, step: &Step) {
        let cluster = &self.cluster;
        match *step {
            Step::Change {
                service,
                change,
                event,
            } => self.change(CHANGING[service], change, event),
            Step::Lag { server, millis } => cluster.lag(server, Duration::from_millis(millis)),
            Step::Freeze { server } => cluster.freeze(server),
            Step::Thaw { server } => {
                cluster.thaw(server);
                cluster.lag(server, Lag::None);
            }
            Step::CutOff { server } => cluster.cut_off(server),
            Step::Heal => cluster.heal(),
            Step::Elect { server } => cluster.elect(server),
            Step::Restart { server } => cluster.restart(server),
            Step::Save { server } => cluster.save(server),
            Step::Kill { server } => cluster.kill(server).await,
            Step::Start { server } => self.start_again(server),
            Step::Hang { server } => cluster.hang(server),
            Step::Resume { server } => cluster.resume(server),
            Step::Snapshot => self.saved = (cluster.snapshot(), self.judge.newest().clone()),
            Step::Restore => {
                cluster.restore(&self.saved.0);
                let table = self.saved.1.clone();
                let state = self.judge.push(table);
                self.was_restored = true;
                self.note(&format!("   that is state {state}"));
            }
            Step::Policy(policy) => self.set_policy(policy),
            Step::Slow { server, millis } => {
                let late = Fault::Slow(Duration::from_millis(millis));
                cluster.server(server).break_requests("/", late);
            }
            Step::Quick { server } => cluster.server(server).mend(),
            Step::DropConnections { server } => cluster.server(server).cut_connections(),
            Step::Busy { indexes } => cluster.server(0).pass_indexes(indexes),
            Step::Pass(_) => {}
        }
    }

    pub(crate) fn start_again(&self, server: usize) {
        if !self.cluster.is_up(server) {
            self.cluster.start_again(server).unwrap();
        }
    }

    fn change(&mut self, service: Service, change: Change, event: EventReport) {
        let mut table = self.judge.newest().clone();
        let (new, gone) = table.change(service, change, &mut self.fresh);
        let nomad = self.cluster.server(0);
        nomad.register(new);
        let removal = match event {
            EventReport::Sent => Removal::Planned,
            EventReport::None => Removal::Silent,
        };
        if let [first, ..] = &gone[..] {
            let (namespace, name) = (&first.namespace, &first.service_name);
            match table.instances(service).is_empty() {
                true => drop(nomad.remove_service(namespace, name, removal)),
                false => drop(nomad.deregister(first, removal)),
            }
        }
        let addresses = Arc::clone(table.addresses(service));
        let state = self.judge.push(table);
        self.note(&format!("   that is state {state}: {addresses:?}"));
    }

    pub(crate) fn set_policy(&mut self, policy: Policy) {
        self.was_restricted |= policy != Policy::Everything;
        let token = match policy {
            Policy::Everything => Token::reads_everything(),
            Policy::DefaultOnly => Token::reads(["default"]),
        };
        self.cluster.server(0).set_token(SECRET, token);
        let mut table = self.judge.newest().clone();
        table.policy = policy;
        self.judge.push(table);
    }
}
