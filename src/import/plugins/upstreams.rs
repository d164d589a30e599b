//! The upstreams of `forward`, as `[[forward]]` writes them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::super::error::shown;

/// An upstream as nomadns writes it.
///
/// # Errors
/// Why there is none.
pub(super) fn upstream(
    text: &str,
    server_name: Option<&str>,
    uses_tcp: bool,
) -> Result<String, String> {
    let (scheme, rest) = text.split_once("://").unwrap_or(("dns", text));
    let is_file = scheme == "dns" && rest.contains('/');
    match scheme {
        _ if text == "/etc/resolv.conf" => Ok("system".into()),
        _ if is_file => {
            Err("nomadns reads no other file than /etc/resolv.conf; list its servers".into())
        }
        "dns" if uses_tcp => Ok(format!("tcp://{}", server(rest)?)),
        "dns" => Ok(format!("udp://{}", server(rest)?)),
        "tls" | "quic" => {
            // RFC 8310: without a name CoreDNS takes the certificate for the address.
            let (rest, own) = match rest.split_once('%') {
                Some((rest, name)) => (rest, Some(name)),
                None => (rest, None),
            };
            let server = server(rest)?;
            let address = server_address(&server).to_string();
            let name = own
                .map(str::to_owned)
                .or_else(|| server_name.map(str::to_owned));
            Ok(format!("{scheme}://{server}#{}", name.unwrap_or(address)))
        }
        "https" => Ok(text.to_owned()),
        other => Err(format!(
            "nomadns asks upstreams over UDP, TCP, TLS, HTTPS and QUIC, not over {}; name another",
            shown(other)
        )),
    }
}

/// `ADDRESS` or `ADDRESS:PORT`, with brackets for IPv6.
fn server(text: &str) -> Result<String, String> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(match address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        });
    }
    match text.parse::<SocketAddr>() {
        Ok(address) => Ok(address.to_string()),
        Err(_) => Err("is no IP address; name the address of a server".into()),
    }
}

fn server_address(server: &str) -> IpAddr {
    let bare = server.trim_start_matches('[').trim_end_matches(']');
    let socket = server.parse::<SocketAddr>().map(|it| it.ip());
    socket
        .or_else(|_| bare.parse())
        .unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upstreams_are_written_as_in_the_configuration() {
        for (text, expected) in [
            ("1.1.1.1", "udp://1.1.1.1"),
            ("10.0.0.2:5353", "udp://10.0.0.2:5353"),
            ("2001:db8::1", "udp://[2001:db8::1]"),
            ("dns://[2001:db8::1]:53", "udp://[2001:db8::1]:53"),
            ("tls://9.9.9.9", "tls://9.9.9.9#dns.quad9.net"),
            (
                "https://dns.example/dns-query",
                "https://dns.example/dns-query",
            ),
            ("/etc/resolv.conf", "system"),
        ] {
            let written = upstream(text, Some("dns.quad9.net"), false);
            assert_eq!(written.as_deref(), Ok(expected), "{text}");
        }
        assert_eq!(
            upstream("10.0.0.2", None, true).as_deref(),
            Ok("tcp://10.0.0.2")
        );
        assert_eq!(
            upstream("tls://9.9.9.9%a.example", None, false).as_deref(),
            Ok("tls://9.9.9.9#a.example")
        );
    }

    #[test]
    fn what_cannot_be_asked_has_a_reason() {
        for text in ["/etc/other.conf", "dns.example", "grpc://1.1.1.1"] {
            assert!(upstream(text, None, false).is_err(), "{text}");
        }
    }
}
