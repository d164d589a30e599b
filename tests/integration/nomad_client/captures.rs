//! Each capture of a real Nomad says to the client what it says.

use std::collections::BTreeMap;

use nomadns::nomad::{Client, Frame, NomadError, QueryOptions};

use super::client;
use crate::support::replay::{Replay, capture, fixtures};

#[tokio::test]
async fn every_capture_of_a_real_nomad_is_read() {
    let requests = std::fs::read_to_string(fixtures().join("requests.tsv")).unwrap();
    let mut decoded = String::new();
    for line in requests.lines() {
        let (name, request) = line.split_once('\t').unwrap();
        let server = Replay::always(capture(&format!("{name}.http"))).await;
        let client = client(&[&server.url()]);
        let answer = match ask(&client, request).await {
            Some(Ok(answer)) => answer,
            Some(Err(error)) => format!("error: {}", error.cause),
            None => continue,
        };
        let sent = server.heads().concat();
        assert!(
            sent.starts_with(request.split('?').next().unwrap()),
            "{request} was asked as {sent}"
        );
        decoded.push_str(format!("{name}: {answer}").trim_end());
        decoded.push('\n');
    }
    insta::assert_snapshot!(decoded);
}

/// Asks as the capture was asked; `None` for what the client never asks.
async fn ask(client: &Client, request: &str) -> Option<Result<String, NomadError>> {
    let url = request
        .strip_prefix("GET ")?
        .trim_end_matches(" (unix socket)");
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let query: BTreeMap<_, _> = query
        .split('&')
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .collect();
    let namespace = query.get("namespace").copied().unwrap_or("default");
    let parts: Vec<_> = path.trim_start_matches("/v1/").split('/').collect();
    Some(match parts[..] {
        ["services"] => services(client, namespace).await,
        ["service", name] => service(client, namespace, &name.replace("%20", " ")).await,
        ["namespaces"] => client.namespaces().await.map(|found| found.names.join(" ")),
        ["nodes"] => client
            .nodes()
            .await
            .map(|nodes| join(nodes, |node| node.status)),
        ["allocations"] => client
            .allocations("*", "", QueryOptions::default())
            .await
            .map(|all| {
                let all = all.allocations;
                let running = all
                    .iter()
                    .filter(|it| it.client_status == "running")
                    .count();
                format!("{} allocations, {running} running", all.len())
            }),
        ["allocation", id, "checks"] => client.allocation_checks(id).await.map(|checks| {
            join(checks, |it| {
                format!("{} {} {}", it.service, it.mode, it.status)
            })
        }),
        ["event", "stream"] => frames(client, namespace).await,
        _ => return None,
    })
}

async fn services(client: &Client, namespace: &str) -> Result<String, NomadError> {
    let listed = client
        .list_services(namespace, QueryOptions::default())
        .await?;
    assert_eq!((listed.unreadable, listed.meta.known_leader), (0, true));
    let names = join(listed.services, |it| {
        format!("{}/{}", it.namespace, it.name)
    });
    Ok(format!("index {}: {names}", listed.meta.index))
}

async fn service(client: &Client, namespace: &str, name: &str) -> Result<String, NomadError> {
    let read = client
        .service(namespace, name, "", QueryOptions::default())
        .await?;
    assert_eq!(read.unreadable, 0);
    let places = join(read.registrations, |it| {
        format!("[{}]:{} {} tags", it.address, it.port, it.tags.len())
    });
    Ok(format!("index {}: {places}", read.meta.index))
}

fn join<T>(items: Vec<T>, show: impl Fn(T) -> String) -> String {
    let mut shown: Vec<_> = items.into_iter().map(show).collect();
    shown.sort();
    shown.join(", ")
}

async fn frames(client: &Client, namespace: &str) -> Result<String, NomadError> {
    let mut stream = client.event_stream(0, namespace).await?;
    let mut decoded = Vec::new();
    while let Some(frame) = stream.next_frame().await? {
        decoded.push(match frame {
            Frame::Heartbeat => "heartbeat".into(),
            Frame::Events {
                index,
                changes,
                unreadable,
            } => {
                assert_eq!(unreadable, 0);
                let names: Vec<_> = changes
                    .iter()
                    .map(|it| format!("{}/{}", it.namespace, it.service))
                    .collect();
                format!("{index} {}", names.join("+"))
            }
        });
    }
    Ok(decoded.join(", "))
}
