//! `nomadns profile`: whose URL it is when none is given, and which mistakes are named.

use std::net::IpAddr;

use super::Config;
use super::profile::{URL, certificates, printed, refused, strings};

#[test]
fn a_certificate_authority_is_named_when_it_is_none() {
    let (folder, ca, _) = certificates();
    let missing = refused(&["apple", URL, "--ca", "no.pem"]);
    assert!(missing.contains("--ca no.pem: "), "{missing}");
    let server = folder.path().join("localhost.pem");
    let server = refused(&["apple", URL, "--ca", server.to_str().unwrap()]);
    assert!(
        server.contains("localhost.pem") && server.contains("of a server"),
        "{server}"
    );
    let key = refused(&[
        "apple",
        URL,
        "--ca",
        &ca.replace("ca.pem", "localhost-key.pem"),
    ]);
    assert!(key.contains("contains no certificate"), "{key}");
    assert!(!key.contains("PRIVATE"), "{key}");
}

#[test]
fn an_option_that_a_profile_does_not_have_is_named() {
    for (arguments, parts) in [
        (
            &["stamp", URL, "--fallback"][..],
            [
                "--fallback is not for stamp",
                "chrome-policy and firefox-policy",
            ],
        ),
        (
            &["firefox-policy", URL, "--domain", "nomad"],
            ["--domain is not for firefox-policy", "only for apple"],
        ),
        (
            &["chrome-policy", URL, "--address", "::1"],
            ["--address is not for chrome-policy", "apple and stamp"],
        ),
        (
            &["chrome-policy", "tls://dns.example.com"],
            [
                "chrome-policy cannot use tls://dns.example.com",
                "HTTPS only",
            ],
        ),
        (
            &["stamp", URL, "--address", "::1", "--address", "::2"],
            ["--address: a stamp has one address", "2 are given"],
        ),
        (
            &["apple", "dns.example.com"],
            [
                "\"dns.example.com\" does not begin with",
                "expected https://HOST/dns-query",
            ],
        ),
    ] {
        let error = refused(arguments);
        assert!(
            parts.iter().all(|part| error.contains(part)),
            "{arguments:?}: {error}"
        );
    }
}

/// The configuration of a gateway with these listeners and a certificate for these names alone.
fn configured(names: &[&str], listen: &str, more: &str) -> Config {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    for name in names {
        let address = name.parse::<IpAddr>().map(rcgen::SanType::IpAddress);
        let name = address.unwrap_or_else(|_| rcgen::SanType::DnsName((*name).try_into().unwrap()));
        params.subject_alt_names.push(name);
    }
    let config = Config::new("");
    let folder = config.folder.path();
    let pem = params.self_signed(&key).unwrap().pem();
    std::fs::write(folder.join("chain.pem"), pem).unwrap();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    let at = folder.display();
    let tls = format!("[tls]\ncertificate = \"{at}/chain.pem\"\nkey = \"{at}/key.pem\"\n");
    std::fs::write(config.path(), format!("{more}\n[listen]\n{listen}\n{tls}")).unwrap();
    config
}

#[test]
fn without_a_url_it_is_the_configured_one() {
    let https = "https = [\"127.0.0.1:8443\", \"[::1]:8443\"]";
    for (names, listen, more, url) in [
        (
            &["dns.example.com", "192.0.2.1"][..],
            https,
            "",
            "https://dns.example.com:8443/dns-query",
        ),
        (
            &["192.0.2.1"],
            https,
            "",
            "https://192.0.2.1:8443/dns-query",
        ),
        (
            &["a.example", "b.example"],
            "https = [\"0.0.0.0:443\"]",
            "designated_resolver = \"b.example\"",
            "https://b.example/dns-query",
        ),
    ] {
        let config = configured(names, listen, more);
        let xml = printed(&["apple", "--config", &config.path()]);
        assert_eq!(strings(&xml, "ServerURL"), [url]);
    }
    let config = configured(&["dns.example.com"], "tls = [\"0.0.0.0:853\"]", "");
    let xml = printed(&["apple", "--config", &config.path()]);
    assert_eq!(strings(&xml, "ServerName"), ["dns.example.com"]);
}

#[test]
fn a_configuration_with_no_or_several_urls_is_told_what_to_name() {
    let https = "https = [\"127.0.0.1:8443\"]";
    for (names, listen, kind, parts) in [
        (
            &["a.example", "b.example"][..],
            https,
            "apple",
            [
                "is valid for a.example, b.example: name the URL",
                "designated_resolver",
            ],
        ),
        (
            &["*.example"],
            https,
            "apple",
            [
                "is valid for *.example: name the URL",
                "nomadns profile apple https://",
            ],
        ),
        (
            &[],
            https,
            "stamp",
            [
                "is valid for no name: name the URL",
                "nomadns profile stamp https://",
            ],
        ),
        (
            &["a.example"],
            "https = [\"127.0.0.1:8443\", \"127.0.0.1:443\"]",
            "stamp",
            ["listen.https has several ports (443, 8443)", "name the URL"],
        ),
        (
            &["a.example"],
            "tls = [\"127.0.0.1:853\"]",
            "chrome-policy",
            ["which gateway?", "with listen.https (--config)"],
        ),
    ] {
        let config = configured(names, listen, "");
        let error = refused(&[kind, "--config", &config.path()]);
        assert!(
            parts.iter().all(|part| error.contains(part)),
            "{names:?}: {error}"
        );
    }
    let nothing = refused(&["apple"]);
    assert!(
        nothing.contains("which gateway?") && nothing.contains("--config"),
        "{nothing}"
    );
    let missing = refused(&["apple", "--config", "no.toml"]);
    assert!(missing.contains("no.toml"), "{missing}");
}
