//! The command that asks: each transport against a server of its own, and what is printed.
//!
//! The server is a few lines over hyper and tokio-rustls; the gateway's own listeners have tests
//! of their own.

mod server;

use std::time::Duration;

use nomadns::certs::Development;
use nomadns::dns::RecordType;
use nomadns::lookup::{
    Coloring, Detail, GatewayPaths, LookupOptions, LookupOutcome, LookupTransport, Trust, run,
};
use tokio::net::UdpSocket;

use server::{Server, certificates};

#[tokio::test]
async fn an_answer_is_printed_as_dig_prints_it() {
    let (outcome, text) = ask(
        "Redis.default.nomad",
        RecordType::A,
        &[LookupTransport::Udp],
    )
    .await;
    assert_eq!(outcome, LookupOutcome::Answered);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], ";; Got answer:");
    assert!(
        lines[1].starts_with(";; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: "),
        "{text}"
    );
    assert_eq!(
        lines[2..10],
        [
            ";; flags: qr aa rd; QUERY: 1, ANSWER: 2, AUTHORITY: 0, ADDITIONAL: 1",
            "",
            ";; OPT PSEUDOSECTION:",
            "; EDNS: version: 0, flags:; udp: 1232",
            ";; QUESTION SECTION:",
            ";Redis.default.nomad.           \tIN\tA",
            "",
            ";; ANSWER SECTION:",
        ]
    );
    assert!(
        text.contains("Redis.default.nomad.   \t30\tIN\tA\t10.0.0.1\n"),
        "{text}"
    );
    assert!(text.contains("\n;; SERVER: 127.0.0.1#"), "{text}");
    assert!(
        text.contains("(127.0.0.1) (UDP)\n;; MSG SIZE  rcvd: "),
        "{text}"
    );
}

#[tokio::test]
async fn every_transport_brings_the_same_and_the_table_says_so() {
    for (name, seen) in [
        ("redis.default.nomad", "NOERROR   2 records"),
        ("none.nomad", "NXDOMAIN  0 records"),
        ("big.nomad", "NOERROR   200 records"),
    ] {
        let (outcome, text) = ask(name, RecordType::A, &LookupTransport::ALL).await;
        let expected = match name {
            "none.nomad" => LookupOutcome::Denied,
            _ => LookupOutcome::Answered,
        };
        assert_eq!(outcome, expected, "{text}");
        assert!(text.contains("\n;; all 6 transports agree\n"), "{text}");
        assert_eq!(text.matches(seen).count(), 6, "{text}");
    }
}

#[tokio::test]
async fn a_transport_that_says_something_else_stands_out() {
    let (outcome, text) = ask("split.nomad", RecordType::A, &LookupTransport::ALL).await;
    assert_eq!((outcome, outcome.exit_code()), (LookupOutcome::Differed, 1));
    assert!(
        text.contains(";; DIFFERENT: 2 answers from 6 of 6 transports\n"),
        "{text}"
    );
    assert!(text.contains("answer B\n"), "{text}");
    assert!(
        text.contains("\n;; answer B: NOERROR\nsplit.nomad. IN A 10.9.9.9\n"),
        "{text}"
    );
}

#[tokio::test]
async fn a_transport_that_brings_nothing_is_named_with_its_reason() {
    let mut options = options(&Server::start().await, "redis.default.nomad", RecordType::A);
    options.transports = vec![LookupTransport::Udp, LookupTransport::DohPost];
    // Its certificates are of another CA.
    options.trust = Trust::Only(certificates(&Development::generate(&[]).unwrap().ca_pem));
    let (outcome, text) = printed(&options).await;
    assert_eq!((outcome, outcome.exit_code()), (LookupOutcome::Failed, 1));
    assert!(
        text.contains("FAILED: only 1 of 2 transports answered"),
        "{text}"
    );
    assert!(
        text.contains("UnknownIssuer") && text.contains("--ca FILE"),
        "{text}"
    );
    options.trust = Trust::Anyone;
    assert_eq!(printed(&options).await.0, LookupOutcome::Answered);
}

#[tokio::test]
async fn a_closed_port_is_an_error_at_once() {
    let free = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let mut options = options(&Server::start().await, "a.nomad", RecordType::A);
    options.ports.dns = port;
    options.transports = vec![LookupTransport::Udp];
    let (outcome, text) = printed(&options).await;
    assert_eq!(outcome, LookupOutcome::Failed);
    assert!(text.to_lowercase().contains("refused"), "{text}");
}

#[tokio::test]
async fn an_extended_error_and_a_status_of_http_are_shown() {
    for transport in [LookupTransport::Dot, LookupTransport::Json] {
        let (outcome, text) = ask("early.nomad", RecordType::TXT, &[transport]).await;
        assert_eq!((outcome, outcome.exit_code()), (LookupOutcome::Refused, 3));
        assert!(text.contains("status: SERVFAIL"), "{text}");
        assert!(
            text.contains("; EDE: 14 (Not Ready): (no answer from Nomad yet)"),
            "{text}"
        );
    }
    let (outcome, text) = ask("teapot.nomad", RecordType::A, &[LookupTransport::Json]).await;
    assert_eq!(outcome, LookupOutcome::Failed);
    assert!(text.contains("HTTP status 418: a \\u{7} teapot"), "{text}");
}

#[tokio::test]
async fn short_prints_the_data_alone() {
    let mut options = options(&Server::start().await, "redis.default.nomad", RecordType::A);
    options.detail = Detail::Short;
    options.transports = vec![LookupTransport::Tcp];
    let (_, text) = printed(&options).await;
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["10.0.0.1", "10.0.0.2"]);
}

