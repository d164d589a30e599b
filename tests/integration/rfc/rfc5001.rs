//! RFC 5001: which server it is.

use std::sync::Arc;

use nomadns::dns::Transport;
use nomadns::listeners::Server;

use super::options::{NSID, ask, option};
use crate::support::answers::Answers;

#[tokio::test]
async fn the_name_is_told_to_those_who_ask() {
    let mut answers = Answers::usual();
    answers.server = Arc::new(Server {
        nsid: b"gateway-1".to_vec(),
        ..Server::default()
    });
    for transport in Transport::ALL {
        let message = ask(&answers, transport, &[(NSID, b"")]);
        assert_eq!(option(&message, NSID).as_deref(), Some(&b"gateway-1"[..]));
        assert_eq!(option(&ask(&answers, transport, &[]), NSID), None);
    }
}

#[tokio::test]
async fn a_server_without_a_name_tells_none() {
    let message = ask(&Answers::usual(), Transport::Udp, &[(NSID, b"")]);
    assert_eq!(option(&message, NSID), None);
}
