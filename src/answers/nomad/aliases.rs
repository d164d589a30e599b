//! Aliases: follows CNAMEs within the zones to the last name (RFC 1034 §4.3.2, step 3a).
//!
//! A name whose only address is a host name is a CNAME. If the host name is in one of the zones, the answer continues
//! there. A CNAME that leads back to itself is left out. Which ones these are depends only on the catalogue, not on
//! the query, so `export` and clients see the same zone.

use super::{Context, Loops, TooCostly, ZoneSettings};
use crate::catalog::UnknownReason;
use crate::dns::Name;

/// The most names of a loop that is told from a long chain.
const LOOP_NAMES_MAX: usize = 32;

/// The CNAMEs of an answer.
pub(super) struct Chain {
    /// The names that they lead to, one after the other; none where the first name is on a loop.
    pub(super) targets: Vec<Name>,
    /// What comes after them.
    pub(super) end: ChainEnd,
    /// Why a name on the way may be no alias, or that of another name.
    pub(super) unknown: Option<UnknownReason>,
}

/// What comes after the CNAMEs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChainEnd {
    /// The last name is answered for; it has no alias, or one that is left out.
    Here,
    /// The last name is in none of the zones, or there are more CNAMEs than one answer has: the client asks on.
    Elsewhere,
}

impl Chain {
    /// Follows the alias of the name asked for, which is one of `first`.
    ///
    /// # Errors
    /// It costs more than may be done now.
    pub(super) fn follow(
        context: &Context<'_>,
        first: Name,
        loops: &Loops,
    ) -> Result<Self, TooCostly> {
        let (chain, looped) = Self::find(context, first)?;
        if let Some(name) = looped {
            loops.note(&name);
        }
        Ok(chain)
    }

    /// The same; tells the name on a loop whose alias the answer leaves out, if there is one.
    fn find(context: &Context<'_>, first: Name) -> Result<(Self, Option<Name>), TooCostly> {
        let most = context.settings.alias_chain;
        let mut names = vec![*context.name];
        let (mut next, mut unknown, mut loop_at) = (Some(first), None, None);
        while let Some(target) = next {
            loop_at = names.iter().position(|name| *name == target);
            if loop_at.is_some() || names.len() > most_names(context.settings) {
                break;
            }
            let (alias, about) = step(context, &target)?;
            names.push(target);
            next = alias;
            unknown = unknown.max(about);
        }
        // What is found from one of its names has to be found from all of them.
        loop_at = loop_at.filter(|at| names.len() - at <= LOOP_NAMES_MAX);
        let last = loop_at.unwrap_or(names.len() - 1);
        let looped = loop_at.filter(|at| *at <= most).map(|at| names[at]);
        let count = last.min(most);
        let is_here = count == last && (next.is_none() || loop_at.is_some());
        let is_here = is_here && context.settings.zone_of(&names[count]).is_some();
        let chain = Self {
            targets: names.drain(1..=count).collect(),
            end: if is_here {
                ChainEnd::Here
            } else {
                ChainEnd::Elsewhere
            },
            unknown,
        };
        Ok((chain, looped))
    }
}

/// Whether the alias of a name leads back to itself, and is left out.
pub(super) fn leads_back(context: &Context<'_>, alias: Name) -> bool {
    Chain::find(context, alias).is_ok_and(|(chain, _)| chain.targets.is_empty())
}

/// The most names that are looked at for one answer.
pub(super) fn most_names(settings: &ZoneSettings) -> usize {
    settings.alias_chain + LOOP_NAMES_MAX
}

/// The name that an answer goes on at.
pub(super) fn next(context: &Context<'_>) -> Option<Name> {
    let labels = context.name.labels();
    context.place(&labels).ok()?.answering_alias(context)
}

/// Where a name leads to, and why it may lead elsewhere; one in none of the zones leads nowhere.
fn step(
    context: &Context<'_>,
    name: &Name,
) -> Result<(Option<Name>, Option<UnknownReason>), TooCostly> {
    let Some(zone) = context.settings.zone_of(name) else {
        return Ok((None, None));
    };
    let context = Context {
        name,
        zone,
        ..*context
    };
    let labels = name.labels();
    let place = context.place(&labels)?;
    Ok((place.alias(), place.unknown()))
}
