//! The arguments of `nomadns lookup`, and their conversion to options.

use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ColorChoice};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::argument_error::ArgumentError;
use super::asked::Asked;
use super::options::{Detail, GatewayPaths, GatewayPorts, LookupOptions, Trust};
use super::paint::Coloring;
use super::transport_choice::TransportChoice;

/// Where `nomadns certs` leaves its CA.
const DEVELOPMENT_CA: &str = "certs-dev/ca.pem";
/// The gateway that is asked unless another is named.
const LOOPBACK: &str = "127.0.0.1";

/// Queries a running gateway and prints the answer like dig.
///
/// Exits with 0 if records were returned, 2 for a negative answer (no such name, or no records of that
/// type), 3 for another error code (SERVFAIL, REFUSED), 1 if a transport gave no answer or transports do
/// not agree, and 64 for an error on the command line.
#[derive(Clone, Debug, Args)]
#[command(override_usage = "nomadns lookup [OPTIONS] [@SERVER] NAME [TYPE]")]
pub struct LookupArgs {
    /// The gateway, as for --server; the name to look up, such as redis.default.nomad; and the record type, such as AAAA, SRV, TXT or TYPE65, which is A by default
    #[arg(value_name = "[@SERVER] NAME [TYPE]", required = true)]
    words: Vec<String>,

    /// The transport; several separated by commas, or all, print a table that shows whether they agree
    #[arg(short, long, value_enum, value_delimiter = ',', default_value = "udp")]
    transport: Vec<TransportChoice>,

    /// The gateway: an IP address or a host name
    #[arg(short, long, value_name = "HOST", default_value = LOOPBACK)]
    server: String,

    /// The gateway's port for UDP and TCP
    #[arg(long, value_name = "PORT", default_value_t = GatewayPorts::default().dns)]
    dns_port: u16,

    /// The gateway's port for DNS over TLS
    #[arg(long, value_name = "PORT", default_value_t = GatewayPorts::default().tls)]
    tls_port: u16,

    /// The gateway's port for HTTPS (doh-get, doh-post)
    #[arg(long, value_name = "PORT", default_value_t = GatewayPorts::default().https)]
    https_port: u16,

    /// The gateway's port for plain HTTP (json)
    #[arg(long, value_name = "PORT", default_value_t = GatewayPorts::default().http)]
    http_port: u16,

    /// Trust only certificates of this CA (PEM) [default: the system's, certs-dev/ca.pem if it exists, and that of your own running demo]
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    ca: Option<PathBuf>,

    /// Trust any certificate
    #[arg(long)]
    insecure: bool,

    /// The timeout for each transport, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,

    /// Set the DO bit (DNSSEC)
    #[arg(long)]
    dnssec: bool,

    /// Print only the record data; errors go to standard error
    #[arg(long)]
    short: bool,

    /// Print one JSON object for scripts, with what each transport answered
    #[arg(long, conflicts_with = "short")]
    json: bool,

    /// Color the output; auto: on a terminal, unless `NO_COLOR` is set
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    color: ColorChoice,
}

impl LookupArgs {
    /// Whether it is to be coloured, as it was chosen.
    pub fn color(&self) -> ColorChoice {
        self.color
    }

    /// Makes the options, reading files with `read`, and the CA of a demo at a port of this machine with `demo_ca`.
    ///
    /// # Errors
    /// Words that are no question, or a CA that cannot be read or is none.
    pub fn into_options(
        mut self,
        read: impl Fn(&Path) -> io::Result<Vec<u8>>,
        demo_ca: impl Fn(u16) -> Option<Vec<u8>>,
    ) -> Result<LookupOptions, ArgumentError> {
        let asked = Asked::read(&self.words)?;
        if let Some(server) = asked.server {
            if self.server != LOOPBACK {
                return Err(ArgumentError::SecondServer(format!("@{server}")));
            }
            self.server = server;
        }
        let trust = self.trust(read, demo_ca)?;
        let mut transports = Vec::new();
        for transport in self.transport.iter().flat_map(|choice| choice.transports()) {
            if !transports.contains(transport) {
                transports.push(*transport);
            }
        }
        Ok(LookupOptions {
            name: asked.name,
            record_type: asked.record_type,
            transports,
            server: self.server,
            ports: GatewayPorts {
                dns: self.dns_port,
                tls: self.tls_port,
                https: self.https_port,
                http: self.http_port,
            },
            paths: GatewayPaths::default(),
            trust,
            timeout: Duration::from_secs(self.timeout),
            dnssec_ok: self.dnssec,
            detail: match (self.short, self.json) {
                (true, _) => Detail::Short,
                (false, true) => Detail::Json,
                (false, false) => Detail::Full,
            },
            coloring: Coloring::Plain,
        })
    }

