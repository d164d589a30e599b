//! Services and namespaces whose state is unknown, and why, as part of a snapshot.
//!
//! Floor 1. `sync` sets them through the writer, and look-ups report them to `answers`. Unknown names are not denied.
//! Nomad's names are case-sensitive and keys are not, so each key holds all spellings.

use imbl::HashMap;

/// Why it is not known what is registered under a name; where several are known, the last of them is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnknownReason {
    /// It is listed, and was not read yet.
    Unread,
    /// It could not be read.
    Unreadable,
    /// Nomad refuses the token to read it.
    Refused,
}

impl UnknownReason {
    /// All of them, in their order.
    pub const ALL: [Self; 3] = [Self::Unread, Self::Unreadable, Self::Refused];

    /// Names it for a metric's label.
    pub fn label(self) -> &'static str {
        match self {
            Self::Unread => "unread",
            Self::Unreadable => "unreadable",
            Self::Refused => "refused",
        }
    }
}

/// What is unknown, as Nomad spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnknownScope<'a> {
    /// One service.
    Service {
        /// Its namespace.
        namespace: &'a str,
        /// Its name.
        service: &'a str,
    },
    /// All of a namespace.
    Namespace(&'a str),
    /// Every namespace that the catalogue does not know.
    Others,
}

/// All that is unknown in a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Unknowns {
    namespaces: HashMap<Box<str>, NamespaceUnknowns>,
    others: Option<UnknownReason>,
    counts: UnknownCounts,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct NamespaceUnknowns {
    whole: Spellings,
    services: HashMap<Box<str>, Spellings>,
    counts: UnknownCounts,
}

/// What is unknown under one key: one entry for each spelling, nearly always one.
type Spellings = Vec<Spelling>;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Spelling {
    namespace: Box<str>,
    /// Empty where all of the namespace is unknown.
    service: Box<str>,
    reason: UnknownReason,
}

/// How many unknowns there are for each reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct UnknownCounts([usize; UnknownReason::ALL.len()]);

impl Unknowns {
    /// Sets why one service is unknown; returns whether that is a change.
    pub(super) fn set_service(
        &mut self,
        (namespace_key, service_key): (&str, &str),
        (namespace, service): (&str, &str),
        reason: Option<UnknownReason>,
    ) -> bool {
        let held = self.namespaces.get(namespace_key);
        let held = held.and_then(|held| held.services.get(service_key));
        let before = reason_of(held, namespace, service);
        if before == reason {
            return false;
        }
        let mut all = self.namespaces.remove(namespace_key).unwrap_or_default();
        let mut spellings = all.services.remove(service_key).unwrap_or_default();
        set(&mut spellings, namespace, service, reason);
        if !spellings.is_empty() {
            all.services.insert(service_key.into(), spellings);
        }
        self.keep(namespace_key, all, before, reason)
    }

    /// Sets why all of a namespace is unknown; returns whether that is a change.
    pub(super) fn set_namespace(
        &mut self,
        key: &str,
        namespace: &str,
        reason: Option<UnknownReason>,
    ) -> bool {
        let held = self.namespaces.get(key).map(|held| &held.whole);
        let before = reason_of(held, namespace, "");
        if before == reason {
            return false;
        }
        let mut all = self.namespaces.remove(key).unwrap_or_default();
        set(&mut all.whole, namespace, "", reason);
        self.keep(key, all, before, reason)
    }

    /// Sets why it is unknown whether there are other namespaces; returns whether that is a change.
    pub(super) fn set_others(&mut self, reason: Option<UnknownReason>) -> bool {
        let before = std::mem::replace(&mut self.others, reason);
        if before == reason {
            return false;
        }
        self.counts.exchange(before, reason);
        true
    }

    fn keep(
        &mut self,
        key: &str,
        mut all: NamespaceUnknowns,
        before: Option<UnknownReason>,
        after: Option<UnknownReason>,
    ) -> bool {
        all.counts.exchange(before, after);
        self.counts.exchange(before, after);
        if all.counts.strongest().is_some() {
            self.namespaces.insert(key.into(), all);
        }
        true
    }

    /// Whether all is known; costs nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.strongest().is_none()
    }

    /// The strongest reason of all.
    pub(super) fn strongest(&self) -> Option<UnknownReason> {
        self.counts.strongest()
    }

    /// How many services and namespaces are unknown for a reason.
    pub(super) fn count(&self, reason: UnknownReason) -> usize {
        self.counts.0[reason as usize]
    }

    /// The strongest reason why a service is unknown: its own, or that of its whole namespace.
    pub(super) fn service(&self, namespace_key: &str, service_key: &str) -> Option<UnknownReason> {
        let held = self.namespaces.get(namespace_key)?;
        let own = held.services.get(service_key);
        let own = own.and_then(|own| strongest(own));
        own.max(strongest(&held.whole))
    }

    /// The strongest reason why anything in a namespace is unknown.
    pub(super) fn within(&self, namespace_key: &str) -> Option<UnknownReason> {
        self.namespaces.get(namespace_key)?.counts.strongest()
    }

    /// Why it is unknown whether there are other namespaces.
    pub(super) fn others(&self) -> Option<UnknownReason> {
        self.others
    }

    /// Goes through all of them; in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (UnknownScope<'_>, UnknownReason)> {
        let others = self.others.map(|reason| (UnknownScope::Others, reason));
        let spellings = self.namespaces.values().flat_map(|held| {
            let services = held.services.values().flatten();
            held.whole.iter().chain(services)
        });
        let named = spellings.map(|it| {
            let (namespace, service) = (&*it.namespace, &*it.service);
            let scope = match service {
                "" => UnknownScope::Namespace(namespace),
                _ => UnknownScope::Service { namespace, service },
            };
            (scope, it.reason)
        });
        others.into_iter().chain(named)
    }
}

impl UnknownCounts {
    fn exchange(&mut self, before: Option<UnknownReason>, after: Option<UnknownReason>) {
        if let Some(before) = before {
            self.0[before as usize] -= 1;
        }
        if let Some(after) = after {
            self.0[after as usize] += 1;
        }
    }

    fn strongest(&self) -> Option<UnknownReason> {
        let mut all = UnknownReason::ALL.into_iter().rev();
        all.find(|reason| self.0[*reason as usize] > 0)
    }
}

fn strongest(spellings: &[Spelling]) -> Option<UnknownReason> {
    spellings.iter().map(|it| it.reason).max()
}

fn reason_of(
    spellings: Option<&Spellings>,
    namespace: &str,
    service: &str,
) -> Option<UnknownReason> {
    let mut all = spellings?.iter();
    let found = all.find(|it| *it.namespace == *namespace && *it.service == *service)?;
    Some(found.reason)
}

fn set(spellings: &mut Spellings, namespace: &str, service: &str, reason: Option<UnknownReason>) {
    spellings.retain(|it| *it.namespace != *namespace || *it.service != *service);
    spellings.extend(reason.map(|reason| Spelling {
        namespace: namespace.into(),
        service: service.into(),
        reason,
    }));
}
