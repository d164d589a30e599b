//! Finds out what the token can list: all namespaces, some of them, or none; and which are denied.
//!
//! Floor 2. It sends as few requests as possible and passes on the lists that it received, so that nothing is
//! requested twice. Access is kept for each namespace. It does not decide when; `follow` does.

mod access;
mod health_access;

use std::collections::HashSet;
use std::sync::Arc;

pub use self::access::{Access, Events};
pub use self::health_access::HealthAccess;

use crate::catalog::UnknownReason;
use crate::nomad::{Cause, Client, Consistency, Listed, NomadError, QueryOptions};

/// Namespaces that are followed one by one at most, where the token lists not all at once.
pub const NAMESPACES_MAX: usize = 256;
/// Configured namespaces that are listed each by itself; more of them are taken from the list of all, where it has them.
const FEW_NAMESPACES: usize = 4;
/// Lists that may be silent before no more are asked at once: each takes the whole time of a request.
const SILENT_MAX: u32 = 2;
/// The service that is read to see whether any may be; it need not exist.
const PROBE_SERVICE: &str = "nomadns";
/// The namespace that a bare workload identity is asked for when none is configured.
const DEFAULT_NAMESPACE: &str = "default";
/// The list of all namespaces.
pub(super) const ALL: &str = "*";

/// What the token may list.
#[derive(Debug)]
pub(super) struct Rights {
    /// Whose word it is.
    pub(super) consistency: Consistency,
    pub(super) access: Access,
    /// The lists that answered, by what was asked for: `*` or a namespace.
    pub(super) lists: Vec<(Arc<str>, Listed)>,
    /// The namespaces that are configured, or visible, and could not be listed.
    pub(super) missing: Vec<(Arc<str>, UnknownReason)>,
    /// Namespaces that may be listed and have no service, at this index.
    pub(super) empty: Vec<(Arc<str>, u64)>,
    /// Namespaces that the list of all shows.
    pub(super) shown: HashSet<Arc<str>>,
    /// Why there is no wider access.
    pub(super) refusal: Option<NomadError>,
    /// Lists that did not answer in their time.
    pub(super) silent: u32,
}

/// What came of one list.
enum ListResult {
    Listed(Listed),
    /// The token may not.
    Refused,
    /// Nomad answers otherwise, but not this.
    Unreadable(NomadError),
}

/// What is to be found out.
#[derive(Clone, Copy, Debug)]
pub(super) struct RightsScope<'a> {
    /// Whose word the lists have to be.
    pub(super) consistency: Consistency,
    pub(super) configured: &'a [String],
    /// What is followed already, and not listed again.
    pub(super) followed: &'a [Arc<str>],
    /// Namespaces that could not be listed before.
    pub(super) missing: &'a [Arc<str>],
}

/// Finds out what the token may list of what is wanted.
///
/// # Errors
/// When Nomad cannot be asked at all; a refusal is no error, but less access.
pub(super) async fn find(client: &Client, wanted: RightsScope<'_>) -> Result<Rights, NomadError> {
    let RightsScope {
        consistency,
        configured,
        followed,
        missing,
    } = wanted;
    let is_followed = |name: &str| followed.iter().any(|other| **other == *name);
    let wants_all = configured.iter().any(|name| name == ALL);
    let mut names: Vec<Arc<str>> = configured.iter().map(|name| name.as_str().into()).collect();
    names.retain(|name| **name != *ALL);
    let mut rights = Rights {
        consistency,
        ..Rights::of(Access::None)
    };
    if (wants_all || names.len() > FEW_NAMESPACES) && !is_followed(ALL) {
        let all = rights.list(client, ALL).await?;
        if let ListResult::Listed(listed) = all {
            rights.access = Access::All(Events::Unknown);
            let namespaces = listed.services.iter().map(|it| &it.namespace);
            rights.shown = namespaces.cloned().collect();
            rights.lists.push((ALL.into(), listed));
        }
    } else if is_followed(ALL) {
        rights.access = Access::All(Events::Unknown);
        // What is missing may be in it again, and is then followed by it.
        if !missing.is_empty()
            && let ListResult::Listed(listed) = rights.list(client, ALL).await?
        {
            let namespaces = listed.services.iter().map(|it| &it.namespace);
            rights.shown = namespaces.cloned().collect();
        }
    }
    let has_all = matches!(rights.access, Access::All(_));
    if wants_all && !has_all && names.is_empty() {
        names = visible(client, &mut rights.refusal).await?;
    }
    names.extend(missing.iter().cloned());
    // What the list of all does not show is empty, or not allowed.
    names.retain(|name| !rights.shown.contains(name));
    names.sort();
    names.dedup();
    let first = names.first().cloned();
    for (place, name) in names.into_iter().enumerate() {
        if is_followed(&name) {
            continue;
        }
        if place >= NAMESPACES_MAX || rights.silent >= SILENT_MAX {
            rights.missing.push((name, UnknownReason::Unreadable));
            continue;
        }
        rights.look_at(client, name, has_all).await?;
    }
    rights.conclude(client, followed, first.as_deref()).await
}

