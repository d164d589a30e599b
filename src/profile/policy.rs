//! Policies of browsers, as `docs/browsers.md` has them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::url::GET_VARIABLE;
use super::{ProfileError, ProfileOptions, SecureTransport};

/// For Chromium, Chrome and Edge; the CAs are in it.
pub(super) fn chrome(options: &ProfileOptions) -> Result<String, ProfileError> {
    let url = url(options)?;
    let mode = if options.fallback {
        "automatic"
    } else {
        "secure"
    };
    let mut policy = json!({
        "DnsOverHttpsMode": mode,
        "DnsOverHttpsTemplates": format!("{url}{GET_VARIABLE}"),
    });
    let authorities = options.authorities.iter();
    let authorities: Vec<String> = authorities.map(|it| STANDARD.encode(&it.der)).collect();
    if !authorities.is_empty() {
        policy["CACertificates"] = json!(authorities);
    }
    Ok(pretty(&policy))
}

/// For Firefox; it names the file of the CAs.
pub(super) fn firefox(options: &ProfileOptions) -> Result<String, ProfileError> {
    let url = url(options)?;
    let mut policies = json!({
        "DNSOverHTTPS": {
            "Enabled": true,
            "ProviderURL": url,
            "Fallback": options.fallback,
            "Locked": true,
        },
        // Else it takes no answer with a private address, which most instances have.
        "Preferences": {"network.trr.allow-rfc1918": {"Value": true, "Status": "default"}},
    });
    if let Some(file) = &options.ca_file {
        policies["Certificates"] = json!({"Install": [file.to_string_lossy()]});
    }
    Ok(pretty(&json!({"policies": policies})))
}

fn url(options: &ProfileOptions) -> Result<String, ProfileError> {
    let url = options.gateway.to_string();
    match options.gateway.transport {
        SecureTransport::Https => Ok(url),
        SecureTransport::Tls => Err(ProfileError::Tls {
            kind: options.kind,
            url,
        }),
    }
}

fn pretty(value: &Value) -> String {
    format!("{value:#}")
}
