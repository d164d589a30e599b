//! RFC 7828: how long an idle connection is kept.

use std::sync::Arc;
use std::time::Duration;

use nomadns::dns::Transport;
use nomadns::listeners::Server;

use super::options::{KEEPALIVE, ask, option, with_options};
use crate::support::answers::Answers;

fn patient() -> Answers {
    let mut answers = Answers::usual();
    answers.server = Arc::new(Server {
        keepalive: Duration::from_secs(10),
        ..Server::default()
    });
    answers
}

#[tokio::test]
async fn keepalive_is_sent_over_tcp_and_dot_to_clients_that_send_it() {
    let answers = patient();
    for transport in [Transport::Tcp, Transport::Dot] {
        let message = ask(&answers, transport, &[(KEEPALIVE, b"")]);
        assert_eq!(
            option(&message, KEEPALIVE),
            Some(vec![0, 100]),
            "in tenths of a second"
        );
        assert_eq!(option(&ask(&answers, transport, &[]), KEEPALIVE), None);
    }
}

#[tokio::test]
async fn keepalive_is_never_sent_over_udp_or_doh() {
    let answers = patient();
    for transport in [Transport::Udp, Transport::Doh] {
        let message = ask(&answers, transport, &[(KEEPALIVE, b"")]);
        assert_eq!(option(&message, KEEPALIVE), None);
    }
}

#[tokio::test]
async fn a_malformed_keepalive_is_a_format_error() {
    let out = patient().octets(&with_options(&[(KEEPALIVE, b"abc")]), Transport::Tcp);
    assert_eq!(out[3] & 0xf, 1);
}
