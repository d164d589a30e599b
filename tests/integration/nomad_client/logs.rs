//! The client's libraries at their loudest: neither the token nor the password is in what they log.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use nomadns::demo::{Enforcement, Options, Registration, SimulatedNomad, Token};
use nomadns::nomad::{BasicAuth, Client, NomadSettings, QueryOptions, TokenSource};
use nomadns::secret::Secret;
use tracing::level_filters::LevelFilter;

const CANARY: &str = "c0ffee00-canary-4b1d-9f3e-trace00";
const PASSWORD: &str = "canary-of-the-proxy";
/// `user:` and the password, as the header has them.
const ENCODED: &str = "dXNlcjpjYW5hcnk";

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

// One thread, so that what is logged by tasks of libraries is logged here too.
#[tokio::test(flavor = "current_thread")]
async fn libraries_at_trace_level_log_no_secret() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _logging = tracing::subscriber::set_default(subscriber);

    let nomad = SimulatedNomad::start(Options::default()).unwrap();
    nomad.register([Registration::new("default", "redis").address("10.0.0.1")]);
    nomad.set_token(CANARY, Token::reads_everything());
    nomad.enforce_acl(Enforcement::On);
    for (token, url) in [
        (CANARY, nomad.url()),
        ("c0ffee00-canary-0000-0000-unknown", nomad.url()),
        (CANARY, "http://127.0.0.1:1".into()),
    ] {
        let mut settings = NomadSettings::new(vec![url.parse().unwrap()]);
        settings.token = TokenSource::Fixed(Secret::new(token));
        settings.basic_auth = BasicAuth::parse(&format!("user:{PASSWORD}"));
        tracing::trace!(?settings, "the settings themselves");
        let client = Client::new(settings).unwrap();
        tracing::trace!(?client, "and the client");
        let listed = client.list_services("*", QueryOptions::default()).await;
        tracing::trace!(?listed, "what came");
        let read = client
            .service("default", "redis", "", QueryOptions::default())
            .await;
        tracing::trace!(?read, "what came");
        if let Ok(mut stream) = client.event_stream(1, "*").await {
            let frame = stream.next_frame().await;
            tracing::trace!(?frame, "what came");
        }
    }

    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        logged.contains("hyper_util::client") && logged.contains("TRACE"),
        "the libraries log: {logged}"
    );
    assert!(logged.contains("10.0.0.1"), "it worked: {logged}");
    for secret in [CANARY, "c0ffee00-canary", PASSWORD, ENCODED] {
        let line = logged.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{secret} is in: {line:?}");
    }
}