impl Rights {
    /// Makes those of an access, without lists.
    pub(super) fn of(access: Access) -> Self {
        Self {
            consistency: Consistency::Stale,
            access,
            lists: Vec::new(),
            missing: Vec::new(),
            empty: Vec::new(),
            shown: HashSet::new(),
            refusal: None,
            silent: 0,
        }
    }

    /// Lists one namespace by itself.
    async fn look_at(
        &mut self,
        client: &Client,
        name: Arc<str>,
        has_all: bool,
    ) -> Result<(), NomadError> {
        match self.list(client, &name).await? {
            // The list of all has it once it has a service.
            ListResult::Listed(listed) if has_all && listed.services.is_empty() => {
                self.empty.push((name, listed.meta.index));
            }
            ListResult::Listed(listed) => self.lists.push((name, listed)),
            ListResult::Refused => self.missing.push((name, UnknownReason::Refused)),
            ListResult::Unreadable(error) => {
                self.silent += u32::from(matches!(error.cause, Cause::TimedOut(_)));
                self.refusal = Some(error);
                self.missing.push((name, UnknownReason::Unreadable));
            }
        }
        Ok(())
    }

    async fn conclude(
        mut self,
        client: &Client,
        followed: &[Arc<str>],
        first: Option<&str>,
    ) -> Result<Self, NomadError> {
        if matches!(self.access, Access::All(_)) {
            return Ok(self);
        }
        let listed = self.lists.iter().map(|(name, _)| &**name);
        let kept = followed.iter().map(|name| &**name);
        let names: HashSet<&str> = listed.chain(kept).collect();
        let mut names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        names.sort();
        if !names.is_empty() {
            self.access = Access::Namespaces(names, Events::Unknown);
            return Ok(self);
        }
        let is_unreadable = |(_, reason): &(_, UnknownReason)| *reason == UnknownReason::Unreadable;
        if let Some(error) = self
            .refusal
            .take_if(|_| self.missing.iter().any(is_unreadable))
        {
            return Err(error);
        }
        if self
            .reads(client, first.unwrap_or(DEFAULT_NAMESPACE))
            .await?
        {
            self.access = Access::Reads;
        }
        Ok(self)
    }

    async fn list(&mut self, client: &Client, name: &str) -> Result<ListResult, NomadError> {
        let options = QueryOptions {
            consistency: self.consistency,
            ..QueryOptions::default()
        };
        match client.list_services(name, options).await {
            // The list of all namespaces of a token that may read none.
            Ok(listed) if listed.meta.index == 0 => Ok(ListResult::Refused),
            Ok(listed) => Ok(ListResult::Listed(listed)),
            Err(error) if is_refusal(&error.cause) => {
                self.refusal = Some(error);
                Ok(ListResult::Refused)
            }
            Err(error) if name == ALL || !is_of_one_list(&error.cause) => Err(error),
            Err(error) => Ok(ListResult::Unreadable(error)),
        }
    }

    /// Says whether the token may read a service of a namespace, by one that need not exist.
    async fn reads(&mut self, client: &Client, namespace: &str) -> Result<bool, NomadError> {
        let options = QueryOptions::default();
        match client.service(namespace, PROBE_SERVICE, "", options).await {
            Ok(_) => Ok(true),
            Err(error) if is_refusal(&error.cause) => {
                self.refusal = Some(error);
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}

/// Names the namespaces that the token sees; a workload identity sees none, and may list each.
async fn visible(
    client: &Client,
    refusal: &mut Option<NomadError>,
) -> Result<Vec<Arc<str>>, NomadError> {
    let names = match client.namespaces().await {
        Ok(found) => found.names,
        Err(error) if is_refusal(&error.cause) => {
            *refusal = Some(error);
            Vec::new()
        }
        Err(error) => return Err(error),
    };
    Ok(match names.is_empty() {
        true => vec![DEFAULT_NAMESPACE.into()],
        false => names.into_iter().map(Into::into).collect(),
    })
}

/// Says whether a list or a read is refused, be it by Nomad or by a proxy that lets only some paths through.
pub(super) fn is_refusal(cause: &Cause) -> bool {
    match cause {
        Cause::PermissionDenied | Cause::NotFound(_) => true,
        Cause::Other { status, .. } => (400..500).contains(status),
        _ => false,
    }
}

/// Says why the state is unknown of what a list or a read failed for.
pub(super) fn unknown_reason(error: &NomadError) -> UnknownReason {
    match is_refusal(&error.cause) {
        true => UnknownReason::Refused,
        false => UnknownReason::Unreadable,
    }
}

/// Says whether a failure is that of one answer, and says nothing of Nomad as a whole.
pub(super) fn is_of_one_list(cause: &Cause) -> bool {
    // A list alone may be silent; where all are, it is told by the last of them.
    let is_whole = (cause.is_transport() && !matches!(cause, Cause::TimedOut(_)))
        || cause.is_authorization()
        || matches!(cause, Cause::RateLimited { .. } | Cause::NoPathToRegion);
    !is_whole
}
