//! The query strings of `/resolve` and `/dns-query`, each with one of the types that a client may accept.
//!
//! What comes back has a status of the known ones and a body that is what its type says.
#![no_main]

use std::net::{IpAddr, Ipv4Addr};

use axum::body::Body;
use futures_util::FutureExt as _;
use hickory_proto::op::Message;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Request, StatusCode, Uri};
use http_body_util::BodyExt as _;
use libfuzzer_sys::fuzz_target;
use nomadns::dns::json::Parameters;
use nomadns::layers::WorkerStack;
use nomadns::listeners::Shared;
use nomadns::listeners::http::{DnsRouter, Respond as _, Settings};
use nomadns_fuzz::{filled, in_runtime};

const ACCEPTED: [&str; 4] = [
    "*/*",
    "application/dns-message",
    "application/dns-json",
    "application/dns+json",
];
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fuzz_target!(|given: (u8, &str)| {
    let (choice, query) = given;
    match Parameters::read(query, Some(CLIENT)) {
        Ok(read) => assert_eq!(read.query.client, Some(CLIENT)),
        Err(error) => {
            let body: serde_json::Value =
                serde_json::from_str(&error.to_json()).expect("it is JSON");
            assert_eq!(body["param"], error.param);
            assert!(error.to_string().len() < 1024);
        }
    }
    for path in ["/resolve", "/dns-query"] {
        let Ok(uri) = format!("{path}?{query}").parse::<Uri>() else {
            continue;
        };
        in_runtime(|| ask(uri, ACCEPTED[usize::from(choice) % ACCEPTED.len()]));
    }
});

fn ask(uri: Uri, accepted: &str) {
    let request = Request::get(uri)
        .header(ACCEPT, accepted)
        .body(Body::empty())
        .expect("it is a request");
    let router: DnsRouter<WorkerStack> =
        DnsRouter::new(filled().clone(), &Shared::default(), &Settings::default());
    let Ok(response) = router
        .respond(request, CLIENT)
        .now_or_never()
        .expect("nothing has to wait");
    let (parts, body) = response.into_parts();
    let known = [200, 400, 406, 414, 503];
    assert!(known.contains(&parts.status.as_u16()), "{}", parts.status);
    let octets = body
        .collect()
        .now_or_never()
        .expect("it is there")
        .expect("it is whole")
        .to_bytes();
    let media_type = parts
        .headers
        .get(CONTENT_TYPE)
        .expect("it has a type")
        .to_str()
        .expect("in ASCII");
    match media_type.split(';').next() {
        Some("application/dns-message") => {
            Message::from_vec(&octets).expect("another decoder reads it");
        }
        Some(json) if json.ends_with("json") => {
            let _: serde_json::Value = serde_json::from_slice(&octets).expect("it is JSON");
        }
        other => assert_ne!(parts.status, StatusCode::OK, "{other:?}"),
    }
}
