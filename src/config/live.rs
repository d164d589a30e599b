//! Which keys a reload changes while the gateway runs. All others keep their value until a restart.

/// The keys that change at once; of a name that ends with a dot, all keys of the section.
const LIVE: &[&str] = &[
    "zones",
    "ttl",
    "negative_ttl",
    "describe_instances",
    "https_tag",
    "name_server_addresses",
    "reverse_zones",
    "outside_zones",
    "nsid",
    "cookie_secrets",
    "designated_resolver",
    "hosts",
    "hosts_file",
    "hosts_check_seconds",
    "nomad.ca_file",
    "nomad.ca_path",
    "nomad.client_certificate",
    "nomad.client_key",
    "nomad.tls_server_name",
    "nomad.skip_verify",
    "nomad.ui_url",
    "tls.certificate",
    "tls.key",
    "tls.check_seconds",
    "http.hosts",
    "http.check_seconds",
    "clients.",
    "limits.waiting_queries",
    "limits.query_timeout_ms",
    "limits.large_answers_at_once",
    "limits.large_answers_per_client",
    "limits.alias_chain",
    "limits.set_records",
    "limits.hosts_names",
    "limits.hosts_file_octets",
    "limits.handshakes_per_client",
    "cache.shared_octets",
    "forward",
    "forwarding.ca_file",
    "forwarding.application_dns",
    "forwarding.check_seconds",
    "log.level",
    "query_log.",
    "transfer.",
];

/// Whether a reload changes a key while the gateway runs.
#[must_use]
pub fn is_live(key: &str) -> bool {
    LIVE.iter().any(|live| match live.ends_with('.') {
        true => key.starts_with(live),
        false => key == *live,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::words::keys;

    #[test]
    fn what_is_live_is_a_key_or_a_section() {
        let keys = keys();
        for live in LIVE {
            let is_known = keys.iter().any(|(key, _)| match live.ends_with('.') {
                true => key.starts_with(live),
                false => key == live,
            });
            assert!(is_known, "{live}");
        }
        assert!(is_live("clients.allow") && !is_live("listen.dns"));
    }
}
