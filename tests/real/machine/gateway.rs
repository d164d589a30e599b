//! The gateway as an operator starts it: the binary, a configuration, real DNS, the operator's pages.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt::Write;
use std::net::SocketAddr;

use hickory_proto::rr::RecordType;
use tempfile::TempDir;
use tokio::net::UdpSocket;
use tokio::time::timeout;

use super::process::Process;
use super::{AT_MOST, until};
use crate::decoded::DecodedAnswer;
use crate::question::Question;

/// The codes of an answer (RFC 1035).
pub const NOERROR: u16 = 0;
pub const SERVFAIL: u16 = 2;
pub const NXDOMAIN: u16 = 3;

/// Extended errors that mark an answer, or a denial, as stale (RFC 8914).
pub const STALE: [u16; 2] = [3, 19];

/// The largest answer that is taken, in octets.
const ANSWER_OCTETS: usize = 4096;

/// Ports that nobody else has, and times that a test can wait for.
const CONFIG: &str = r#"
[listen]
http = []
admin = ["127.0.0.1:0"]

[nomad]
access_seconds = 2
stale_after_seconds = 2
health_check_seconds = 1
mass_loss_grace_seconds = 0
"#;

/// A gateway that runs.
#[derive(Debug)]
pub struct Gateway {
    process: Process,
    dns: SocketAddr,
    admin: SocketAddr,
    pages: reqwest::Client,
    _folder: TempDir,
}

impl Gateway {
    /// Starts one before these addresses, without a token, and waits until it knows the cluster.
    pub async fn ready(addresses: &[String]) -> Self {
        let gateway = Self::start(addresses, "").await;
        gateway.until_ready().await;
        gateway
    }

    /// Starts one with more lines for its `[nomad]`, and waits until it listens.
    pub async fn start(addresses: &[String], more: &str) -> Self {
        Self::listening("127.0.0.1:0", addresses, more).await
    }

    /// The same, with plain DNS at this address.
    pub async fn listening(dns: &str, addresses: &[String], more: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let config = folder.path().join("nomadns.toml");
        let mut text = CONFIG.to_owned();
        writeln!(text, "addresses = {addresses:?}\n{more}").unwrap();
        std::fs::write(&config, text).unwrap();
        let log = folder.path().join("log");
        let arguments = ["serve", "--dns", dns, "--config", config.to_str().unwrap()];
        let mut process = Process::start(&binary(), &arguments, &log);
        let mut found = None;
        until("a gateway that listens", async || {
            process.assert_runs();
            let log = process.log();
            found = listens(&log, "udp").zip(listens(&log, "admin"));
            found.is_some()
        })
        .await;
        let (dns, admin) = found.expect("it was waited for");
        let pages = reqwest::Client::builder().no_proxy().timeout(AT_MOST);
        Self {
            process,
            dns,
            admin,
            pages: pages.tls_certs_only([]).build().unwrap(),
            _folder: folder,
        }
    }

    pub async fn until_ready(&self) {
        until("ready", async || self.page("/readyz").await.0 == 200).await;
    }

    /// Gets one of the operator's pages: its status and its text.
    pub async fn page(&self, path: &str) -> (u16, String) {
        let url = format!("http://{}{path}", self.admin);
        let response = self.pages.get(url).send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.text().await.unwrap())
    }

    /// Reads one metric, by its name and labels as they are written; 0 where there is none.
    pub async fn metric(&self, name: &str) -> f64 {
        let (_, text) = self.page("/metrics").await;
        let value = text.lines().find_map(|line| {
            let value = line.strip_prefix(name)?.strip_prefix(' ')?;
            value.parse().ok()
        });
        value.unwrap_or(0.0)
    }

    /// Fails when any question to Nomad did.
    pub async fn assert_no_errors(&self) {
        let (_, text) = self.page("/metrics").await;
        let errors = text
            .lines()
            .filter(|it| it.starts_with("nomadns_nomad_errors_total"));
        let some: Vec<_> = errors.filter(|it| !it.ends_with(" 0")).collect();
        assert!(some.is_empty(), "{some:?}\n{}", self.log());
    }

    /// Waits until it says that the token is good for this.
    pub async fn until_access(&self, access: &str) {
        let name = format!("nomadns_nomad_access{{access=\"{access}\"}}");
        until(&name, async || self.metric(&name).await > 0.0).await;
    }

    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Who asks it.
    pub async fn asker(&self) -> Asker {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect(self.dns).await.unwrap();
        Asker { socket }
    }

    /// Asks for the ports of a name's instances.
    pub async fn ask(&self, name: &str) -> Answer {
        self.asker().await.ask(name).await
    }

    /// Waits until a name has exactly these instances.
    pub async fn until_ports(&self, name: &str, ports: &BTreeSet<u16>) {
        let what = format!("{ports:?} of {name}");
        until(&what, async || {
            let answer = self.ask(name).await;
            answer.is_current() && answer.ports == *ports
        })
        .await;
    }

    /// Waits until a name is not there.
    pub async fn until_gone(&self, name: &str) {
        let what = format!("{name} is not there");
        until(&what, async || {
            let answer = self.ask(name).await;
            answer.is_current() && answer.rcode == NXDOMAIN
        })
        .await;
    }
}

/// A socket from which a gateway is asked.
#[derive(Debug)]
pub struct Asker {
    socket: UdpSocket,
}

impl Asker {
    /// Asks for the ports of a name's instances.
    pub async fn ask(&self, name: &str) -> Answer {
        let question = Question::new(name, RecordType::SRV);
        let id = rand::random();
        self.socket.send(&question.message(id)).await.unwrap();
        let mut octets = [0; ANSWER_OCTETS];
        let received = timeout(AT_MOST, self.socket.recv(&mut octets)).await;
        let length = received.unwrap_or_else(|_| panic!("{name} has no answer"));
        let decoded = DecodedAnswer::of_message(&question.read(id, &octets[..length.unwrap()]));
        // Priority, weight, port, target (RFC 2782).
        let port = |data: &str| data.split(' ').nth(2).unwrap().parse().unwrap();
        Answer {
            rcode: decoded.rcode,
            ports: decoded.data().into_iter().map(port).collect(),
            extended_errors: decoded.extended_errors,
        }
    }
}

/// What a gateway said of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub rcode: u16,
    pub ports: BTreeSet<u16>,
    pub extended_errors: Vec<u16>,
}

impl Answer {
    /// Whether it is given as the present state.
    pub fn is_current(&self) -> bool {
        self.rcode != SERVFAIL && !self.is_stale()
    }

    /// Whether it says of itself that it may be old.
    pub fn is_stale(&self) -> bool {
        self.extended_errors.iter().any(|it| STALE.contains(it))
    }
}

/// The address that a transport got, as the log says it.
fn listens(log: &str, transport: &str) -> Option<SocketAddr> {
    let line = log.lines().find(|line| line.contains(" listening "))?;
    let (_, addresses) = line.split_once(&format!(" {transport}=\""))?;
    addresses.split(['"', ',']).next()?.parse().ok()
}

/// The program that is tried.
pub fn binary() -> OsString {
    std::env::var_os("NOMADNS_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_nomadns").into())
}
