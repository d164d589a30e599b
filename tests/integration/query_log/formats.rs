//! What an entry says, on each transport, and which queries have one.

use std::net::UdpSocket;

use hickory_proto::rr::RecordType;
use nomadns::dns::Rcode;
use nomadns::query_log::{AnswerClass, QueryLogFormat};

use super::{QUEUE_FULL, Recording, lines, objects};
use crate::support::clients::Clients;
use crate::support::gateway::AT_MOST;
use crate::support::question::Question;

/// Sends octets over UDP and gives the answer.
fn send(gateway: &crate::support::gateway::Gateway, message: &[u8]) -> Vec<u8> {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(AT_MOST)).unwrap();
    socket.send_to(message, gateway.dns).unwrap();
    let mut answer = vec![0; 4096];
    let length = socket.recv(&mut answer).unwrap();
    answer.truncate(length);
    answer
}

/// A query for A, with RD.
fn query(id: u8, labels: &[&[u8]]) -> Vec<u8> {
    let mut message = vec![0, id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in labels {
        message.push(u8::try_from(label.len()).unwrap());
        message.extend_from_slice(label);
    }
    message.extend([0, 0, 1, 0, 1]);
    message
}

#[tokio::test(flavor = "multi_thread")]
async fn each_transport_has_an_entry_for_each_query() {
    let recording = Recording::start(QueryLogFormat::Json).await;
    let mut clients = Clients::connect(&recording.gateway).await;
    let question = Question::new("redis.default.nomad", RecordType::A);
    // The second time it is in the caches.
    for _ in 0..2 {
        clients.agreed(&question).await;
    }
    recording.written(12.0).await;
    let all = objects(&recording.end().await);
    assert_eq!(all.len(), 12, "{all:?}");
    for (transport, count) in [("udp", 2), ("tcp", 2), ("dot", 2), ("doh", 4), ("json", 2)] {
        let of: Vec<_> = all
            .iter()
            .filter(|it| it["transport"] == transport)
            .collect();
        assert_eq!(of.len(), count, "{transport} in {all:?}");
        for it in of {
            assert_eq!(it["name"], "redis.default.nomad.");
            assert_eq!((&it["type"], &it["class"]), (&"A".into(), &"IN".into()));
            assert_eq!(
                (&it["rcode"], &it["opcode"]),
                (&"NOERROR".into(), &"QUERY".into())
            );
            assert_eq!(it["client"], "127.0.0.1");
            assert!(it["port"].as_u64().unwrap() > 0, "{it}");
            assert!(it["answers"].as_u64().unwrap() > 0, "{it}");
            assert!(it["query_octets"].as_u64().unwrap() > 30, "{it}");
            assert!(it["response_octets"].as_u64().unwrap() > 50, "{it}");
            assert!(
                it["flags"].as_array().unwrap().contains(&"aa".into()),
                "{it}"
            );
            let seconds = it["duration_seconds"].as_f64().unwrap();
            assert!(seconds > 0.0 && seconds < 20.0, "{it}");
            let time = it["time"].as_str().unwrap();
            let read = humantime::parse_rfc3339(time).unwrap();
            assert!(read.elapsed().unwrap() < AT_MOST * 3, "{time}");
            assert_eq!(time.len(), "2026-11-27T04:36:58.123456Z".len());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_line_of_coredns_is_the_one_that_its_parsers_expect() {
    let recording = Recording::start(QueryLogFormat::Coredns).await;
    let known = send(
        &recording.gateway,
        &query(7, &[b"REDIS", b"default", b"nomad"]),
    );
    let unknown = send(
        &recording.gateway,
        &query(8, &[b"nothing", b"default", b"nomad"]),
    );
    let other = send(&recording.gateway, &query(9, &[b"example"]));
    recording.written(3.0).await;
    let lines = lines(&recording.end().await);
    // What public dashboards for CoreDNS's log use, with the parts that are known here put in.
    for (line, id, name, query, rcode, flags, response) in [
        (
            &lines[0],
            7,
            "redis.default.nomad.",
            37,
            "NOERROR",
            "qr,aa,rd",
            known.len(),
        ),
        (
            &lines[1],
            8,
            "nothing.default.nomad.",
            39,
            "NXDOMAIN",
            "qr,aa,rd",
            unknown.len(),
        ),
        (
            &lines[2],
            9,
            "example.",
            25,
            "REFUSED",
            "qr,rd",
            other.len(),
        ),
    ] {
        let pattern = format!(
            "^\\[INFO\\] 127\\.0\\.0\\.1:[0-9]{{2,5}} - {id} \"A IN {name} udp {query} false 512\" {rcode} {flags} {response} \
             (0|0\\.[0-9]{{1,9}}|[0-9]+\\.[0-9]{{1,9}})s$"
        );
        let is_match = regex::Regex::new(&pattern).unwrap().is_match(line);
        assert!(is_match, "{line} is no {pattern}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_name_can_forge_a_line_or_reach_a_terminal() {
    let hostile: [&[&[u8]]; 4] = [
        &[b"a\n[INFO] 10.0.0.1:53 - 1 \"A IN forged. udp", b"nomad"],
        &[b"\x1b[2J\x07\r\n", b"nomad"],
        &[b"\" } , { \"rcode\": \"", b"nomad"],
        &[b"\xff\xfe\x00\x7f\xc2\x85", b"nomad"],
    ];
    for format in [QueryLogFormat::Coredns, QueryLogFormat::Json] {
        let recording = Recording::start(format).await;
        for labels in hostile {
            send(&recording.gateway, &query(7, labels));
        }
        recording.written(4.0).await;
        let text = recording.end().await;
        let is_plain = |octet: &u8| *octet == b'\n' || (b' '..=b'~').contains(octet);
        assert!(
            text.iter().all(is_plain),
            "{}",
            String::from_utf8_lossy(&text)
        );
        let lines = lines(&text);
        assert_eq!(lines.len(), 4, "{lines:?}");
        match format {
            QueryLogFormat::Json => {
                let all = objects(&text);
                assert!(all.iter().all(|it| it["type"] == "A" && it["id"] == 7));
                assert_eq!(all[1]["name"], "\\027[2j\\007\\013\\010.nomad.");
            }
            _ => {
                let is_whole = |line: &String| line.starts_with("[INFO] 127.0.0.1:");
                assert!(lines.iter().all(is_whole), "{lines:?}");
                assert!(
                    lines[0].contains("\"A IN a\\010[info]\\03210\\.0\\.0\\.1:53"),
                    "{lines:?}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_or_malformed_has_an_entry_too() {
    let recording = Recording::start(QueryLogFormat::Json).await;
    // Two questions: FORMERR; opcode STATUS: NOTIMP; version 1 of EDNS: BADVERS.
    let mut two = query(1, &[b"redis", b"default", b"nomad"]);
    two[5] = 2;
    let mut status = query(2, &[b"redis", b"default", b"nomad"]);
    status[2] = 0x10;
    let mut version = query(3, &[b"redis", b"default", b"nomad"]);
    version[11] = 1;
    version.extend([0, 0, 41, 4, 208, 0, 1, 0, 0, 0, 0]);
    for message in [
        &two,
        &status,
        &version,
        &vec![0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ] {
        send(&recording.gateway, message);
    }
    recording.written(4.0).await;
    let mut all = objects(&recording.end().await);
    all.sort_by_key(|it| it["id"].as_u64());
    let said: Vec<_> = all
        .iter()
        .map(|it| {
            (
                it["rcode"].as_str().unwrap(),
                it["opcode"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("FORMERR", "QUERY"),
        ("NOTIMP", "STATUS"),
        ("BADVERS", "QUERY"),
        ("FORMERR", "QUERY"),
    ];
    assert_eq!(said, expected);
    assert_eq!(all[2]["payload_octets"], 1232);
    assert!(
        all[3]["name"].is_null() && all[3]["type"].is_null(),
        "{}",
        all[3]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_and_shortened_addresses_are_those_of_the_settings() {
    let recording = Recording::with(QueryLogFormat::Json, |it| {
        it.filter.names = vec!["default.nomad".parse().unwrap()];
        it.filter.rcodes = vec![Rcode::NXDOMAIN, Rcode::NOERROR];
        it.filter.classes = vec![AnswerClass::Denial];
        it.prefixes.ipv4 = 8;
    })
    .await;
    for (id, labels) in [
        (1, &[&b"redis"[..], b"default", b"nomad"][..]),
        (2, &[b"nothing", b"default", b"nomad"]),
        (3, &[b"nothing", b"nomad"]),
        (4, &[b"example"]),
        (5, &[b"a", b"NOTHING", b"Default", b"nomad"]),
    ] {
        send(&recording.gateway, &query(id, labels));
    }
    recording.written(2.0).await;
    let all = objects(&recording.end().await);
    let mut ids: Vec<_> = all.iter().map(|it| it["id"].as_u64().unwrap()).collect();
    ids.sort_unstable();
    assert_eq!(ids, [2, 5]);
    assert!(all.iter().all(|it| it["client"] == "127.0.0.0"), "{all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_ten_is_recorded_where_that_is_wanted() {
    let recording = Recording::with(QueryLogFormat::Json, |it| it.filter.one_of = 10).await;
    // Of one worker: each counts by itself.
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(AT_MOST)).unwrap();
    socket.connect(recording.gateway.dns).unwrap();
    for _ in 0..200 {
        socket
            .send(&query(1, &[b"redis", b"default", b"nomad"]))
            .unwrap();
        socket.recv(&mut [0; 4096]).unwrap();
    }
    recording.written(20.0).await;
    assert!(recording.gateway.metric(QUEUE_FULL).await.abs() < 0.5);
    assert_eq!(objects(&recording.end().await).len(), 20);
}
