//! What is believed of a response, and what is left of it.

use super::super::wire::{Additions, Bounds, encode};
use super::super::{Query, QueryFlags, Signature, Transport};
use super::*;

/// A response to a question for the addresses of `www.example`, written record by record.
struct Response {
    octets: Vec<u8>,
    counts: [u16; 3],
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

impl Response {
    fn new(bits: u16) -> Self {
        let mut octets = vec![0, 1];
        octets.extend(bits.to_be_bytes());
        octets.extend([0, 1, 0, 0, 0, 0, 0, 0]);
        octets.extend(name("www.example").as_wire());
        octets.extend([0, 1, 0, 1]);
        Self {
            octets,
            counts: [0; 3],
        }
    }

    fn with(
        mut self,
        section: usize,
        owner: &str,
        record_type: u16,
        ttl: u32,
        rdata: &[u8],
    ) -> Self {
        self.octets.extend(name(owner).as_wire());
        self.octets.extend(record_type.to_be_bytes());
        self.octets.extend([0, 1]);
        self.octets.extend(ttl.to_be_bytes());
        self.octets
            .extend(u16::try_from(rdata.len()).unwrap().to_be_bytes());
        self.octets.extend(rdata);
        self.counts[section] += 1;
        self
    }

    fn cname(self, owner: &str, target: &str, ttl: u32) -> Self {
        self.with(0, owner, 5, ttl, name(target).as_wire())
    }

    fn address(self, owner: &str, ttl: u32) -> Self {
        self.with(0, owner, 1, ttl, &[192, 0, 2, 1])
    }

    fn soa(self, owner: &str, ttl: u32, minimum: u32) -> Self {
        let names = [name("ns.example"), name("host.example")];
        let mut rdata: Vec<u8> = names.iter().flat_map(|it| it.as_wire().to_vec()).collect();
        rdata.extend([0; 16]);
        rdata.extend(minimum.to_be_bytes());
        self.with(1, owner, 6, ttl, &rdata)
    }

    fn octets(mut self) -> Vec<u8> {
        for (place, count) in self.counts.into_iter().enumerate() {
            self.octets[6 + 2 * place..8 + 2 * place].copy_from_slice(&count.to_be_bytes());
        }
        self.octets
    }

