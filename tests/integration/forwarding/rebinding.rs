//! Private addresses in answers of upstreams: refused where a zone may not have them, wherever they stand.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::upstream::{GOOD, Reply, Response, ScriptedUpstream, Seen};
use super::*;

const AAAA: u16 = 28;
const HTTPS: u16 = 65;

/// Answers each name with the address that its first label is: hexadecimal, of IPv4 or IPv6, or a hint.
fn scripted(asked: &Seen) -> Vec<Reply> {
    let (name, response) = (asked.name(), asked.response(GOOD));
    let label = name.split('.').next().unwrap();
    let response = match label.contains('-') {
        true => with_address(label, response),
        // What looks for loops, and probes.
        false => response,
    };
    vec![Reply::Now(response.octets())]
}

/// The zone of all names, as it is when nobody says otherwise.
fn refusing(upstreams: &[String]) -> ForwardSettings {
    let mut settings = all_to(upstreams);
    settings.zones[0].private_addresses = PrivateAddresses::Refused;
    settings
}

fn with_address(label: &str, response: Response) -> Response {
    let (kind, text) = label.split_once('-').unwrap();
    let v4 = || Ipv4Addr::from_bits(u32::from_str_radix(text, 16).unwrap());
    match kind {
        "a" => response.record(0, "", 1, 300, &v4().octets()),
        "aaaa" => {
            let address = Ipv6Addr::from_bits(u128::from_str_radix(text, 16).unwrap());
            response.record(0, "", AAAA, 300, &address.octets())
        }
        "hint" => {
            let hint = [&b"\0\x01\0\0\x04\0\x04"[..], &v4().octets()].concat();
            response.record(0, "", HTTPS, 300, &hint)
        }
        "cname" => {
            let response = response
                .cname("", "one.example")
                .cname("one.example", "two.example");
            response.record(0, "two.example", 1, 300, &v4().octets())
        }
        _ => panic!("{label}"),
    }
}

#[tokio::test]
async fn a_private_address_is_refused_in_the_zone_of_all_names_and_given_where_it_is_allowed() {
    let upstream = ScriptedUpstream::start(scripted).await;
    let (nomad, url) = (cast(), upstream.url());
    let gateway = Gateway::with(&nomad.url(), |it| {
        let mut forward = refusing(std::slice::from_ref(&url));
        forward.zones.push(zone("corp.example", &[url]));
        it.forward = Some(forward);
    });
    gateway.until_ready().await;
    let mut clients = Clients::connect(&gateway).await;
    let mapped = format!("aaaa-{:x}", u128::from(0xffff_0a00_0001_u64));
    let unique = format!("aaaa-{:x}", 0xfd00_u128 << 112);
    let private = [
        ("a-0a000001", "A"),
        ("a-7f000001", "A"),
        ("a-00000000", "A"),
        ("a-a9fea9fe", "A"),
        ("a-64400001", "A"),
        (&*mapped, "AAAA"),
        (&*unique, "AAAA"),
        ("cname-c0a80101", "A"),
        ("hint-0a000001", "HTTPS"),
    ];
    for (label, record_type) in private {
        let question = Question::new(&format!("{label}.example"), record_type.parse().unwrap());
        let answer = clients.agreed(&question).await;
        assert_eq!((answer.rcode, answer.data().len()), (2, 0), "{label}");
        assert_eq!(answer.extended_errors, [15], "{label}");
        let allowed = format!("{label}.corp.example");
        let question = Question::new(&allowed, record_type.parse().unwrap());
        let answer = clients.agreed(&question).await;
        assert_eq!(answer.rcode, 0, "{label}");
        assert!(!answer.answer.is_empty(), "{label}");
    }
    for label in ["a-09090909", "cname-09090909"] {
        let question = Question::new(&format!("{label}.example"), "A".parse().unwrap());
        assert!(
            !clients.agreed(&question).await.answer.is_empty(),
            "{label}"
        );
    }
    let refused = gateway
        .metric("nomadns_failures_total{reason=\"private_address\"}")
        .await;
    // Each was asked for over six transports.
    assert!(refused >= (6 * private.len()) as f64, "{refused}");
    gateway.end().await;
}

#[tokio::test]
async fn a_refused_answer_is_kept_for_seconds_and_its_upstream_counts_as_healthy() {
    let upstream = ScriptedUpstream::start(scripted).await;
    let alone = Alone::start(&refusing(&[upstream.url()]));
    for _ in 0..3 {
        let error = alone.ask("a-0a000001.example").await.unwrap_err();
        assert_eq!(error, ForwardError::PrivateAddress);
    }
    assert_eq!(names(&upstream), ["a-0a000001.example"]);
    assert!(counted(&alone, UpstreamResult::Answered) >= 1);
    assert_eq!(counted(&alone, UpstreamResult::Failed), 0);
}
