//! Every captured answer with ACLs off, byte for byte wherever Nomad's own order is not random.

use std::io::Read as _;

use nomadns::demo::{Allocation, Check, NamespaceRow, Options, SimulatedNomad, Token};
use serde_json::Value;
use tokio::net::UnixStream;

use super::capture::{Answer, ask, ask_on, captured, fixture, frames, replay, requests};

/// Sets up the cluster that a capture shows: what happened until its index, and the rows that it lists.
fn cluster_of(capture: &Answer) -> SimulatedNomad {
    let index = capture
        .header("x-nomad-index")
        .map_or(108, |text| text.parse().unwrap());
    let nomad = SimulatedNomad::start(Options::default()).unwrap();
    load(&nomad, index);
    nomad
}

fn load(nomad: &SimulatedNomad, index: u64) {
    let mut history = frames(&fixture("stream/from-index-0.ndjson"));
    history.extend(frames(&fixture("stream/changes.ndjson")));
    replay(nomad, &history, index);
    for row in rows::<NamespaceRow>("open/namespaces") {
        nomad.put_namespace(row);
    }
    for row in rows::<Allocation>("open/allocations-canary") {
        nomad.put_allocation(row);
    }
    for id in [
        "24d37538-647a-b1b8-971f-0cfb93f2edce",
        "0a24e08b-a49b-2c11-e1e4-e23824067630",
    ] {
        let kind = if id.starts_with('2') { "redis" } else { "web" };
        let checks = captured(&format!("open/allocation-checks-{kind}")).json();
        let checks = checks.as_object().unwrap().values().cloned();
        nomad.set_checks(id, checks.map(parsed::<Check>).collect());
    }
    nomad.set_nodes(rows::<Value>("open/nodes"));
}

fn rows<T: serde::de::DeserializeOwned>(name: &str) -> Vec<T> {
    serde_json::from_slice(&captured(name).body).unwrap()
}

fn parsed<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

/// Puts the lists whose order is random in Nomad into an order.
fn ordered(body: &Answer) -> Value {
    let mut namespaces = body.json();
    for namespace in namespaces.as_array_mut().unwrap() {
        for service in namespace["Services"].as_array_mut().unwrap() {
            sort_by_text(&mut service["Tags"]);
        }
        sort_by_text(&mut namespace["Services"]);
    }
    sort_by_text(&mut namespaces);
    namespaces
}

fn sort_by_text(list: &mut Value) {
    list.as_array_mut().unwrap().sort_by_key(Value::to_string);
}

#[track_caller]
fn assert_same(name: &str, ours: &Answer, theirs: &Answer) {
    assert_eq!(ours.head(), theirs.head(), "{name}");
    let is_list = name.contains("services-") && theirs.body.starts_with(b"[{\"Namespace");
    if is_list {
        assert_eq!(ordered(ours), ordered(theirs), "{name}");
    } else if !name.ends_with("gzip") && !name.ends_with("choose") {
        assert_eq!(ours.text(), theirs.text(), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_open_answer_is_the_captured_one() {
    let mut compared = 0;
    for (name, request) in requests("open/") {
        // These list allocations of several times at once, below.
        if name == "open/allocations" {
            continue;
        }
        let theirs = captured(&name);
        let nomad = cluster_of(&theirs);
        if name == "open/allocations-canary" || name == "open/namespaces" || name == "open/nodes" {
            let index = theirs.index();
            nomad.set_indexes(index, index, index, index);
        }
        let headers: &[_] = if name.ends_with("gzip") {
            &[("Accept-Encoding", "gzip")]
        } else {
            &[]
        };
        let mut ours = ask(&nomad, &request, headers).await;
        if name.ends_with("gzip") {
            assert_eq!(unzipped(&ours.body), unzipped(&theirs.body));
            // Two compressors need not make the same bytes.
            let length = ours.headers.last_mut().unwrap();
            assert_eq!(length.0, "Content-Length");
            length.1 = theirs.header("content-length").unwrap().to_owned();
        }
        if name.contains("canary") && name.contains("alloc") {
            // The row of the canary's own registrations was there before its captured row.
            assert_eq!(ours.json().as_array().unwrap().len(), 5);
        }
        assert_same(&name, &ours, &theirs);
        compared += 1;
    }
    assert!(compared > 50, "{compared} captures");
}

#[tokio::test]
async fn allocations_of_all_states_are_the_captured_ones() {
    let theirs = captured("open/allocations");
    let nomad = SimulatedNomad::start(Options::default()).unwrap();
    for row in rows::<Allocation>("open/allocations") {
        nomad.put_allocation(row);
    }
    nomad.set_indexes(166, 166, 166, 166);
    let request = "GET /v1/allocations?namespace=*&task_states=false";
    assert_same(
        "open/allocations",
        &ask(&nomad, request, &[]).await,
        &theirs,
    );
}

#[tokio::test]
async fn choose_gives_the_same_key_the_same_instances() {
    let nomad = cluster_of(&captured("open/service-redis-choose"));
    let request = "GET /v1/service/redis?namespace=default&choose=2%7Cclient-1";
    let first = ask(&nomad, request, &[]).await;
    assert_eq!(first.json().as_array().unwrap().len(), 2);
    assert_eq!(ask(&nomad, request, &[]).await.body, first.body);
}

#[tokio::test]
async fn pages_follow_each_other_to_the_end() {
    let nomad = cluster_of(&captured("open/service-redis-scaled-up"));
    let all = nomad.instances("default", "redis");
    for reverse in ["", "&reverse=true"] {
        let mut seen = Vec::new();
        let mut token = String::new();
        loop {
            let request = format!("GET /v1/service/redis?per_page=2{reverse}&next_token={token}");
            let page = ask(&nomad, &request, &[]).await;
            seen.extend(page.json().as_array().unwrap().clone());
            match page.header("x-nomad-nexttoken") {
                Some(next) => token = next.to_owned(),
                None => break,
            }
        }
        let mut ids: Vec<&str> = seen
            .iter()
            .map(|each| each["ID"].as_str().unwrap())
            .collect();
        if !reverse.is_empty() {
            ids.reverse();
        }
        let expected: Vec<&str> = all.iter().map(|each| each.id.as_str()).collect();
        assert_eq!(ids, expected);
    }
}

#[tokio::test]
async fn the_task_socket_wants_a_token_though_acls_are_off() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api.sock");
    let options = Options {
        task_socket: Some(path.clone()),
        ..Options::default()
    };
    let nomad = SimulatedNomad::start(options).unwrap();
    load(&nomad, 108);
    nomad.set_token("identity", Token::workload_identity());
    for (name, request) in requests("socket/") {
        let headers: &[_] = match name.as_str() {
            "socket/socket-no-token" => &[],
            "socket/socket-bad-token" => &[("X-Nomad-Token", "bad")],
            "socket/socket-identity-stream" => continue,
            _ => &[
                ("Authorization", "Bearer identity"),
                ("Accept-Encoding", "gzip"),
            ],
        };
        let stream = UnixStream::connect(&path).await.unwrap();
        let ours = ask_on(stream, &request, headers).await;
        assert_same(&name, &ours, &captured(&name));
    }
}

fn unzipped(bytes: &[u8]) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes)
        .read_to_string(&mut text)
        .unwrap();
    text
}
