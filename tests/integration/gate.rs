//! One gate for all transports: what is odd about a message gets the same octets over every socket.
//!
//! The messages are written here octet by octet, so that no encoder mends them.

use std::fmt;

use hickory_proto::op::Message;
use serde_json::Value;

use crate::support::clients::http_client;
use crate::support::gateway::{Gateway, cast};
use crate::support::sockets::Sockets;

const NOERROR: u16 = 0;
const FORMERR: u16 = 1;
const NOTIMP: u16 = 4;
const REFUSED: u16 = 5;
const NOTAUTH: u16 = 9;
const BADVERS: u16 = 16;

/// The longest query that is read.
const QUERY_OCTETS: usize = 4096;
/// `nomad. SOA IN`, and the same in other classes.
const QUESTION: &[u8] = b"\x05nomad\0\0\x06\0\x01";
/// The same zone, whole (AXFR) and what has changed of it (IXFR).
const WHOLE: &[u8] = b"\x05nomad\0\0\xfc\0\x01";
const CHANGES: &[u8] = b"\x05nomad\0\0\xfb\0\x01";
const CHAOS: &[u8] = b"\x05nomad\0\0\x06\0\x03";
const ANY_CLASS: &[u8] = b"\x05nomad\0\0\x06\0\xff";
/// OPT records, of version 0 and 1, one below a name, one whose option is cut short, one with half a subnet.
const OPT: &[u8] = b"\0\0\x29\x04\xd0\0\0\0\0\0\0";
const OPT_1: &[u8] = b"\0\0\x29\x04\xd0\0\x01\0\0\0\0";
const OPT_1_CUT: &[u8] = b"\0\0\x29\x04\xd0\0\x01\0\0\0\x03\0\x03\0";
const OPT_OF_A_NAME: &[u8] = b"\x01x\0\0\x29\x04\xd0\0\0\0\0\0\0";
const OPT_CUT: &[u8] = b"\0\0\x29\x04\xd0\0\0\0\0\0\x03\0\x03\0";
const OPT_HALF_A_SUBNET: &[u8] = b"\0\0\x29\x04\xd0\0\0\0\0\0\x06\0\x08\0\x02\0\x01";

/// A signature by a key that nobody has, one that is cut short, and one of another class.
const TSIG: &[u8] =
    b"\x03key\0\0\xfa\0\xff\0\0\0\0\0\x2d\x0bhmac-sha256\0\0\0\x65\x53\xf1\0\x01\x2c\
    \0\x10................\x12\x34\0\0\0\0";
const TSIG_CUT: &[u8] = b"\x03key\0\0\xfa\0\xff\0\0\0\0\0\x03\x01x\0";
const TSIG_OF_IN: &[u8] = b"\x03key\0\0\xfa\0\x01\0\0\0\0\0\0";

/// What a message has to get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    /// An answer with this code, to the last octet the same everywhere.
    Code(u16),
    /// No answer: UDP stays silent, a stream is closed, HTTP says 400.
    Nothing,
}

struct Row {
    what: String,
    message: Vec<u8>,
    due: Due,
}

/// What is odd, the counts of the header, what stands behind it, and the code.
type OddQuery<'a> = (&'a str, [u16; 4], &'a [&'a [u8]], u16);

/// The table: each opcode and a response of it, then what is odd about a query.
fn rows() -> Vec<Row> {
    let of_opcode = |opcode: u16| {
        let due = Due::Code(if opcode == 0 { NOERROR } else { NOTIMP });
        let (query, response) = (opcode << 11, 0x8000 | opcode << 11);
        [
            ("a query", query, due),
            ("a response", response, Due::Nothing),
        ]
        .map(|(what, bits, due)| {
            let message = message(bits, [1, 0, 0, 0], &[QUESTION]);
            row(&format!("{what} of opcode {opcode}"), message, due)
        })
    };
    let of_opcode_signed = |opcode: u16| {
        let due = Due::Code(if opcode == 0 { NOTAUTH } else { NOTIMP });
        let message = message(opcode << 11, [1, 0, 0, 1], &[QUESTION, TSIG]);
        row(&format!("a signed query of opcode {opcode}"), message, due)
    };
    let scrap = message(0, [1, 0, 0, 0], &[])[..11].to_vec();
    let mut rows: Vec<Row> = (0..16).flat_map(of_opcode).collect();
    rows.extend((0..16).map(of_opcode_signed));
    rows.push(row("11 octets", scrap, Due::Nothing));
    rows.push(row(
        "a response's header",
        message(0x8000, [0; 4], &[]),
        Due::Nothing,
    ));
    for (opt, code) in [(OPT, NOTIMP), (OPT_1, BADVERS)] {
        let message = message(4 << 11, [1, 0, 0, 1], &[QUESTION, opt]);
        rows.push(row("a NOTIFY with an OPT", message, Due::Code(code)));
    }
    rows.extend(odd_queries());
    rows
}

