//! What may be configured about forwarding, what is wrong, and what may surprise.

use nomadns::config::{Settings, Source};

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
    let counts: Vec<usize> = forward.zones.iter().map(|it| it.upstreams.len()).collect();
    assert_eq!(counts, [2, 1]);
    assert!(check("").unwrap().forward.is_none());
}

#[test]
fn mistakes_are_named_with_what_would_be_right() {
    let own = "[listen]\ndns = [\"127.0.0.1:1053\", \"0.0.0.0:5354\"]\n";
    for (text, parts) in [
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
        (
            "[[forward]]\nzone = \".\"\n".into(),
            vec!["lacks `upstreams`", "zone, upstreams, policy"],
        ),
        (
            section("\".\"", "\"udp://10.0.0.2\"") + "polcy = \"random\"\n",
            vec!["`polcy` is not a key", "zone, upstreams, policy"],
        ),
        (
            "[forward]\nzone = \".\"\n".into(),
            vec!["forward", "a [[forward]] section for each zone"],
        ),
        (
            "[forwarding]\nserve_stale_seconds = -1\n".into(),
            vec!["must be in range [0, 604800]"],
        ),
    ] {
        let error = check(&text).expect_err(&text);
        for part in parts {
            assert!(error.contains(part), "{part:?} in {error}");
        }
    }
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
