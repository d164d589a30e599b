//! The JSON form: its fields and their order.

mod parameters;

use nomadns::dns::json::{Parameters, render};
use nomadns::dns::wire::{Additions, Bounds, MessageError, encode};
use nomadns::dns::{
    Answer, AnswerBuilder, ExtendedError, Name, Owner, Query, Rcode, RecordType, Section,
};
use proptest::prelude::*;

fn asked(query_string: &str) -> Parameters {
    Parameters::read(query_string, None).unwrap_or_else(|error| panic!("{query_string}: {error}"))
}

fn rendered(answer: &Answer, query: &Query) -> String {
    let mut message = Vec::new();
    encode(
        answer,
        query,
        Bounds::default(),
        &Additions::default(),
        0,
        &mut message,
    );
    render(&message, None).expect("encode makes messages")
}

#[test]
fn an_answer_has_googles_fields_in_googles_order() {
    let parameters =
        asked("name=_Redis._tcp.Default.nomad&type=SRV&edns_client_subnet=192.0.2.7/24");
    let query = parameters.query;
    let target: Name = "0a000001.addr.nomad".parse().unwrap();
    let mut builder = AnswerBuilder::new(&query.name);
    builder.push(
        Section::Answer,
        Owner::Question,
        RecordType::SRV,
        30,
        |rdata| {
            rdata.u16(10);
            rdata.u16(10);
            rdata.u16(6379);
            rdata.plain_name(&target);
        },
    );
    builder.push(
        Section::Additional,
        Owner::Name(&target),
        RecordType::A,
        30,
        |rdata| {
            rdata.octets(&[10, 0, 0, 1]);
        },
    );
    let mut message = Vec::new();
    encode(
        &builder.finish(),
        &query,
        Bounds::default(),
        &Additions::default(),
        0,
        &mut message,
    );
    assert_eq!(
        render(&message, parameters.client_subnet.as_ref()).unwrap(),
        concat!(
            r#"{"Status":0,"TC":false,"RD":true,"RA":false,"AD":false,"CD":false,"#,
            r#""Question":[{"name":"_Redis._tcp.Default.nomad.","type":33}],"#,
            r#""Answer":[{"name":"_Redis._tcp.Default.nomad.","type":33,"TTL":30,"#,
            r#""data":"10 10 6379 0a000001.addr.nomad."}],"#,
            r#""Additional":[{"name":"0a000001.addr.nomad.","type":1,"TTL":30,"data":"10.0.0.1"}],"#,
            r#""edns_client_subnet":"192.0.2.7/0"}"#,
        )
    );
}

#[test]
fn a_denial_has_its_soa_and_no_empty_sections() {
    let query = asked("name=none.nomad&cd=1").query;
    let zone: Name = "nomad".parse().unwrap();
    let mut builder = AnswerBuilder::new(&query.name);
    builder.set_rcode(Rcode::NXDOMAIN);
    builder.push(
        Section::Authority,
        Owner::Name(&zone),
        RecordType::SOA,
        5,
        |rdata| {
            rdata.name(&"ns.nomad".parse().unwrap());
            rdata.name(&"hostmaster.nomad".parse().unwrap());
            for number in [7, 60, 10, 600, 5] {
                rdata.u32(number);
            }
        },
    );
    assert_eq!(
        rendered(&builder.finish(), &query),
        concat!(
            r#"{"Status":3,"TC":false,"RD":true,"RA":false,"AD":false,"CD":true,"#,
            r#""Question":[{"name":"none.nomad.","type":1}],"#,
            r#""Authority":[{"name":"nomad.","type":6,"TTL":5,"#,
            r#""data":"ns.nomad. hostmaster.nomad. 7 60 10 600 5"}]}"#,
        )
    );
}

#[test]
fn an_extended_error_is_told_to_people_and_to_programs() {
    let query = asked("name=redis.default.nomad").query;
    let answer = AnswerBuilder::error(Rcode::SERVFAIL, Some(ExtendedError::NOT_READY));
    let json = rendered(&answer, &query);
    assert!(json.starts_with(r#"{"Status":2,"#), "{json}");
    assert!(
        json.ends_with(concat!(
            r#""Comment":"EDE(14): Not Ready: no answer from Nomad yet","#,
            r#""extended_dns_errors":[{"info_code":14,"extra_text":"no answer from Nomad yet"}]}"#,
        )),
        "{json}"
    );
}

#[test]
fn the_status_has_all_twelve_bits_and_the_opt_is_never_listed() {
    let query = asked("name=a.nomad").query;
    let json = rendered(&AnswerBuilder::error(Rcode::BADVERS, None), &query);
    assert!(json.starts_with(r#"{"Status":16,"#), "{json}");
    assert!(!json.contains("Additional"), "{json}");
}

#[test]
fn txt_is_quoted_so_that_nothing_is_lost() {
    let query = asked("name=a.nomad&type=txt").query;
    let mut builder = AnswerBuilder::new(&query.name);
    builder.push(
        Section::Answer,
        Owner::Question,
        RecordType::TXT,
        30,
        |rdata| {
            rdata.text(br#"a "b" \"#);
            rdata.text(b"\x07\xc3\xbc");
        },
    );
    let json = rendered(&builder.finish(), &query);
    let document: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        document["Answer"][0]["data"],
        r#""a \"b\" \\" "\007\195\188""#
    );
}

#[test]
fn octets_that_are_no_message_are_refused() {
    assert_eq!(render(&[0; 11], None), Err(MessageError::Truncated));
}

proptest! {
    #[test]
    fn what_is_rendered_is_json(octets in prop::collection::vec(prop_oneof![3 => 0_u8..3, 1 => any::<u8>()], 12..80)) {
        if let Ok(json) = render(&octets, None) {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
        }
    }
}
