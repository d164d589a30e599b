//! Each parameter of a question that is asked for as JSON.

use nomadns::dns::RecordType;
use nomadns::dns::json::{AnswerFormat, ParameterError, ParameterFault, Parameters};
use proptest::prelude::*;

use super::asked;

fn refused(query_string: &str) -> ParameterError {
    Parameters::read(query_string, None).expect_err(query_string)
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
    assert_eq!((form, client_subnet), (AnswerFormat::Json, None));
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
        let fault = ParameterFault::Invalid(given.to_owned());
        assert_eq!((error.param, error.fault), ("type", fault));
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
    for (given, expected) in [
        ("192.0.2.7", "192.0.2.7/0"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("2001:db8::%2F56", "2001:db8::/0"),
    ] {
        let subnet = asked(&format!("name=a&edns_client_subnet={given}")).client_subnet;
        assert_eq!(subnet.unwrap().to_string(), expected);
    }
    for given in ["", "here", "192.0.2.0/33", "::/129", "192.0.2.0/", "1/0"] {
        let error = refused(&format!("name=a&edns_client_subnet={given}"));
        assert_eq!(error.param, "edns_client_subnet", "{given}");
    }
}

#[test]
fn the_form_is_json_unless_a_message_is_wanted() {
    for (given, form) in [
        ("application/dns-message", AnswerFormat::Message),
        ("application/x-javascript", AnswerFormat::Json),
        ("Application/DNS-JSON", AnswerFormat::DnsJson),
        ("text/plain", AnswerFormat::Json),
    ] {
        assert_eq!(asked(&format!("name=a&ct={given}")).form, form, "{given}");
    }
}

#[test]
fn a_parameter_given_twice_is_an_error_that_names_it() {
    for param in ["name", "type", "cd", "do", "ct", "edns_client_subnet"] {
        // The same twice too, and whatever else is wrong.
        for values in [["A", "AAAA"], ["A", "A"], ["", "?"]] {
            let [one, other] = values.map(|value| format!("{param}={value}"));
            let error = refused(&format!("{one}&random_padding=x&{other}"));
            assert_eq!(
                (error.param, &error.fault),
                (param, &ParameterFault::Repeated)
            );
        }
    }
    assert_eq!(
        refused("name=a&type=A&type=AAAA").to_json(),
        concat!(
            r#"{"error":"more than one type","param":"type","#,
            r#""expected":"it once; ask for each name and each type apart"}"#,
        )
    );
}

#[test]
fn what_is_not_known_is_left_alone_however_often_it_is_there() {
    let query =
        asked("random_padding=x&name=a&foo=1&foo=2&type=AAAA&random_padding=y&NAME=c").query;
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
}
