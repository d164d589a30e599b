//! Seven kinds of token, each asking what it asked a real Nomad with ACLs on.

use nomadns::demo::{
    Allocation, Check, Enforcement, NamespaceRow, Options, SimulatedNomad, Token, Version,
};
use serde_json::Value;
use tokio::io::BufReader;
use tokio::net::TcpStream;

use super::capture::{
    Answer, ask, captured, frames, read_chunk, read_head, replay, requests, send,
};

fn cluster(version: Version) -> SimulatedNomad {
    let nomad = SimulatedNomad::start(Options {
        version,
        ..Options::default()
    })
    .unwrap();
    replay(
        &nomad,
        &frames(&captured("acl/all-stream-all").body),
        u64::MAX,
    );
    for row in captured("acl/all-namespaces").json().as_array().unwrap() {
        nomad.put_namespace(serde_json::from_value::<NamespaceRow>(row.clone()).unwrap());
    }
    for row in captured("acl/all-allocations").json().as_array().unwrap() {
        nomad.put_allocation(serde_json::from_value::<Allocation>(row.clone()).unwrap());
    }
    nomad.set_indexes(34, 13, 49, 10);
    nomad.set_token("all", Token::reads_everything());
    nomad.set_token("prod", Token::reads(["prod"]));
    nomad.set_token("none", Token::without_rights());
    nomad.set_token("identity", Token::workload_identity());
    nomad.set_token("expired", Token::reads_everything().expired());
    nomad.enforce_acl(Enforcement::On);
    nomad
}

/// Sets the check results that a capture shows: only their time differs from capture to capture.
fn set_checks(nomad: &SimulatedNomad, shown: &Value) {
    let checks = shown.as_object().unwrap().values().cloned();
    let checks = checks
        .map(|check| serde_json::from_value::<Check>(check).unwrap())
        .collect();
    nomad.set_checks("c275a2fb-2b5b-dcd5-494b-8fdf83b42c74", checks);
}

fn is_services_list(answer: &Answer) -> bool {
    answer.body.starts_with(b"[{\"Namespace")
}

fn names(answer: &Answer) -> Vec<String> {
    let list = answer.json();
    let mut names: Vec<String> = list
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|namespace| {
            let services = namespace["Services"].as_array().unwrap().iter();
            services.map(|service| format!("{}.{}", service["ServiceName"], namespace["Namespace"]))
        })
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn every_token_gets_the_captured_answer() {
    let nomad = cluster(Version::V1_6_5);
    let mut compared = 0;
    for (name, request) in requests("acl/") {
        let theirs = captured(&name);
        let token = name["acl/".len()..].split('-').next().unwrap();
        let headers: &[_] = if token == "anonymous" {
            &[]
        } else {
            &[("X-Nomad-Token", token)]
        };
        if name.ends_with("checks") && theirs.body.starts_with(b"{") {
            set_checks(&nomad, &theirs.json());
        }
        let is_open_stream =
            theirs.header("transfer-encoding").is_some() && name.contains("stream");
        let ours = if is_open_stream {
            let lines = theirs.text().trim_end().lines().count();
            stream_lines(&nomad, &request, headers, lines).await
        } else {
            ask(&nomad, &request, headers).await
        };
        assert_eq!(ours.head(), theirs.head(), "{name}");
        if is_services_list(&theirs) {
            assert_eq!(names(&ours), names(&theirs), "{name}");
        } else {
            assert_eq!(ours.text().trim_end(), theirs.text().trim_end(), "{name}");
        }
        compared += 1;
    }
    assert!(compared > 70, "{compared} captures");
}

async fn stream_lines(
    nomad: &SimulatedNomad,
    request: &str,
    headers: &[(&str, &str)],
    lines: usize,
) -> Answer {
    let mut stream = BufReader::new(TcpStream::connect(nomad.address()).await.unwrap());
    send(&mut stream, request, headers).await;
    let mut answer = read_head(&mut stream).await;
    while answer.body.iter().filter(|byte| **byte == b'\n').count() < lines {
        answer.body.extend(read_chunk(&mut stream).await.unwrap());
    }
    answer
}

#[tokio::test]
async fn a_bearer_token_has_the_rights_of_x_nomad_token() {
    let nomad = cluster(Version::V1_6_5);
    let request = "GET /v1/services?namespace=prod";
    let answer = ask(&nomad, request, &[("Authorization", "Bearer prod")]).await;
    assert_eq!(answer.status_line, "HTTP/1.1 200 OK");
    let answer = ask(&nomad, request, &[("Authorization", "Bearer none")]).await;
    assert_eq!(answer.status_line, "HTTP/1.1 403 Forbidden");
}

#[tokio::test]
async fn node_and_agent_rights_open_their_routes() {
    let nomad = cluster(Version::V1_6_5);
    nomad.set_token(
        "ops",
        Token::without_rights().with_node_read().with_agent_read(),
    );
    for (request, status) in [
        ("GET /v1/nodes", "HTTP/1.1 200 OK"),
        ("GET /v1/agent/self", "HTTP/1.1 200 OK"),
        ("GET /v1/services", "HTTP/1.1 403 Forbidden"),
    ] {
        let answer = ask(&nomad, request, &[("X-Nomad-Token", "ops")]).await;
        assert_eq!(answer.status_line, status, "{request}");
    }
}

#[tokio::test]
async fn later_versions_want_every_namespace_for_a_stream_of_all() {
    let nomad = cluster(Version::V1_10_5);
    let request = "GET /v1/event/stream?topic=Service&namespace=*";
    let answer = ask(&nomad, request, &[("X-Nomad-Token", "prod")]).await;
    assert_eq!(answer.status_line, "HTTP/1.1 500 Internal Server Error");
    let answer = stream_lines(&nomad, request, &[("X-Nomad-Token", "all")], 1).await;
    assert_eq!(answer.text().lines().next(), Some("{}"));
}

#[tokio::test]
async fn the_latest_versions_deny_a_stream_by_ending_it() {
    let nomad = cluster(Version::V2_0_5);
    let request = "GET /v1/event/stream?topic=Service&namespace=*";
    let answer = ask(&nomad, request, &[("X-Nomad-Token", "none")]).await;
    assert_eq!(answer.status_line, "HTTP/1.1 200 OK");
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(answer.text(), "");
    let answer = ask(&nomad, "GET /v1/services", &[("X-Nomad-Token", "unknown")]).await;
    assert_eq!(answer.text(), "ACL token not found");
}

#[tokio::test]
async fn nomad_1_11_2_begins_its_streams_with_http_0_0() {
    let nomad = cluster(Version::V1_11_2);
    let all = [("X-Nomad-Token", "all")];
    let request = "GET /v1/event/stream?topic=Service&namespace=*";
    let answer = stream_lines(&nomad, request, &all, 1).await;
    assert_eq!(answer.status_line, "HTTP/0.0 200 OK");
    let answer = ask(&nomad, "GET /v1/services", &all).await;
    assert_eq!(answer.status_line, "HTTP/1.1 200 OK");
}
