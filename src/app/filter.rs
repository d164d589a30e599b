//! Lets Nomad check the filter expression once, while the gateway starts.
//!
//! Floor 7. Only Nomad can parse it. The start does not wait for Nomad longer than a few seconds: a snapshot on disk
//! is served meanwhile, and without a response an invalid filter is reported at the first contact.

use std::time::Duration;

use super::StartError;
use crate::nomad::{Cause, Client, NomadError, QueryOptions};
use crate::sync;

/// How long Nomad has to say whether it understands the filter.
const FILTER_CHECK: Duration = Duration::from_secs(3);
/// The service that is read where there is none; it need not exist.
const ANY_SERVICE: &str = "nomadns-filter";

/// Asks Nomad whether it understands the filter expression.
///
/// # Errors
/// It does not; with its own words. That it does not answer is no error.
pub async fn try_filter(client: &Client, sync: &sync::SyncSettings) -> Result<(), StartError> {
    let filter = &sync.filter;
    if filter.is_empty() {
        return Ok(());
    }
    match tokio::time::timeout(FILTER_CHECK, ask(client, sync)).await {
        Ok(Err(NomadError {
            cause: Cause::BadFilter(words),
            ..
        })) => Err(StartError::Filter {
            expression: filter.clone(),
            words,
        }),
        Ok(Err(error)) => {
            tracing::warn!(%error, "nomad.filter could not be checked yet");
            Ok(())
        }
        Err(_) => {
            tracing::warn!("nomad.filter could not be checked yet: no answer from Nomad");
            Ok(())
        }
        Ok(Ok(())) => Ok(()),
    }
}

/// Reads a service that exists, if one does: names of fields are looked at only where there is a row.
async fn ask(client: &Client, sync: &sync::SyncSettings) -> Result<(), NomadError> {
    let (namespaces, options) = (&sync.namespaces, QueryOptions::default());
    let listed = match namespaces.first() {
        Some(namespace) => client.list_services(namespace, options).await.ok(),
        None => None,
    };
    let first = listed.as_ref().and_then(|it| it.services.first());
    let named = namespaces.iter().find(|name| *name != "*");
    let namespace = named.map_or("default", String::as_str);
    let (namespace, name) = first.map_or((namespace, ANY_SERVICE), |it| (&it.namespace, &it.name));
    client
        .service(namespace, name, &sync.filter, options)
        .await?;
    Ok(())
}
