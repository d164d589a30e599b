//! The query log of the process: standard output, signals, and what is wrong in its settings.

use super::life::NO_NOMAD;
use super::reload::{asked, file, value};
use super::{AT_MOST, Config, Gateway, run};

#[test]
fn standard_output_has_the_entries_and_the_log_has_none() {
    let config = file("", "[query_log]\ntarget = \"stdout\"\nformat = \"coredns\"");
    let gateway = Gateway::start(&config, &[]);
    asked(&gateway, "db.example");
    // What waits when it ends is written.
    gateway.signal("INT");
    let (status, out, log) = gateway.ended();
    assert!(status.success(), "{log}");
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 1, "{out}");
    assert!(lines[0].starts_with("[INFO] 127.0.0.1:"), "{out}");
    assert!(lines[0].contains("\"A IN db.example. udp "), "{out}");
    assert!(!log.contains("db.example"), "{log}");
}

#[test]
fn a_signal_opens_the_file_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queries.log");
    let config = file("", &format!("[query_log]\ntarget = {path:?}"));
    let mut gateway = Gateway::start(&config, &[]);
    for signal in ["HUP", "USR1"] {
        asked(&gateway, "db.example");
        let since = tokio::time::Instant::now();
        while !std::fs::read_to_string(&path).is_ok_and(|it| it.contains("db.example")) {
            assert!(since.elapsed() < AT_MOST, "{}", gateway.log);
            std::thread::yield_now();
        }
        std::fs::remove_file(&path).unwrap();
        gateway.signal(signal);
        while !path.exists() {
            assert!(since.elapsed() < AT_MOST, "{signal}: {}", gateway.log);
            std::thread::yield_now();
        }
    }
    gateway.wait_for("the query log is opened again");
    assert_eq!(value(&gateway, "nomadns_query_log_written_total "), "2");
}

#[test]
fn an_answer_that_is_not_sent_is_recorded_without_a_response() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queries.log");
    let limits = "[clients]\nunproven_answers_per_second = 1\nunproven_free_factor = 1\nunproven_slip = 100\nunproven_exempt = []";
    let config = file("", &format!("{limits}\n[query_log]\ntarget = {path:?}"));
    let gateway = Gateway::start(&config, &[]);
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let query = b"\0\x07\x01\0\0\x01\0\0\0\0\0\0\x02db\x07example\0\0\x01\0\x01";
    for _ in 0..20 {
        socket.send_to(query, gateway.address("udp")).unwrap();
    }
    gateway.page_with("/metrics", "nomadns_query_log_written_total 20");
    let text = std::fs::read_to_string(&path).unwrap();
    let unsent = "\"rcode\":null,\"flags\":[],\"answers\":null,\"extended_errors\":[],\"response_octets\":0,";
    let sent = "\"rcode\":\"NOERROR\"";
    let count = |part: &str| text.lines().filter(|line| line.contains(part)).count();
    assert!(count(sent) >= 1 && count(unsent) >= 10, "{text}");
    assert_eq!(count(sent) + count(unsent), 20, "{text}");
}

#[test]
fn a_wrong_setting_is_told_with_what_would_be_right() {
    for (keys, parts) in [
        (
            "target = \"stderr\"",
            &["query_log.target = \"stderr\"", "expected \"stdout\""][..],
        ),
        (
            "target = \"tcp:localhost\"",
            &["needs an IP address and a port"],
        ),
        (
            "target = \"unix:relative\"",
            &["is no place for a query log"],
        ),
        (
            "target = \"stdout\"\nformat = \"dnstap\"",
            &["which is binary"],
        ),
        (
            "target = \"unix:/a\"\nformat = \"json\"",
            &["is a collector of dnstap"],
        ),
        (
            "format = \"text\"",
            &[
                "query_log.format = \"text\"",
                "one of coredns, json, dnstap",
            ],
        ),
        (
            "names = [\"a..b\"]",
            &["query_log.names", "is not a domain name"],
        ),
        (
            "rcodes = [\"NODATA\"]",
            &["contains \"NODATA\"", "NXDOMAIN"],
        ),
        (
            "classes = [\"all\"]",
            &["contains \"all\"", "success, denial, error"],
        ),
        ("sample = 0", &["query_log.sample = 0", "[1, 1000000]"]),
        (
            "ipv4_prefix = 33",
            &["query_log.ipv4_prefix = 33", "[0, 32]"],
        ),
        ("targets = \"stdout\"", &["did you mean `target`?"]),
    ] {
        let config = Config::new(&format!("{NO_NOMAD}\n[query_log]\n{keys}"));
        let (code, _, said) = run(&["check", "--config", &config.path()]);
        assert_eq!(code, 2, "{keys}: {said}");
        for part in parts {
            assert!(said.contains(part), "{keys}: {said}");
        }
    }
}

#[test]
fn a_folder_that_is_not_there_is_a_warning() {
    let missing = "[query_log]\ntarget = \"/nowhere/queries.log\"";
    let config = Config::new(&format!("{NO_NOMAD}\n{missing}"));
    let (code, out, said) = run(&["check", "--config", &config.path()]);
    assert_eq!(code, 0, "{said}");
    let said = out + &said;
    assert!(
        said.contains("query_log.target: is in a folder that does not exist"),
        "{said}"
    );
}