fn odd_queries() -> impl Iterator<Item = Row> {
    let (q, long) = (QUESTION, [0; QUERY_OCTETS]);
    let fits = &long[12 + q.len()..];
    #[rustfmt::skip]
    let all: [OddQuery<'_>; 37] = [
        ("EDNS",                    [1, 0, 0, 1],  &[q, OPT],               NOERROR),
        ("no question",             [0, 0, 0, 0],  &[],                     FORMERR),
        ("an OPT alone",            [0, 0, 0, 1],  &[OPT],                  FORMERR),
        ("two questions",           [2, 0, 0, 0],  &[q, q],                 FORMERR),
        ("a question too many",     [2, 0, 0, 0],  &[q],                    FORMERR),
        ("half a question",         [1, 0, 0, 0],  &[&q[..9]],              FORMERR),
        ("a pointer",               [1, 0, 0, 0],  &[b"\xc0\x0c\0\x06\0\x01"], FORMERR),
        ("class CH",                [1, 0, 0, 0],  &[CHAOS],                REFUSED),
        ("class ANY",               [1, 0, 0, 0],  &[ANY_CLASS],            NOERROR),
        ("EDNS version 1",          [1, 0, 0, 1],  &[q, OPT_1],             BADVERS),
        ("two OPTs",                [1, 0, 0, 2],  &[q, OPT, OPT],          FORMERR),
        ("an OPT of a name",        [1, 0, 0, 1],  &[q, OPT_OF_A_NAME],     FORMERR),
        ("an option cut short",     [1, 0, 0, 1],  &[q, OPT_CUT],           FORMERR),
        ("half a subnet",           [1, 0, 0, 1],  &[q, OPT_HALF_A_SUBNET], FORMERR),
        ("version 1, an option cut short", [1, 0, 0, 1], &[q, OPT_1_CUT],   BADVERS),
        ("version 1 without question", [0, 0, 0, 1], &[OPT_1],              BADVERS),
        ("two questions and an OPT", [2, 0, 0, 1], &[q, q, OPT],            FORMERR),
        ("17 records and an OPT",   [1, 0, 0, 17], &[q, OPT],               FORMERR),
        ("no OPT where one is said", [1, 0, 0, 1], &[q],                    FORMERR),
        ("17 records",              [1, 0, 0, 17], &[q],                    FORMERR),
        ("octets behind it",        [1, 0, 0, 0],  &[q, b"more"],           NOERROR),
        ("octets behind its OPT",   [1, 0, 0, 1],  &[q, OPT, b"more"],      NOERROR),
        ("4,096 octets",            [1, 0, 0, 0],  &[q, fits],              NOERROR),
        ("TSIG",                    [1, 0, 0, 1],  &[q, TSIG],              NOTAUTH),
        ("EDNS and TSIG",           [1, 0, 0, 2],  &[q, OPT, TSIG],         NOTAUTH),
        ("EDNS version 1 and TSIG", [1, 0, 0, 2],  &[q, OPT_1, TSIG],       NOTAUTH),
        ("EDNS behind TSIG",        [1, 0, 0, 2],  &[q, TSIG, OPT],         FORMERR),
        ("two TSIGs",               [1, 0, 0, 2],  &[q, TSIG, TSIG],        FORMERR),
        ("TSIG in another section", [1, 1, 0, 0],  &[q, TSIG],              FORMERR),
        ("octets behind TSIG",      [1, 0, 0, 1],  &[q, TSIG, b"more"],     FORMERR),
        ("TSIG cut short",          [1, 0, 0, 1],  &[q, TSIG_CUT],          FORMERR),
        ("TSIG of class IN",        [1, 0, 0, 1],  &[q, TSIG_OF_IN],        FORMERR),
        ("a transfer",              [1, 0, 0, 0],  &[WHOLE],                REFUSED),
        ("EDNS and a transfer",     [1, 0, 0, 1],  &[WHOLE, OPT],           REFUSED),
        ("changes without a SOA",   [1, 0, 0, 0],  &[CHANGES],              REFUSED),
        ("a signed transfer",       [1, 0, 0, 1],  &[WHOLE, TSIG],          NOTAUTH),
        ("4,097 octets",            [1, 0, 0, 0],  &[q, fits, b"\0"],       FORMERR),
    ];
    let rows = all
        .map(|(what, counts, parts, code)| row(what, message(0, counts, parts), Due::Code(code)));
    rows.into_iter()
}

