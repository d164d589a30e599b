//! Queries with options of EDNS, and the options of what comes back, as hickory reads them.

use std::net::IpAddr;

use hickory_proto::op::Message;
use hickory_proto::rr::RecordType;
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};
use nomadns::dns::Transport;

use crate::support::answers::{Answers, query};

pub const NSID: u16 = 3;
pub const CLIENT_SUBNET: u16 = 8;
pub const COOKIE: u16 = 10;
pub const KEEPALIVE: u16 = 11;
pub const PADDING: u16 = 12;
pub const ZONE_VERSION: u16 = 19;

/// A query for `redis.default.nomad` with options, in wire form.
pub fn with_options(options: &[(u16, &[u8])]) -> Vec<u8> {
    let mut message = query("redis.default.nomad", RecordType::A)
        .to_vec()
        .unwrap();
    append_options(&mut message, options);
    message
}

/// Puts options into the OPT that a message ends with.
pub fn append_options(message: &mut Vec<u8>, options: &[(u16, &[u8])]) {
    let length: usize = options.iter().map(|(_, data)| 4 + data.len()).sum();
    let end = message.len();
    message[end - 2..].copy_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
    for (code, data) in options {
        message.extend(code.to_be_bytes());
        message.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        message.extend(*data);
    }
}

/// Asks with options.
pub fn ask(answers: &Answers, transport: Transport, options: &[(u16, &[u8])]) -> Message {
    answers.exchange(&with_options(options), transport)
}

/// Asks with options from an address.
pub fn ask_from(answers: &Answers, client: IpAddr, options: &[(u16, &[u8])]) -> Message {
    let out = answers.octets_from(&with_options(options), Transport::Udp, Some(client));
    Message::from_vec(&out).unwrap()
}

/// The data of an option of an answer.
pub fn option(message: &Message, code: u16) -> Option<Vec<u8>> {
    let options = message.edns.as_ref().expect("an OPT").options();
    let found = options
        .as_ref()
        .iter()
        .find(|(found, _)| *found == EdnsCode::from(code));
    found.map(|(_, data)| match data {
        EdnsOption::Unknown(_, data) => data.clone(),
        known => Vec::<u8>::try_from(known).unwrap(),
    })
}
