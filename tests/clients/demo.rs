//! A demo as a user starts it: the binary, its output, its end.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::time::Instant;

use crate::tools::shell;

/// What the demo prints last.
const LAST_LINE: &str = "Ctrl-C ends it.";
/// How long a demo may take until it answers; far more than it needs.
const START_LIMIT: Duration = Duration::from_secs(20);
/// The column that the commands of the printed text begin at.
const COMMANDS_AT: usize = 12;

/// The lines that say something to the reader, and have no command.
const NOTES: [&str; 3] = ["Status", "Page", "Odd"];

/// A running demo on free ports, whose cluster stands still.
pub struct Demo {
    child: Child,
    text: String,
}

impl Demo {
    /// Starts it and waits until the gateway is ready.
    pub fn start() -> Self {
        let mut child = Command::new(binary())
            .args(["demo", "--ports", "auto", "--change-rate", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut text = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        while !text.ends_with(&format!("{LAST_LINE}\n")) {
            assert!(
                out.read_line(&mut text).unwrap() > 0,
                "the demo ended early:\n{text}"
            );
        }
        let demo = Self { child, text };
        let (admin, since) = (demo.admin(), Instant::now());
        while shell(&format!("curl -fsS http://127.0.0.1:{admin}/readyz")).is_err() {
            assert!(since.elapsed() < START_LIMIT, "the demo never got ready");
        }
        demo
    }

    /// The commands that it says to try; a label or a gap stands before each.
    pub fn commands(&self) -> Vec<&str> {
        let lines = self.text.lines().filter(|line| *line != LAST_LINE);
        let pairs = lines.filter_map(|line| line.split_at_checked(COMMANDS_AT));
        let commands = pairs.filter(|(label, _)| {
            let name = label.trim_end();
            label.ends_with(' ') && !name.contains(' ') && !NOTES.contains(&name)
        });
        commands.map(|(_, command)| command).collect()
    }

    /// The program as it is called in what is printed.
    pub fn program(&self) -> String {
        let all = self
            .text
            .lines()
            .find(|line| line.contains(" lookup "))
            .unwrap();
        all[COMMANDS_AT..].split(' ').next().unwrap().to_owned()
    }

    /// The flags that tell `lookup` the ports.
    pub fn port_flags(&self) -> String {
        let (dns, tls, https, http) = (self.dns(), self.tls(), self.https(), self.http());
        format!(" --dns-port {dns} --tls-port {tls} --https-port {https} --http-port {http}")
    }

    pub fn dns(&self) -> u16 {
        self.port_after("--dns-port ")
    }

    pub fn tls(&self) -> u16 {
        self.port_after("--tls-port ")
    }

    pub fn https(&self) -> u16 {
        self.port_after("--https-port ")
    }

    pub fn http(&self) -> u16 {
        self.port_after("--http-port ")
    }

    pub fn admin(&self) -> u16 {
        self.port_after("Status      http://127.0.0.1:")
    }

    pub fn page(&self) -> u16 {
        self.port_after("http://hello.default.nomad:")
    }

    fn port_after(&self, before: &str) -> u16 {
        let (_, rest) = self.text.split_once(before).unwrap();
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn binary() -> OsString {
    std::env::var_os("NOMADNS_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_nomadns").into())
}