fn row(what: &str, message: Vec<u8>, due: Due) -> Row {
    Row {
        what: what.to_owned(),
        message,
        due,
    }
}

fn message(bits: u16, counts: [u16; 4], parts: &[&[u8]]) -> Vec<u8> {
    let header = [0x1234, bits].into_iter().chain(counts);
    let header: Vec<u8> = header.flat_map(u16::to_be_bytes).collect();
    [header, parts.concat()].concat()
}

impl Row {
    fn check(&self, way: &str, came: Option<&[u8]>, first: Option<&[u8]>) {
        assert_eq!(came, first, "{self:?} over {way}");
        let Some(out) = came else {
            return assert_eq!(self.due, Due::Nothing, "{self:?} over {way}");
        };
        let answer = Message::from_vec(out).expect("hickory decodes it");
        let code = u16::from(answer.metadata.response_code);
        assert_eq!(self.due, Due::Code(code), "{self:?} over {way}");
        // RFC 6891 §6.1.1: with an OPT where there was one.
        let has_opt = self.message.windows(3).any(|octets| octets == b"\0\0\x29");
        assert_eq!(answer.edns.is_some(), has_opt, "{self:?} over {way}");
        // It is a response, with the id and the opcode that were sent.
        let bits = 0x80 | self.message[2] & 0x78;
        assert_eq!((&out[..2], out[2] & 0xf8), (&self.message[..2], bits));
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_odd_gets_the_same_over_every_socket() {
    let nomad = cast();
    let gateway = Gateway::start(&nomad.url()).await;
    let sockets = Sockets::of(&gateway);
    for row in rows() {
        let all = sockets.ask(&row.message).await;
        let first = all[0].1.as_deref();
        for (way, came) in &all {
            // No stream is read so far, and it fits into no URI.
            if row.message.len() > QUERY_OCTETS && !matches!(*way, "UDP" | "POST") {
                assert_eq!(*came, None);
                continue;
            }
            row.check(way, came.as_deref(), first);
        }
    }
    gateway.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_json_can_say_gets_the_same_code() {
    let nomad = cast();
    let gateway = Gateway::start(&nomad.url()).await;
    let (client, base) = (http_client(&[]), format!("http://{}", gateway.http));
    // The same as in a message: a query, with DO, with CD; then what a message can say wrong.
    for (query, status, code) in [
        ("name=nomad&type=SOA", 200, Some(NOERROR)),
        ("name=nomad&type=SOA&do=1", 200, Some(NOERROR)),
        ("name=nomad&type=SOA&cd=1", 200, Some(NOERROR)),
        ("name=nomad&type=AXFR", 200, Some(REFUSED)),
        ("name=nomad.example&type=A", 200, Some(REFUSED)),
        ("name=nomad&edns_client_subnet=x", 400, None),
        ("type=SOA", 400, None),
    ] {
        let request = client.get(format!("{base}/resolve?{query}"));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{query}");
        let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        assert_eq!(body["Status"].as_u64(), code.map(u64::from), "{query}");
    }
    gateway.end().await;
}
