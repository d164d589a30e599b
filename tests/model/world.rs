//! The cluster, the gateway that follows it, and the run's history.

use std::sync::Arc;

use nomadns::demo::{
    ClusterOptions, Enforcement, Options, SimulatedCluster, StateSnapshot, Token, Version,
};
use nomadns::sync::SyncSettings;
use tokio::time::{Duration, Instant, sleep};

use super::gateway::Gateway;
use super::judge::{Judge, Shown};
use super::steps::{Change, EventReport, Policy, SERVERS, Step};
use super::table::{Fresh, Table};
use super::traffic::Traffic;

pub(crate) const SECRET: &str = "secret";

/// How long after an event everything has to be right when nothing is broken.
const QUIET: Duration = Duration::from_secs(2);
/// How long a gateway may take to see that an outage is over, beside its longest pause: one request that times out.
const OVER: Duration = Duration::from_secs(15);
/// The most requests that may be under way to one server at once.
const UNDER_WAY_MAX: usize = 10;
/// An outage is looked at once it lasts so long, and a burst at its beginning counts not.
const OUTAGE: Duration = Duration::from_secs(60);
const BURST: u64 = 30;
/// The most requests in a second, whatever happens.
const REQUESTS_A_SECOND: u64 = 500;
/// How often the traffic is looked at.
const TRAFFIC_EVERY: Duration = Duration::from_millis(100);

pub(crate) struct World {
    pub(crate) cluster: SimulatedCluster,
    settings: SyncSettings,
    traffic: Arc<Traffic>,
    gateway: Gateway,
    pub(crate) judge: Judge,
    pub(crate) fresh: Fresh,
    pub(crate) saved: (StateSnapshot, Table),
    started: Instant,
    /// Whether the state went back once.
    pub(crate) was_restored: bool,
    /// Whether the token might read less for a while.
    pub(crate) was_restricted: bool,
    /// When a second began, and how many requests there were then.
    second: (Instant, u64),
    /// When the traffic is looked at again.
    traffic_due: Instant,
    /// Since when there is an outage, and how many requests there were then.
    outage: Option<(Instant, u64)>,
    history: Vec<String>,
    last_shown: Vec<Option<Shown>>,
}

impl World {
    /// Starts a cluster and a gateway that follows it, and waits until that is ready.
    pub(crate) async fn start() -> Result<Self, String> {
        let cluster = SimulatedCluster::in_memory(&ClusterOptions {
            servers: SERVERS,
            server: Options {
                version: Version::V2_0_5,
                ..Options::default()
            },
            ..ClusterOptions::default()
        });
        let mut fresh = Fresh::default();
        let table = Table::new(&mut fresh);
        let nomad = cluster.server(0);
        nomad.set_token(SECRET, Token::reads_everything());
        nomad.enforce_acl(Enforcement::On);
        for service in Table::services() {
            nomad.register(table.instances(service).to_vec());
        }
        let settings = SyncSettings {
            mass_loss_grace: Duration::ZERO,
            ..SyncSettings::default()
        };
        let traffic = Arc::<Traffic>::default();
        let gateway = Gateway::start(settings.clone(), &cluster, SECRET, &traffic);
        let mut world = Self {
            saved: (cluster.snapshot(), table.clone()),
            cluster,
            settings,
            traffic,
            gateway,
            judge: Judge::new(table),
            fresh,
            started: Instant::now(),
            was_restored: false,
            was_restricted: false,
            second: (Instant::now(), 0),
            traffic_due: Instant::now(),
            outage: None,
            history: Vec::new(),
            last_shown: vec![None; Table::services().count()],
        };
        world.pass(QUIET).await?;
        world.is_true("at the start")?;
        Ok(world)
    }

    pub(crate) async fn step(&mut self, step: &Step) -> Result<(), String> {
        let shown = format!("{step:?}");
        self.note(&shown);
        if let Step::Pass(time) = step {
            self.pass(*time).await?;
        } else {
            self.act(step).await;
            self.look()?;
        }
        // Whatever is ready at once happens here.
        sleep(Duration::from_millis(1)).await;
        self.look()
    }

    /// Mends everything, waits until the gateway knows, and holds it to the leader's state: now, and after one more change.
    pub(crate) async fn settle(&mut self) -> Result<(), String> {
        self.note("everything is mended");
        self.cluster.mend();
        for server in 0..SERVERS {
            self.start_again(server);
        }
        if self.judge.newest().policy != Policy::Everything {
            self.set_policy(Policy::Everything);
        }
        if self.was_restricted {
            // Rights that became wider are found within this time.
            self.pass(self.settings.access_every + OVER).await?;
        }
        // An election may still go on.
        while self.cluster.leader().is_none() || (0..SERVERS).any(|it| !self.cluster.is_current(it))
        {
            self.pass(Duration::from_millis(100)).await?;
        }
        let most = Instant::now() + self.settings.backoff_max + OVER;
        loop {
            let is_failing = self.gateway.report().failing_for.is_some();
            if is_failing && Instant::now() > most {
                return Err(self.wrong("the outage goes on though everything is mended"));
            }
            self.pass(QUIET).await?;
            if !is_failing && self.gateway.report().failing_for.is_none() {
                break;
            }
        }
        self.is_true("after everything was mended")?;
        let step = Step::Change {
            service: 0,
            change: Change::Update,
            event: EventReport::Sent,
        };
        self.step(&step).await?;
        self.pass(QUIET).await?;
        self.is_true("after one more change")
    }

