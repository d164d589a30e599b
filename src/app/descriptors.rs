//! File descriptors: raises the limit as far as the system allows, and reserves some for the gateway itself.
//!
//! Connections must leave enough for Nomad, certificates, tokens and the snapshot, whatever clients do.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::Bound;
use crate::config::Settings;
use crate::listeners::ConnectionLimits;

/// What is kept for the gateway itself: so many of a hundred, and so many at least.
const RESERVE_PERCENT: u64 = 20;
const RESERVE: u64 = 64;
/// What the operator's pages have at least when there are too few for all.
const FEWEST_PAGES: usize = 4;

/// Raises the soft limit on open files to the hard one.
///
/// What is above the soft limit fails in the middle of everything; the soft one is low for programs that use `select`,
/// which this is not.
pub fn raise_descriptors() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let Some(before) = current.filter(|current| maximum.is_none_or(|maximum| *current < maximum))
    else {
        return;
    };
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => tracing::info!(
            before,
            now = maximum,
            "raised the soft limit on open files to the hard one"
        ),
        Err(error) => tracing::warn!(
            %error,
            before,
            "the soft limit on open files cannot be raised to the hard one"
        ),
    }
}

/// Holds connections below what the limit on open files leaves for them.
///
/// What is forwarded has two sockets for each question, of a quarter of all at most.
pub(super) fn fit(settings: &mut Settings, bound: &Bound) {
    let questions = settings.forward.as_ref();
    let questions = questions.map_or(0, |it| it.limits.questions);
    let limits = &mut settings.connections;
    let Some(descriptors) = getrlimit(Resource::Nofile).current else {
        return;
    };
    let most = usize::try_from(descriptors / 4).unwrap_or(usize::MAX);
    let sockets = bound.sockets() + questions.saturating_mul(2).min(most);
    let (wanted, room) = (limits.connections, room(descriptors, sockets));
    if !share(limits, room) {
        return;
    }
    tracing::warn!(
        "limits.connections = {wanted} is more than {descriptors} open files leave room for: {} connections are held, and \
         {} of listen.admin; raise the hard limit on open files (LimitNOFILE= of systemd, ulimit -Hn), or set less",
        limits.connections,
        limits.admin_connections
    );
}

/// How many connections there is room for, beside so many sockets of ours.
fn room(descriptors: u64, sockets: usize) -> usize {
    let reserve = (descriptors * RESERVE_PERCENT / 100).max(RESERVE);
    // With very few, the gateway has half of them.
    let reserve = reserve.min(descriptors / 2);
    let room = usize::try_from(descriptors - reserve).unwrap_or(usize::MAX);
    room.saturating_sub(sockets).max(2)
}

/// Cuts the limits down to a room; false when they fit.
fn share(limits: &mut ConnectionLimits, room: usize) -> bool {
    if limits.connections.saturating_add(limits.admin_connections) <= room {
        return false;
    }
    let pages = (room / 8).max(FEWEST_PAGES).min(room / 2);
    limits.admin_connections = limits.admin_connections.min(pages);
    limits.connections = limits.connections.min(room - limits.admin_connections);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(connections: usize, descriptors: u64) -> (usize, usize) {
        let mut limits = ConnectionLimits {
            connections,
            ..ConnectionLimits::default()
        };
        share(&mut limits, room(descriptors, 10));
        (limits.connections, limits.admin_connections)
    }

    #[test]
    fn connections_leave_a_fifth_of_the_descriptors_and_64_at_least() {
        assert_eq!(shared(4096, 20_000), (4096, 64));
        assert_eq!(shared(4096, 1024), (820 - 10 - 64, 64));
        assert_eq!(shared(4096, 200), (200 - 64 - 10 - 15, 15));
        assert_eq!(shared(50, 1024), (50, 64));
        for descriptors in 0..2000 {
            let (connections, pages) = shared(4096, descriptors);
            assert!(connections >= 1 && pages >= 1, "{descriptors}");
            let held = u64::try_from(connections + pages).unwrap();
            assert!(held <= descriptors * 4 / 5 || held == 2, "{descriptors}");
        }
    }
}
