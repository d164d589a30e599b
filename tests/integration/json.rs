//! The JSON form: its fields and their order, and each parameter of a question.

use nomadns::dns::json::{Form, ParameterError, Parameters, render};
use nomadns::dns::wire::{Additions, MessageError, encode};
use nomadns::dns::{
    Answer, AnswerBuilder, ExtendedError, Name, Owner, Query, Rcode, RecordType, Section,
};
use proptest::prelude::*;

fn asked(query_string: &str) -> Parameters {
    Parameters::read(query_string, None).unwrap_or_else(|error| panic!("{query_string}: {error}"))
}

fn refused(query_string: &str) -> ParameterError {
    Parameters::read(query_string, None).expect_err(query_string)
}

fn rendered(answer: &Answer, query: &Query) -> String {
    let mut message = Vec::new();
    encode(answer, query, &Additions::default(), 0, &mut message);
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
            r#""Comment":"EDE(14): Not Ready: no answer of Nomad yet","#,
            r#""extended_dns_errors":[{"info_code":14,"extra_text":"no answer of Nomad yet"}]}"#,
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

#[test]
fn a_question_sets_rd_and_edns_and_asks_for_a() {
    let Parameters {
        query,
        form,
        client_subnet,
    } = asked("name=WeB.nomad");
    assert_eq!(query.name.to_string(), "WeB.nomad.");
    assert_eq!((query.record_type, query.id), (RecordType::A, 0));
    assert!(query.flags.recursion_desired && !query.flags.checking_disabled);
    assert!(query.edns.is_some_and(|edns| !edns.dnssec_ok));
    assert_eq!((form, client_subnet), (Form::Json, None));
}

#[test]
fn a_name_may_be_escaped_percent_encoded_or_international() {
    for (given, name) in [
        ("name=a%2Eb.nomad.", "a.b.nomad."),
        ("name=a%5C.b.nomad", r"a\.b.nomad."),
        (r"name=a\046b.nomad", r"a\.b.nomad."),
        ("name=b%C3%BCcher.nomad", "xn--bcher-kva.nomad."),
        ("name=bücher.nomad", "xn--bcher-kva.nomad."),
        ("name=a+b", r"a\032b."),
        ("name=.", "."),
    ] {
        assert_eq!(asked(given).query.name.to_string(), name, "{given}");
    }
}

#[test]
fn a_type_is_a_number_or_a_mnemonic_in_any_letter_case() {
    for (given, number) in [
        ("28", 28),
        ("aaaa", 28),
        ("HTTPS", 65),
        ("TYPE65280", 65280),
        ("65535", 65535),
    ] {
        let record_type = asked(&format!("name=a&type={given}")).query.record_type;
        assert_eq!(record_type, RecordType(number), "{given}");
    }
    for given in ["", "0", "65536", "FOO", "-1", "TYPE0", "1.5", "99999999999"] {
        let error = refused(&format!("name=a&type={given}"));
        assert_eq!((error.param, error.value.as_deref()), ("type", Some(given)));
    }
}

#[test]
fn flags_take_the_words_for_yes_and_no_and_nothing_else() {
    for (given, set) in [
        ("", false),
        ("0", false),
        ("1", true),
        ("TRUE", true),
        ("False", false),
    ] {
        let query = asked(&format!("name=a&cd={given}&do={given}")).query;
        assert_eq!(query.flags.checking_disabled, set, "{given}");
        assert_eq!(query.edns.unwrap().dnssec_ok, set, "{given}");
    }
    assert_eq!(refused("name=a&cd=2").param, "cd");
    assert_eq!(refused("name=a&do=yes").param, "do");
}

#[test]
fn a_client_subnet_is_an_address_with_or_without_a_prefix() {
    for (given, told) in [
        ("192.0.2.7", "192.0.2.7/0"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("2001:db8::%2F56", "2001:db8::/0"),
    ] {
        let subnet = asked(&format!("name=a&edns_client_subnet={given}")).client_subnet;
        assert_eq!(subnet.unwrap().to_string(), told);
    }
    for given in ["", "here", "192.0.2.0/33", "::/129", "192.0.2.0/", "1/0"] {
        let error = refused(&format!("name=a&edns_client_subnet={given}"));
        assert_eq!(error.param, "edns_client_subnet", "{given}");
    }
}

#[test]
fn the_form_is_json_unless_a_message_is_wanted() {
    for (given, form) in [
        ("application/dns-message", Form::Message),
        ("application/x-javascript", Form::Json),
        ("Application/DNS-JSON", Form::DnsJson),
        ("text/plain", Form::Json),
    ] {
        assert_eq!(asked(&format!("name=a&ct={given}")).form, form, "{given}");
    }
}

#[test]
fn the_first_of_two_counts_and_the_unknown_does_not() {
    let query = asked("random_padding=xxxx&name=a&foo=1&name=b&type=AAAA&type=FOO&NAME=c").query;
    assert_eq!(query.name.to_string(), "a.");
    assert_eq!(query.record_type, RecordType::AAAA);
}

#[test]
fn an_error_names_the_parameter_and_what_would_be_right() {
    assert_eq!(
        refused("type=A").to_json(),
        concat!(
            r#"{"error":"missing name","param":"name","#,
            r#""expected":"the domain name to look up, such as `name=redis.default.nomad`"}"#,
        )
    );
    assert_eq!(
        refused("name=a&type=FOO").to_json(),
        concat!(
            r#"{"error":"invalid type: FOO","param":"type","#,
            r#""expected":"a number from 1 to 65535, or a record type such as `A` or `SRV`"}"#,
        )
    );
    for name in [
        "",
        ".a",
        "a..b",
        &"a".repeat(64),
        &"a.".repeat(128),
        "%ff",
        "a%00%0a..",
    ] {
        let error = refused(&format!("name={name}"));
        assert_eq!(error.param, "name");
        assert!(!error.to_string().contains('\n'));
    }
    assert!(
        refused(&format!("name=a&type={}", "x".repeat(100_000)))
            .to_json()
            .len()
            < 300
    );
}

proptest! {
    #[test]
    fn no_query_string_makes_the_reader_panic(text in "(name|type|cd|do|=|&|%|\\.|\\\\|.){0,40}") {
        let _ = Parameters::read(&text, None);
    }
    #[test]
    fn what_is_rendered_is_json(octets in prop::collection::vec(prop_oneof![3 => 0_u8..3, 1 => any::<u8>()], 12..80)) {
        if let Ok(json) = render(&octets, None) {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
        }
    }
}
