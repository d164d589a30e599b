//! The log as a process has it: who does not read it stops nothing, and clients write nothing into it.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;

use tokio::time::Instant;

use super::{AT_MOST, Gateway};

const NO_NOMAD: &str = "[nomad]\naddresses = [\"http://127.0.0.1:1\"]";
/// The same, with a log of all that there is.
const TALKATIVE: &str = "[nomad]\naddresses = [\"http://127.0.0.1:1\"]\n[log]\nlevel = \"debug\"\nrepeats_per_minute = 0";
/// A query for the SOA of the root.
const QUERY: &[u8] = &[0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 1];

/// A query with two records beside its question: an OPT with an option that runs past its end, and another one. What
/// reads such messages logs all of it at `warn`.
fn hostile() -> Vec<u8> {
    let mut message = vec![0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 1, 0, 1];
    let length = 3504_u16.to_be_bytes();
    message.extend([0, 0, 41, 16, 0, 0, 0, 0, 0]);
    message.extend(length);
    message.extend([0, 12]);
    message.extend(length);
    message.extend([0xff; 3500]);
    message.extend([0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4]);
    message
}

fn send(to: &UdpSocket, message: &[u8], times: u32) -> u32 {
    let mut answered = 0;
    for _ in 0..times {
        to.send(message).unwrap();
        answered += u32::from(to.recv(&mut [0; 4096]).is_ok());
    }
    answered
}

fn client(gateway: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(gateway).unwrap();
    socket.set_read_timeout(Some(AT_MOST)).unwrap();
    socket
}

#[test]
fn what_clients_send_is_in_no_line_at_the_usual_level() {
    for (level, is_there) in [("info", false), ("debug", true)] {
        let gateway = Gateway::start(NO_NOMAD, &["--log-level", level]);
        let udp = client(gateway.address("udp"));
        assert_eq!(send(&udp, &hostile(), 20), 20, "{level}");
        let before = gateway.log.len();
        gateway.signal("INT");
        let (_, _, log) = gateway.ended();
        assert_eq!(
            log[before..].contains("255, 255"),
            is_there,
            "{level}: {log}"
        );
        let longest = log.lines().map(str::len).max();
        assert!(longest.unwrap() <= 4096, "{longest:?}");
    }
}

#[test]
fn a_log_that_nobody_reads_stops_neither_answers_nor_the_end() {
    let mut gateway = Gateway::start(TALKATIVE, &[]);
    let udp = client(gateway.address("udp"));
    let reader = Arc::clone(&gateway.reader);
    let unread = reader.lock().unwrap();
    // Far more than the pipe and the queue have room for.
    assert_eq!(send(&udp, &hostile(), 600), 600);
    assert_eq!(send(&udp, QUERY, 100), 100);
    assert!(gateway.page("/healthz").starts_with("HTTP/1.0 200"));
    let metrics = gateway.page("/metrics");
    let dropped = metrics
        .lines()
        .find_map(|line| line.strip_prefix("nomadns_log_dropped_total "));
    assert!(dropped.unwrap().parse::<f64>().unwrap() > 0.0, "{metrics}");
    gateway.signal("TERM");
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = gateway.child.try_wait().unwrap() {
            break status;
        }
        assert!(begun.elapsed() < AT_MOST, "SIGTERM does not end it");
        std::thread::yield_now();
    };
    assert_eq!(status.code(), Some(0));
    drop(unread);
}

#[test]
fn a_log_that_is_read_again_says_how_many_lines_are_missing() {
    let mut gateway = Gateway::start(TALKATIVE, &[]);
    let udp = client(gateway.address("udp"));
    let reader = Arc::clone(&gateway.reader);
    let unread = reader.lock().unwrap();
    assert_eq!(send(&udp, &hostile(), 600), 600);
    drop(unread);
    gateway.wait_for("lines were dropped");
}

#[test]
fn what_repeats_is_left_out_and_counted() {
    let mut gateway = Gateway::start(NO_NOMAD, &["--log-level", "debug"]);
    let udp = client(gateway.address("udp"));
    assert_eq!(send(&udp, &hostile(), 200), 200);
    gateway.wait_for("repeated lines were left out");
    let shown = gateway.log.matches("[cut, ").count();
    // As many as in a minute, and few more in the time that it took.
    assert!((60..80).contains(&shown), "{shown}");
    gateway.page_with("/metrics", "nomadns_log_repeats_total 1");
}
