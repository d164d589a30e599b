//! RFC 7873 and RFC 9018: cookies.

use std::net::IpAddr;

use hickory_proto::op::{Message, ResponseCode};
use nomadns::dns::Transport;

use super::options::{COOKIE, append_options, ask, ask_from, option, with_options};
use crate::support::answers::Answers;

#[tokio::test]
async fn a_cookie_comes_back_with_a_servers_part() {
    let answers = Answers::usual();
    for transport in Transport::ALL {
        let message = ask(&answers, transport, &[(COOKIE, b"12345678")]);
        let cookie = option(&message, COOKIE).unwrap();
        assert_eq!((cookie.len(), &cookie[..8]), (24, &b"12345678"[..]));
        assert_eq!(cookie[8..12], [1, 0, 0, 0], "RFC 9018 §4.1: version 1");
        assert_eq!(option(&ask(&answers, transport, &[]), COOKIE), None);
    }
}

#[tokio::test]
async fn a_good_cookie_is_kept_and_is_for_one_client_only() {
    let answers = Answers::usual();
    let [client, other] = ["192.0.2.1", "192.0.2.2"].map(|text| text.parse::<IpAddr>().unwrap());
    let first = option(
        &ask_from(&answers, client, &[(COOKIE, b"12345678")]),
        COOKIE,
    )
    .unwrap();
    let again = option(&ask_from(&answers, client, &[(COOKIE, &first)]), COOKIE).unwrap();
    assert_eq!(first, again);
    let other = option(&ask_from(&answers, other, &[(COOKIE, &first)]), COOKIE).unwrap();
    assert_ne!(first, other);
    let mut forged = first.clone();
    forged[23] ^= 1;
    let answer = ask_from(&answers, client, &[(COOKIE, &forged)]);
    assert_eq!(
        answer.metadata.response_code,
        ResponseCode::NoError,
        "answered all the same"
    );
    assert_ne!(option(&answer, COOKIE).unwrap(), forged);
}

#[tokio::test]
async fn a_cookie_of_another_length_is_a_format_error() {
    let answers = Answers::usual();
    for length in [0, 1, 7, 9, 15, 41, 100] {
        let out = answers.octets(&with_options(&[(COOKIE, &vec![7; length])]), Transport::Udp);
        assert_eq!(out[3] & 0xf, 1, "{length} octets");
    }
    for length in [8, 16, 24, 40] {
        let message = ask(&answers, Transport::Udp, &[(COOKIE, &vec![7; length])]);
        assert_eq!(
            option(&message, COOKIE).unwrap().len(),
            24,
            "{length} octets"
        );
    }
}

#[tokio::test]
async fn a_cookie_can_be_asked_for_without_a_question() {
    let answers = Answers::usual();
    let opt = [0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 0];
    let mut asked = [&[0x12, 0x34, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1][..], &opt].concat();
    let bare = answers.octets(&asked, Transport::Udp);
    assert_eq!(bare[3] & 0xf, 1, "no cookie: a format error");
    append_options(&mut asked, &[(COOKIE, b"12345678")]);
    let octets = answers.octets(&asked, Transport::Udp);
    assert_eq!(octets[2], 0x81, "a response, with RD as it came");
    let message = Message::from_vec(&octets).unwrap();
    assert_eq!(message.metadata.response_code, ResponseCode::NoError);
    assert!(message.queries.is_empty() && message.answers.is_empty());
    assert_eq!(option(&message, COOKIE).unwrap().len(), 24);
}
