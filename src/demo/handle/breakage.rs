//! How a script causes faults and ends them.

use std::io;
use std::time::Duration;

use super::SimulatedNomad;
use crate::demo::faults::{EventBroker, Fault, Leader};
use crate::demo::shared::locked;

impl SimulatedNomad {
    /// Lets every request whose path begins so end in a fault, until mended.
    pub fn break_requests(&self, path_prefix: &str, fault: Fault) {
        self.agent.faults.add(path_prefix, fault, None);
    }

    /// Lets the next requests whose path begins so end in a fault.
    pub fn break_next(&self, path_prefix: &str, fault: Fault, times: usize) {
        if times > 0 {
            self.agent.faults.add(path_prefix, fault, Some(times));
        }
    }

    /// Sets what the event stream does; open streams end.
    pub fn set_event_broker(&self, broker: EventBroker) {
        *locked(&self.agent.faults.broker) = broker;
        self.agent.end_streams();
    }

    /// Takes the leader away or gives one back. Who waits is told.
    pub fn set_leader(&self, leader: Leader) {
        *locked(&self.agent.faults.leader) = leader;
        self.agent.nudge();
    }

    /// Sets how long ago the agent heard of the leader, which stale reads tell.
    pub fn set_last_contact(&self, ago: Duration) {
        *locked(&self.agent.faults.last_contact) = ago;
    }

    /// Mends all faults, the broker and the leader. An outage is ended by [`Self::come_back`].
    pub fn mend(&self) {
        self.agent.faults.heal();
    }

    /// Ends all event streams in good order, as a change of policy does.
    pub fn end_streams(&self) {
        self.agent.end_streams();
    }

    /// Cuts all connections, in the middle of whatever they do; new ones are accepted.
    pub fn cut_connections(&self) {
        self.server.cut();
    }

    /// Makes the whole agent go away: connections are cut, new ones refused. The state lives on.
    pub async fn vanish(&self) {
        self.server.vanish().await;
    }

    /// Makes the agent listen again on the same port; without effect while it listens.
    ///
    /// # Errors
    /// Somebody took the address meanwhile (not on Linux, where it is kept).
    pub fn come_back(&self) -> io::Result<()> {
        self.server.come_back()
    }
}
