//! The metrics under CoreDNS's names, as its dashboards ask for them.

use hickory_proto::rr::RecordType;

use super::{Series, scrape};
use crate::forwarding::upstream::{GOOD, Reply, ScriptedUpstream};
use crate::forwarding::{all_to, zone};
use crate::support::clients::Clients;
use crate::support::gateway::{Gateway, cast};
use crate::support::question::Question;

/// The labels of a series; none if it is of another metric.
fn labels<'series>(series: &'series str, metric: &str) -> Option<&'series str> {
    let rest = series.strip_prefix(metric)?;
    rest.strip_prefix('{')?.strip_suffix('}')
}

/// The sum of the series of a metric that have all these labels.
fn sum(all: &Series, metric: &str, wanted: &[&str]) -> f64 {
    let found = all.iter().filter(|(series, _)| {
        labels(series, metric).is_some_and(|it| wanted.iter().all(|label| it.contains(label)))
    });
    found.map(|(_, value)| value).sum()
}

#[tokio::test]
async fn queries_are_counted_by_server_zone_and_size() {
    let upstream = ScriptedUpstream::start(|asked| {
        vec![Reply::Now(match &*asked.name() {
            "gone.example" => asked.response(GOOD | 3).soa("example", 60).octets(),
            _ => asked.address(7),
        })]
    })
    .await;
    let nomad = cast();
    let mut forward = all_to(&[upstream.url()]);
    // The same upstream for two zones: it is one `to`.
    forward
        .zones
        .insert(0, zone("corp.example", &[upstream.url()]));
    let gateway = Gateway::with(&nomad.url(), |it| {
        it.core_dns_names = true;
        it.forward = Some(forward);
    });
    gateway.until_ready().await;
    let mut clients = Clients::connect(&gateway).await;
    let ask = |name: &str| Question::new(name, RecordType::A);
    for _ in 0..3 {
        for name in [
            "redis.default.nomad",
            "nope.default.nomad",
            "www.example",
            "gone.example",
            "a.corp.example",
        ] {
            clients.ask_all(&ask(name)).await;
        }
    }
    let all = scrape(&gateway).await;
    for (zone, names) in [("nomad.", 2.0), (".", 2.0), ("corp.example.", 1.0)] {
        let counted = Counted {
            all: &all,
            zone: format!("zone=\"{zone}\""),
            times: names * 3.0,
        };
        counted.has_requests(&gateway);
        counted.has_durations_and_sizes(&server(&gateway));
        let plugin = if zone == "nomad." { "nomad" } else { "forward" };
        counted.has_plugin(&server(&gateway), plugin);
    }
    assert_caches(&all, &server(&gateway));
    let to = format!("to=\"{}\"", upstream.url().trim_start_matches("udp://"));
    let forward =
        |metric: &str, more: &str| sum(&all, &format!("coredns_forward_{metric}"), &[&to, more]);
    assert!(forward("requests_total", "") >= 3.0);
    assert!(forward("responses_total", "rcode=\"NXDOMAIN\"") >= 1.0);
    assert!(forward("request_duration_seconds_count", "") >= 3.0);
    assert!(all["go_goroutines"] >= 1.0);
    assert_eq!(all["coredns_panics_total"], 0.0);
    assert_eq!(sum(&all, "coredns_build_info", &["version="]), 1.0);
    gateway.end().await;
}

/// The label of the server for UDP and TCP.
fn server(gateway: &Gateway) -> String {
    format!("server=\"dns://:{}\"", gateway.dns.port())
}

/// What was counted of a zone, of which names were asked so often over each transport.
struct Counted<'series> {
    all: &'series Series,
    zone: String,
    times: f64,
}