/// What goes to standard output, and what to standard error.
async fn short(name: &str, transports: &[LookupTransport]) -> (LookupOutcome, String, String) {
    let mut options = options(&Server::start().await, name, RecordType::A);
    options.detail = Detail::Short;
    options.transports = transports.to_vec();
    let (mut out, mut problems) = (Vec::new(), Vec::new());
    let outcome = run(&options, &mut out, &mut problems).await.unwrap();
    let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
    (outcome, text(out), text(problems))
}

#[tokio::test]
async fn short_prints_data_alone_over_all_transports_too_and_the_code_says_the_rest() {
    let (outcome, out, problems) = short("redis.default.nomad", &LookupTransport::ALL).await;
    let mut lines: Vec<_> = out.lines().collect();
    lines.sort_unstable();
    assert_eq!((outcome.exit_code(), &*problems), (0, ""));
    assert_eq!(lines, ["10.0.0.1", "10.0.0.2"]);
    for transports in [&LookupTransport::ALL[..], &[LookupTransport::Dot]] {
        let result = short("none.nomad", transports).await;
        assert_eq!(
            result,
            (LookupOutcome::Denied, String::new(), String::new())
        );
        let (outcome, out, problems) = short("early.nomad", transports).await;
        assert_eq!((outcome.exit_code(), &*out), (3, ""));
        assert_eq!(
            problems.matches(": SERVFAIL, 0 records\n").count(),
            transports.len(),
            "{problems}"
        );
    }
    let (outcome, out, problems) = short("split.nomad", &LookupTransport::ALL).await;
    assert_eq!((outcome.exit_code(), &*out), (1, ""));
    assert!(
        problems.ends_with(";; DIFFERENT: 2 answers from 6 of 6 transports\n"),
        "{problems}"
    );
    let (outcome, out, problems) = short(
        "teapot.nomad",
        &[LookupTransport::Udp, LookupTransport::Json],
    )
    .await;
    assert_eq!(outcome.exit_code(), 1);
    assert_eq!(out.lines().count(), 2);
    assert!(
        problems.starts_with(";; json 127.0.0.1:") && problems.contains("status 418"),
        "{problems}"
    );
}

async fn ask(
    name: &str,
    record_type: RecordType,
    transports: &[LookupTransport],
) -> (LookupOutcome, String) {
    let mut options = options(&Server::start().await, name, record_type);
    options.transports = transports.to_vec();
    printed(&options).await
}

#[tokio::test]
async fn json_tells_scripts_what_each_transport_answered() {
    let server = Server::start().await;
    let asked = |name| LookupOptions {
        transports: vec![LookupTransport::Udp, LookupTransport::Json],
        detail: Detail::Json,
        ..options(&server, name, RecordType::A)
    };
    let (outcome, text) = printed(&asked("redis.default.nomad")).await;
    assert_eq!(outcome, LookupOutcome::Answered);
    let read: serde_json::Value = serde_json::from_str(&text).expect(&text);
    assert_eq!(read["name"], "redis.default.nomad.");
    assert_eq!(
        (&read["type"], &read["outcome"]),
        (&"A".into(), &"answered".into())
    );
    for (place, transport) in ["udp", "json"].into_iter().enumerate() {
        let each = &read["transports"][place];
        assert_eq!(each["transport"], transport, "{text}");
        assert_eq!(each["status"], "NOERROR", "{text}");
        assert_eq!(each["answer"][0]["data"], "10.0.0.1", "{text}");
        assert_eq!(each["answer"][0]["ttl"], 30, "{text}");
    }
    let mut nobody = asked("redis.default.nomad");
    nobody.transports = vec![LookupTransport::Tcp];
    nobody.ports.dns = 1;
    let (outcome, text) = printed(&nobody).await;
    let read: serde_json::Value = serde_json::from_str(&text).expect(&text);
    assert_eq!(
        (outcome, &read["outcome"]),
        (LookupOutcome::Failed, &"failed".into())
    );
    let error = read["transports"][0]["error"].as_str();
    assert!(error.is_some_and(|it| it.contains("refused")), "{text}");
}

#[tokio::test]
async fn colours_only_add_to_what_is_printed() {
    let server = Server::start().await;
    for transports in [&[LookupTransport::Tcp][..], &LookupTransport::ALL] {
        let mut asked = options(&server, "redis.default.nomad", RecordType::A);
        asked.transports = transports.to_vec();
        asked.coloring = Coloring::Colored;
        let (_, text) = printed(&asked).await;
        assert!(text.contains("\x1b[32mNOERROR"), "{text}");
        let mut plain = String::new();
        for (place, part) in text.split("\x1b[").enumerate() {
            let rest = part.split_once('m').map(|(_, rest)| rest);
            plain += if place == 0 { part } else { rest.unwrap() };
        }
        assert!(
            plain.contains("10.0.0.1") && !plain.contains('\x1b'),
            "{plain}"
        );
    }
}

async fn printed(options: &LookupOptions) -> (LookupOutcome, String) {
    let mut out = Vec::new();
    let mut problems = Vec::new();
    let outcome = run(options, &mut out, &mut problems).await;
    let outcome = outcome.expect("a vector takes all");
    (outcome, String::from_utf8_lossy(&out).into_owned())
}

fn options(server: &Server, name: &str, record_type: RecordType) -> LookupOptions {
    LookupOptions {
        name: name.parse().expect(name),
        record_type,
        transports: Vec::new(),
        server: "127.0.0.1".to_owned(),
        ports: server.ports,
        paths: GatewayPaths::default(),
        trust: Trust::Only(certificates(&server.ca_pem)),
        timeout: Duration::from_secs(20),
        dnssec_ok: false,
        detail: Detail::Full,
        coloring: Coloring::Plain,
    }
}
