//! The configuration as it is being made: each value with the lines that it comes from, and what is to be said.
//!
//! Floor 7. One value of each key: where two server blocks want different ones, the first is kept and the other is lost.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

use toml::Value;

use super::MOST_REMARKS;
use super::error::{Position, one_line, shown, shown_word};
use super::tokens::Word;
use crate::config::RANGES;
use crate::dns::Name;

/// What is to be said of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Where the line is.
    pub position: Position,
    /// What stands there.
    pub what: String,
    /// What becomes of it, and why.
    pub words: String,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.position, self.what, self.words)
    }
}

/// Whether a secret of the Corefile is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SecretRule {
    Written,
    LeftOut,
}

/// A line of the Corefile that something comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) position: Position,
    pub(super) text: String,
}

impl Origin {
    /// Of a line, as it is written.
    pub(super) fn of(words: &[&Word]) -> Option<Self> {
        let position = words.first()?.position.clone();
        let texts: Vec<String> = words.iter().map(|it| shown_word(&it.text)).collect();
        Some(Self {
            position,
            text: shown(&texts.join(" ")),
        })
    }
}

/// A value, and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Setting {
    pub(super) value: Value,
    pub(super) origins: Vec<Origin>,
}

/// A `[[forward]]` section.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ForwardDraft {
    pub(super) zone: Name,
    pub(super) upstreams: Vec<String>,
    pub(super) policy: Option<&'static str>,
    pub(super) origin: Origin,
}

/// A `[[hosts]]` section.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct HostDraft {
    pub(super) name: Name,
    pub(super) addresses: Vec<String>,
    pub(super) origins: Vec<Origin>,
}

/// A place to listen at, until it is known which others cover it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListenerDraft {
    pub(super) key: &'static str,
    pub(super) address: SocketAddr,
    /// The last is the one that says the most of the address.
    pub(super) origins: Vec<Origin>,
}

/// The zones of an `except`, and the `forward` that has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ExceptDraft {
    pub(super) zones: Vec<Name>,
    pub(super) forward: Origin,
    pub(super) origin: Origin,
}

/// What is made of a Corefile.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) secrets: SecretRule,
    pub(super) settings: BTreeMap<&'static str, Setting>,
    pub(super) listeners: Vec<ListenerDraft>,
    pub(super) forwards: Vec<ForwardDraft>,
    pub(super) excepts: Vec<ExceptDraft>,
    pub(super) hosts: Vec<HostDraft>,
    pub(super) losses: Vec<Remark>,
    pub(super) notes: Vec<Remark>,
    /// Lines for which there is nothing to set.
    pub(super) needless: Vec<Remark>,
}

impl Draft {
    pub(super) fn new(secrets: SecretRule) -> Self {
        Self {
            secrets,
            settings: BTreeMap::new(),
            listeners: Vec::new(),
            forwards: Vec::new(),
            excepts: Vec::new(),
            hosts: Vec::new(),
            losses: Vec::new(),
            notes: Vec::new(),
            needless: Vec::new(),
        }
    }

    /// Sets a key; if it has another value already, that one stays and this one is lost.
    pub(super) fn set(&mut self, key: &'static str, value: impl Into<Value>, origin: &Origin) {
        let value = value.into();
        if let Some(problem) = out_of_range(key, &value) {
            return self.lose(&origin.position, &origin.text, problem);
        }
        let Some(known) = self.settings.get_mut(key) else {
            let origins = vec![origin.clone()];
            self.settings.insert(key, Setting { value, origins });
            return;
        };
        if known.value == value {
            known.origins.push(origin.clone());
            return;
        }
        let first = known.origins.first().map(|it| it.position.to_string());
        let words = format!(
            "`{key}` is {} already ({}), and nomadns has one value for all zones; choose one",
            shown(&known.value.to_string()),
            first.unwrap_or_default()
        );
        self.lose(&origin.position, &origin.text, words);
    }

    /// Sets a number; where several server blocks have one, the lowest is used, and the others are told.
    pub(super) fn lowest(&mut self, key: &'static str, number: i64, origin: &Origin) {
        let lower = match self.settings.get(key).map(|it| &it.value) {
            Some(Value::Integer(known)) if *known != number => Some((*known).min(number)),
            _ => None,
        };
        let Some(lower) = lower else {
            return self.set(key, number, origin);
        };
        let words = format!("nomadns has one `{key}` for all zones; the lowest is used, {lower}");
        self.note(&origin.position, &origin.text, words);
        if lower == number {
            self.settings.remove(key);
            self.set(key, number, origin);
        }
    }

    /// Adds values to a list.
    pub(super) fn add(&mut self, key: &'static str, values: &[String], origin: &Origin) {
        let setting = self.settings.entry(key).or_insert_with(|| Setting {
            value: Value::Array(Vec::new()),
            origins: Vec::new(),
        });
        if let Value::Array(list) = &mut setting.value {
            for value in values {
                let value = Value::String(value.clone());
                if !list.contains(&value) {
                    list.push(value);
                }
            }
        }
        if !setting.origins.contains(origin) {
            setting.origins.push(origin.clone());
        }
    }

    /// The values of a list; none when nothing was added.
    pub(super) fn texts(&self, key: &str) -> Vec<&str> {
        let values = self.settings.get(key).and_then(|it| it.value.as_array());
        let values = values.into_iter().flatten();
        values.filter_map(Value::as_str).collect()
    }

    /// Adds addresses to a name.
    pub(super) fn add_host(&mut self, name: Name, addresses: &[String], origin: &Origin) {
        let known = self.hosts.iter().position(|it| it.name == name);
        let place = known.unwrap_or_else(|| {
            self.hosts.push(HostDraft {
                name,
                addresses: Vec::new(),
                origins: Vec::new(),
            });
            self.hosts.len() - 1
        });
        let host = &mut self.hosts[place];
        for address in addresses {
            if !host.addresses.contains(address) {
                host.addresses.push(address.clone());
            }
        }
        if !host.origins.contains(origin) {
            host.origins.push(origin.clone());
        }
    }

    /// Says that something has no counterpart.
    pub(super) fn lose(&mut self, position: &Position, what: &str, words: impl AsRef<str>) {
        remark(&mut self.losses, position, what, words.as_ref());
    }

    /// Says what works differently, or is to be known.
    pub(super) fn note(&mut self, position: &Position, what: &str, words: impl AsRef<str>) {
        remark(&mut self.notes, position, what, words.as_ref());
    }

    /// Says why nothing has to be set for a line.
    pub(super) fn needs_nothing(&mut self, origin: &Origin, words: &str) {
        remark(&mut self.needless, &origin.position, &origin.text, words);
    }
}

fn remark(list: &mut Vec<Remark>, position: &Position, what: &str, words: &str) {
    let remark = Remark {
        position: position.clone(),
        what: shown(what),
        words: one_line(words),
    };
    // A snippet that is imported often says the same each time.
    if list.len() < MOST_REMARKS && !list.contains(&remark) {
        list.push(remark);
    }
}

fn out_of_range(key: &str, value: &Value) -> Option<String> {
    let range = RANGES.iter().find(|it| it.key == key)?;
    let number = value.as_integer()?;
    let is_good = (range.least..=range.most).contains(&number);
    (!is_good).then(|| {
        format!(
            "`{key}` must be in range [{}, {}], and this would be {number}; the default is used",
            range.least, range.most
        )
    })
}
