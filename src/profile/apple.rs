//! A configuration profile for iOS, iPadOS, macOS and visionOS: the payload `com.apple.dnsSettings.managed`, and the CAs as
//! `com.apple.security.root`, as Apple's device management documentation has them. It is not signed.
//!
//! All identifiers come from the URL, so that a profile that is printed again replaces the earlier one.

use std::net::IpAddr;

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use uuid::{Builder, Uuid};

use super::property_list::{self, Property};
use super::url::without_dot;
use super::{GatewayUrl, ProfileError, ProfileOptions, SecureTransport};

const DNS_SETTINGS: &str = "com.apple.dnsSettings.managed";
const ROOT_CERTIFICATE: &str = "com.apple.security.root";

pub(super) fn print(options: &ProfileOptions) -> Result<String, ProfileError> {
    let gateway = &options.gateway;
    if gateway.transport == SecureTransport::Tls {
        let url = gateway.to_string();
        if gateway.port != SecureTransport::Tls.default_port() {
            return Err(ProfileError::AppleTlsPort { url });
        }
        if gateway.address().is_some() {
            return Err(ProfileError::AppleTlsHost { url });
        }
    }
    let mut payloads = vec![payload(gateway, DNS_SETTINGS, "", |entries| {
        entries.push((
            "PayloadDisplayName",
            format!("DNS: {}", gateway.host).into(),
        ));
        entries.push(("DNSSettings", dns_settings(options)));
    })];
    for (authority, number) in options.authorities.iter().zip(1..) {
        let which = format!(".{number}");
        payloads.push(payload(gateway, ROOT_CERTIFICATE, &which, |entries| {
            let name = format!("CA {number} of {}", gateway.host);
            entries.push(("PayloadDisplayName", name.into()));
            entries.push(("PayloadContent", Property::Octets(authority.der.clone())));
        }));
    }
    let profile = payload(gateway, "Configuration", "", |entries| {
        let how = match gateway.transport {
            SecureTransport::Https => "HTTPS",
            SecureTransport::Tls => "TLS",
        };
        let what = format!("Resolves names with {}, over {how}.", gateway.host);
        let name = format!("nomadns: {}", gateway.host);
        entries.push(("PayloadDisplayName", name.into()));
        entries.push(("PayloadDescription", what.into()));
        // macOS has encrypted DNS for the whole device only.
        entries.push(("PayloadScope", "System".into()));
        entries.push(("PayloadContent", Property::List(payloads)));
    });
    Ok(property_list::print(&profile))
}

fn dns_settings(options: &ProfileOptions) -> Property {
    let gateway = &options.gateway;
    let mut entries = match gateway.transport {
        SecureTransport::Https => vec![
            ("DNSProtocol", "HTTPS".into()),
            ("ServerURL", gateway.to_string().into()),
        ],
        SecureTransport::Tls => vec![
            ("DNSProtocol", "TLS".into()),
            ("ServerName", gateway.host.clone().into()),
        ],
    };
    let texts =
        |texts: Vec<String>| Property::List(texts.into_iter().map(Property::Text).collect());
    if !options.addresses.is_empty() {
        let addresses = options.addresses.iter().map(IpAddr::to_string).collect();
        entries.push(("ServerAddresses", texts(addresses)));
    }
    if !options.domains.is_empty() {
        let domains = options.domains.iter().map(without_dot).collect();
        entries.push(("SupplementalMatchDomains", texts(domains)));
    }
    Property::Dictionary(entries)
}

/// A payload with the keys that all have, and those that `fill` adds.
fn payload(
    gateway: &GatewayUrl,
    kind: &'static str,
    which: &str,
    fill: impl FnOnce(&mut Vec<(&'static str, Property)>),
) -> Property {
    let uuid = identifier(&format!("{gateway}#{kind}{which}"));
    let mut entries = vec![
        ("PayloadType", kind.into()),
        ("PayloadVersion", Property::Number(1)),
        ("PayloadIdentifier", format!("nomadns.{uuid}").into()),
        ("PayloadUUID", uuid.to_string().to_uppercase().into()),
    ];
    fill(&mut entries);
    Property::Dictionary(entries)
}

/// A UUID that stays the same for a name (version 5, RFC 9562 §5.5).
fn identifier(name: &str) -> Uuid {
    let octets = [Uuid::NAMESPACE_URL.as_bytes(), name.as_bytes()].concat();
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, &octets);
    let mut first = [0; 16];
    first.copy_from_slice(&hash.as_ref()[..16]);
    Builder::from_sha1_bytes(first).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_that_of_version_5() {
        // Python: uuid.uuid5(uuid.NAMESPACE_URL, "https://dns.example.com/dns-query")
        assert_eq!(
            identifier("https://dns.example.com/dns-query").to_string(),
            "e92387cb-ec98-59be-ab1a-b2f649dd1661"
        );
    }
}
