//! Start, signals and end of the process.

use std::io::{Read, Write};
use std::net::TcpStream;

use nomadns::demo::{Options, Registration, Scenario, SimulatedNomad};

use tokio::time::Instant;

use super::{AT_MOST, Gateway};

/// A query for the root's SOA, behind its length: it is refused with a message as long.
const ROOT_QUERY: &[u8] = &[0, 17, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 1];

/// A query for a transfer of `nomad`, behind its length.
const AXFR_QUERY: &[u8] = b"\0\x17\0\x01\0\0\0\x01\0\0\0\0\0\0\x05nomad\0\0\xfc\0\x01";

/// Nobody listens there.
pub(super) const NO_NOMAD: &str = "[nomad]\naddresses = [\"http://127.0.0.1:1\"]";

#[test]
fn sigterm_and_sigint_drain_and_exit_with_0() {
    for signal in ["TERM", "INT"] {
        let config = format!("{NO_NOMAD}\n[limits]\nlameduck_ms = 10");
        let gateway = Gateway::start(&config, &[]);
        // A connection that is idle is closed, and keeps nobody waiting. Its answer says that it was accepted.
        let mut idle = TcpStream::connect(gateway.address("tcp")).unwrap();
        idle.write_all(ROOT_QUERY).unwrap();
        idle.read_exact(&mut [0; ROOT_QUERY.len()]).unwrap();
        gateway.signal(signal);
        assert_eq!(idle.read(&mut [0]).unwrap(), 0);
        let (status, _, log) = gateway.ended();
        assert_eq!(status.code(), Some(0), "SIG{signal}: {log}");
        assert!(log.contains("ending"), "{log}");
    }
}

#[test]
fn sigint_has_no_lameduck_and_a_second_signal_ends_it_at_once() {
    let config = format!("{NO_NOMAD}\n[limits]\nlameduck_ms = 600000");
    let gateway = Gateway::start(&config, &[]);
    gateway.signal("INT");
    assert_eq!(gateway.ended().0.code(), Some(0));

    let mut gateway = Gateway::start(&config, &[]);
    gateway.signal("TERM");
    gateway.wait_for("lameduck_ms=600000");
    gateway.page_with("/readyz", "shutting down");
    let begun = Instant::now();
    // The first ones may come as one with the signal before.
    while gateway.child.try_wait().unwrap().is_none() {
        assert!(begun.elapsed() < AT_MOST);
        gateway.signal("TERM");
    }
    assert_eq!(gateway.ended().0.code(), Some(128 + 15));
}

/// The name and the nice value of each thread of a process.
fn threads(process: u32) -> Vec<(String, i32)> {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let stats = tasks.map(|task| std::fs::read_to_string(task.unwrap().path().join("stat")));
    // A thread may end meanwhile. The name is in parentheses; the nice value is the 17th field behind it.
    let stats = stats.filter_map(Result::ok);
    let of = |stat: String| {
        let (name, fields) = stat.split_once('(')?.1.rsplit_once(") ")?;
        let nice = fields.split(' ').nth(16)?.parse().ok()?;
        Some((name.to_owned(), nice))
    };
    stats.filter_map(of).collect()
}

/// The nice values of the threads in the background and of all others.
///
/// What answers is not in the background, and the others are all as what answers.
fn nice_of_background_and_others(gateway: &Gateway) -> (Vec<i32>, i32) {
    let threads = threads(gateway.child.id());
    let (background, others): (Vec<_>, Vec<_>) = threads
        .iter()
        .partition(|(name, _)| name.starts_with("background"));
    let answering = others.iter().find(|(name, _)| name.starts_with("udp-"));
    let (_, nice) = answering.unwrap_or_else(|| panic!("{threads:?}"));
    assert!(others.iter().all(|(_, it)| it == nice), "{threads:?}");
    (background.iter().map(|(_, nice)| *nice).collect(), *nice)
}

