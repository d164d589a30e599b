//! Only those are answered that may ask.

use nomadns::listeners::ClientSettings;

use super::{Got, TRANSPORTS, ask, exchange, gateway, networks, redis, refused};
use crate::support::clients::Transport;
use crate::support::gateway::cast;

#[tokio::test]
async fn who_is_not_allowed_is_refused_on_every_transport() {
    let nomad = cast();
    let clients = ClientSettings {
        allow: Some(networks(&["127.0.0.2/32", "127.0.1.0/24"])),
        ..ClientSettings::default()
    };
    let gateway = gateway(&nomad, clients).await;
    for transport in TRANSPORTS {
        let expected = match transport {
            Transport::Udp | Transport::Tcp | Transport::Tls => Got::Refused(18),
            _ => Got::Status(403),
        };
        assert_eq!(
            ask(&gateway, transport, "127.0.0.1").await,
            expected,
            "{transport:?}"
        );
        for source in ["127.0.0.2", "127.0.1.200"] {
            let got = ask(&gateway, transport, source).await;
            assert_eq!(got, Got::Answer, "{transport:?} from {source}");
        }
    }
    for (listener, count) in [
        ("udp", 1.0),
        ("tcp", 1.0),
        ("dot", 1.0),
        ("http", 1.0),
        ("https", 2.0),
    ] {
        assert_eq!(
            refused(&gateway, listener, "not_allowed").await,
            count,
            "{listener}"
        );
    }
    let refusals = gateway.metric("nomadns_answers_total{transport=\"udp\",rcode=\"REFUSED\"}");
    assert_eq!(refusals.await, 1.0);
    gateway.end().await;
}

#[tokio::test]
async fn who_is_not_allowed_learns_nothing_of_a_message_either() {
    let nomad = cast();
    let clients = ClientSettings {
        allow: Some(networks(&["192.0.2.0/24"])),
        ..ClientSettings::default()
    };
    let gateway = gateway(&nomad, clients).await;
    let source = "127.0.0.1".parse().unwrap();
    let mut notify = redis().message(1);
    notify[2] |= 4 << 3;
    let cut = redis().message(2)[..20].to_vec();
    // An OPT where there was one, and no more.
    for (message, octets) in [(notify, 12 + 11), (cut, 12)] {
        let answer = exchange(gateway.dns, source, &message).await;
        assert_eq!((answer[3] & 0xf, answer.len()), (5, octets), "{message:?}");
    }
    let query = redis().message(3);
    let answer = exchange(gateway.dns, source, &query).await;
    assert!(
        answer.len() <= query.len() + 6,
        "no longer than by the extended error"
    );
    // The operator's pages are for whoever reaches them.
    assert_eq!(gateway.page("/healthz").await.0, 200);
    gateway.end().await;
}
