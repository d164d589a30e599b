//! RFC 8427: messages as JSON. What `kdig +json` (Knot DNS 3.2.6) printed of a message is the second opinion.

use nomadns::dns::json::render_rfc8427;
use nomadns::dns::{RecordType, Transport};
use nomadns::listeners::ConnectionLimits;
use serde_json::{Map, Value, json};

use crate::support::answers::{Answers, query};
use crate::web::{Web, header};

const MESSAGE: &[u8] = include_bytes!("../../fixtures/kdig/message.bin");
/// Without `dateString`, `dateSeconds` and `msgLength`, which are of the transfer.
const PRINTED: &str = include_str!("../../fixtures/kdig/message.json");

fn rendered(message: &[u8]) -> Map<String, Value> {
    serde_json::from_str(&render_rfc8427(message).unwrap()).unwrap()
}

#[test]
fn a_message_is_printed_as_kdig_prints_it() {
    let mut expected: Map<String, Value> = serde_json::from_str(PRINTED).unwrap();
    // kdig has an id of its own, and asks in small letters.
    expected["ID"] = json!(0);
    expected["QNAME"] = json!(r#"WeB.a\.b\"\010.nomad."#);
    // Values of a service's parameters stand in quotes here and in dig, unknown data in small digits.
    expected["answerRRs"][8]["rdataHTTPS"] = json!(r#"1 . alpn="h2,h3""#);
    expected["answerRRs"][11]["rdataNULL"] = json!(r"\# 1 ab");
    let rendered = rendered(MESSAGE);
    assert_eq!(Value::from(rendered.clone()), Value::from(expected));
}

#[test]
fn the_members_come_in_the_order_of_kdig() {
    let members = |text: &str| -> Vec<String> {
        let quoted = text.split('"').skip(1).step_by(2);
        quoted
            .filter(|word| {
                let known = ["NAME", "TYPE", "CLASS", "TTL", "RD", "rdata", "Q", "RRs"];
                known.iter().any(|part| word.contains(part)) && !word.contains('.')
            })
            .map(str::to_owned)
            .collect()
    };
    let ours = render_rfc8427(MESSAGE).unwrap().replace("\\\"", "");
    assert_eq!(members(&ours), members(&PRINTED.replace("\\\"", "")));
}

#[tokio::test]
async fn an_answer_of_the_gateway_has_text_and_octets_that_stand_alone() {
    let answers = Answers::usual();
    let message = query("noport.default.nomad", hickory_proto::rr::RecordType::SRV);
    let denial = rendered(&answers.octets(&message.to_vec().unwrap(), Transport::Tcp));
    let soa = &denial["authorityRRs"][0];
    // Names are written out: the data can be read without the message.
    let octets = soa["RDATAHEX"].as_str().unwrap();
    assert_eq!(octets.len() as u64 / 2, soa["RDLENGTH"].as_u64().unwrap());
    assert!(octets.starts_with("026E73056E6F6D616400"), "{octets}");
    assert!(soa["rdataSOA"].as_str().unwrap().starts_with("ns.nomad. "));
    assert_eq!((&denial["RCODE"], &denial["AA"]), (&json!(0), &json!(1)));
    assert_eq!(denial["additionalRRs"][0]["TYPEname"], "OPT");
}

#[test]
fn a_message_without_a_question_says_nothing_of_one() {
    let mut message = [0; 12];
    (message[2], message[3]) = (0x80, 1);
    let rendered = rendered(&message);
    assert!(
        !rendered
            .keys()
            .any(|key| key.starts_with("QN") || key.starts_with("QT"))
    );
    assert_eq!(
        (&rendered["RCODE"], &rendered["QDCOUNT"]),
        (&json!(1), &json!(0))
    );
}

#[tokio::test]
async fn the_form_is_had_by_accept_on_both_paths() {
    let web = Web::plain(ConnectionLimits::default());
    let message = crate::stub::query(7, "a.nomad", RecordType::A);
    let by_name = ["/resolve?name=a.nomad", "/dns-query?name=a.nomad"];
    let mut responses = Vec::new();
    for path in by_name {
        responses.push((0, web.get_accepting(path, "application/dns+json").await));
    }
    let posted = web
        .request(reqwest::Method::POST, "/dns-query")
        .header("content-type", "application/dns-message")
        .header("accept", "application/dns+json, */*;q=0.1")
        .body(message);
    responses.push((7, posted.send().await.unwrap()));
    for (id, response) in responses {
        assert_eq!(header(&response, "content-type"), "application/dns+json");
        assert_eq!(header(&response, "cache-control"), "max-age=30");
        assert_eq!(header(&response, "vary"), "accept");
        let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        assert_eq!((&body["ID"], &body["QR"]), (&json!(id), &json!(1)));
        assert_eq!(body["answerRRs"][0]["rdataA"], "10.0.0.1");
    }
}
