//! `nomadns profile`: what is printed for a gateway, and what is the same the next time.
//!
//! What other programs read in it is the subject of `.ci/clients` (profiles) and `.ci/browsers` (policies).

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nomadns::certs::{Development, Existing};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::run;

pub(super) const URL: &str = "https://dns.example.com/dns-query";

pub(super) fn printed(arguments: &[&str]) -> String {
    let (code, out, error) = run(&[&["profile"], arguments].concat());
    assert_eq!((code, &*error), (0, ""), "{arguments:?}");
    out
}

pub(super) fn refused(arguments: &[&str]) -> String {
    let (code, out, error) = run(&[&["profile"], arguments].concat());
    assert_eq!((code, &*out), (2, ""), "{arguments:?}: {error}");
    error
}

/// A CA and a certificate that it signed for the names of `nomadns certs`; gives the folder and the path of the CA.
pub(super) fn certificates() -> (TempDir, String, Development) {
    let folder = TempDir::new().unwrap();
    let made = Development::generate(&[]).unwrap();
    let [ca, ..] = made.write(folder.path(), Existing::Keep).unwrap();
    let ca = ca.to_str().unwrap().to_owned();
    (folder, ca, made)
}

/// The base 64 of a certificate in PEM.
fn base64_of(pem: &str) -> String {
    pem.lines().filter(|it| !it.contains("CERT")).collect()
}

/// The texts between `<string>` and its end, each behind the key before it.
pub(super) fn strings<'xml>(xml: &'xml str, key: &str) -> Vec<&'xml str> {
    let marked = format!("<key>{key}</key>");
    let values = xml.split(&*marked).skip(1);
    let value = values.map(|rest| {
        let (_, value) = rest.split_once("<string>").unwrap();
        value.split_once("</string>").unwrap().0
    });
    value.collect()
}

#[test]
fn a_profile_for_apple_has_the_gateway_and_its_ca() {
    let (_folder, ca, made) = certificates();
    let arguments = [
        "apple",
        URL,
        "--ca",
        &ca,
        "--address",
        "192.0.2.1",
        "--address",
        "2001:db8::1",
        "--domain",
        "nomad",
    ];
    let xml = printed(&arguments);
    assert_eq!(strings(&xml, "DNSProtocol"), ["HTTPS"]);
    assert_eq!(strings(&xml, "ServerURL"), [URL]);
    assert_eq!(strings(&xml, "SupplementalMatchDomains"), ["nomad"]);
    let kinds = [
        "Configuration",
        "com.apple.dnsSettings.managed",
        "com.apple.security.root",
    ];
    assert_eq!(strings(&xml, "PayloadType"), kinds);
    for part in ["<string>192.0.2.1</string>", "<string>2001:db8::1</string>"] {
        assert!(xml.contains(part), "{xml}");
    }
    assert!(xml.contains(&format!("<data>{}</data>", base64_of(&made.ca_pem))));
}

#[test]
fn a_profile_for_apple_that_is_printed_again_replaces_the_earlier_one() {
    let (_folder, ca, _) = certificates();
    let identifiers = |arguments: &[&str]| {
        let xml = printed(arguments);
        let of = |key| {
            strings(&xml, key)
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        [of("PayloadIdentifier"), of("PayloadUUID")].concat()
    };
    let first = identifiers(&["apple", URL, "--ca", &ca]);
    assert_eq!(first.len(), 6);
    let mut distinct = first.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), 6, "{first:?}");
    assert_eq!(
        identifiers(&["apple", URL, "--ca", &ca, "--address", "192.0.2.1"]),
        first
    );
    let other = identifiers(&["apple", "https://dns2.example.com/dns-query", "--ca", &ca]);
    assert!(other.iter().all(|it| !first.contains(it)), "{other:?}");
}

