//! RFC 7830 and RFC 8467: padding.

use nomadns::dns::Transport;

use super::options::{COOKIE, PADDING, option, with_options};
use crate::support::answers::Answers;

#[tokio::test]
async fn an_encrypted_answer_is_padded_to_blocks_of_468_octets_when_asked() {
    let answers = Answers::usual();
    for transport in [Transport::Dot, Transport::Doh] {
        for others in [&[][..], &[(COOKIE, &b"12345678"[..])]] {
            let options = [others, &[(PADDING, &[0; 20][..])]].concat();
            let asked = with_options(&options);
            assert_eq!(answers.octets(&asked, transport).len(), 468);
            let padding = option(&answers.exchange(&asked, transport), PADDING).unwrap();
            assert!(padding.iter().all(|octet| *octet == 0));
        }
    }
}

#[tokio::test]
async fn answers_in_clear_text_or_to_queries_without_padding_are_not_padded() {
    let answers = Answers::usual();
    for transport in [Transport::Udp, Transport::Tcp] {
        let message = answers.exchange(&with_options(&[(PADDING, &[0; 20])]), transport);
        assert_eq!(option(&message, PADDING), None);
    }
    let message = answers.exchange(&with_options(&[]), Transport::Dot);
    assert_eq!(option(&message, PADDING), None);
}
