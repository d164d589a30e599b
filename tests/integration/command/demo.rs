//! The demo, and `lookup` that asks it: the certificate is trusted without a flag, and the exit code tells what came.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Stdio};

use tempfile::TempDir;
use tokio::time::Instant;

use super::{AT_MOST, nomadns};

/// A demo on free ports, whose user has a folder for the time of a session.
struct Demo {
    child: Child,
    /// The flags with its ports.
    ports: Vec<String>,
    advice: String,
    session: TempDir,
}

impl Demo {
    fn start() -> Self {
        let session = TempDir::new().unwrap();
        let mut child = nomadns(&["demo", "--ports", "auto", "--change-rate", "0"])
            .env("XDG_RUNTIME_DIR", session.path())
            .current_dir(session.path())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(session.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut advice = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        while !advice.contains("Ctrl-C") {
            assert!(out.read_line(&mut advice).unwrap() > 0, "{advice}");
        }
        let line = advice
            .lines()
            .find(|line| line.contains(" lookup "))
            .unwrap();
        let words = line
            .split_whitespace()
            .skip_while(|word| *word != "--dns-port");
        let ports = words.map(str::to_owned).collect();
        let demo = Self {
            child,
            ports,
            advice,
            session,
        };
        let begun = Instant::now();
        while demo.lookup(&["redis.default.nomad"]).0 != 0 {
            assert!(begun.elapsed() < AT_MOST, "the demo is never ready");
        }
        demo
    }

    /// Asks it: exit code, standard output, standard error.
    fn lookup(&self, arguments: &[&str]) -> (i32, String, String) {
        lookup(self.session.path(), &self.ports, arguments)
    }
}

fn lookup(session: &Path, ports: &[String], arguments: &[&str]) -> (i32, String, String) {
    let mut command = nomadns(&["lookup"]);
    command
        .args(arguments)
        .args(ports)
        .env("XDG_RUNTIME_DIR", session);
    let output = command.current_dir(session).output().unwrap();
    let text = |octets| String::from_utf8(octets).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn lookup_trusts_the_demo_of_its_user_by_itself() {
    let mut demo = Demo::start();
    assert!(
        !demo
            .advice
            .contains(" lookup redis.default.nomad SRV --transport all --insecure")
    );
    let (code, out, _) = demo.lookup(&["redis.default.nomad", "SRV", "--transport", "all"]);
    assert!(code == 0 && out.contains("all 6 transports agree"), "{out}");
    // Another user has another folder, and one that others may write is nobody's own.
    let other = TempDir::new().unwrap();
    let untrusted = |session: &Path| {
        let (code, out, _) = lookup(session, &demo.ports, &["redis.default.nomad", "-t", "tls"]);
        assert!(
            code == 1 && out.contains("UnknownIssuer") && out.contains("--ca FILE"),
            "{out}"
        );
    };
    untrusted(other.path());
    let folder = demo.session.path().join("nomadns");
    let files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|it| it.unwrap())
        .collect();
    assert_eq!(files.len(), 2);
    for file in &files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    let mode = |mode| std::fs::set_permissions(&folder, PermissionsExt::from_mode(mode)).unwrap();
    mode(0o777);
    untrusted(demo.session.path());
    mode(0o700);
    let pid = demo.child.id().to_string();
    let kill = std::process::Command::new("/bin/sh")
        .args(["-c", &format!("kill -TERM {pid}")])
        .status();
    assert!(kill.unwrap().success() && demo.child.wait().unwrap().success());
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn the_greeting_ends_without_warnings_and_says_which_services_are_odd() {
    let demo = Demo::start();
    let page = demo
        .advice
        .lines()
        .find_map(|line| line.strip_prefix("Status      http://"));
    let page = page.unwrap().split('/').next().unwrap();
    let mut stream = std::net::TcpStream::connect(page).unwrap();
    write!(stream, "GET /metrics HTTP/1.0\r\n\r\n").unwrap();
    let mut metrics = String::new();
    stream.read_to_string(&mut metrics).unwrap();
    // They are there, and known as such.
    assert!(
        metrics.contains("nomadns_odd_registrations{reason=\"address_zoned\"} 1"),
        "{metrics}"
    );
    assert!(
        demo.advice
            .contains("\nOdd         blank, numeric, zoned and some more are registered wrongly")
    );
    assert_eq!(
        std::fs::read_to_string(demo.session.path().join("log")).unwrap(),
        ""
    );
}

#[test]
fn lookup_exits_by_what_came() {
    let demo = Demo::start();
    for (arguments, code) in [
        (&["redis.default.nomad"][..], 0),
        (&["redis.default.nomad", "-t", "all"], 0),
        (&["nosuch.default.nomad"], 2),
        (&["nosuch.default.nomad", "-t", "all"], 2),
        (&["redis.default.nomad", "MX"], 2),
        (&["www.example.com"], 3),
        (&["redis.default.nomad", "--timeout", "0"], 64),
        (&["redis.default.nomad", "--ca", "/nowhere"], 64),
        (&["a..b"], 64),
        (&["@127.0.0.1", "redis.default.nomad", "A"], 0),
        (&["@127.0.0.1"], 64),
        (&["@127.0.0.1:53", "a.nomad"], 64),
        (&["--nosuchflag"], 64),
        (&["--help"], 0),
    ] {
        let (exit, out, error) = demo.lookup(arguments);
        assert_eq!(exit, code, "{arguments:?}: {out}{error}");
        if code != 64 && !arguments.contains(&"--help") {
            let short = demo.lookup(&[arguments, &["--short"]].concat());
            assert_eq!(short.0, code, "{arguments:?}: {short:?}");
            assert_eq!(short.1.is_empty(), code != 0, "{arguments:?}: {short:?}");
            assert!(!short.1.contains(";;"), "{short:?}");
        }
    }
    let nobody = ["--dns-port".to_owned(), "1".to_owned()];
    let (exit, out, error) = lookup(
        demo.session.path(),
        &nobody,
        &["a.nomad", "--short", "-t", "tcp"],
    );
    assert_eq!((exit, &*out), (1, ""));
    assert!(
        error.contains("refused") && error.contains("--dns-port"),
        "{error}"
    );
}