#[test]
fn a_profile_for_apple_has_dns_over_tls_by_name_at_its_port() {
    let xml = printed(&["apple", "tls://dns.example.com"]);
    assert_eq!(strings(&xml, "DNSProtocol"), ["TLS"]);
    assert_eq!(strings(&xml, "ServerName"), ["dns.example.com"]);
    assert!(!xml.contains("ServerURL"), "{xml}");
    let port = refused(&["apple", "tls://dns.example.com:8853"]);
    assert!(
        port.contains(
            "tls://dns.example.com:8853: Apple's devices use DNS over TLS at port 853 only"
        ),
        "{port}"
    );
    let host = refused(&["apple", "tls://192.0.2.1"]);
    assert!(
        host.contains("want a host name") && host.contains("--address"),
        "{host}"
    );
}

/// The parts of a stamp behind its protocol and properties; the high bit of a length says that a hash follows.
fn parts(stamp: &str) -> (u8, Vec<Vec<u8>>) {
    let octets = URL_SAFE_NO_PAD
        .decode(stamp.trim_end().strip_prefix("sdns://").unwrap())
        .unwrap();
    assert_eq!(octets[1..9], [0; 8]);
    let (mut rest, mut parts) = (&octets[9..], Vec::new());
    while let [length, more @ ..] = rest {
        let (part, behind) = more.split_at(usize::from(length & 0x7f));
        parts.push(part.to_vec());
        rest = behind;
    }
    (octets[0], parts)
}

#[test]
fn a_stamp_has_the_address_the_hashes_the_host_and_the_path() {
    let (folder, ca, made) = certificates();
    let stamp = printed(&[
        "stamp",
        "https://localhost:8443/dns-query",
        "--address",
        "127.0.0.1",
    ]);
    let plain = ["127.0.0.1", "", "localhost:8443", "/dns-query"];
    assert_eq!(
        parts(&stamp),
        (2, plain.map(|it| it.as_bytes().to_vec()).to_vec())
    );
    let (protocol, without) = parts(&printed(&["stamp", "tls://[2001:db8::1]"]));
    let plain = ["[2001:db8::1]", "", "[2001:db8::1]"];
    assert_eq!(
        (protocol, without),
        (3, plain.map(|it| it.as_bytes().to_vec()).to_vec())
    );
    let (_, by_name) = parts(&printed(&["stamp", URL, "--ca", &ca]));
    assert_eq!((&*by_name[0], by_name[1].len()), (&b""[..], 32));
    let second = Development::generate(&[]).unwrap().ca_pem;
    let both = folder.path().join("both.pem");
    std::fs::write(&both, made.ca_pem + &second).unwrap();
    let (_, two) = parts(&printed(&["stamp", URL, "--ca", both.to_str().unwrap()]));
    assert_eq!((two.len(), &two[1]), (5, &by_name[1]));
    assert_ne!(two[1], two[2]);
}

#[test]
fn policies_are_those_of_the_documentation() {
    let page =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/browsers.md"))
            .unwrap();
    let below = |heading: &str| -> Value {
        let section = page.split_once(heading).unwrap().1;
        let block = section.split_once("```json\n").unwrap().1;
        serde_json::from_str(block.split_once("```").unwrap().0).unwrap()
    };
    let (_folder, ca, made) = certificates();
    let url = "https://127.0.0.1:8443/dns-query";
    let policy = |kind, more: &[&str]| -> Value {
        serde_json::from_str(&printed(&[&[kind, url], more].concat())).unwrap()
    };
    let mut chrome = below("### Policy for Chromium, Chrome and Edge\n");
    chrome["CACertificates"] = json!([base64_of(&made.ca_pem)]);
    assert_eq!(policy("chrome-policy", &["--ca", &ca]), chrome);
    let mut firefox = below("### Firefox policy\n");
    firefox["policies"]["Certificates"]["Install"] = json!([ca]);
    assert_eq!(policy("firefox-policy", &["--ca", &ca]), firefox);

    let fallback = policy("chrome-policy", &["--fallback"]);
    assert_eq!(fallback["DnsOverHttpsMode"], "automatic");
    assert_eq!(fallback.get("CACertificates"), None);
    let fallback = policy("firefox-policy", &["--fallback"]);
    assert_eq!(fallback["policies"]["DNSOverHTTPS"]["Fallback"], true);
    assert_eq!(fallback["policies"].get("Certificates"), None);
}
