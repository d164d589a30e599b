//! RFC 9461 and 9462: where this gateway is reached encrypted, for clients that found it by plain DNS.

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::svcb::{SvcParamKey, SvcParamValue};
use hickory_proto::rr::{RData, RecordType};
use nomadns::listeners::http::{PathUse, Paths};
use serde_json::Value;
use tokio::net::UdpSocket;

use crate::support::answers::{addresses, assert_denied, name_of};
use crate::support::clients::{ask_udp, http_client};
use crate::support::gateway::{Gateway, cast};
use crate::support::question::Question;

const NAME: &str = "_dns.resolver.arpa";
const TARGET: &str = "dns.example.com";

async fn ask(gateway: &Gateway, name: &str, record_type: RecordType) -> Message {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(gateway.dns).await.unwrap();
    let question = Question::new(name, record_type);
    ask_udp(&socket, &question).await.unwrap()
}

fn designating(nomad_url: &str) -> Gateway {
    Gateway::with(nomad_url, |settings| {
        settings.designated_resolver = Some(TARGET.parse().unwrap());
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_encrypted_listeners_are_told_with_their_ports() {
    let nomad = cast();
    let gateway = designating(&nomad.url());
    let message = ask(&gateway, NAME, RecordType::SVCB).await;
    assert!(message.metadata.authoritative);
    let mut found = Vec::new();
    for record in &message.answers {
        let RData::SVCB(service) = &record.data else {
            panic!("{record}");
        };
        assert_eq!((service.svc_priority, record.ttl), (1, 30));
        assert_eq!(service.target_name, name_of(TARGET));
        let keys: Vec<u16> = service
            .svc_params
            .iter()
            .map(|(key, _)| (*key).into())
            .collect();
        assert!(keys.is_sorted(), "{keys:?}");
        let (mut alpn, mut port, mut path) = (Vec::new(), 0, Vec::new());
        for (key, value) in &service.svc_params {
            match (key, value) {
                (_, SvcParamValue::Alpn(protocols)) => alpn.clone_from(&protocols.0),
                (_, SvcParamValue::Port(number)) => port = *number,
                (SvcParamKey::Unknown(7), SvcParamValue::Unknown(value)) => {
                    path.clone_from(&value.0)
                }
                other => panic!("{other:?}"),
            }
        }
        found.push((alpn.join(","), port, String::from_utf8(path).unwrap()));
    }
    found.sort();
    let tls = ("dot".to_owned(), gateway.tls.port(), String::new());
    let path = "/dns-query{?dns}".to_owned();
    let https = ("h2,http/1.1".to_owned(), gateway.https.port(), path);
    assert_eq!(found, [tls, https]);
    assert_eq!(addresses(&message.additionals), ["127.0.0.1", "::1"]);
    gateway.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn json_prints_the_parameters_by_their_names() {
    let nomad = cast();
    let gateway = designating(&nomad.url());
    let url = format!("http://{}/resolve?name={NAME}&type=SVCB", gateway.http);
    let response = http_client(&[]).get(url).send().await.unwrap();
    let document: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    let records = document["Answer"].as_array().unwrap().iter();
    let mut data: Vec<&str> = records
        .map(|record| record["data"].as_str().unwrap())
        .collect();
    data.sort_unstable();
    let (tls, https) = (gateway.tls.port(), gateway.https.port());
    let expected = [
        format!("1 {TARGET}. alpn=\"dot\" port={tls}"),
        format!("1 {TARGET}. alpn=\"h2,http/1.1\" port={https} dohpath=\"/dns-query{{?dns}}\""),
    ];
    assert_eq!(data, expected);
    gateway.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_path_that_is_served_is_told_and_none_when_there_is_none() {
    for (paths, expected) in [
        (vec!["/secret", "/dns-query"], Some("/secret{?dns}")),
        (vec![], None),
    ] {
        let nomad = cast();
        let gateway = Gateway::with(&nomad.url(), |settings| {
            settings.designated_resolver = Some(TARGET.parse().unwrap());
            settings.http.paths = Paths::none();
            for path in &paths {
                settings.http.paths.add(PathUse::Dns, path).unwrap();
            }
        });
        let message = ask(&gateway, NAME, RecordType::SVCB).await;
        assert_eq!(message.answers.len(), 1 + usize::from(expected.is_some()));
        let template = message
            .answers
            .iter()
            .find_map(|record| match &record.data {
                RData::SVCB(service) => {
                    service
                        .svc_params
                        .iter()
                        .find_map(|(_, value)| match value {
                            SvcParamValue::Unknown(value) => {
                                String::from_utf8(value.0.clone()).ok()
                            }
                            _ => None,
                        })
                }
                _ => None,
            });
        assert_eq!(template.as_deref(), expected);
        gateway.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_else_is_in_the_zone_of_resolvers() {
    let nomad = cast();
    let gateway = designating(&nomad.url());
    let zone = "resolver.arpa";
    for (name, record_type, rcode) in [
        (NAME, RecordType::A, ResponseCode::NoError),
        (NAME, RecordType::HTTPS, ResponseCode::NoError),
        (zone, RecordType::SVCB, ResponseCode::NoError),
        (zone, RecordType::DS, ResponseCode::NoError),
        (
            "x._dns.resolver.arpa",
            RecordType::SVCB,
            ResponseCode::NXDomain,
        ),
        ("x.resolver.arpa", RecordType::A, ResponseCode::NXDomain),
    ] {
        let message = ask(&gateway, name, record_type).await;
        assert_denied(&message, rcode, zone);
    }
    for record_type in [RecordType::SOA, RecordType::NS] {
        let message = ask(&gateway, "Resolver.ARPA", record_type).await;
        assert_eq!(message.answers[0].record_type(), record_type);
    }
    // What is beside it is still nobody's.
    for name in ["arpa", "xresolver.arpa", "_dns.resolver.arpa.example"] {
        let message = ask(&gateway, name, RecordType::SVCB).await;
        assert_eq!(
            message.metadata.response_code,
            ResponseCode::Refused,
            "{name}"
        );
    }
    gateway.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_name_nothing_is_told() {
    let nomad = cast();
    let gateway = Gateway::with(&nomad.url(), |_| {});
    let message = ask(&gateway, NAME, RecordType::SVCB).await;
    assert_eq!(message.metadata.response_code, ResponseCode::Refused);
    assert!(message.answers.is_empty() && message.authorities.is_empty());
    gateway.end().await;
}
