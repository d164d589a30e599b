//! The command as a process: exit codes, signals, what it says, and what it never says.

mod admission;
mod asking;
mod cache;
mod canaries;
mod configuration;
mod connect;
mod credential;
mod demo;
mod disk;
mod doctor;
mod environment;
mod files;
mod keys;
mod life;
mod locked;
mod log;
mod mistakes;
mod pages;
mod privacy;
mod profile;
mod profile_mistakes;
mod query_log;
mod ranges;
mod reload;
mod reload_keys;
mod restart;
mod restored;
mod secrets;
mod systemd;
mod terminal;
mod values;
mod variables;
mod warnings;
mod zones;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::Instant;

/// The longest that anything may take; a test that waits for it has failed.
const AT_MOST: Duration = Duration::from_secs(20);

/// Ports that nobody else has.
const FREE_PORTS: &str =
    "[listen]\ndns = [\"127.0.0.1:0\"]\nhttp = [\"127.0.0.1:0\"]\nadmin = [\"127.0.0.1:0\"]\n";

/// The program with nothing of this machine's environment.
fn nomadns(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nomadns"));
    command.env_clear().args(arguments).stdin(Stdio::null());
    command
}

/// Runs the program to its end: exit code, standard output, standard error.
fn run(arguments: &[&str]) -> (i32, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = nomadns(arguments).output().unwrap();
    let text = |octets| String::from_utf8(octets).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

/// A configuration file in a folder of its own.
struct Config {
    folder: TempDir,
}

impl Config {
    fn new(text: &str) -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("nomadns.toml"), text).unwrap();
        Self { folder }
    }

    fn path(&self) -> String {
        self.folder
            .path()
            .join("nomadns.toml")
            .to_str()
            .unwrap()
            .to_owned()
    }
}

/// A gateway that runs as a process.
struct Gateway {
    child: Child,
    lines: Receiver<String>,
    /// Is locked for each line that is read: who holds it has the log unread.
    reader: Arc<Mutex<()>>,
    /// What it has logged so far.
    log: String,
    config: Config,
}

impl Gateway {
    /// Starts `serve` with a configuration, and waits until it listens.
    fn start(config: &str, arguments: &[&str]) -> Self {
        let command = |command: &mut Command| {
            command.args(arguments);
        };
        Self::start_as(command, &format!("{config}\n{FREE_PORTS}"))
    }

    /// Does the same with the configuration as it is, by a command that `change` makes special.
    fn start_as(change: impl FnOnce(&mut Command), config: &str) -> Self {
        let config = Config::new(config);
        let mut command = nomadns(&["serve", "--config", &config.path()]);
        change(&mut command);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let log = BufReader::new(child.stderr.take().unwrap());
        let reader = Arc::<Mutex<()>>::default();
        let reads = Arc::clone(&reader);
        std::thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                drop(reads.lock());
                // Once nobody listens any more, the rest is of no interest.
                let _ = sender.send(line);
            }
        });
        let mut gateway = Self {
            child,
            lines,
            reader,
            log: String::new(),
            config,
        };
        gateway.wait_for(" listening ");
        gateway
    }

    /// Writes another configuration into its file.
    fn rewrite(&self, config: &str) {
        self.rewrite_whole(&format!("{config}\n{FREE_PORTS}"));
    }

    /// Writes another configuration into its file, with what it listens on.
    fn rewrite_whole(&self, config: &str) {
        let whole = std::path::PathBuf::from(format!("{}.new", self.config.path()));
        std::fs::write(&whole, config).unwrap();
        // At once, so that nobody reads a part of it.
        std::fs::rename(whole, self.config.path()).unwrap();
    }

    /// Waits until a line of the log has `part`.
    fn wait_for(&mut self, part: &str) {
        self.wait_for_times(part, 1);
    }

    /// Waits until the log has `part` so often.
    fn wait_for_times(&mut self, part: &str, times: usize) {
        while self.log.matches(part).count() < times {
            let line = self.lines.recv_timeout(AT_MOST);
            let line = line.unwrap_or_else(|_| panic!("no {part} in the log:\n{}", self.log));
            self.log += &line;
            self.log.push('\n');
        }
    }

    /// The address that a transport really got, as the log says it.
    fn address(&self, transport: &str) -> SocketAddr {
        let mut lines = self.log.lines();
        let line = lines.find(|line| line.contains(" listening ")).unwrap();
        let of = format!(" {transport}=\"");
        let (_, addresses) = line.split_once(&of).unwrap();
        let first = addresses.split(['"', ',']).next();
        first.unwrap().parse().unwrap()
    }

    /// Gets a page of the operator's: the whole response.
    fn page(&self, path: &str) -> String {
        self.page_of("admin", path)
    }

    /// Gets a page of a listener: the whole response.
    fn page_of(&self, listener: &str, path: &str) -> String {
        let mut stream = TcpStream::connect(self.address(listener)).unwrap();
        stream.set_read_timeout(Some(AT_MOST)).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response
    }

    /// Gets a page again and again until it has `part`.
    fn page_with(&self, path: &str, part: &str) -> String {
        let since = Instant::now();
        loop {
            let page = self.page(path);
            if page.contains(part) {
                return page;
            }
            assert!(since.elapsed() < AT_MOST, "no {part} in {path}:\n{page}");
            std::thread::yield_now();
        }
    }

    /// Asks it by `nomadns lookup`; what that prints.
    fn lookup(&self, name: &str) -> String {
        let port = self.address("udp").port().to_string();
        run(&["lookup", name, "--dns-port", &port]).1
    }

    fn signal(&self, signal: &str) {
        // The shell has it built in, so that no other program is needed.
        let kill = format!("kill -{signal} {}", self.child.id());
        assert!(
            Command::new("/bin/sh")
                .args(["-c", &kill])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits for its end; how it ended, and all that it printed.
    fn ended(mut self) -> (ExitStatus, String, String) {
        let mut out = String::new();
        self.child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut out)
            .unwrap();
        let status = self.child.wait().unwrap();
        let rest: Vec<String> = self.lines.iter().collect();
        (status, out, format!("{}{}", self.log, rest.join("\n")))
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