impl Counted<'_> {
    fn sum(&self, metric: &str, wanted: &[&str]) -> f64 {
        sum(self.all, metric, &[&[&*self.zone], wanted].concat())
    }

    fn has_requests(&self, gateway: &Gateway) {
        let tls = format!("server=\"tls://:{}\"", gateway.tls.port());
        let https = format!("server=\"https://:{}\"", gateway.https.port());
        for (server, proto, transports) in [
            (server(gateway), "udp", 1.0),
            (server(gateway), "tcp", 1.0),
            (tls, "tcp", 1.0),
            // By GET, by POST and as JSON.
            (https, "tcp", 3.0),
        ] {
            let proto = format!("proto=\"{proto}\"");
            let wanted = [&*server, &proto, "family=\"1\"", "type=\"A\"", "view=\"\""];
            let counted = self.sum("coredns_dns_requests_total", &wanted);
            assert_eq!(counted, self.times * transports, "{wanted:?}");
        }
    }

    fn has_durations_and_sizes(&self, server: &str) {
        let durations = self.sum("coredns_dns_request_duration_seconds_count", &[server]);
        assert_eq!(durations, self.times * 2.0);
        for metric in [
            "coredns_dns_request_size_bytes",
            "coredns_dns_response_size_bytes",
        ] {
            let wanted = [server, "proto=\"udp\""];
            assert_eq!(self.sum(&format!("{metric}_count"), &wanted), self.times);
            let mean = self.sum(&format!("{metric}_sum"), &wanted) / self.times;
            assert!(
                (28.0..200.0).contains(&mean),
                "{metric} of {}: {mean}",
                self.zone
            );
        }
    }

    fn has_plugin(&self, server: &str, plugin: &str) {
        let wanted = [server, "rcode=\"NOERROR\"", &format!("plugin=\"{plugin}\"")];
        // One of its names at least is there, over UDP and TCP.
        assert_eq!(self.sum("coredns_dns_responses_total", &wanted), 6.0);
        let wanted = [server, &format!("name=\"{plugin}\"")];
        assert_eq!(self.sum("coredns_plugin_enabled", &wanted), 1.0);
    }
}

fn assert_caches(all: &Series, server: &str) {
    let of =
        |metric: &str, kind: &str| sum(all, &format!("coredns_cache_{metric}"), &[server, kind]);
    let (success, denial) = ("type=\"success\"", "type=\"denial\"");
    for kind in [success, denial] {
        assert!(of("hits_total", kind) > 0.0 && of("entries", kind) > 0.0);
    }
    let misses = of("misses_total", "");
    assert!(misses > 0.0);
    assert_eq!(of("requests_total", ""), of("hits_total", "") + misses);
}

#[tokio::test]
async fn names_in_no_zone_are_dropped_and_zones_follow_a_reload() {
    let nomad = cast();
    let gateway = Gateway::with(&nomad.url(), |it| it.core_dns_names = true);
    gateway.until_ready().await;
    let mut clients = Clients::connect(&gateway).await;
    let ask = Question::new("www.other.example", RecordType::A);
    clients.ask_udp(&ask).await;
    gateway.reconfigure(|source| source.set("zones", vec!["nomad", "other.example"], "test"));
    clients.ask_udp(&ask).await;
    clients.ask_udp(&ask).await;
    let all = scrape(&gateway).await;
    let requests = |zone: &str| {
        sum(
            &all,
            "coredns_dns_requests_total",
            &[&format!("zone=\"{zone}\"")],
        )
    };
    assert_eq!(
        (requests("dropped"), requests("other.example.")),
        (1.0, 2.0)
    );
    let enabled = |zone: &str| {
        sum(
            &all,
            "coredns_plugin_enabled",
            &[&format!("zone=\"{zone}\"")],
        )
    };
    assert_eq!(
        (enabled("service.nomad."), enabled("other.example.")),
        (0.0, 6.0)
    );
    gateway.end().await;
}

#[tokio::test]
async fn without_the_key_there_is_none_of_them() {
    let nomad = cast();
    let gateway = Gateway::start(&nomad.url()).await;
    let all = scrape(&gateway).await;
    let found: Vec<_> = all
        .keys()
        .filter(|it| it.starts_with("coredns_") || it.starts_with("go_"))
        .collect();
    assert_eq!(found, [] as [&String; 0]);
    gateway.end().await;
}
