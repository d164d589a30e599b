//! Names in none of the zones while nothing is forwarded: refused, or denied where that is configured.

use nomadns::answers::OutsideZones;

use crate::support::clients::Clients;
use crate::support::gateway::{Gateway, cast};
use crate::support::question::Question;

const NXDOMAIN: u16 = 3;
const REFUSED: u16 = 5;

/// What dnscrypt-proxy, Firefox and Chromium ask to find out whether they are answered, and others.
const OUTSIDE: [(&str, &str); 6] = [
    (".", "NS"),
    ("example.com", "NS"),
    ("www.gstatic.com", "A"),
    ("kfqvzkptcnbrqbsv.test.dnscrypt", "A"),
    ("redis.default.nomad.example.com", "SRV"),
    ("_dns.resolver.arpa", "SVCB"),
];

#[tokio::test]
async fn outside_of_the_zones_every_transport_says_what_is_configured_and_that_it_is_no_authority()
{
    let nomad = cast();
    for (outside, rcode) in [
        (OutsideZones::Refused, REFUSED),
        (OutsideZones::Nxdomain, NXDOMAIN),
    ] {
        let gateway = Gateway::with(&nomad.url(), |settings| settings.outside_zones = outside);
        gateway.until_ready().await;
        let mut clients = Clients::connect(&gateway).await;
        for (name, record_type) in OUTSIDE {
            let question = Question::new(name, record_type.parse().unwrap());
            for answered in clients.ask_all(&question).await {
                let decoded = answered.decoded;
                // RFC 8020 §2: what is above a zone is not denied.
                let rcode = if name == "." { REFUSED } else { rcode };
                assert_eq!(
                    (decoded.rcode, decoded.extended_errors),
                    (rcode, vec![20]),
                    "{name}"
                );
                assert!(decoded.answer.is_empty() && decoded.authority.is_empty());
                assert_ne!(answered.authoritative, Some(true));
            }
        }
        for (name, record_type, expected) in [
            ("redis.default.nomad", "A", 0),
            ("nope.default.nomad", "A", NXDOMAIN),
            ("example.com", "AXFR", REFUSED),
        ] {
            let question = Question::new(name, record_type.parse().unwrap());
            assert_eq!(
                clients.ask_udp(&question).await.decoded.rcode,
                expected,
                "{name}"
            );
        }
        gateway.end().await;
    }
}

#[tokio::test]
async fn an_alias_that_leads_back_to_itself_is_counted_each_time_that_it_is_left_out() {
    let nomad = cast();
    let gateway = Gateway::start(&nomad.url()).await;
    let mut clients = Clients::connect(&gateway).await;
    let metric = "nomadns_alias_loops_total";
    assert_eq!(gateway.metric(metric).await, 0.0);
    for (name, count) in [
        ("alias.default.nomad", 0.0),
        ("alias-self.default.nomad", 1.0),
        ("alias-loop-a.default.nomad", 2.0),
    ] {
        let question = Question::new(name, "A".parse().unwrap());
        clients.ask_udp(&question).await;
        assert_eq!(gateway.metric(metric).await, count, "{name}");
    }
    gateway.end().await;
}
