//! The demo: a simulated cluster that changes on its own, and a gateway for it, on loopback.

use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;

use super::{BindError, Bound, PortConflict, Running, StartError};
use crate::certs::{self, Development};
use crate::config::{ChainAndKey, ConfigError, Files, Settings, Source};
use crate::demo::{Options, Registration, Scenario, SimulatedNomad, serve_page};
use crate::secret::Secret;

/// The usual ports: DNS, DNS over TLS, HTTPS, HTTP, the operator's pages, Nomad, the page of the service `hello`.
const PORTS: [u16; 7] = [1053, 8853, 8443, 8053, 9153, 4646, 8090];

/// How the demo is started.
#[derive(Clone)]
pub struct DemoOptions {
    /// How many services there are beside the named ones.
    pub services: usize,
    /// How many instances each of them has.
    pub instances: usize,
    /// How many changes happen per second.
    pub change_rate: f64,
    /// How often Nomad goes away.
    pub outage_every: Option<Duration>,
    /// Which ports it takes.
    pub ports: PortChoice,
    /// Certificates that exist already; new ones are made in memory otherwise.
    pub certificates: Option<Development>,
    /// How this program is called, for what is printed to try.
    pub program: String,
    /// How many UDP workers an address has.
    pub workers: usize,
}

/// Which ports the demo takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PortChoice {
    /// The usual ones; one that is taken is replaced by a free one.
    #[default]
    Usual,
    /// Free ones for all.
    Auto,
}

/// Why the demo cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// No port for the simulated Nomad.
    #[error("the simulated Nomad cannot listen: {0}")]
    Nomad(std::io::Error),
    /// No port for the page of the service `hello`.
    #[error("the page of the service hello cannot be served: {0}")]
    Page(std::io::Error),
    /// No port for the gateway.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The gateway does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// No certificate can be made.
    #[error(transparent)]
    Certificate(#[from] certs::MakeCertificateError),
    /// Its own settings are not good.
    #[error(transparent)]
    Settings(#[from] ConfigError),
}

/// A running demo.
#[derive(Debug)]
pub struct Demo {
    running: Running,
    nomad: SimulatedNomad,
    ports: DemoPorts,
    program: String,
    choice: PortChoice,
    /// The CA of the certificate that is shown.
    ca_pem: String,
    made: CertificateOrigin,
}

/// Whether `nomadns lookup` finds the CA of the demo by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookupTrust {
    /// It does.
    ByItself,
    /// It has to be told by a flag.
    ByFlag,
}

/// Where the certificate comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CertificateOrigin {
    /// It was made for this demo alone.
    Now,
    /// It was there, in `certs-dev/`.
    Before,
}

impl Demo {
    /// Starts the cluster and the gateway. Wants a tokio runtime around it.
    ///
    /// # Errors
    /// No ports, or what the gateway fails with.
    pub fn start(options: DemoOptions) -> Result<Self, DemoError> {
        let [dns, tls, https, http, admin, api, page] = match options.ports {
            PortChoice::Usual => PORTS,
            PortChoice::Auto => [0; PORTS.len()],
        };
        let nomad = at_port(api, start_nomad).map_err(DemoError::Nomad)?;
        let page = at_port(page, serve_page).map_err(DemoError::Page)?;
        let scenario = Scenario {
            services: options.services,
            instances: options.instances,
            change_rate: options.change_rate,
            outage_every: options.outage_every,
            ..Scenario::default()
        };
        scenario.populate(&nomad);
        nomad.register([page.clone()]);

        let mut source = Source::default();
        source.set("nomad.addresses", vec![nomad.url()], "demo");
        let mut settings = Settings::check(&source)?;
        let on = |port: u16| vec![SocketAddr::from((Ipv4Addr::LOCALHOST, port))];
        settings
            .listen
            .dns
            .iter_mut()
            .for_each(|address| address.set_port(dns));
        settings.listen.tls = on(tls);
        settings.listen.https = on(https);
        settings.listen.http = on(http);
        settings.listen.admin = on(admin);
        let made = match options.certificates {
            Some(_) => CertificateOrigin::Before,
            None => CertificateOrigin::Now,
        };
        let certificates = options
            .certificates
            .map_or_else(|| Development::generate(&[]), Ok)?;
        let ca_pem = certificates.ca_pem.clone();
        settings.certificate = Some(certificate(certificates));

        let bound = Bound::bind(&settings.listen, options.workers, PortConflict::Replaced)?;
        let ports = DemoPorts::of(&bound, &nomad, &page);
        let running = super::start(settings, bound)?;
        tokio::spawn(scenario.run(nomad.clone(), std::future::pending()));
        Ok(Self {
            running,
            nomad,
            ports,
            program: options.program,
            choice: options.ports,
            ca_pem,
            made,
        })
    }

    /// What to try, for people to paste.
    pub fn advice(&self, lookup: LookupTrust) -> String {
        self.ports
            .advice(&self.program, self.choice, self.made, lookup)
    }

