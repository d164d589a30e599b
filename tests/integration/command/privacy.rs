//! What docs/privacy.md promises: the log, the metrics and the status page know no client and nothing that one asked.

use std::net::{SocketAddr, UdpSocket};

use hickory_proto::rr::RecordType;
use nomadns::demo::{Options, SimulatedNomad};

use super::{AT_MOST, Gateway};
use crate::support::question::Question;

/// An address that nothing of the gateway has.
const CLIENT: &str = "127.0.47.11";
const SECRET: &str = "a-secret-name";

fn ask(server: SocketAddr, name: &str) {
    let socket = UdpSocket::bind((CLIENT, 0)).unwrap();
    socket.set_read_timeout(Some(AT_MOST)).unwrap();
    let question = Question::new(name, RecordType::A);
    socket.send_to(&question.message(1), server).unwrap();
    let mut octets = [0; 1232];
    let (length, _) = socket.recv_from(&mut octets).unwrap();
    question.read(1, &octets[..length]);
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_log_nor_metrics_nor_status_page_name_a_client_or_what_it_asked() {
    let nomad = SimulatedNomad::start(Options::default()).unwrap();
    let config = format!(
        "[nomad]\naddresses = [{:?}]\n[limits]\nnot_found_names = 0\n[clients]\nqueries_per_second = 1\nburst = 1",
        nomad.url()
    );
    let mut gateway = Gateway::start(&config, &[]);
    gateway.wait_for("sync complete");
    // Found, denied, refused, and over the rate.
    for name in [
        format!("{SECRET}.default.nomad"),
        format!("{SECRET}.example"),
        format!("{SECRET}.default.nomad"),
    ] {
        ask(gateway.address("udp"), &name);
        gateway.lookup(&name);
        gateway.page_of("http", &format!("/resolve?name={name}"));
    }
    let shown = gateway.page("/metrics") + &gateway.page("/");
    assert!(shown.contains("nomadns_answers_total"), "{shown}");
    gateway.signal("TERM");
    let (_, _, log) = gateway.ended();
    for secret in [CLIENT, SECRET] {
        assert!(!shown.contains(secret), "{shown}");
        assert!(!log.contains(secret), "{log}");
    }
}
