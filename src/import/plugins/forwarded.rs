//! Which names nomadns forwards and CoreDNS does not, and the other way round.
//!
//! In CoreDNS a server block keeps its names: without `forward` none of them goes to the upstreams of another block. nomadns
//! forwards every name in a `[[forward]]` zone that it does not answer itself, whatever block it was in. So all blocks have to
//! be read before it can be said.

use super::super::draft::{Draft, ExceptDraft, ForwardDraft};
use super::super::error::shown;
use super::super::keys::{self, ServerKey, ServerScheme};
use super::super::write;
use super::{Block, listed, nomad};
use crate::dns::Name;

/// The names, and the networks with their reverse names, that nomadns forwards by their own zone only: docs/local-names.md.
const SPECIAL: [&str; 23] = [
    "alt",
    "home.arpa",
    "invalid",
    "local",
    "localhost",
    "onion",
    "test",
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "255.255.255.255/32",
    "::/128",
    "::1/128",
    "2001:db8::/32",
    "fd00::/8",
    "fe80::/10",
];

/// The zones that nomadns answers itself.
struct AnsweredZones {
    nomad: Vec<Name>,
    special: Vec<Name>,
}

/// Says what forwarding does in all blocks together.
pub(super) fn of_all(blocks: &[Block<'_>], draft: &mut Draft) {
    let special = SPECIAL.iter().filter_map(|it| keys::zones(it));
    let answered = AnsweredZones {
        nomad: nomad::answered_zones(draft),
        special: special.flatten().collect(),
    };
    for except in std::mem::take(&mut draft.excepts) {
        excepted(&except, &answered, draft);
    }
    for block in blocks {
        kept(block, &answered, draft);
    }
    not_forwarded(&answered.special, draft);
    on_all_listeners(blocks, draft);
}

/// The section that a name is forwarded by: the longest zone that has it.
fn forward_of<'a>(name: &Name, draft: &'a Draft) -> Option<&'a ForwardDraft> {
    let around = draft.forwards.iter().filter(|it| name.is_within(&it.zone));
    around.max_by_key(|it| it.zone.as_wire().len())
}

impl AnsweredZones {
    /// Whether all names of a zone are answered here, unless they are forwarded by a longer one.
    fn have(&self, zone: &Name, draft: &Draft) -> bool {
        let is_kept = |apex: &Name| {
            let forward = forward_of(zone, draft);
            zone.is_within(apex) && forward.is_none_or(|it| !it.zone.is_within(apex))
        };
        self.nomad.iter().any(|it| zone.is_within(it)) || self.special.iter().any(is_kept)
    }
}

/// Says of an `except` which of its zones are forwarded all the same.
fn excepted(except: &ExceptDraft, answered: &AnsweredZones, draft: &mut Draft) {
    let is_lost = |zone: &Name| {
        let is_same = |it: &ForwardDraft| it.origin == except.forward;
        let is_above = forward_of(zone, draft).is_some_and(is_same);
        let mut forwards = draft.forwards.iter();
        let is_below = forwards.any(|it| is_same(it) && it.zone.is_within(zone));
        (is_above || is_below) && !answered.have(zone, draft)
    };
    let lost: Vec<Name> = except.zones.iter().copied().filter(is_lost).collect();
    if lost.is_empty() {
        let words = "nomadns does not forward these names so: it answers them itself, or another block has them";
        return draft.needs_nothing(&except.origin, words);
    }
    let words = format!(
        "nomadns forwards all names of a zone, also those of {}; forward these to a server of yours, with a [[forward]] of their own",
        listed(&lost)
    );
    draft.lose(&except.origin.position, "forward except", words);
}

/// Says which names of a block go to upstreams that CoreDNS does not ask for them.
fn kept(block: &Block<'_>, answered: &AnsweredZones, draft: &mut Draft) {
    let is_read = |it: &&ServerKey| !matches!(it.scheme, ServerScheme::Other(_));
    for key in block.keys.iter().filter(is_read) {
        let leaking = |zone: &Name| {
            let forward = forward_of(zone, draft)?;
            let is_own = forward.zone == *zone && block.forwards(zone);
            (!is_own && !answered.have(zone, draft)).then_some(forward)
        };
        let zones = key.zones.iter().copied();
        let zones: Vec<Name> = zones.filter(|it| leaking(it).is_some()).collect();
        let Some(forward) = zones.first().and_then(leaking) else {
            continue;
        };
        let (upstreams, place) = (write::name(&forward.zone), &forward.origin.position);
        let words = match zones.contains(&forward.zone) {
            true => format!(
                "nomadns forwards on all of its listeners, so what it does not know goes to the upstreams of {upstreams} ({place}) here \
                 too, and CoreDNS forwards nothing of this block; say in clients.allow who may ask, or run a second gateway"
            ),
            false => format!(
                "what nomadns does not know in {} goes to the upstreams of {upstreams} ({place}), which CoreDNS does not ask for it; \
                 nomadns cannot keep a zone from being forwarded, so forward it to a server of yours, with a [[forward]] of its own",
                listed(&zones)
            ),
        };
        draft.lose(&key.word.position, &key.word.text, words);
    }
}

/// Says which names CoreDNS forwards and nomadns does not.
fn not_forwarded(special: &[Name], draft: &mut Draft) {
    let is_kept = |apex: &&Name| {
        let forward = forward_of(apex, draft);
        forward.is_some_and(|it| it.zone != **apex)
    };
    let Some(forward) = special
        .iter()
        .find(is_kept)
        .and_then(|it| forward_of(it, draft))
    else {
        return;
    };
    let origin = forward.origin.clone();
    let words = "nomadns answers names such as local, home.arpa and test, and the reverse names of private networks itself (NXDOMAIN); \
                 CoreDNS forwards them. If a server of yours knows such names, add a [[forward]] for their zone, such as zone = \
                 \"local\" or zone = \"10.in-addr.arpa\": docs/local-names.md";
    draft.note(&origin.position, &origin.text, words);
}

/// Says who may use a gateway that forwards all names.
fn on_all_listeners(blocks: &[Block<'_>], draft: &mut Draft) {
    let Some(forward) = draft.forwards.iter().find(|it| it.zone.is_root()).cloned() else {
        return;
    };
    let others = blocks
        .iter()
        .filter(|it| !it.zones().iter().any(Name::is_root) && !it.has("forward"));
    let keys: Vec<&str> = others
        .flat_map(|it| &it.keys)
        .map(|it| &*it.word.text)
        .collect();
    if blocks
        .iter()
        .any(|it| it.keys.first().map(|it| it.port) != blocks[0].keys.first().map(|it| it.port))
        && !keys.is_empty()
    {
        let words = format!(
            "nomadns forwards on all of its listeners, also on those of {}",
            shown(&keys.join(" "))
        );
        draft.note(&forward.origin.position, &forward.origin.text, words);
    }
}