    fn trust(
        &self,
        read: impl Fn(&Path) -> io::Result<Vec<u8>>,
        demo_ca: impl Fn(u16) -> Option<Vec<u8>>,
    ) -> Result<Trust, ArgumentError> {
        if self.insecure {
            return Ok(Trust::Anyone);
        }
        if let Some(path) = &self.ca {
            let pem = read(path).map_err(|source| ArgumentError::Read {
                path: path.clone(),
                source,
            })?;
            return Ok(Trust::Only(certificates(&pem, path)?));
        }
        let path = Path::new(DEVELOPMENT_CA);
        // That it is not there is the usual case, and one that is none is no mistake of who asks.
        let pem = read(path).unwrap_or_default();
        let mut trusted = certificates(&pem, path).unwrap_or_default();
        for port in [self.tls_port, self.https_port] {
            let pem = self.is_here().then(|| demo_ca(port)).flatten();
            // One that cannot be read is of no use, and no mistake of who asks.
            let found = pem.and_then(|pem| certificates(&pem, path).ok());
            for certificate in found.unwrap_or_default() {
                if !trusted.contains(&certificate) {
                    trusted.push(certificate);
                }
            }
        }
        Ok(Trust::SystemAnd(trusted))
    }

    /// Whether the gateway is on this machine, where nobody else can be in its place.
    fn is_here(&self) -> bool {
        let address = self.server.parse::<IpAddr>();
        self.server == "localhost" || address.is_ok_and(|it| it.is_loopback())
    }
}

fn certificates(pem: &[u8], path: &Path) -> Result<Vec<CertificateDer<'static>>, ArgumentError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    read.ok()
        .filter(|certificates| !certificates.is_empty())
        .ok_or_else(|| ArgumentError::NoCertificate(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;
    use crate::dns::RecordType;
    use crate::lookup::LookupTransport;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        args: LookupArgs,
    }

    fn options(arguments: &[&str]) -> Result<LookupOptions, ArgumentError> {
        let command = Command::parse_from([&["lookup"], arguments].concat());
        let none = |_: &Path| Err(io::ErrorKind::NotFound.into());
        command.args.into_options(none, |_| None)
    }

    #[test]
    fn a_name_alone_asks_for_a_over_udp_on_loopback() {
        Command::command().debug_assert();
        let options = options(&["redis.default.nomad"]).unwrap();
        assert_eq!(options.record_type, RecordType::A);
        assert_eq!(options.transports, [LookupTransport::Udp]);
        assert_eq!(options.authority(LookupTransport::Udp), "127.0.0.1:1053");
        assert_eq!(options.trust, Trust::SystemAnd(Vec::new()));
    }

    #[test]
    fn the_server_is_named_once() {
        let at = |words: &[&str]| options(words).map(|it| it.server);
        assert_eq!(at(&["@192.0.2.1", "a"]).unwrap(), "192.0.2.1");
        assert!(at(&["@192.0.2.1", "a", "-s", "192.0.2.2"]).is_err());
    }

    #[test]
    fn all_and_lists_of_transports_ask_each_once() {
        let all = options(&["a", "srv", "-t", "json,all", "-s", "::1"]).unwrap();
        assert_eq!(all.record_type, RecordType::SRV);
        assert_eq!(all.transports.len(), LookupTransport::ALL.len());
        assert_eq!(all.transports[0], LookupTransport::Json);
        assert_eq!(all.authority(LookupTransport::Dot), "[::1]:8853");
    }

    #[test]
    fn a_transport_may_be_named_by_what_carries_it() {
        let named = |list: &str| options(&["a", "-t", list]).unwrap().transports;
        assert_eq!(
            named("tls,https-get,https-post"),
            named("dot,doh-get,doh-post")
        );
        assert_eq!(named("tls"), [LookupTransport::Dot]);
    }

    #[test]
    fn the_ca_of_a_demo_counts_on_this_machine_alone() {
        let ca = rcgen::generate_simple_self_signed(["ca".to_owned()]).unwrap();
        let trust = |server: &str, flags: &[&str]| {
            let line = [&["lookup", "a", "-s", server], flags].concat();
            let none = |_: &Path| Err(io::ErrorKind::NotFound.into());
            let demo_ca = |port| (port == 8853).then(|| ca.cert.pem().into_bytes());
            let options = Command::parse_from(line).args.into_options(none, demo_ca);
            options.unwrap().trust
        };
        let own = Trust::SystemAnd(vec![ca.cert.der().clone()]);
        for here in ["127.0.0.1", "::1", "localhost"] {
            assert_eq!(trust(here, &[]), own, "{here}");
        }
        for (server, flags) in [
            ("192.0.2.1", &[][..]),
            ("127.0.0.1", &["--tls-port", "853"]),
        ] {
            assert_eq!(trust(server, flags), Trust::SystemAnd(Vec::new()));
        }
        assert_eq!(trust("127.0.0.1", &["--insecure"]), Trust::Anyone);
    }

    #[test]
    fn what_is_no_name_or_no_ca_is_said() {
        let parsed = options(&["a..b"]).unwrap_err();
        assert!(parsed.to_string().contains("empty label"), "{parsed}");
        let missing = options(&["a", "--ca", "no.pem"]).unwrap_err();
        assert!(missing.to_string().starts_with("--ca no.pem"), "{missing}");
        let command = Command::parse_from(["lookup", "a", "--ca", "x"]);
        let nothing = |_: &Path| Ok(Vec::new());
        let empty = command.args.into_options(nothing, |_| None).unwrap_err();
        assert!(matches!(empty, ArgumentError::NoCertificate(_)));
    }
}
