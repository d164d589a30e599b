//! RFC 6303 and 7793: the reverse zones of private networks are served here, and no upstream learns of them.

use crate::forwarding::{AllForwarded, zone};

const NXDOMAIN: u16 = 3;

#[tokio::test]
async fn private_reverse_zones_are_denied_here_with_a_soa_of_their_own() {
    let mut all = AllForwarded::start().await;
    for (name, zone) in [
        ("1.2.3.10.in-addr.arpa", "10.in-addr.arpa"),
        ("1.2.16.172.in-addr.arpa", "16.172.in-addr.arpa"),
        ("1.2.31.172.in-addr.arpa", "31.172.in-addr.arpa"),
        ("1.2.168.192.in-addr.arpa", "168.192.in-addr.arpa"),
        ("1.2.254.169.in-addr.arpa", "254.169.in-addr.arpa"),
        ("1.2.127.100.in-addr.arpa", "127.100.in-addr.arpa"),
        ("lb._dns-sd._udp.0.3.2.10.in-addr.arpa", "10.in-addr.arpa"),
        ("1.d.f.ip6.arpa", "d.f.ip6.arpa"),
        ("1.a.e.f.ip6.arpa", "a.e.f.ip6.arpa"),
    ] {
        all.assert_denied(name, "PTR", NXDOMAIN, zone).await;
        all.assert_denied(zone, "PTR", 0, zone).await;
        assert_eq!(all.ask(zone, "SOA").await.answer.len(), 1);
        assert_eq!(all.ask(zone, "NS").await.answer.len(), 1);
    }
    assert!(all.forwarded().is_empty(), "{:?}", all.forwarded());
    for name in ["1.2.3.11.in-addr.arpa", "1.2.32.172.in-addr.arpa"] {
        all.ask(name, "PTR").await;
    }
    assert_eq!(all.forwarded().len(), 2);
    all.end().await;
}

#[tokio::test]
async fn the_addresses_of_loopback_are_called_localhost() {
    let mut all = AllForwarded::start().await;
    let v6 = format!("1.{}ip6.arpa", "0.".repeat(31));
    for name in ["1.0.0.127.in-addr.arpa", &v6] {
        assert_eq!(all.ask(name, "PTR").await.data(), ["localhost."], "{name}");
    }
    all.assert_denied("1.0.0.127.in-addr.arpa", "A", 0, "127.in-addr.arpa")
        .await;
    // What is above it is not denied (RFC 8020).
    all.assert_denied("0.0.127.in-addr.arpa", "PTR", 0, "127.in-addr.arpa")
        .await;
    all.assert_denied(
        "2.0.0.127.in-addr.arpa",
        "PTR",
        NXDOMAIN,
        "127.in-addr.arpa",
    )
    .await;
    assert!(all.forwarded().is_empty(), "{:?}", all.forwarded());
    all.end().await;
}

#[tokio::test]
async fn a_reverse_zone_that_is_forwarded_by_its_own_name_is_forwarded() {
    let mut all = AllForwarded::with(|settings, url| {
        let forward = settings.forward.as_mut().unwrap();
        let upstreams = [url.to_owned()];
        forward.zones.push(zone("20.10.in-addr.arpa", &upstreams));
    })
    .await;
    all.ask("1.2.20.10.in-addr.arpa", "PTR").await;
    assert_eq!(all.forwarded(), ["1.2.20.10.in-addr.arpa"]);
    all.assert_denied("1.2.21.10.in-addr.arpa", "PTR", NXDOMAIN, "10.in-addr.arpa")
        .await;
    assert_eq!(all.forwarded().len(), 1);
    all.end().await;
}
