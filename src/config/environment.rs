//! Environment variables, read as the Nomad CLI and its API package read them.
//!
//! `NOMAD_NAMESPACE` is ignored: Nomad sets it in every task, and a gateway usually serves more than the namespace
//! that it runs in.

use super::Source;

/// Variables whose text is the value of a key.
const TEXTS: [(&str, &str); 7] = [
    ("NOMAD_REGION", "nomad.region"),
    ("NOMAD_HTTP_AUTH", "nomad.http_auth"),
    ("NOMAD_CACERT", "nomad.ca_file"),
    ("NOMAD_CAPATH", "nomad.ca_path"),
    ("NOMAD_CLIENT_CERT", "nomad.client_certificate"),
    ("NOMAD_CLIENT_KEY", "nomad.client_key"),
    ("NOMAD_TLS_SERVER_NAME", "nomad.tls_server_name"),
];

/// Lays the variables that `read` gives over what is in `source`.
pub fn apply(source: &mut Source, read: impl Fn(&str) -> Option<String>) {
    let read = |name: &str| read(name).filter(|value| !value.is_empty());
    if let Some(address) = read("NOMAD_ADDR") {
        source.set("nomad.addresses", vec![address], "NOMAD_ADDR");
    } else if let Some(address) = read("NOMAD_UNIX_ADDR")
        && !source.has("nomad.addresses")
    {
        source.set("nomad.addresses", vec![address], "NOMAD_UNIX_ADDR");
    }
    if let Some(token) = read("NOMAD_TOKEN") {
        // It stands above the file, and so above a token file that is named there; but that one would be read again.
        let aside = source
            .has("nomad.token_file")
            .then(|| source.origin("nomad.token_file"));
        source.remove("nomad.token_file");
        source.set("nomad.token", token, "NOMAD_TOKEN");
        if let Some(origin) = aside {
            let words = format!(
                "NOMAD_TOKEN is used instead of the file that {origin} names: the environment stands above the file; \
                 unset NOMAD_TOKEN, or name the file with --token-file"
            );
            source.note("nomad.token_file", words);
        }
    }
    for (name, key) in TEXTS {
        if let Some(value) = read(name) {
            source.set(key, value, name);
        }
    }
    // Go's strconv.ParseBool; what it cannot read is ignored, as Nomad's CLI does.
    match read("NOMAD_SKIP_VERIFY").as_deref() {
        Some("1" | "t" | "T" | "TRUE" | "true" | "True") => {
            source.set("nomad.skip_verify", true, "NOMAD_SKIP_VERIFY");
        }
        Some("0" | "f" | "F" | "FALSE" | "false" | "False") => {
            source.set("nomad.skip_verify", false, "NOMAD_SKIP_VERIFY");
        }
        _ => {}
    }
    if let Some(ttl) = read("NOMAD_TTL") {
        match ttl.parse::<i64>() {
            Ok(ttl) => source.set("ttl", ttl, "NOMAD_TTL"),
            Err(_) => source.set("ttl", ttl, "NOMAD_TTL"),
        }
    }
}