    /// Lets time pass, and looks more rarely the longer it lasts.
    async fn pass(&mut self, time: Duration) -> Result<(), String> {
        let end = Instant::now() + time;
        let mut pause = Duration::from_millis(1);
        while Instant::now() < end {
            sleep(pause.min(end - Instant::now())).await;
            pause = (pause * 3 / 2).min(Duration::from_secs(1));
            self.look()?;
        }
        Ok(())
    }

    /// Asks for everything and holds it to the rules.
    fn look(&mut self) -> Result<(), String> {
        if self.was_restored && (0..SERVERS).any(|server| !self.cluster.has_restored(server)) {
            self.judge.forget();
        }
        for (number, service) in Table::services().enumerate() {
            let shown = self.gateway.ask(service);
            let judged = self.judge.judge(service, &shown);
            if self.last_shown[number].as_ref() != Some(&shown) {
                let state = match judged {
                    Ok(Some(state)) => format!("state {state}"),
                    _ => "no state".to_owned(),
                };
                let (namespace, name) = service;
                self.note(&format!("   {name}.{namespace}: {shown:?}, {state}"));
                self.last_shown[number] = Some(shown);
            }
            judged.map_err(|why| self.wrong(&format!("{service:?}: {why}")))?;
        }
        self.look_at_traffic()
    }

    fn look_at_traffic(&mut self) -> Result<(), String> {
        if Instant::now() < self.traffic_due {
            return Ok(());
        }
        self.traffic_due = Instant::now() + TRAFFIC_EVERY;
        let peak = self.traffic.peak();
        if peak > UNDER_WAY_MAX {
            return Err(self.wrong(&format!(
                "{peak} requests were under way to one server at once"
            )));
        }
        let requests = self.traffic.requests();
        let (since, before) = self.second;
        if since.elapsed() >= Duration::from_secs(1) {
            self.second = (Instant::now(), requests);
        }
        if requests - before > REQUESTS_A_SECOND {
            let count = requests - before;
            return Err(self.wrong(&format!("{count} requests in {:?}", since.elapsed())));
        }
        if self.gateway.report().failing_for.is_none() {
            self.outage = None;
            return Ok(());
        }
        let (since, before) = *self
            .outage
            .get_or_insert_with(|| (Instant::now(), requests));
        let lasts = since.elapsed();
        if lasts >= OUTAGE && requests - before > lasts.as_secs() + BURST {
            let count = requests - before;
            return Err(self.wrong(&format!("{count} requests in an outage of {lasts:?}")));
        }
        Ok(())
    }

    /// Holds what is shown to the state of the leader.
    fn is_true(&mut self, when: &str) -> Result<(), String> {
        for service in Table::services() {
            let table = self.judge.newest();
            let is_readable = table.is_readable(service);
            let right = Shown::Addresses {
                addresses: Arc::clone(table.addresses(service)),
                is_stale: false,
            };
            let shown = self.gateway.ask(service);
            if shown != right && is_readable {
                return Err(self.wrong(&format!(
                    "{service:?} is {shown:?} {when}, and {right:?} would be right"
                )));
            }
        }
        Ok(())
    }

    pub(crate) fn note(&mut self, what: &str) {
        let at = self.started.elapsed();
        self.history
            .push(format!("{:10.3} s  {what}", at.as_secs_f64()));
    }

    /// Tells what is wrong, and what came before.
    fn wrong(&self, what: &str) -> String {
        let at = self.started.elapsed().as_secs_f64();
        let servers: Vec<String> = (0..SERVERS)
            .map(|server| {
                let nomad = self.cluster.server(server);
                let recent = nomad.recent_requests();
                let last = recent
                    .iter()
                    .rev()
                    .take(12)
                    .rev()
                    .cloned()
                    .collect::<Vec<_>>();
                format!(
                    "server {server} at index {}, last asked:\n    {}",
                    nomad.index(),
                    last.join("\n    ")
                )
            })
            .collect();
        let report = self.gateway.report();
        format!(
            "{what}\n{}\n{at:10.3} s  {what}\nleader {:?} of term {}, index {}\n{}\nfailing for {:?}, last error {:?}",
            self.history.join("\n"),
            self.cluster.leader(),
            self.cluster.term(),
            self.cluster.index(),
            servers.join("\n"),
            report.failing_for,
            report.last_error,
        )
    }
}
