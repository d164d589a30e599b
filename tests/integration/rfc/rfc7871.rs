//! RFC 7871: the client's network.

use nomadns::dns::Transport;

use super::options::{CLIENT_SUBNET, ask, option, with_options};
use crate::support::answers::Answers;

#[tokio::test]
async fn a_client_subnet_comes_back_with_scope_0() {
    let answers = Answers::usual();
    for data in [
        &[0, 1, 24, 0, 10, 1, 2][..],
        &[0, 1, 0, 0],
        &[0, 1, 32, 0, 10, 1, 2, 3],
        &[0, 1, 20, 0, 10, 1, 0xf0],
        &[0, 2, 56, 0, 0xfd, 0, 0, 0, 0, 0, 1],
        &[0, 2, 0, 0],
    ] {
        let message = ask(&answers, Transport::Udp, &[(CLIENT_SUBNET, data)]);
        assert_eq!(option(&message, CLIENT_SUBNET).as_deref(), Some(data));
        assert_eq!(message.answers.len(), 3);
    }
}

#[tokio::test]
async fn a_client_subnet_of_family_0_comes_back() {
    // By octets: hickory does not read it.
    let asked = with_options(&[(CLIENT_SUBNET, &[0, 0, 0, 0])]);
    let out = Answers::usual().octets(&asked, Transport::Udp);
    assert!(out.ends_with(&[0, 8, 0, 8, 0, 4, 0, 0, 0, 0]));
}

#[tokio::test]
async fn a_malformed_client_subnet_is_a_format_error() {
    let answers = Answers::usual();
    for data in [
        &[][..],
        &[0],
        &[0, 1, 24, 0, 10, 1],
        &[0, 1, 24, 0, 10, 1, 2, 3],
        &[0, 1, 33, 0, 10, 1, 2, 3, 4],
        &[0, 1, 24, 24, 10, 1, 2],
        &[0, 1, 20, 0, 10, 1, 0xff],
        &[
            0, 2, 129, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
        ],
        &[0, 9, 0, 0],
        &[0, 0, 1, 0, 0x80],
    ] {
        let out = answers.octets(&with_options(&[(CLIENT_SUBNET, data)]), Transport::Udp);
        assert_eq!(out[3] & 0xf, 1, "{data:?}");
    }
}
