//! Has Nomad read the filter expression before anything is started.
//!
//! Floor 7. Only Nomad knows what it understands. When it does not answer, the gateway starts all the same: what is
//! wrong then shows at the first contact.

use std::time::Duration;

use super::StartError;
use crate::config::Settings;
use crate::nomad::{Cause, Client, NomadError, Wait};

/// How long Nomad has to say whether it understands the filter.
const FILTER_CHECK: Duration = Duration::from_secs(3);
/// The service that is read where there is none; it need not exist.
const ANY_SERVICE: &str = "nomadns-filter";

/// Asks Nomad whether it understands the filter expression.
///
/// # Errors
/// It does not; with its own words. That it does not answer is no error.
pub async fn try_filter(settings: &Settings) -> Result<(), StartError> {
    let filter = &settings.sync.filter;
    if filter.is_empty() {
        return Ok(());
    }
    let client = Client::new(settings.nomad.clone())?;
    match tokio::time::timeout(FILTER_CHECK, ask(&client, settings)).await {
        Ok(Err(NomadError {
            cause: Cause::BadFilter(words),
            ..
        })) => Err(StartError::Filter {
            expression: filter.clone(),
            words,
        }),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the filter could not be checked yet");
            Ok(())
        }
        Err(_) => {
            tracing::warn!("the filter could not be checked yet: no answer of Nomad");
            Ok(())
        }
        Ok(Ok(())) => Ok(()),
    }
}

/// Reads a service that exists, if one does: names of fields are looked at only where there is a row.
async fn ask(client: &Client, settings: &Settings) -> Result<(), NomadError> {
    let namespaces = &settings.sync.namespaces;
    let listed = match namespaces.first() {
        Some(namespace) => client.list_services(namespace, Wait::No).await.ok(),
        None => None,
    };
    let first = listed.as_ref().and_then(|it| it.services.first());
    let named = namespaces.iter().find(|name| *name != "*");
    let namespace = named.map_or("default", String::as_str);
    let (namespace, name) = first.map_or((namespace, ANY_SERVICE), |it| (&it.namespace, &it.name));
    client
        .service(namespace, name, &settings.sync.filter)
        .await?;
    Ok(())
}
