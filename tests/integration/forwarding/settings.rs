//! What may be configured about forwarding, what is wrong, and what may surprise.

use std::sync::Mutex;

use nomadns::config::{Files, Settings, Source};

use super::upstream::{Reply, ScriptedUpstream};
use super::*;

fn check(text: &str) -> Result<Settings, String> {
    let path = std::path::Path::new("nomadns.toml");
    let source = Source::from_octets(path, text.as_bytes().to_vec());
    let checked = source.and_then(|source| Settings::check(&source));
    checked.map_err(|error| error.to_string())
}

fn section(zone: &str, upstreams: &str) -> String {
    format!("[[forward]]\nzone = {zone}\nupstreams = [{upstreams}]\n")
}

#[test]
fn zones_and_their_upstreams_are_taken() {
    let text = section(
        "\".\"",
        "\"udp://10.0.0.2\", \"tls://9.9.9.9#dns.quad9.net\"",
    ) + &section("\"corp.example\"", "\"https://dns.example/dns-query\"")
        + "policy = \"random\"\n";
    let forward = check(&text).unwrap().forward.unwrap();
    let private: Vec<_> = forward
        .zones
        .iter()
        .map(|it| it.private_addresses)
        .collect();
    let (allowed, refused) = (PrivateAddresses::Allowed, PrivateAddresses::Refused);
    assert_eq!(
        private,
        [refused, allowed],
        "only what is not everybody's may have them"
    );
    let text = section("\".\"", "\"udp://10.0.0.2\"") + "private_addresses = true\n";
    let zones = check(&text).unwrap().forward.unwrap().zones;
    assert_eq!(zones[0].private_addresses, allowed);
    let counts: Vec<usize> = forward.zones.iter().map(|it| it.upstreams.len()).collect();
    assert_eq!(counts, [2, 1]);
    assert!(check("").unwrap().forward.is_none());
}

/// Checks texts, each of which is a mistake; the error has all of these parts.
fn assert_named<const COUNT: usize>(mistakes: [(String, Vec<&str>); COUNT]) {
    for (text, parts) in mistakes {
        let error = check(&text).expect_err(&text);
        for part in parts {
            assert!(error.contains(part), "{part:?} in {error}");
        }
    }
}

#[test]
fn mistakes_are_named_with_what_would_be_right() {
    let own = "[listen]\ndns = [\"127.0.0.1:1053\", \"0.0.0.0:5354\"]\n";
    assert_named([
        (
            section("\".\"", ""),
            vec!["forward", "has 0 upstreams", "udp://10.0.0.2"],
        ),
        (
            section("\"a..b\"", "\"udp://10.0.0.2\""),
            vec!["\"a..b\"", "not a domain name"],
        ),
        (
            section("\".\"", "\"10.0.0.2\""),
            vec!["\"10.0.0.2\"", "must begin with udp://"],
        ),
        (
            section("\".\"", "\"tls://9.9.9.9\""),
            vec!["needs the name in the server's certificate"],
        ),
        (
            section("\".\"", "\"udp://127.0.0.1:1053\"") + own,
            vec!["is this gateway itself", "127.0.0.1:1053"],
        ),
        (
            section("\".\"", "\"tcp://127.0.0.1:5354\"") + own,
            vec!["is this gateway itself"],
        ),
        (
            section("\".\"", "\"udp://10.0.0.2\"") + "policy = \"first\"\n",
            vec!["policy = \"first\"", "fastest, sequential, random"],
        ),
        (
            section("\".\"", "\"udp://10.0.0.2\"") + &section("\".\"", "\"udp://10.0.0.3\""),
            vec!["has the zone \".\" twice"],
        ),
    ]);
}

#[test]
fn keys_that_are_missing_unknown_or_of_another_type_are_named() {
    assert_named([
        (
            "[[forward]]\nzone = \".\"\n".into(),
            vec!["lacks `upstreams`", "zone, upstreams, policy"],
        ),
        (
            section("\".\"", "\"udp://10.0.0.2\"") + "polcy = \"random\"\n",
            vec!["`polcy` is not a key", "did you mean `policy`"],
        ),
        (
            section("\".\"", "\"udp://10.0.0.2\"") + "private_addresses = \"no\"\n",
            vec![
                "`private_addresses` is of the wrong type",
                "private_addresses = false",
            ],
        ),
        (
            "[forward]\nzone = \".\"\n".into(),
            vec!["forward", "a [[forward]] section for each zone"],
        ),
        (
            "[forwarding]\nserve_stale_seconds = -1\n".into(),
            vec!["must be in range [0, 604800]"],
        ),
    ]);
}

#[test]
fn an_open_resolver_and_what_is_not_used_are_warned_of() {
    let warnings = |text: &str| -> String {
        let warnings = check(text).unwrap().warnings;
        warnings.iter().map(|it| format!("{it}\n")).collect()
    };
    let all = section("\".\"", "\"udp://10.0.0.2\"");
    let open = format!("outside_zones = \"nxdomain\"\n{all}[listen]\ndns = [\"0.0.0.0:1053\"]\n");
    let warned = warnings(&open);
    assert!(
        warned.contains("open resolver") && warned.contains("clients.allow"),
        "{warned}"
    );
    assert!(warned.contains("outside_zones: is not used"), "{warned}");
    let closed = format!("{open}[clients]\nallow = [\"10.0.0.0/8\"]\n");
    assert!(!warnings(&closed).contains("open resolver"));
    let inner = section("\"corp.nomad\"", "\"udp://10.0.0.2\"");
    assert!(warnings(&inner).contains("nothing of it is forwarded"));
}

#[tokio::test]
async fn the_servers_of_the_system_are_read_again_with_all_files() {
    let start = || ScriptedUpstream::start(|asked| vec![Reply::Now(asked.address(7))]);
    let (before, after) = (start().await, start().await);
    let servers =
        |it: &ScriptedUpstream| -> Vec<UpstreamAddress> { vec![it.url().parse().unwrap()] };
    let listed = Arc::new(Mutex::new(servers(&before)));
    let (nomad, list) = (cast(), Arc::clone(&listed));
    let gateway = Gateway::with(&nomad.url(), |it| {
        it.forward = Some(ForwardSettings {
            system: servers(&before),
            ..all_to(&["system".to_owned()])
        });
        it.system_servers = Some(Files {
            content: servers(&before),
            again: Arc::new(move || Ok(list.lock().unwrap().clone())),
        });
    });
    gateway.until_ready().await;
    let mut clients = Clients::connect(&gateway).await;
    let ask = |name: &str| Question::new(name, "A".parse().unwrap());
    clients.ask_udp(&ask("one.example")).await;
    *listed.lock().unwrap() = servers(&after);
    gateway.read_again();
    clients.ask_udp(&ask("two.example")).await;
    assert_eq!(names(&before), ["one.example"]);
    assert_eq!(names(&after), ["two.example"]);
    gateway.end().await;
}
