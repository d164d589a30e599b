//! What systemd does for a service: it passes sockets, keeps them over a restart, and is told how the service is. The test
//! takes its place; `.ci/restart` has a real one.

mod manager;
mod stopped_thread;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use self::manager::{Systemd, pass};
use self::stopped_thread::StoppedThread;
use super::{AT_MOST, nomadns};
use crate::support::gateway::cast;

/// `hello.default.nomad`, IN A, with the id 7.
const QUERY: &[u8] = b"\0\x07\x01\0\0\x01\0\0\0\0\0\0\x05redis\x07default\x05nomad\0\0\x01\0\x01";

fn config(nomad: &str, ports: &str, more: &str) -> String {
    format!(
        "[nomad]\naddresses = [{nomad:?}]\n[listen]\n{ports}\n[limits]\nlameduck_ms = 0\nudp_workers = 2\n{more}"
    )
}

/// Asks by a socket; nobody has to answer yet.
fn ask(gateway: std::net::SocketAddr) -> UdpSocket {
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.set_read_timeout(Some(AT_MOST)).unwrap();
    client.connect(gateway).unwrap();
    client.send(QUERY).unwrap();
    client
}

/// The response code, and whether records answer.
fn answer(client: &UdpSocket) -> (u8, bool) {
    let mut message = [0; 512];
    client.recv(&mut message).unwrap();
    (message[3] & 0x0f, message[7] > 0)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_in_the_sockets_while_the_gateway_restarts_is_answered_by_the_next_one() {
    let nomad = cast();
    let mut systemd = Systemd::new();
    let free = "dns = [\"127.0.0.1:0\"]\nhttp = []\nadmin = [\"127.0.0.1:0\"]";
    let gateway = systemd.start(&config(&nomad.url(), free, ""), &[]);
    systemd.wait_for("READY=1");
    let [dns, admin] = ["udp", "admin"].map(|it| gateway.address(it));
    let word = dns.to_string().replace(':', "_");
    assert_eq!(
        systemd.names(),
        [
            format!("admin/tcp/{}/0000", admin.to_string().replace(':', "_")),
            format!("dns/tcp/{word}/0000"),
            format!("dns/udp/{word}/0000"),
            format!("dns/udp/{word}/0001"),
        ]
    );
    gateway.signal("TERM");
    systemd.wait_for("STOPPING=1");
    assert_eq!(gateway.ended().0.code(), Some(0));

    // Nobody listens now, and nobody is refused. Each worker's socket gets some.
    let clients: Vec<UdpSocket> = (0..32).map(|_| ask(dns)).collect();
    let mut connection = TcpStream::connect(dns).unwrap();
    connection.set_read_timeout(Some(AT_MOST)).unwrap();
    let length = u16::try_from(QUERY.len()).unwrap().to_be_bytes();
    connection.write_all(&[&length, QUERY].concat()).unwrap();

    let same = format!("dns = [\"{dns}\"]\nhttp = []\nadmin = [\"{admin}\"]");
    let gateway = systemd.start(&config(&nomad.url(), &same, ""), &[]);
    for client in &clients {
        // Without a snapshot on disk the cluster was read first.
        assert_eq!(answer(client), (0, true));
    }
    let mut message = [0; 512];
    assert!(connection.read(&mut message).unwrap() > 2);
    assert_eq!(gateway.address("admin"), admin);
    systemd.wait_for("READY=1");
    assert_eq!(systemd.kept.len(), 4, "{:?}", systemd.names());
}

#[test]
fn a_socket_that_the_configuration_does_not_have_any_more_is_closed_and_forgotten() {
    let mut systemd = Systemd::new();
    let free = "dns = [\"127.0.0.1:0\"]\nhttp = [\"127.0.0.1:0\"]\nadmin = [\"127.0.0.1:0\"]";
    let gateway = systemd.start(&config("http://127.0.0.1:1", free, ""), &[]);
    systemd.wait_for("READY=1");
    let [dns, http] = ["udp", "http"].map(|it| gateway.address(it));
    gateway.signal("TERM");
    gateway.ended();

    let fewer = format!("dns = [\"{dns}\"]\nhttp = []\nadmin = [\"127.0.0.1:0\"]");
    let fewer =
        config("http://127.0.0.1:1", &fewer, "").replace("udp_workers = 2", "udp_workers = 1");
    let mut gateway = systemd.start(&format!("{fewer}first_sync_wait_ms = 0"), &[]);
    systemd.wait_for("READY=1");
    gateway.wait_for("does not have it; closed");
    let names = systemd.names();
    let word = dns.to_string().replace(':', "_");
    let expected = [
        format!("dns/tcp/{word}/0000"),
        format!("dns/udp/{word}/0000"),
    ];
    assert_eq!(names[1..], expected);
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(TcpStream::connect(http).is_err());
    // All of the queries come to the worker that is left.
    for client in (0..32).map(|_| ask(dns)) {
        assert_eq!(answer(&client).0, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_of_units_stand_for_the_configured_addresses() {
    let nomad = cast();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let udp = UdpSocket::bind(tcp.local_addr().unwrap()).unwrap();
    let admin = TcpListener::bind("127.0.0.1:0").unwrap();
    let [dns, pages] = [&tcp, &admin].map(|it| it.local_addr().unwrap());
    let mut systemd = Systemd::new();
    let waits = ask(dns);
    systemd.kept = vec![
        ("dns".into(), udp.into()),
        ("admin".into(), admin.into()),
        ("dns".into(), tcp.into()),
    ];
    // Nobody could listen at this address.
    let ports = "dns = [\"192.0.2.1:53\"]\nhttp = [\"127.0.0.1:0\"]\nadmin = [\"192.0.2.1:9153\"]";
    let gateway = systemd.start(&config(&nomad.url(), ports, ""), &[]);
    assert_eq!(answer(&waits), (0, true));
    assert_eq!(
        (gateway.address("udp"), gateway.address("admin")),
        (dns, pages)
    );
    for client in (0..32).map(|_| ask(dns)) {
        assert_eq!(answer(&client), (0, true));
    }
    systemd.kept.clear();
    systemd.wait_for("READY=1");
    // The units have the others.
    let names = systemd.names();
    assert!(
        names.len() == 1 && names[0].starts_with("http/tcp/"),
        "{names:?}"
    );
    let page = gateway.page_with("/metrics", "nomadns_udp_receive_dropped_total");
    assert!(
        page.contains("nomadns_udp_receive_dropped_total 0\n"),
        "{page}"
    );
}

#[test]
fn a_socket_that_cannot_be_used_is_named_with_what_to_change() {
    let [connected, other] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let connected = TcpStream::connect(connected.local_addr().unwrap()).unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let unix = UnixDatagram::unbound().unwrap();
    for (name, socket, words) in [
        (
            "nomadns.socket",
            OwnedFd::from(other),
            "FileDescriptorName=",
        ),
        ("https", udp.into(), "listen.https takes ListenStream= only"),
        ("dns", connected.into(), "Accept=no"),
        ("dns", unix.into(), "cannot be used"),
    ] {
        let mut command = nomadns(&["serve"]);
        pass(&mut command, vec![(name, socket)]);
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(
            text.contains(&format!("{name:?}")) && text.contains(words),
            "{text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn systemd_is_told_of_the_start_the_state_a_reload_and_the_end() {
    let nomad = cast();
    let mut systemd = Systemd::new();
    let gateway = systemd.start(&format!("ttl = 7\n{}", one(&nomad.url())), &[]);
    systemd.wait_for("READY=1");
    systemd.wait_for("STATUS=ready: ");
    let reload = |systemd: &mut Systemd| -> u64 {
        gateway.signal("HUP");
        let reloading = systemd.wait_for("RELOADING=1");
        let mut lines = reloading.lines();
        let began = lines.find_map(|it| it.strip_prefix("MONOTONIC_USEC="));
        systemd.wait_for("READY=1");
        began.unwrap().parse().unwrap()
    };
    let [first, second] = [(); 2].map(|()| reload(&mut systemd));
    assert!(0 < first && first < second, "{first} and {second}");
    gateway.signal("TERM");
    systemd.wait_for("STOPPING=1");
    assert_eq!(gateway.ended().0.code(), Some(0));
}

#[test]
fn systemd_is_told_how_long_the_end_takes_and_the_watchdog_is_fed_meanwhile() {
    let mut systemd = Systemd::new();
    let watchdog = Duration::from_millis(400).as_micros().to_string();
    let config = one("http://127.0.0.1:1").replace("lameduck_ms = 0", "lameduck_ms = 600000");
    let gateway = systemd.start(&config, &[("WATCHDOG_USEC", &watchdog)]);
    systemd.wait_for("READY=1");
    gateway.signal("TERM");
    let message = systemd.wait_for("STOPPING=1");
    let lines = &mut message.lines();
    let within = lines.find_map(|it| it.strip_prefix("EXTEND_TIMEOUT_USEC="));
    let within: u64 = within.unwrap().parse().unwrap();
    assert!((600_000_000..700_000_000).contains(&within), "{within}");
    for _ in 0..3 {
        systemd.wait_for("WATCHDOG=1");
    }
}

#[test]
fn a_service_without_nomad_has_started_and_says_what_it_waits_for() {
    let mut systemd = Systemd::new();
    let _gateway = systemd.start(&one("http://127.0.0.1:1"), &[]);
    let message = systemd.wait_for("READY=1");
    assert!(message.contains("STATUS=not ready: "), "{message}");
}

#[test]
fn the_watchdog_is_fed_again_and_again() {
    let mut systemd = Systemd::new();
    let watchdog = Duration::from_millis(400).as_micros().to_string();
    let _gateway = systemd.start(&one("http://127.0.0.1:1"), &[("WATCHDOG_USEC", &watchdog)]);
    for _ in 0..3 {
        systemd.wait_for("WATCHDOG=1");
    }
}

#[test]
fn the_watchdog_is_not_fed_while_a_worker_is_stuck() {
    let mut systemd = Systemd::new();
    let watchdog = Duration::from_millis(400).as_micros().to_string();
    let mut gateway = systemd.start(&one("http://127.0.0.1:1"), &[("WATCHDOG_USEC", &watchdog)]);
    systemd.wait_for("WATCHDOG=1");
    let worker = StoppedThread::of(&gateway, &format!("udp-{}", gateway.address("udp").port()));
    gateway.wait_for("1 of 2 UDP workers do not answer");
    systemd.clear();
    // A second of these tells what was found, then the workers are asked anew.
    gateway.wait_for_times("the watchdog of systemd is not fed", 8);
    let said = systemd.clear();
    assert!(said.iter().all(|it| !it.contains("WATCHDOG=1")), "{said:?}");
    drop(worker);
    systemd.wait_for("WATCHDOG=1");
}

fn one(nomad: &str) -> String {
    let ports = "dns = [\"127.0.0.1:0\"]\nhttp = []\nadmin = [\"127.0.0.1:0\"]";
    config(nomad, ports, "")
}
