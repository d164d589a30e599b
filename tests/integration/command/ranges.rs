//! Every number has a range: outside of it there is an error that names it, and all within it can be lived with.

use futures_util::future::join_all;
use nomadns::app::{self, Bound, Ending, ExitReason, PortConflict};
use nomadns::config::{File, RANGES, Range, Settings, Source};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::oneshot;
use toml::{Table, Value};

use super::Gateway;
use crate::support::gateway::{cast, until};

/// Every key whose default is a number.
fn numbers() -> Vec<String> {
    let defaults = Table::try_from(File::default()).unwrap();
    let mut keys = Vec::new();
    for (name, value) in &defaults {
        match value {
            Value::Table(section) => keys.extend(
                section
                    .iter()
                    .filter(|(_, value)| value.is_integer())
                    .map(|(key, _)| format!("{name}.{key}")),
            ),
            value if value.is_integer() => keys.push(name.clone()),
            _ => {}
        }
    }
    keys
}

/// What is wrong with a file that has one key alone; nothing when it is good.
fn problem(key: &str, number: &str) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nomadns.toml");
    let text = match key.split_once('.') {
        Some((section, name)) => format!("[{section}]\n{name} = {number}"),
        None => format!("{key} = {number}"),
    };
    std::fs::write(&path, text).unwrap();
    let checked = Source::from_file(&path).and_then(|source| Settings::check(&source));
    checked.err().map(|error| error.to_string())
}

#[test]
fn every_number_has_a_range_and_its_default_is_within() {
    let numbers = numbers();
    assert!(numbers.len() > 40, "{numbers:?}");
    for key in &numbers {
        let Range { least, most, .. } =
            Range::of(key).unwrap_or_else(|| panic!("{key} has no range"));
        assert!(least <= most);
        // No clock overflows within ten years, in the unit that the name says.
        let years = if key.ends_with("_ms") {
            315_360_000_000
        } else {
            315_360_000
        };
        assert!(
            !key.contains("_seconds") && !key.ends_with("_ms") || most <= years,
            "{key}"
        );
    }
    for Range { key, .. } in RANGES.iter() {
        assert!(
            numbers.iter().any(|known| known == key),
            "{key} is no number of the file"
        );
    }
    let defaults = Source::default();
    Settings::check(&defaults).unwrap();
}

#[test]
fn a_number_out_of_its_range_is_an_error_that_names_key_and_range() {
    for Range { key, least, most } in RANGES.iter().copied() {
        let range = format!("in range [{least}, {most}]");
        let beyond = [least - 1, most + 1, -1, i64::MIN, i64::MAX].map(|it| it.to_string());
        let huge = [
            "9223372036854775808",
            "18446744073709551615",
            "-99999999999999999999",
        ];
        for number in beyond.iter().map(String::as_str).chain(huge) {
            let output = problem(key, number).unwrap_or_else(|| panic!("{key} = {number} is good"));
            assert!(output.contains(key) && output.contains(&range), "{output}");
        }
        for number in [0, 1].into_iter().filter(|it| !(least..=most).contains(it)) {
            let output = problem(key, &number.to_string()).unwrap();
            assert!(output.contains(&range), "{output}");
        }
        for wrong in ["1.5", "\"1\"", "true"] {
            let output = problem(key, wrong).unwrap();
            assert!(
                output.contains(key) && output.contains(&format!("{least} to {most}")),
                "{output}"
            );
        }
    }
}

#[test]
fn the_ends_of_a_range_are_within() {
    for Range { key, least, most } in RANGES.iter().copied() {
        for number in [least, most] {
            // What these two have to say of each other is a warning.
            assert_eq!(problem(key, &number.to_string()), None, "{key} = {number}");
        }
    }
}

