//! Elections: a leader without a majority steps down, and a majority without a leader elects one.

use tokio::time::Instant;

use super::member::Member;
use super::{Campaign, Lag, RaftState};

impl RaftState {
    /// Says whether a server hears of the leader now.
    pub(super) fn is_in_contact(&self, number: usize, now: Instant) -> bool {
        self.leader.is_some_and(|leader| {
            leader != number
                && self.members[leader].is_linked(now)
                && self.members[number].is_linked(now)
        })
    }

    /// Lets the leader step down, and another be elected, when it is time.
    pub(super) fn see_who_leads(&mut self, now: Instant) {
        self.check_leader(now);
        let needs_one = self.leader.is_none() || self.alone_since.is_some();
        if !needs_one || !self.has_majority(now) {
            // An election without a majority goes on for ever.
            self.campaign = None;
            return;
        }
        let due = now + self.times.heartbeat_timeout;
        let campaign = *self.campaign.get_or_insert(Campaign { due, winner: None });
        if campaign.due <= now && self.leader.is_none() {
            self.campaign = None;
            self.leader = self.winner(campaign, now);
            self.term += 1;
        }
    }

    /// Has the leader step down at once, and a server elected in his place.
    pub(super) fn call_election(&mut self, number: usize, now: Instant) {
        if let Some(leader) = self.leader.take() {
            self.members[leader].step_down(now);
        }
        self.alone_since = None;
        for member in &mut self.members {
            member.forget_leader();
        }
        self.campaign = Some(Campaign {
            due: now + self.times.election,
            winner: Some(number),
        });
    }

    /// Says when something happens by itself.
    pub(super) fn next_due(&self, now: Instant) -> Option<Instant> {
        let lease = self.alone_since.map(|since| since + self.times.lease);
        let campaign = self.campaign.map(|campaign| campaign.due);
        let joins = self.members.iter().map(Member::joins);
        let applies = (0..self.members.len())
            .map(|number| self.apply_due(number, self.leader == Some(number)));
        [lease, campaign]
            .into_iter()
            .chain(joins)
            .chain(applies)
            .flatten()
            .filter(|due| *due > now)
            .min()
    }

    fn check_leader(&mut self, now: Instant) {
        let Some(leader) = self.leader else {
            self.alone_since = None;
            return;
        };
        if self.members[leader].is_linked(now) && self.has_majority(now) {
            self.alone_since = None;
            return;
        }
        let since = *self.alone_since.get_or_insert(now);
        if now >= since + self.times.lease {
            self.leader = None;
            self.alone_since = None;
            self.members[leader].step_down(now);
        }
    }

    fn has_majority(&self, now: Instant) -> bool {
        let linked = self.members.iter().filter(|each| each.is_linked(now));
        2 * linked.count() > self.members.len()
    }

    /// Chooses among those that reach each other: the one that is meant to win, else one that is not behind.
    fn winner(&self, campaign: Campaign, now: Instant) -> Option<usize> {
        let can = |number: &usize| self.members[*number].is_linked(now);
        let keeps_up = |number: &usize| {
            let member = &self.members[*number];
            !member.is_frozen && member.lag == Lag::None
        };
        let all = || (0..self.members.len()).filter(can);
        let meant = campaign.winner.filter(can);
        meant
            .or_else(|| all().find(keeps_up))
            .or_else(|| all().next())
    }
}