    fn read(self) -> Result<ReceivedAnswer, UnusableResponse> {
        ReceivedAnswer::read(&name("www.example"), RecordType::A, false, &self.octets())
    }
}

const GOOD: u16 = 0x8180;

/// The owners and types of what a client gets, by section.
fn records(received: &ReceivedAnswer) -> Vec<String> {
    let query = Query {
        id: 1,
        flags: QueryFlags::default(),
        name: name("www.example"),
        record_type: RecordType::A,
        class: Class::IN,
        edns: None,
        transport: Transport::Tcp,
        client: None,
        signature: Signature::Absent,
    };
    let mut out = Vec::new();
    let additions = Additions::default();
    encode(
        &received.answer,
        &query,
        Bounds::default(),
        &additions,
        0,
        &mut out,
    );
    let message = Message::read(&out).unwrap();
    assert!(!message.header().has(Flag::Authoritative));
    let sections = [Section::Answer, Section::Authority, Section::Additional];
    let records = sections
        .into_iter()
        .flat_map(|section| message.records(section));
    records
        .map(|it| format!("{:?} {} {}", it.owner, it.record_type.0, it.ttl))
        .collect()
}

#[test]
fn the_questions_own_chain_is_believed_and_nothing_else() {
    let received = Response::new(GOOD)
        .address("other.example", 60)
        .cname("www.example", "a.elsewhere", 300)
        .cname("a.elsewhere", "b.elsewhere", 200)
        .address("b.elsewhere", 100)
        .address("www.example", 5)
        .with(1, "elsewhere", 2, 60, name("ns.attacker").as_wire())
        .with(2, "ns.attacker", 1, 60, &[192, 0, 2, 66])
        .read()
        .unwrap();
    let expected = [
        "www.example. 5 300",
        "a.elsewhere. 5 200",
        "b.elsewhere. 1 100",
    ];
    assert_eq!(records(&received), expected);
    assert_eq!(received.keep_seconds, Some(100));
    assert_eq!(received.capped(50).keep_seconds, Some(50));
}

#[test]
fn chains_that_do_not_end_are_no_answer() {
    let circle = Response::new(GOOD)
        .cname("www.example", "a.example", 60)
        .cname("a.example", "www.example", 60);
    assert_eq!(circle.read().unwrap_err(), UnusableResponse::ChainTooLong);
    for (links, is_good) in [(11, true), (12, false)] {
        let mut chain = Response::new(GOOD).cname("www.example", "c1.example", 60);
        for link in 1..links {
            chain = chain.cname(
                &format!("c{link}.example"),
                &format!("c{}.example", link + 1),
                60,
            );
        }
        assert_eq!(chain.read().is_ok(), is_good, "{links} links");
    }
}

#[test]
fn a_denial_is_kept_as_long_as_its_soa_says_and_at_most_three_hours() {
    for (rcode, ttl, minimum, kept) in [
        (GOOD, 300, 60, Some(60)),
        (GOOD | 3, 30, 60, Some(30)),
        (GOOD | 3, 86_400, 86_400, Some(10_800)),
        (GOOD | 3, u32::MAX, 86_400, Some(0)),
    ] {
        let received = Response::new(rcode)
            .soa("example", ttl, minimum)
            .read()
            .unwrap();
        assert_eq!(received.keep_seconds, kept);
        let ttl = kept.unwrap();
        assert_eq!(records(&received), [format!("example. 6 {ttl}")]);
    }
    // Of another zone, or none at all.
    let foreign = Response::new(GOOD | 3).soa("com", 300, 60).read().unwrap();
    assert_eq!((foreign.keep_seconds, records(&foreign).len()), (None, 0));
    let bare = Response::new(GOOD).read().unwrap();
    assert_eq!(bare.keep_seconds, None);
    // The end of the chain is denied.
    let chained = Response::new(GOOD | 3)
        .cname("www.example", "gone.elsewhere", 20)
        .soa("elsewhere", 300, 60);
    let chained = chained.read().unwrap();
    assert_eq!(chained.keep_seconds, Some(20));
    assert_eq!(records(&chained).len(), 2);
}

#[test]
fn failures_and_referrals_are_no_answers() {
    let failed = Response::new(GOOD | 2).read().unwrap_err();
    let expected = UnusableResponse::Failure {
        rcode: Rcode::SERVFAIL,
        extended_error: None,
    };
    assert_eq!(failed, expected);
    let referral = Response::new(0x8100).with(1, "example", 2, 60, name("ns.example").as_wire());
    assert_eq!(referral.read().unwrap_err(), UnusableResponse::Referral);
    let malformed = Response::new(GOOD)
        .with(0, "www.example", 1, 60, &[1])
        .cname("x", "y", 1);
    let mut octets = malformed.octets();
    octets.truncate(40);
    let read = ReceivedAnswer::read(&name("www.example"), RecordType::A, false, &octets);
    assert_eq!(read.unwrap_err(), UnusableResponse::Malformed);
}

#[test]
fn signatures_and_proofs_are_passed_on_where_they_are_asked_for() {
    let signature = |covered: u8| {
        let mut rdata = vec![0, covered];
        rdata.extend([0; 16]);
        rdata.extend(name("example").as_wire());
        rdata
    };
    let response = || {
        Response::new(GOOD | 3)
            .soa("example", 300, 60)
            .with(1, "example", 46, 300, &signature(6))
            .with(1, "a.example", 47, 60, name("z.example").as_wire())
            .with(1, "a.example", 46, 60, &signature(47))
            .with(1, "example", 2, 60, name("ns.example").as_wire())
            .octets()
    };
    let read = |dnssec_ok| {
        ReceivedAnswer::read(&name("www.example"), RecordType::A, dnssec_ok, &response()).unwrap()
    };
    assert_eq!(records(&read(false)).len(), 1);
    assert_eq!(records(&read(true)).len(), 4);
}

#[test]
fn a_cname_of_a_dname_comes_with_it_for_who_checks_signatures() {
    // RFC 6672 §5.3.1, whether the CNAME is on the way or what is asked for.
    let signed = [
        &39_u16.to_be_bytes()[..],
        &[0; 16],
        name("example").as_wire(),
    ]
    .concat();
    let response = Response::new(GOOD)
        .cname("www.example", "www.elsewhere", 60)
        .with(0, "example", 39, 60, name("elsewhere").as_wire())
        .with(0, "example", 46, 60, &signed)
        .address("www.elsewhere", 60)
        .octets();
    for (record_type, without, with) in [(RecordType::A, 2, 4), (RecordType::CNAME, 1, 3)] {
        let read = |dnssec_ok| {
            let read =
                ReceivedAnswer::read(&name("www.example"), record_type, dnssec_ok, &response);
            records(&read.unwrap())
        };
        assert_eq!(read(false).len(), without, "{record_type}");
        let proved = read(true);
        assert_eq!(proved.len(), with, "{record_type}: {proved:?}");
        for record in ["example. 39 60", "example. 46 60"] {
            assert!(proved.iter().any(|it| it == record), "{proved:?}");
        }
    }
}

#[test]
fn no_octets_make_the_reading_panic() {
    let whole = Response::new(GOOD)
        .cname("www.example", "a.elsewhere", 300)
        .address("a.elsewhere", 100)
        .soa("example", 1, 1)
        .octets();
    let asked = name("www.example");
    for place in 0..whole.len() {
        for bits in [1, 0x20, 0x80, 0xff] {
            let mut changed = whole.clone();
            changed[place] ^= bits;
            let _ = ReceivedAnswer::read(&asked, RecordType::A, true, &changed);
        }
        let _ = ReceivedAnswer::read(&asked, RecordType::A, true, &whole[..place]);
    }
}
