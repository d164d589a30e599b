//! Signatures octet by octet: those that dnspython makes, and what becomes of a message that is changed.

use std::sync::Arc;

use data_encoding::HEXLOWER;
use nomadns::dns::tsig::{
    Algorithm, ClientTransaction, FUDGE_SECONDS, Key, KeyRing, Transaction, TsigError,
};

/// When the messages were signed, in seconds since 1970.
const SIGNED: u64 = 1_700_000_000;
/// A query for a transfer of `nomad.`, and two messages that answer it.
const QUERY: &[u8] = b"\x12\x34\0\0\0\x01\0\0\0\0\0\0\x05nomad\0\0\xfc\0\x01";
const FIRST: &[u8] = b"\x12\x34\x80\0\0\x01\0\x01\0\0\0\0\x05nomad\0\0\xfc\0\x01\
    \xc0\x0c\0\x02\0\x01\0\0\0\x05\0\x05\x02ns\xc0\x0c";
const SECOND: &[u8] = b"\x12\x34\x80\0\0\x01\0\x01\0\0\0\0\x05nomad\0\0\xfc\0\x01\
    \x01a\xc0\x0c\0\x01\0\x01\0\0\0\x05\0\x04\xc0\0\x02\x01";

/// The signatures of the three by dnspython 2.3.0; the secret is as long as they are: 0, 1, 2 and so on.
#[rustfmt::skip]
const SIGNATURES: [(Algorithm, [&str; 3]); 3] = [
    (
        Algorithm::HmacSha256,
        [
            "45994f2b0c256e5360a64ff1d6ebbedb3af50280c79b9ad845eb468eca121287",
            "7811a5b6931f851c7fa15f3ca794f8f8ea53fa37d671b62a6b128aa23864075c",
            "2ccb808d02e77f006226f8290535813080d4ffeccf46b702e0650c2372a4b87f",
        ],
    ),
    (
        Algorithm::HmacSha384,
        [
            "aaaaf36edba62930e1ce3e8164d0161396917ceac4dd5111d3faf77eea3a9591ebc7bdbe41b05a029a2cac94af564ea5",
            "bd0ade7d2252b9b786fc908138c270e8c8f8f0637099304777b637c138e593b6aa022a84854d3676fdc90bf98a4ef315",
            "4820b2556fbb5ff0538e9f71682e5d16a797cb6f5d4b95fdf42aeedeb7dde4c7eb42d942777fc7d3d5f987b4952b3ba4",
        ],
    ),
    (
        Algorithm::HmacSha512,
        [
            "b5fc989fa0a2e844db34e3ea3f0cf22f2d85e66ce745206c7ce45ecad227583488445b140bf1a5db920a03282e9ce5ce\
             d94134887b34c0485557cc53629ada8b",
            "748fc5c9b3ec4898dc6e9e3a2371a5031725dfd4fcac54fc1d9183782078733adabb139cd82f540e5d6c98a26361d296\
             325afd06a69b579e8335a71fd27304f3",
            "64e89bdaee1f1f5e6c405729cdd4b1c0d4580ea3f3cfff9142d9e40343271eaf9010e5e218cff1414aa3522f6487761f\
             775f8d1b32793fda0e467e783d0d3fcc",
        ],
    ),
];

fn key(algorithm: Algorithm) -> Key {
    let secret: Vec<u8> = (0..64).take(algorithm.output_octets()).collect();
    let name = "Transfer.Example".parse().unwrap();
    Key::new(&name, algorithm, &secret).unwrap()
}

/// A message with a TSIG record, written here.
fn with_record(message: &[u8], algorithm: Algorithm, signature: &[u8]) -> Vec<u8> {
    let length = u16::try_from(signature.len()).unwrap();
    let mut out = message.to_vec();
    out[11] += 1;
    out.extend_from_slice(b"\x08transfer\x07example\0\0\xfa\0\xff\0\0\0\0");
    out.extend_from_slice(&(29 + length).to_be_bytes());
    out.extend_from_slice(b"\x0b");
    out.extend_from_slice(algorithm.as_str().as_bytes());
    out.extend_from_slice(&[0, 0, 0, 0x65, 0x53, 0xf1, 0, 1, 44]);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(signature);
    out.extend_from_slice(&[0x12, 0x34, 0, 0, 0, 0]);
    out
}

fn hex(text: &str) -> Vec<u8> {
    HEXLOWER.decode(text.as_bytes()).unwrap()
}

fn ring(algorithm: Algorithm) -> KeyRing {
    KeyRing::new([key(algorithm)]).unwrap()
}