/// Starts a gateway that has one key alone, which has to get ready and answer.
async fn lives(nomad_url: String, key: &'static str, number: i64) {
    let mut source = Source::default();
    source.set("nomad.addresses", vec![nomad_url], "test");
    for listener in ["listen.dns", "listen.http", "listen.admin"] {
        source.set(listener, vec!["127.0.0.1:0".to_owned()], "test");
    }
    // To fill and to empty a cache of the usual size takes longer than all the rest.
    source.set("cache.entries", 64, "test");
    source.set(key, number, "test");
    let settings = Settings::check(&source).unwrap();
    let workers = settings.udp_workers.max(1);
    let bound = Bound::bind(&settings.listen, workers, PortConflict::Fails).unwrap();
    let dns = bound.tcp[0].local_addr().unwrap();
    let running = app::start(settings, bound).unwrap();
    let (end, asked) = oneshot::channel::<()>();
    let ended = tokio::spawn(running.until(async {
        let _ = asked.await;
        Ending::AtOnce
    }));
    let of = format!("{key} = {number}");
    until(&of, async || over_udp(dns).await == Some(2)).await;
    until(&of, async || over_tcp(dns).await == Some(2)).await;
    end.send(()).unwrap();
    assert!(matches!(ended.await.unwrap(), ExitReason::Asked), "{of}");
}

/// What a thousand threads or a million places are made for: a process of their own.
const HEAVY: [(&str, i64); 2] = [("limits.udp_workers", 1024), ("cache.entries", 1 << 20)];

/// How many gateways live at once.
const SOME: usize = 10;

/// `redis.default.nomad A`, with the id 7.
const QUERY: &[u8] = b"\0\x07\x01\0\0\x01\0\0\0\0\0\0\x05redis\x07default\x05nomad\0\0\x01\0\x01";

async fn over_udp(dns: std::net::SocketAddr) -> Option<u8> {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(QUERY, dns).await.unwrap();
    let mut answer = [0; 1500];
    let received =
        tokio::time::timeout(std::time::Duration::from_secs(1), socket.recv(&mut answer));
    received.await.ok()?.ok()?;
    records(&answer)
}

async fn over_tcp(dns: std::net::SocketAddr) -> Option<u8> {
    let mut stream = TcpStream::connect(dns).await.ok()?;
    let length = u16::try_from(QUERY.len()).unwrap().to_be_bytes();
    stream.write_all(&[&length, QUERY].concat()).await.ok()?;
    let mut answer = vec![0; stream.read_u16().await.ok()?.into()];
    stream.read_exact(&mut answer).await.ok()?;
    records(&answer)
}

/// How many records of an answer there are; none when it is an error.
fn records(answer: &[u8]) -> Option<u8> {
    (answer[3] & 15 == 0 && answer[7] > 1).then_some(2)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_answers_at_both_ends_of_every_range() {
    let nomad = cast();
    let ends = RANGES
        .iter()
        .flat_map(|range| [(range.key, range.least), (range.key, range.most)]);
    let mut ends: Vec<_> = ends.collect();
    ends.retain(|end| !HEAVY.contains(end));
    // Ending takes a moment of waiting each, which some can do together.
    for some in ends.chunks(SOME) {
        let lives = some
            .iter()
            .map(|(key, number)| lives(nomad.url(), key, *number));
        join_all(lives).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_answers_with_the_most_workers_and_with_the_largest_cache() {
    let nomad = cast();
    for (key, most) in HEAVY {
        assert_eq!(Range::of(key).unwrap().most, most);
        let (section, name) = key.split_once('.').unwrap();
        let other = match section {
            "cache" => "",
            _ => "[cache]\nentries = 64\n",
        };
        let config = format!(
            "{other}[{section}]\n{name} = {most}\n[nomad]\naddresses = [{:?}]",
            nomad.url()
        );
        let asking = tokio::task::spawn_blocking(move || {
            let gateway = Gateway::start(&config, &[]);
            gateway.page_with("/readyz", "200 OK");
            gateway.lookup("redis.default.nomad")
        });
        let output = asking.await.unwrap();
        assert!(
            output.contains("status: NOERROR") && output.contains("10.0.0.1"),
            "{output}"
        );
    }
}
