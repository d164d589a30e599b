//! What is measured beside queries: the process, certificates, the synchronisation, namespaces, what the kernel drops.

use std::time::SystemTime;

use nomadns::demo::Registration;
use tokio::net::UdpSocket;

use super::scrape;
use crate::support::gateway::{Gateway, cast, until};
use crate::support::question::Question;

#[tokio::test]
async fn the_process_is_measured_as_the_system_does() {
    let nomad = cast();
    let gateway = Gateway::start(&nomad.url()).await;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let (now, all) = (now.unwrap().as_secs_f64(), scrape(&gateway).await);
    let of = |name: &str| all[&format!("process_{name}")];
    assert!(of("cpu_seconds_total") > 0.0);
    let (resident, all_memory) = (of("resident_memory_bytes"), of("virtual_memory_bytes"));
    assert!(
        1e6 < resident && resident <= all_memory,
        "{resident} of {all_memory}"
    );
    let open = std::fs::read_dir("/proc/self/fd").unwrap().count() as f64;
    // Other tests of this process open and close some.
    assert!(of("open_fds") > 3.0 && of("open_fds") < open + 1000.0);
    assert!(of("open_fds") <= of("max_fds"));
    let age = now - of("start_time_seconds");
    assert!((-2.0..3600.0 * 24.0).contains(&age), "started {age} s ago");
    gateway.end().await;
}

#[tokio::test]
async fn the_end_of_the_certificate_is_that_of_the_file_that_was_read_last() {
    const NAME: &str =
        "nomadns_certificate_expiry_timestamp_seconds{certificate=\"tls.certificate\"}";
    let nomad = cast();
    let gateway = Gateway::start(&nomad.url()).await;
    let before = scrape(&gateway).await[NAME];
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    assert!(before > now.unwrap().as_secs_f64(), "it has not ended");
    let other = rcgen_certificate();
    gateway.reload(&other.0, &other.1);
    // 2030-01-01.
    until("the other certificate", async || {
        scrape(&gateway).await[NAME] == 1_893_456_000.0
    })
    .await;
    gateway.end().await;
}

/// A certificate that ends with the year 2029, and its key, in PEM.
fn rcgen_certificate() -> (String, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    parameters.not_after = rcgen::date_time_ymd(2030, 1, 1);
    let certificate = parameters.self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

#[tokio::test]
async fn changes_and_full_reads_are_timed() {
    const COUNT: &str = "nomadns_nomad_change_duration_seconds_count";
    let nomad = cast();
    let gateway = Gateway::start(&nomad.url()).await;
    let before = scrape(&gateway).await;
    assert!(before["nomadns_nomad_full_read_duration_seconds"] > 0.0);
    until("the stream", async || {
        scrape(&gateway).await["nomadns_nomad_streams_total"] > 0.0
    })
    .await;
    nomad.register([Registration::new("default", "timed")]);
    until("a change", async || {
        scrape(&gateway).await[COUNT] > before[COUNT]
    })
    .await;
    let all = scrape(&gateway).await;
    let sum = all["nomadns_nomad_change_duration_seconds_sum"];
    assert!(0.0 < sum && sum < 20.0, "{sum}");
    assert_eq!(
        all["nomadns_nomad_change_duration_seconds_bucket{le=\"+Inf\"}"],
        all[COUNT]
    );
    gateway.end().await;
}

#[tokio::test]
async fn namespaces_are_bounded_and_their_sums_are_those_of_the_catalogue() {
    let nomad = cast();
    let hostile = [
        "other",
        "a\" 1\nnomadns_ready 0",
        "\u{1b}[31m",
        &"n".repeat(300),
    ];
    let many: Vec<String> = (0..200).map(|number| format!("team-{number}")).collect();
    let all = many.iter().map(|it| &**it).chain(hostile);
    nomad.register(all.map(|namespace| Registration::new(namespace, "web")));
    let gateway = Gateway::start(&nomad.url()).await;
    let all = scrape(&gateway).await;
    for (metric, total) in [
        ("nomadns_namespace_services", "nomadns_services"),
        ("nomadns_namespace_instances", "nomadns_instances"),
    ] {
        let start = format!("{metric}{{");
        let rows: Vec<_> = all
            .iter()
            .filter(|(name, _)| name.starts_with(&start))
            .collect();
        assert_eq!(rows.len(), 65, "{rows:?}");
        assert!(all.contains_key(&format!("{metric}{{namespace=\"other\"}}")));
        assert_eq!(
            rows.iter().map(|(_, value)| **value).sum::<f64>(),
            all[total]
        );
    }
    assert_eq!(all["nomadns_ready"], 1.0);
    gateway.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_kernel_drops_is_counted() {
    let nomad = cast();
    let gateway = Gateway::with(&nomad.url(), |it| it.udp.buffers.receive_octets = 4096);
    gateway.until_ready().await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(gateway.dns).await.unwrap();
    let asked = Question::new("redis.default.nomad", "A".parse().unwrap()).message(1);
    until("a dropped message", async || {
        for _ in 0..2_000 {
            // Its own buffer may be full too.
            let _ = socket.try_send(&asked);
        }
        scrape(&gateway).await["nomadns_udp_receive_dropped_total"] > 0.0
    })
    .await;
    gateway.end().await;
}
