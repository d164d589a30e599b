//! RFC 5001: which server it is.

use std::sync::Arc;

use nomadns::dns::Transport;
use nomadns::listeners::Server;

use super::options::{NSID, ask, option};
use crate::support::answers::Answers;

#[tokio::test]
async fn the_nsid_is_sent_to_clients_that_ask_for_it() {
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
async fn without_a_configured_nsid_none_is_sent() {
    let message = ask(&Answers::usual(), Transport::Udp, &[(NSID, b"")]);
    assert_eq!(option(&message, NSID), None);
}
