//! A whole gateway as `serve` starts it: settings out of the configuration, sockets on free ports, the real
//! sync before whatever Nomad is at a URL. Nothing is proved here.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nomadns::app::{self, Bound, Ending, ExitReason, PortConflict, Reloader, Renewable};
use nomadns::certs::{Development, Existing};
use nomadns::config::{Settings, Source};
use nomadns::demo::{Options, Scenario, SimulatedNomad};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

/// The longest that anything may take; a test that waits for it has failed.
pub(crate) const AT_MOST: Duration = Duration::from_secs(20);

/// How many UDP workers share the address, each with a cache of its own.
const UDP_WORKERS: usize = 2;

/// A gateway that runs, and where it listens.
#[derive(Debug)]
pub(crate) struct Gateway {
    /// UDP and TCP.
    pub(crate) dns: SocketAddr,
    pub(crate) tls: SocketAddr,
    pub(crate) https: SocketAddr,
    pub(crate) http: SocketAddr,
    pub(crate) admin: SocketAddr,
    /// All addresses of UDP and TCP: of IPv6 too, where there is one.
    pub(crate) all_dns: Vec<SocketAddr>,
    /// What clients trust.
    pub(crate) ca_pem: String,
    /// Asks for the operator's pages.
    pages: reqwest::Client,
    /// Where the certificate and its key are.
    folder: TempDir,
    renewable: Renewable,
    /// What its configuration is read from.
    source: Arc<Mutex<Source>>,
    reloader: Reloader,
    ending: Option<oneshot::Sender<Ending>>,
    ended: JoinHandle<ExitReason>,
}

/// Starts a Nomad with the demo's services, which stand still.
pub(crate) fn cast() -> SimulatedNomad {
    let nomad = SimulatedNomad::start(Options::default()).unwrap();
    Scenario::default().populate(&nomad);
    nomad
}

impl Gateway {
    /// Starts a gateway before a Nomad and waits until it is ready.
    pub(crate) async fn start(nomad_url: &str) -> Self {
        let gateway = Self::with(nomad_url, |_| {});
        gateway.until_ready().await;
        gateway
    }

    /// Starts a gateway with other settings, and waits for nothing.
    pub(crate) fn with(nomad_url: &str, change: impl FnOnce(&mut Settings)) -> Self {
        let folder = TempDir::new().unwrap();
        let development = Development::generate(&[]).unwrap();
        let source = source(nomad_url, &folder, &development);
        let mut settings = settings(&source);
        change(&mut settings);
        let bound = Bound::bind(&settings.listen, UDP_WORKERS, PortConflict::Fails).unwrap();
        let all_dns: Vec<_> = bound.tcp.iter().map(address).collect();
        let [tls, https, http, admin] =
            [&bound.tls, &bound.https, &bound.http, &bound.admin].map(|all| address(&all[0]));
        let running = app::start(settings, bound).unwrap();
        let renewable = running.renewable();
        let written = Arc::new(Mutex::new(source.clone()));
        let read = Arc::clone(&written);
        let read = move || Ok(read.lock().unwrap().clone());
        let reloader = running.reloader(Arc::new(read), source);
        let (ending, asked) = oneshot::channel();
        let ended = tokio::spawn(running.until(async {
            // It is gone with a test that failed.
            asked.await.unwrap_or(Ending::AtOnce)
        }));
        Self {
            dns: all_dns[0],
            tls,
            https,
            http,
            admin,
            all_dns,
            ca_pem: development.ca_pem,
            pages: super::clients::http_client(&[]),
            folder,
            renewable,
            source: written,
            reloader,
            ending: Some(ending),
            ended,
        }
    }

    /// Puts other files in the place of the certificate and its key, and has them read as SIGHUP does.
    pub(crate) fn reload(&self, certificate_pem: &str, key_pem: &str) {
        self.put_certificate(certificate_pem, key_pem);
        self.read_again();
    }

    /// Has all files read again, as SIGHUP does.
    pub(crate) fn read_again(&self) {
        self.renewable.reload();
    }