/// A signed query, and what signs its answer.
fn signed(algorithm: Algorithm) -> (Vec<u8>, ClientTransaction, Transaction) {
    let mut query = QUERY.to_vec();
    let client = ClientTransaction::sign(Arc::new(key(algorithm)), &mut query, SIGNED);
    let server = ring(algorithm).verify(&query, SIGNED).unwrap();
    (query, client, server)
}

#[test]
fn a_query_and_the_messages_of_a_transfer_are_signed_as_dnspython_signs_them() {
    for (algorithm, [query, first, second]) in SIGNATURES {
        let (ours, mut client, mut server) = signed(algorithm);
        assert_eq!(ours, with_record(QUERY, algorithm, &hex(query)));
        for (message, signature) in [(FIRST, first), (SECOND, second)] {
            let mut ours = message.to_vec();
            server.sign(&mut ours, SIGNED);
            assert_eq!(ours, with_record(message, algorithm, &hex(signature)));
            assert_eq!(ours.len(), message.len() + server.signed_octets());
            assert_eq!(client.verify(&mut ours, SIGNED), Ok(()));
            assert_eq!(ours, message, "without the record");
        }
    }
}

#[test]
fn a_query_of_which_one_bit_is_changed_is_refused() {
    for algorithm in Algorithm::ALL {
        let (query, ..) = signed(algorithm);
        let ring = ring(algorithm);
        let names = QUERY.len()..QUERY.len() + 18;
        let algorithm_names = QUERY.len() + 28..QUERY.len() + 41;
        for (place, bit) in (0..query.len()).flat_map(|place| (0..8).map(move |bit| (place, bit))) {
            let mut changed = query.clone();
            changed[place] ^= 1 << bit;
            let is_letter = query[place].is_ascii_alphabetic();
            let is_case = bit == 5
                && is_letter
                && (names.contains(&place) || algorithm_names.contains(&place));
            // RFC 8945 §5.1: who passes a message on may give it another id.
            let is_allowed = place < 2 || is_case;
            let verified = ring.verify(&changed, SIGNED).map(|_| ());
            assert_eq!(verified.is_ok(), is_allowed, "octet {place}, bit {bit}");
        }
    }
}

#[test]
fn an_answer_of_which_one_bit_is_changed_is_refused_and_the_true_one_taken_after_it() {
    for algorithm in Algorithm::ALL {
        let (_, mut client, mut server) = signed(algorithm);
        for message in [FIRST, SECOND] {
            let mut answer = message.to_vec();
            server.sign(&mut answer, SIGNED);
            // All but the names in the record, which are compared without letter case.
            let places =
                (2..message.len()).chain(answer.len() - algorithm.output_octets()..answer.len());
            for place in places {
                let mut changed = answer.clone();
                changed[place] ^= 1;
                let before = changed.clone();
                assert!(
                    client.verify(&mut changed, SIGNED).is_err(),
                    "octet {place}"
                );
                assert_eq!(changed, before, "it is left as it was");
            }
            assert_eq!(client.verify(&mut answer, SIGNED), Ok(()));
        }
    }
}

#[test]
fn no_message_of_a_transfer_can_be_left_out_repeated_or_put_elsewhere() {
    let (_, mut client, mut server) = signed(Algorithm::HmacSha256);
    let messages = [FIRST, SECOND, SECOND].map(|message| {
        let mut message = message.to_vec();
        server.sign(&mut message, SIGNED);
        message
    });
    for wrong in [&messages[1], &messages[2]] {
        assert_eq!(
            client.verify(&mut wrong.clone(), SIGNED),
            Err(TsigError::BadSig)
        );
    }
    for (number, right) in messages.iter().enumerate() {
        assert_eq!(
            client.verify(&mut right.clone(), SIGNED),
            Ok(()),
            "{number}"
        );
        assert_eq!(
            client.verify(&mut right.clone(), SIGNED),
            Err(TsigError::BadSig)
        );
    }
    let unsigned = client.verify(&mut SECOND.to_vec(), SIGNED);
    assert_eq!(unsigned, Err(TsigError::Missing));
}

#[test]
fn the_time_may_differ_by_the_clients_fudge_and_by_no_more_than_ours() {
    let (query, ..) = signed(Algorithm::HmacSha256);
    let ring = ring(Algorithm::HmacSha256);
    let fudge = u64::from(FUDGE_SECONDS);
    for (now, is_good) in [
        (SIGNED + fudge, true),
        (SIGNED - fudge, true),
        (SIGNED + fudge + 1, false),
        (SIGNED - fudge - 1, false),
        (0, false),
        (u64::MAX, false),
    ] {
        let verified = ring.verify(&query, now).map(|_| ());
        let due = if is_good {
            Ok(())
        } else {
            Err(TsigError::BadTime)
        };
        assert_eq!(verified, due, "{now}");
    }
}