    /// The CA of the certificate that is shown, in PEM.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The ports that it is shown at: DNS over TLS and HTTPS.
    pub fn tls_ports(&self) -> [u16; 2] {
        let DemoPorts([_, tls, https, ..]) = self.ports;
        [tls, https]
    }

    /// The gateway, and the Nomad that must live as long.
    pub fn into_running(self) -> (Running, SimulatedNomad) {
        (self.running, self.nomad)
    }
}

fn start_nomad(address: SocketAddr) -> std::io::Result<SimulatedNomad> {
    SimulatedNomad::start(Options {
        address,
        ..Options::default()
    })
}

/// Starts something at a port of loopback, or at a free one where that is taken.
fn at_port<T>(port: u16, start: impl Fn(SocketAddr) -> std::io::Result<T>) -> std::io::Result<T> {
    let at = |port: u16| start((Ipv4Addr::LOCALHOST, port).into());
    match at(port) {
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => at(0),
        result => result,
    }
}

fn certificate(development: Development) -> Files<ChainAndKey> {
    let content = (
        development.certificate_pem.into_bytes(),
        Secret::new(&development.key_pem),
    );
    let same = content.clone();
    let again = move || Ok(same.clone());
    Files {
        content,
        again: Arc::new(again),
    }
}

/// The ports that were really taken, in the order of `PORTS`.
#[derive(Clone, Copy, Debug)]
struct DemoPorts([u16; PORTS.len()]);

impl DemoPorts {
    fn of(bound: &Bound, nomad: &SimulatedNomad, page: &Registration) -> Self {
        let first = |sockets: &[std::net::TcpListener]| {
            let address = sockets.first().and_then(|socket| socket.local_addr().ok());
            address.map_or(0, |address| address.port())
        };
        Self([
            first(&bound.tcp),
            first(&bound.tls),
            first(&bound.https),
            first(&bound.http),
            first(&bound.admin),
            nomad.address().port(),
            u16::try_from(page.port).unwrap_or(0),
        ])
    }

    fn advice(
        &self,
        program: &str,
        choice: PortChoice,
        made: CertificateOrigin,
        trust: LookupTrust,
    ) -> String {
        let Self([dns, tls, https, http, admin, api, page]) = self;
        let mut text = String::from(
            "A simulated Nomad cluster that changes by itself, and nomadns in front of it.\n",
        );
        if choice == PortChoice::Usual {
            for (usual, taken) in PORTS
                .iter()
                .zip(&self.0)
                .filter(|(usual, taken)| usual != taken)
            {
                let _ = writeln!(text, "Port {usual} was taken; {taken} is used instead.");
            }
        }
        let (curl, doh) = match made {
            CertificateOrigin::Now => ("-k", "--doh-insecure"),
            CertificateOrigin::Before => ("--cacert certs-dev/ca.pem", "--cacert certs-dev/ca.pem"),
        };
        let lookup = match (trust, made) {
            (LookupTrust::ByItself, _) => "",
            (LookupTrust::ByFlag, CertificateOrigin::Now) => " --insecure",
            (LookupTrust::ByFlag, CertificateOrigin::Before) => " --ca certs-dev/ca.pem",
        };
        let _ = write!(
            text,
            "
DNS         dig @127.0.0.1 -p {dns} redis.default.nomad
            dig @127.0.0.1 -p {dns} redis.default.nomad SRV
            dig @127.0.0.1 -p {dns} +tcp primary.redis.default.service.nomad TXT
            dig @::1 -p {dns} _web._tcp.default.nomad SRV
DoT         kdig @127.0.0.1 -p {tls} +tls redis.default.nomad
DoH         kdig @127.0.0.1 -p {https} +https redis.default.nomad
            dig @127.0.0.1 -p {https} +https redis.default.nomad
            curl {curl} {doh} --doh-url https://127.0.0.1:{https}/dns-query http://ns.nomad:{admin}/readyz
            curl {curl} {doh} --doh-url https://127.0.0.1:{https}/dns-query http://hello.default.nomad:{page}/
JSON        curl {curl} 'https://127.0.0.1:{https}/resolve?name=redis.default.nomad&type=SRV'
            curl 'http://127.0.0.1:{http}/resolve?name=web.prod.nomad'
All         {program} lookup redis.default.nomad SRV --transport all{lookup} --dns-port {dns} --tls-port {tls} --https-port {https} --http-port {http}
Nomad       curl 'http://127.0.0.1:{api}/v1/services?namespace=*'
Metrics     curl http://127.0.0.1:{admin}/metrics
Status      http://127.0.0.1:{admin}/ in a browser
Page        http://hello.default.nomad:{page}/ after the steps of docs/browsers.md, in a browser
Odd         blank, numeric, zoned and some more are registered wrongly on purpose: the status page says how to mend them

Ctrl-C ends it.
"
        );
        text
    }
}

impl std::fmt::Debug for DemoOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DemoOptions")
            .field("ports", &self.ports)
            .finish_non_exhaustive()
    }
}