    /// Changes its configuration, and has it read again.
    pub(crate) fn reconfigure(&self, change: impl FnOnce(&mut Source)) {
        change(&mut self.source.lock().unwrap());
        self.reloader.reload();
    }

    /// Puts other files in the place of the certificate and its key, and does no more.
    pub(crate) fn put_certificate(&self, certificate_pem: &str, key_pem: &str) {
        std::fs::write(self.folder.path().join("localhost.pem"), certificate_pem).unwrap();
        std::fs::write(self.folder.path().join("localhost-key.pem"), key_pem).unwrap();
    }

    /// Gets one of the operator's pages: its status and its text.
    pub(crate) async fn page(&self, path: &str) -> (u16, String) {
        let url = format!("http://{}{path}", self.admin);
        let response = self.pages.get(url).send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.text().await.unwrap())
    }

    /// Reads one metric, by its name and labels as they are written.
    pub(crate) async fn metric(&self, name: &str) -> f64 {
        let (_, text) = self.page("/metrics").await;
        let value = text.lines().find_map(|line| {
            let value = line.strip_prefix(name)?.strip_prefix(' ')?;
            value.parse().ok()
        });
        value.unwrap_or_else(|| panic!("{name} in {text}"))
    }

    pub(crate) async fn until_ready(&self) {
        until("ready", async || self.page("/readyz").await.0 == 200).await;
    }

    /// Waits until something about Nomad went wrong so often.
    pub(crate) async fn until_errors(&self, kind: &str, count: f64) {
        let name = format!("nomadns_nomad_errors_total{{kind=\"{kind}\"}}");
        until(&name, async || self.metric(&name).await >= count).await;
    }

    /// Asks it to end, as SIGINT does, and waits for nothing.
    pub(crate) fn ask_to_end(&mut self) {
        self.ask_to(Ending::AtOnce);
    }

    /// Asks it to end in one way or the other, and waits for nothing.
    pub(crate) fn ask_to(&mut self, how: Ending) {
        let ending = self.ending.take().expect("it is asked once");
        ending.send(how).unwrap();
    }

    /// Waits until it has ended, because it was asked to.
    pub(crate) async fn ended(self) {
        let ended = timeout(AT_MOST, self.ended).await.expect("it ends in time");
        assert!(matches!(ended.unwrap(), ExitReason::Asked));
    }

    /// Ends it in good order.
    pub(crate) async fn end(mut self) {
        self.ask_to_end();
        self.ended().await;
    }
}

/// Waits until something holds.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < AT_MOST, "not within {AT_MOST:?}: {what}");
        sleep(Duration::from_millis(1)).await;
    }
}

fn source(nomad_url: &str, folder: &TempDir, development: &Development) -> Source {
    let [_, certificate, key] = development.write(folder.path(), Existing::Keep).unwrap();
    let mut source = Source::default();
    let text = |path: std::path::PathBuf| path.to_str().unwrap().to_owned();
    source.set("tls.certificate", text(certificate), "test");
    source.set("tls.key", text(key), "test");
    source.set("nomad.addresses", vec![nomad_url.to_owned()], "test");
    source.set("listen.dns", vec!["127.0.0.1:0", "[::1]:0"], "test");
    for key in ["listen.tls", "listen.https", "listen.http", "listen.admin"] {
        source.set(key, vec![format!("{}:0", Ipv4Addr::LOCALHOST)], "test");
    }
    source
}

fn settings(source: &Source) -> Settings {
    let mut settings = Settings::check(source).unwrap();
    // Where the usual times are meant for people, a test does not wait for them.
    settings.sync.backoff_max = Duration::from_millis(200);
    settings.sync.times.event_grace = Duration::from_millis(100);
    settings.sync.times.resync_gap = Duration::from_millis(100);
    settings.sync.times.retry = Duration::from_millis(50);
    settings.sync.times.retry_max = Duration::from_millis(200);
    settings.nomad.timeouts.request = Duration::from_secs(2);
    // Clients stay connected while a test waits for something else.
    settings.connections.idle = AT_MOST * 3;
    settings.connections.http_idle = AT_MOST * 3;
    settings
}

fn address(listener: &std::net::TcpListener) -> SocketAddr {
    listener.local_addr().unwrap()
}
