//! The Nomad client against captures of a real Nomad, and against servers that break in each known way.

mod captures;
mod connections;
mod consistency;
mod failover;
mod faults;
mod hedging;

mod logs;
mod memory;
mod messages;
mod renewal;

mod stream;
mod tls;

use nomadns::nomad::{Cause, Client, NomadSettings, QueryOptions};

fn settings(urls: &[&str]) -> NomadSettings {
    NomadSettings::new(urls.iter().map(|url| url.parse().unwrap()).collect())
}

fn client(urls: &[&str]) -> Client {
    Client::new(settings(urls)).unwrap()
}

/// Lists all services and returns the index.
async fn list(client: &Client) -> Result<u64, Cause> {
    client
        .list_services("*", QueryOptions::default())
        .await
        .map(|it| it.meta.index)
        .map_err(|error| error.cause)
}
