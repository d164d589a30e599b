//! RFC 6761, 6762 §22.1, 7686 and 9476: special-use names are answered here, and no upstream learns of them.

use crate::forwarding::{AllForwarded, zone};
use crate::support::clients::Clients;
use crate::support::gateway::{Gateway, cast};
use crate::support::question::Question;

const NXDOMAIN: u16 = 3;
const REFUSED: u16 = 5;

#[tokio::test]
async fn localhost_and_all_below_it_are_loopback_and_have_nothing_else() {
    let mut all = AllForwarded::start().await;
    for name in ["localhost", "a.b.LocalHost"] {
        assert_eq!(all.ask(name, "A").await.data(), ["127.0.0.1"]);
        assert_eq!(all.ask(name, "AAAA").await.data(), ["::1"]);
        for record_type in ["MX", "TXT", "HTTPS", "DS"] {
            all.assert_denied(name, record_type, 0, "localhost").await;
        }
    }
    assert_eq!(all.ask("localhost", "SOA").await.answer.len(), 1);
    assert!(all.forwarded().is_empty(), "{:?}", all.forwarded());
    all.end().await;
}

#[tokio::test]
async fn what_is_of_no_use_on_the_internet_is_denied_and_never_forwarded() {
    let mut all = AllForwarded::start().await;
    for zone in ["invalid", "onion", "local", "alt", "test"] {
        let name = format!("www.{zone}");
        all.assert_denied(&name, "A", NXDOMAIN, zone).await;
        all.assert_denied(&name.to_uppercase(), "HTTPS", NXDOMAIN, zone)
            .await;
        all.assert_denied(zone, "A", 0, zone).await;
        assert_eq!(all.ask(zone, "NS").await.answer.len(), 1);
    }
    for name in ["www.example", "xlocal", "local.example"] {
        assert_eq!(all.ask(name, "A").await.data().len(), 1, "{name}");
    }
    assert_eq!(
        all.forwarded(),
        ["www.example", "xlocal", "local.example"],
        "and nothing else"
    );
    all.end().await;
}

#[tokio::test]
async fn a_special_zone_that_is_forwarded_by_its_own_name_or_a_longer_one_is_forwarded() {
    let mut all = AllForwarded::with(|settings, url| {
        let forward = settings.forward.as_mut().unwrap();
        for name in ["local", "corp.test"] {
            forward.zones.push(zone(name, &[url.to_owned()]));
        }
    })
    .await;
    for name in ["printer.local", "local", "www.corp.test"] {
        assert_eq!(all.ask(name, "A").await.data().len(), 1, "{name}");
    }
    all.assert_denied("www.test", "A", NXDOMAIN, "test").await;
    assert_eq!(all.forwarded(), ["printer.local", "local", "www.corp.test"]);
    all.end().await;
}

#[tokio::test]
async fn a_zone_of_the_cluster_comes_before_a_special_one() {
    let mut all = AllForwarded::with(|settings, _| {
        let apex = "nomad.test".parse().unwrap();
        let zones = vec![nomadns::answers::Zone::new(apex).unwrap()];
        settings.zones = nomadns::answers::ZoneSettings::new(zones, 30, 5);
    })
    .await;
    let answer = all.ask("redis.default.nomad.test", "A").await;
    assert!(!answer.answer.is_empty(), "{answer:?}");
    all.assert_denied("x.test", "A", NXDOMAIN, "test").await;
    all.end().await;
}

#[tokio::test]
async fn special_names_that_would_not_be_forwarded_are_refused_as_before() {
    let nomad = cast();
    for is_forwarding in [false, true] {
        let gateway = Gateway::with(&nomad.url(), |settings| {
            if is_forwarding {
                let mut forward = crate::forwarding::all_to(&[]);
                forward.zones = vec![zone("corp.example", &["udp://192.0.2.1".to_owned()])];
                settings.forward = Some(forward);
            }
        });
        gateway.until_ready().await;
        let mut clients = Clients::connect(&gateway).await;
        for name in ["localhost", "www.local", "1.0.0.10.in-addr.arpa"] {
            let question = Question::new(name, "A".parse().unwrap());
            let answered = clients.ask_udp(&question).await;
            assert_eq!(answered.decoded.rcode, REFUSED, "{name}");
        }
        gateway.end().await;
    }
}