#[test]
fn an_answer_of_badtime_has_the_time_and_the_fudge_of_the_client() {
    let (mut query, ..) = signed(Algorithm::HmacSha256);
    // Before the lengths, the signature, the id and the error.
    let fudge = query.len() - 42..query.len() - 40;
    let time = fudge.start - 6..fudge.start;
    query[fudge.clone()].copy_from_slice(&60_u16.to_be_bytes());
    let (ring, mut out) = (ring(Algorithm::HmacSha256), FIRST.to_vec());
    ring.append_error(TsigError::BadTime, &query, SIGNED + 61, (&mut out, 0));
    // And behind them the server's time.
    let place = |it: usize| it + out.len() - query.len() - 6;
    assert_eq!(out[out.len() - 8..][..2], [0, 6], "the length of the time");
    for range in [time, fudge] {
        assert_eq!(out[place(range.start)..place(range.end)], query[range]);
    }
}

#[test]
fn what_is_wrong_is_said_in_the_order_key_signature_time_length() {
    let (query, ..) = signed(Algorithm::HmacSha256);
    let other = Key::new(
        &"transfer.example".parse().unwrap(),
        Algorithm::HmacSha256,
        &[7; 32],
    );
    let other = KeyRing::new([other.unwrap()]).unwrap();
    let late = SIGNED + 10_000;
    let error = |ring: &KeyRing, query: &[u8]| ring.verify(query, late).unwrap_err();
    assert_eq!(error(&KeyRing::default(), &query), TsigError::BadKey);
    assert_eq!(
        error(&ring(Algorithm::HmacSha512), &query),
        TsigError::BadKey
    );
    assert_eq!(error(&other, &query), TsigError::BadSig);
    let ring = ring(Algorithm::HmacSha256);
    let cut = |octets| {
        let whole = hex(SIGNATURES[0].1[0]);
        with_record(QUERY, Algorithm::HmacSha256, &whole[..octets])
    };
    assert_eq!(error(&ring, &cut(16)), TsigError::BadTime);
    for octets in 16..32 {
        let verified = ring.verify(&cut(octets), SIGNED).map(|_| ());
        assert_eq!(verified, Err(TsigError::BadTrunc), "{octets} octets");
    }
    for octets in 0..16 {
        let verified = ring.verify(&cut(octets), SIGNED).map(|_| ());
        assert_eq!(verified, Err(TsigError::Malformed), "{octets} octets");
    }
    let long = with_record(QUERY, Algorithm::HmacSha256, &[0; 33]);
    assert_eq!(
        ring.verify(&long, SIGNED).unwrap_err(),
        TsigError::Malformed
    );
}

#[test]
fn a_client_hears_what_the_server_says_against_its_signature() {
    let (query, mut client, _) = signed(Algorithm::HmacSha256);
    let late = SIGNED + 10_000;
    let ring = ring(Algorithm::HmacSha256);
    for (error, heard) in [
        (TsigError::BadKey, TsigError::ServerBadKey),
        (TsigError::BadSig, TsigError::ServerBadSig),
        (
            TsigError::BadTime,
            TsigError::ServerBadTime {
                server_seconds: late,
            },
        ),
        (TsigError::BadTrunc, TsigError::ServerOther(22)),
    ] {
        let mut answer = QUERY.to_vec();
        answer[2..4].copy_from_slice(&[0x80, 9]);
        ring.append_error(error, &query, late, (&mut answer, 0));
        assert_eq!(client.verify(&mut answer.clone(), SIGNED), Err(heard));
        if matches!(error, TsigError::BadTime | TsigError::BadTrunc) {
            // It is signed, so nobody else can say so.
            answer[3] ^= 1;
            assert_eq!(client.verify(&mut answer, SIGNED), Err(TsigError::BadSig));
        }
    }
}

#[test]
fn keys_are_found_by_name_and_no_two_have_the_same() {
    let keys = ["one.example", "two.example", "three"].map(|name| {
        let name = name.parse().unwrap();
        Key::new(&name, Algorithm::HmacSha256, &[1; 32]).unwrap()
    });
    let ring = KeyRing::new(keys).unwrap();
    let found = ring.find(&"TWO.example".parse().unwrap()).unwrap();
    assert_eq!(found.name().to_string(), "two.example.");
    assert!(ring.find(&"four".parse().unwrap()).is_none());
    let twice = KeyRing::new([key(Algorithm::HmacSha256), key(Algorithm::HmacSha512)]);
    assert!(twice.unwrap_err().to_string().contains("transfer.example."));
}
