//! What the token can read, as text.
//!
//! Floor 2.

use std::fmt;

/// What the token may see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Nothing has been found out yet.
    #[default]
    Unknown,
    /// The list of all namespaces that it may read.
    All(Events),
    /// The lists of these namespaces.
    Namespaces(Vec<String>, Events),
    /// No list at all, but single services by their names.
    Reads,
    /// Nothing at all.
    None,
}

/// Whether the event stream tells what changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Events {
    /// It has not answered yet.
    #[default]
    Unknown,
    /// It does, so a change costs one read.
    Followed,
    /// It does not, so a change costs a read of everything that may have changed.
    Refused,
}

impl Access {
    /// Names it for a metric's label and the status.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::All(Events::Followed) => "all_with_events",
            Self::All(_) => "all",
            Self::Namespaces(_, Events::Followed) => "namespaces_with_events",
            Self::Namespaces(..) => "namespaces",
            Self::Reads => "reads",
            Self::None => "none",
        }
    }

    /// Says whether the event stream tells what changes.
    pub(in crate::sync) fn has_events(&self) -> bool {
        matches!(
            self,
            Self::All(Events::Followed) | Self::Namespaces(_, Events::Followed)
        )
    }

    /// Says whether it is known that there are events, or none.
    #[must_use]
    pub fn knows_events(&self) -> bool {
        !matches!(
            self,
            Self::All(Events::Unknown) | Self::Namespaces(_, Events::Unknown)
        )
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let events = match self {
            Self::Unknown => return f.write_str("what the token may read is not known yet"),
            Self::None => {
                return f.write_str(
                    "Nomad does not know the token, or lets it list no services; it needs the capability read-job in a namespace",
                );
            }
            Self::Reads => {
                return f.write_str(
                    "the token cannot list services, only read single ones: each is read when it is queried, and the query waits for that",
                );
            }
            Self::All(events) => {
                f.write_str("the token can list the services of all its namespaces")?;
                events
            }
            Self::Namespaces(names, events) => {
                write!(f, "the token can list the services of {}", names.join(", "))?;
                events
            }
        };
        f.write_str(match events {
            Events::Unknown => "",
            Events::Followed => ", and read their events",
            Events::Refused => {
                ", without events: each change costs a read of all services that may have changed"
            }
        })
    }
}
