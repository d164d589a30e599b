//! A message over UDP and over TCP, through the gate, the decoder, the stack and the encoder.
//!
//! What is answered is a message that another decoder reads, of the size that was asked for, with the id and the question
//! of the query; asked again, out of the cache, it is the same but for the order of its records.
#![no_main]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use hickory_proto::op::{Message, MessageType};
use libfuzzer_sys::fuzz_target;
use nomadns::dns::Transport;
use nomadns::listeners::exchange::{Exchange, Exchanged};
use nomadns_fuzz::{filled, in_runtime};

fuzz_target!(|octets: &[u8]| {
    in_runtime(|| {
        for (transport, most) in [(Transport::Udp, 4096), (Transport::Tcp, 65_535)] {
            let first = answered(octets, transport);
            let again = answered(octets, transport);
            assert_eq!(first.as_ref().map(Vec::len), again.as_ref().map(Vec::len));
            let Some(answer) = first else { continue };
            assert!(answer.len() <= most, "{} octets", answer.len());
            let read = Message::from_vec(&answer).expect("another decoder reads it");
            assert_eq!(read.metadata.message_type, MessageType::Response);
            assert_eq!(answer[..2], octets[..2], "its id is that of the query");
            assert_eq!(
                answer[2] & 0x78,
                octets[2] & 0x78,
                "its opcode is that of the query"
            );
            if let [question] = &*read.queries {
                let length = question.name().len().min(octets.len());
                // As it was asked, in its letter case.
                assert_eq!(answer[12..12 + length - 1], octets[12..12 + length - 1]);
            }
            if transport == Transport::Udp && octets.len() < 12 + 5 + 11 {
                assert!(
                    answer.len() <= 512,
                    "there is no room for an OPT in the query"
                );
            }
        }
    });
});

fn answered(octets: &[u8], transport: Transport) -> Option<Vec<u8>> {
    let mut exchange = Exchange::new(filled().clone(), transport, Arc::default());
    let mut out = Vec::new();
    let client = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
    match exchange.begin(octets, client, &mut out) {
        Exchanged::Rejected(_) => {
            assert!(
                octets.len() < 12 || octets[2] & 0x80 != 0,
                "a query is answered"
            );
            assert!(out.is_empty());
            None
        }
        Exchanged::Answered(_) => Some(out),
        Exchanged::Waiting(_) | Exchanged::Transfer(_) => {
            panic!("nothing has to wait where all is known, and no zone is transferred")
        }
    }
}
