//! The gateway that is measured: the command `nomadns serve` in a process of its own, on free ports.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use nomadns::certs::{Development, Existing};
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::Instant;

use crate::process::Process;

/// How long a line of its log may take.
const LOG_PATIENCE: Duration = Duration::from_secs(10);
/// Between two questions whether it is ready.
const READY_PAUSE: Duration = Duration::from_millis(5);

/// A running gateway; it is killed when this is dropped.
pub(crate) struct Gateway {
    child: Child,
    /// When the process was started.
    pub(crate) started: Instant,
    pub(crate) addresses: Addresses,
    pub(crate) ca_pem: String,
    _folder: TempDir,
}

/// Where it listens.
#[derive(Clone, Copy)]
pub(crate) struct Addresses {
    pub(crate) dns: SocketAddr,
    pub(crate) tls: SocketAddr,
    pub(crate) https: SocketAddr,
    pub(crate) http: SocketAddr,
    admin: SocketAddr,
}

impl Gateway {
    /// Starts it before the Nomad at `url`; it listens when this returns.
    pub(crate) fn start(url: &str) -> Self {
        Self::start_with(&[url.to_owned()], "")
    }

    /// Does the same before the Nomad at several addresses, with more keys of the section about it.
    pub(crate) fn start_with(urls: &[String], keys: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the configuration");
        let made = Development::generate(&[]).expect("a certificate can be made");
        let ca_pem = made.ca_pem.clone();
        let [_, certificate, key] = made
            .write(folder.path(), Existing::Replace)
            .expect("the folder can be written to");
        let config = folder.path().join("nomadns.toml");
        let text = format!(
            "[nomad]\naddresses = {urls:?}\n{keys}[listen]\n{}[tls]\ncertificate = {certificate:?}\nkey = {key:?}\n",
            ["dns", "tls", "https", "http", "admin"]
                .map(|key| format!("{key} = [\"127.0.0.1:0\"]\n"))
                .concat(),
        );
        std::fs::write(&config, text).expect("the folder can be written to");
        let started = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_nomadns"))
            .args(["serve", "--log-format", "json", "--config"])
            .arg(&config)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command can be started");
        let log = child.stderr.take().expect("it is piped");
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            let log = BufReader::new(log).lines().map_while(Result::ok);
            for line in log.filter_map(|line| serde_json::from_str(&line).ok()) {
                // When nobody listens any more, the pipe must be emptied still.
                let _ = sender.send(line);
            }
        });
        let listens = line(&lines, |line| line["message"] == "listening");
        let [dns, tls, https, http, admin] = ["udp", "dot", "https", "http", "admin"]
            .map(|transport| first_address(&listens, transport));
        Self {
            child,
            started,
            addresses: Addresses {
                dns,
                tls,
                https,
                http,
                admin,
            },
            ca_pem,
            _folder: folder,
        }
    }

    /// Waits until it is ready, which it is after its first sync; returns the time since its start.
    pub(crate) fn synced(&self) -> Duration {
        while !self.is_ready() {
            std::thread::sleep(READY_PAUSE);
        }
        self.started.elapsed()
    }

    fn is_ready(&self) -> bool {
        let ask = || -> io::Result<String> {
            let mut stream = TcpStream::connect(self.addresses.admin)?;
            stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")?;
            io::read_to_string(stream)
        };
        ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200 "))
    }

    /// Its process.
    pub(crate) fn process(&self) -> Process {
        Process(self.child.id())
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It has nothing to lose, and the next measurement does not wait for it to drain.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The first address of a transport in the line that says where the gateway listens.
fn first_address(listens: &Value, transport: &str) -> SocketAddr {
    let all = listens[transport].as_str().unwrap_or_default();
    let first = all.split(", ").next().and_then(|text| text.parse().ok());
    first.expect("the line says an address")
}

/// Waits for a line of the log.
fn line(lines: &Receiver<Value>, is_it: impl Fn(&Value) -> bool) -> Value {
    loop {
        let line = lines
            .recv_timeout(LOG_PATIENCE)
            .expect("the gateway says so");
        if is_it(&line) {
            return line;
        }
    }
}
