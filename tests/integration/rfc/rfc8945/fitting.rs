//! A signed answer has room for its signature, whatever else it has to leave out.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::RecordType;
use nomadns::dns::Transport;
use nomadns::dns::tsig::{Algorithm, ClientTransaction, Key, KeyRing};

use crate::rfc::options::{PADDING, append_options};
use crate::support::answers::{Answers, instance, query};

/// What padded answers are a multiple of (RFC 8467 §4.1).
const BLOCK_OCTETS: usize = 468;

fn key() -> Key {
    let name = "transfer.example".parse().unwrap();
    Key::new(&name, Algorithm::HmacSha512, &[1; 64]).unwrap()
}

/// Answers for a service of so many instances, with the key.
fn answers(instances: u16) -> Answers {
    let mut answers = Answers::usual();
    let all = (0..instances).map(|number| {
        let [high, low] = number.to_be_bytes();
        instance(&format!("10.1.{high}.{low}"), 80, &[])
    });
    answers.set("default", "many", all.collect());
    let ring = KeyRing::new([key()]).unwrap();
    answers.server.keys.replace(ring);
    answers
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

/// Sends a message with a signature, and gives the octets that come back and what they say once the signature was checked.
fn ask(answers: &Answers, message: &[u8], transport: Transport) -> (Vec<u8>, Message) {
    let mut query = message.to_vec();
    let mut client = ClientTransaction::sign(Arc::new(key()), &mut query, now());
    let octets = answers.octets(&query, transport);
    let mut answer = octets.clone();
    assert_eq!(client.verify(&mut answer, now()), Ok(()));
    (octets, Message::from_vec(&answer).unwrap())
}

#[tokio::test]
async fn what_fits_without_a_signature_only_becomes_the_question_with_tc() {
    let message = query("many.default.nomad", RecordType::A).to_vec().unwrap();
    let signed_octets = key().signed_octets();
    let mut cut = 0;
    for instances in [
        1, 2, 20, 50, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 100,
    ] {
        let answers = answers(instances);
        let whole = answers.octets(&message, Transport::Tcp).len();
        let (octets, answer) = ask(&answers, &message, Transport::Udp);
        assert!(octets.len() <= 1232, "{} octets", octets.len());
        let is_cut = whole + signed_octets > 1232;
        assert_eq!(answer.metadata.truncation, is_cut, "{instances} instances");
        let records = if is_cut { 0 } else { instances.into() };
        // RFC 8945 §5.3: only the question and the signature.
        assert_eq!(answer.answers.len(), records);
        assert_eq!(answer.metadata.response_code, ResponseCode::NoError);
        assert!(answer.queries.len() == 1 && answer.edns.is_some());
        cut += usize::from(is_cut && whole <= 1232);
    }
    assert!(cut > 0, "some are cut for their signature alone");
}

#[tokio::test]
async fn an_answer_of_64_kib_leaves_room_for_its_signature() {
    let message = query("many.default.nomad", RecordType::A).to_vec().unwrap();
    let fits = |instances| {
        let (octets, answer) = ask(&answers(instances), &message, Transport::Tcp);
        assert!(octets.len() <= 0xffff);
        !answer.metadata.truncation && answer.answers.len() == usize::from(instances)
    };
    assert!(fits(1000) && !fits(8000));
}

#[tokio::test]
async fn a_padded_answer_is_a_whole_block_with_its_signature() {
    let mut message = query("many.default.nomad", RecordType::A).to_vec().unwrap();
    append_options(&mut message, &[(PADDING, b"")]);
    for instances in [1, 5, 17, 40, 80] {
        let (octets, answer) = ask(&answers(instances), &message, Transport::Dot);
        assert_eq!(octets.len() % BLOCK_OCTETS, 0, "{instances} instances");
        assert_eq!(answer.answers.len(), usize::from(instances));
    }
}

#[tokio::test]
async fn an_error_and_a_denial_are_signed_too() {
    let answers = answers(1);
    for (name, code) in [
        ("absent.default.nomad", ResponseCode::NXDomain),
        ("elsewhere.example", ResponseCode::Refused),
    ] {
        let message = query(name, RecordType::A).to_vec().unwrap();
        let (_, answer) = ask(&answers, &message, Transport::Udp);
        assert_eq!(answer.metadata.response_code, code);
    }
}