#[test]
fn the_threads_that_forward_are_below_those_that_answer_in_priority() {
    let forwarding = "[[forward]]\nzone = \".\"\nupstreams = [\"udp://127.0.0.1:9\"]";
    let gateway = Gateway::start(&format!("{NO_NOMAD}\n{forwarding}"), &[]);
    let (forwarding, others) = nice_of_background_and_others(&gateway);
    let lower = (others + 10).min(19);
    assert!(
        !forwarding.is_empty() && forwarding.iter().all(|it| *it == lower),
        "{forwarding:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_threads_that_make_zone_transfers_are_below_those_that_answer_in_priority() {
    let nomad = SimulatedNomad::start(Options::default()).unwrap();
    Scenario::default().populate(&nomad);
    let url = nomad.url();
    let config = format!("[nomad]\naddresses = [{url:?}]\n[transfer]\nallow = [\"127.0.0.1\"]");
    let gateway = Gateway::start(&config, &["--zone", "nomad"]);
    let (before, _) = nice_of_background_and_others(&gateway);

    let begun = Instant::now();
    while !is_transferred(&gateway) {
        assert!(begun.elapsed() < AT_MOST);
    }
    let (after, others) = nice_of_background_and_others(&gateway);
    let lower = (others + 10).min(19);
    assert!(
        after.len() > before.len(),
        "none was added: {before:?} {after:?}"
    );
    assert!(after.iter().all(|it| *it == lower), "{after:?}");
}

/// Whether the zone is transferred, and not refused because there is no version of it yet.
fn is_transferred(gateway: &Gateway) -> bool {
    let mut client = TcpStream::connect(gateway.address("tcp")).unwrap();
    client.write_all(AXFR_QUERY).unwrap();
    let mut head = [0; 14];
    client.read_exact(&mut head).unwrap();
    head[5] & 0xf == 0
}

#[test]
fn sighup_ends_nothing() {
    let mut gateway = Gateway::start(NO_NOMAD, &[]);
    gateway.signal("HUP");
    gateway.wait_for("reload: nothing changes");
    assert!(gateway.page("/healthz").starts_with("HTTP/1.0 200"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_gateway_is_stands_in_four_lines_and_the_fifth_tells_its_nomad() {
    let nomad = SimulatedNomad::start(Options::default()).unwrap();
    Scenario::default().populate(&nomad);
    let config = format!("[nomad]\naddresses = [{:?}]", nomad.url());
    let mut gateway = Gateway::start(&config, &["--zone", "nomad"]);
    for transport in ["udp", "tcp", "http", "admin"] {
        assert_ne!(gateway.address(transport).port(), 0);
    }
    let of_nomad = format!(
        " following Nomad: the token can list the services of all its namespaces, and read their events address=\"{}\" version=\"1.6.5 (of its nodes)\"",
        nomad.url()
    );
    gateway.wait_for(" following Nomad");
    let lines = gateway
        .log
        .lines()
        .filter(|line| line.contains(" INFO ") && !line.contains("instances"));
    let page = format!(" status page url=\"http://{}/\"", gateway.address("admin"));
    for (line, part) in lines.zip([
        " starting nomadns version=\"0.",
        " answering zones=\"nomad.\"",
        " listening udp=\"",
        &page,
        &of_nomad,
    ]) {
        assert!(line.contains(part), "{part} in {}", gateway.log);
    }
}

#[test]
fn without_nomad_at_start_it_is_up_and_says_why_it_has_no_answers() {
    let mut gateway = Gateway::start(NO_NOMAD, &[]);
    gateway.wait_for("127.0.0.1:1");
    let answer = gateway.lookup("redis.default.nomad");
    assert!(answer.contains("status: SERVFAIL"), "{answer}");
    assert!(answer.contains("EDE: 14 (Not Ready)"), "{answer}");
    let ready = gateway.page("/readyz");
    assert!(ready.starts_with("HTTP/1.0 503"), "{ready}");
    assert!(ready.contains("127.0.0.1:1"), "{ready}");
    assert!(gateway.page("/healthz").starts_with("HTTP/1.0 200"));
    gateway.signal("TERM");
    let (_, _, log) = gateway.ended();
    assert_eq!(
        log.lines().filter(|line| line.contains("WARN")).count(),
        1,
        "said once:\n{log}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nomad_has_is_answered_once_it_is_ready() {
    let nomad = SimulatedNomad::start(Options::default()).unwrap();
    nomad.register([Registration::new("default", "redis")
        .address("10.1.2.3")
        .port(6379)]);
    let url = nomad.url();
    let served = tokio::task::spawn_blocking(move || {
        let gateway = Gateway::start("", &["--nomad-address", &url]);
        gateway.page_with("/readyz", " 200 ");
        gateway.lookup("redis.default.nomad")
    });
    let answer = served.await.unwrap();
    assert!(
        answer.contains("status: NOERROR") && answer.contains("10.1.2.3"),
        "{answer}"
    );
}
