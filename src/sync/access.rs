//! Finds out what the token may list: all namespaces, some of them, or nothing.
//!
//! Floor 2. Asks as little as it can, and hands over the lists that it got, so that nothing is asked twice. It
//! decides nothing about time; the engine asks again when it likes.

use std::fmt;

use crate::nomad::{Cause, Client, Listed, NomadError, QueryOptions};

/// Namespaces that are followed one by one at most; each costs a connection of its own.
const NAMESPACES_MAX: usize = 64;
/// The service that is read to see whether any may be; it need not exist.
const PROBE_SERVICE: &str = "nomadns";
/// The namespace that a bare workload identity is asked for when none is configured.
const DEFAULT_NAMESPACE: &str = "default";

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

    /// Says whether another reaches as far, apart from events.
    pub(super) fn reaches_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Namespaces(ours, _), Self::Namespaces(theirs, _)) => ours == theirs,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }

    /// Says whether the event stream tells what changes.
    pub(super) fn has_events(&self) -> bool {
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
                    "the token may list no services; it needs the capability read-job in a namespace",
                );
            }
            Self::Reads => {
                return f.write_str(
                    "the token lists no services but reads single ones: each is read when it is asked for, and queries wait for that",
                );
            }
            Self::All(events) => {
                f.write_str("the token lists the services of all its namespaces")?;
                events
            }
            Self::Namespaces(names, events) => {
                write!(f, "the token lists the services of {}", names.join(", "))?;
                events
            }
        };
        f.write_str(match events {
            Events::Unknown => "",
            Events::Followed => ", and sees their events",
            Events::Refused => {
                ", without events: each change costs a read of all services that may have changed"
            }
        })
    }
}

/// The lists that answered, by what was asked for: `*` or a namespace.
#[derive(Debug)]
pub(super) struct Lists {
    pub(super) access: Access,
    pub(super) lists: Vec<(String, Listed)>,
    /// Why there is no wider access.
    pub(super) refusal: Option<NomadError>,
}

/// Finds out what the token may list.
///
/// # Errors
/// When Nomad cannot be asked at all; a refusal is no error, but less access.
pub(super) async fn find(client: &Client, configured: &[String]) -> Result<Lists, NomadError> {
    let mut refusal = None;
    let mut names: Vec<String> = configured
        .iter()
        .filter(|name| *name != "*")
        .cloned()
        .collect();
    if configured.iter().any(|name| name == "*") {
        match allowed(
            client.list_services("*", QueryOptions::default()).await,
            &mut refusal,
        )? {
            Some(listed) if listed.meta.index > 0 => {
                let access = Access::All(Events::Unknown);
                return Ok(Lists {
                    access,
                    lists: vec![("*".into(), listed)],
                    refusal: None,
                });
            }
            _ if names.is_empty() => names = visible(client, &mut refusal).await?,
            _ => {}
        }
    }
    names.sort();
    names.dedup();
    names.truncate(NAMESPACES_MAX);
    let asked = names.first().cloned();
    let mut lists = Vec::new();
    for name in names {
        match allowed(
            client.list_services(&name, QueryOptions::default()).await,
            &mut refusal,
        )? {
            Some(listed) if listed.meta.index > 0 => lists.push((name, listed)),
            _ => {}
        }
    }
    let listed = lists
        .iter()
        .map(|(name, _)| name.clone())
        .collect::<Vec<_>>();
    let access = match listed.is_empty() {
        true if reads(client, asked.as_deref(), &mut refusal).await? => Access::Reads,
        true => Access::None,
        false => Access::Namespaces(listed, Events::Unknown),
    };
    Ok(Lists {
        access,
        lists,
        refusal,
    })
}

/// Says whether the token may read a service of a namespace, by one that need not exist.
async fn reads(
    client: &Client,
    namespace: Option<&str>,
    refusal: &mut Option<NomadError>,
) -> Result<bool, NomadError> {
    let namespace = namespace.unwrap_or(DEFAULT_NAMESPACE);
    let read = client
        .service(namespace, PROBE_SERVICE, "", QueryOptions::default())
        .await;
    Ok(allowed(read, refusal)?.is_some())
}

/// Names the namespaces that the token sees; a workload identity sees none, and may list each.
async fn visible(
    client: &Client,
    refusal: &mut Option<NomadError>,
) -> Result<Vec<String>, NomadError> {
    let found = allowed(client.namespaces().await, refusal)?;
    let names = found.map(|found| found.names).unwrap_or_default();
    Ok(if names.is_empty() {
        vec![DEFAULT_NAMESPACE.into()]
    } else {
        names
    })
}

/// Turns a refusal into none, and keeps it.
fn allowed<T>(
    answer: Result<T, NomadError>,
    refusal: &mut Option<NomadError>,
) -> Result<Option<T>, NomadError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if matches!(error.cause, Cause::PermissionDenied) => {
            *refusal = Some(error);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
