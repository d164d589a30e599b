//! Doubts: services and namespaces whose state is unknown, as part of a snapshot.
//!
//! Floor 1. `sync` sets them through the writer, and look-ups report them to `answers`. Unknown names are not denied.
//! Nomad's names are case-sensitive and keys are not, so each key holds all spellings.

use imbl::HashMap;

/// Why it is not known what is registered under a name; the later ones are told before the earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Doubt {
    /// It is listed, and was not read yet.
    Unread,
    /// It could not be read.
    Unreadable,
    /// Nomad refuses the token to read it.
    Refused,
}

impl Doubt {
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

/// What is in doubt, as Nomad spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubted<'a> {
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

/// All doubts of a snapshot.
#[derive(Clone, Debug, Default)]
pub(super) struct Doubts {
    namespaces: HashMap<Box<str>, NamespaceDoubts>,
    others: Option<Doubt>,
    counts: DoubtCounts,
}

#[derive(Clone, Debug, Default)]
struct NamespaceDoubts {
    whole: Spellings,
    services: HashMap<Box<str>, Spellings>,
    counts: DoubtCounts,
}

/// The doubts of one key: one for each spelling, nearly always one.
type Spellings = Vec<Spelling>;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Spelling {
    namespace: Box<str>,
    /// Empty where all of the namespace is in doubt.
    service: Box<str>,
    doubt: Doubt,
}

/// How many doubts there are of each kind.
#[derive(Clone, Copy, Debug, Default)]
struct DoubtCounts([usize; Doubt::ALL.len()]);

impl Doubts {
    /// Sets the doubt about one service; whether that is a change.
    pub(super) fn set_service(
        &mut self,
        (namespace_key, service_key): (&str, &str),
        (namespace, service): (&str, &str),
        doubt: Option<Doubt>,
    ) -> bool {
        let held = self.namespaces.get(namespace_key);
        let held = held.and_then(|held| held.services.get(service_key));
        let before = doubt_of(held, namespace, service);
        if before == doubt {
            return false;
        }
        let mut all = self.namespaces.remove(namespace_key).unwrap_or_default();
        let mut spellings = all.services.remove(service_key).unwrap_or_default();
        set(&mut spellings, namespace, service, doubt);
        if !spellings.is_empty() {
            all.services.insert(service_key.into(), spellings);
        }
        self.keep(namespace_key, all, before, doubt)
    }

    /// Sets the doubt about all of a namespace; whether that is a change.
    pub(super) fn set_namespace(
        &mut self,
        key: &str,
        namespace: &str,
        doubt: Option<Doubt>,
    ) -> bool {
        let held = self.namespaces.get(key).map(|held| &held.whole);
        let before = doubt_of(held, namespace, "");
        if before == doubt {
            return false;
        }
        let mut all = self.namespaces.remove(key).unwrap_or_default();
        set(&mut all.whole, namespace, "", doubt);
        self.keep(key, all, before, doubt)
    }

    /// Sets the doubt about every namespace that is not known; whether that is a change.
    pub(super) fn set_others(&mut self, doubt: Option<Doubt>) -> bool {
        let before = std::mem::replace(&mut self.others, doubt);
        if before == doubt {
            return false;
        }
        self.counts.exchange(before, doubt);
        true
    }

    fn keep(
        &mut self,
        key: &str,
        mut all: NamespaceDoubts,
        before: Option<Doubt>,
        after: Option<Doubt>,
    ) -> bool {
        all.counts.exchange(before, after);
        self.counts.exchange(before, after);
        if all.counts.strongest().is_some() {
            self.namespaces.insert(key.into(), all);
        }
        true
    }

    /// Whether there is none; costs nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.strongest().is_none()
    }

    /// The strongest of all.
    pub(super) fn strongest(&self) -> Option<Doubt> {
        self.counts.strongest()
    }

    /// How many there are of a kind.
    pub(super) fn count(&self, doubt: Doubt) -> usize {
        self.counts.0[doubt as usize]
    }

    /// The strongest about a service: its own, or that about all of its namespace.
    pub(super) fn about_service(&self, namespace_key: &str, service_key: &str) -> Option<Doubt> {
        let held = self.namespaces.get(namespace_key)?;
        let own = held.services.get(service_key);
        let own = own.and_then(|own| strongest(own));
        own.max(strongest(&held.whole))
    }

    /// The strongest about anything in a namespace.
    pub(super) fn within(&self, namespace_key: &str) -> Option<Doubt> {
        self.namespaces.get(namespace_key)?.counts.strongest()
    }

    /// That about every namespace that is not known.
    pub(super) fn others(&self) -> Option<Doubt> {
        self.others
    }

    /// Goes through all of them; in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Doubted<'_>, Doubt)> {
        let others = self.others.map(|doubt| (Doubted::Others, doubt));
        let spellings = self.namespaces.values().flat_map(|held| {
            let services = held.services.values().flatten();
            held.whole.iter().chain(services)
        });
        let named = spellings.map(|it| {
            let (namespace, service) = (&*it.namespace, &*it.service);
            let doubted = match service {
                "" => Doubted::Namespace(namespace),
                _ => Doubted::Service { namespace, service },
            };
            (doubted, it.doubt)
        });
        others.into_iter().chain(named)
    }
}

impl DoubtCounts {
    fn exchange(&mut self, before: Option<Doubt>, after: Option<Doubt>) {
        if let Some(before) = before {
            self.0[before as usize] -= 1;
        }
        if let Some(after) = after {
            self.0[after as usize] += 1;
        }
    }

    fn strongest(&self) -> Option<Doubt> {
        let mut all = Doubt::ALL.into_iter().rev();
        all.find(|doubt| self.0[*doubt as usize] > 0)
    }
}

fn strongest(spellings: &[Spelling]) -> Option<Doubt> {
    spellings.iter().map(|it| it.doubt).max()
}

fn doubt_of(spellings: Option<&Spellings>, namespace: &str, service: &str) -> Option<Doubt> {
    let mut all = spellings?.iter();
    let found = all.find(|it| *it.namespace == *namespace && *it.service == *service)?;
    Some(found.doubt)
}

fn set(spellings: &mut Spellings, namespace: &str, service: &str, doubt: Option<Doubt>) {
    spellings.retain(|it| *it.namespace != *namespace || *it.service != *service);
    spellings.extend(doubt.map(|doubt| Spelling {
        namespace: namespace.into(),
        service: service.into(),
        doubt,
    }));
}
