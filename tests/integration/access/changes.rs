//! The token's rights change while the gateway runs: up and down, without a restart and without a wrong answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use nomadns::demo::{EventBroker, Fault, Removal};
use tokio::task::JoinHandle;

use super::*;

/// What the token may read, by the label of the metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tier {
    AllWithEvents,
    All,
    Namespaces,
    Reads,
}

impl Tier {
    fn label(self) -> &'static str {
        match self {
            Self::AllWithEvents => "all_with_events",
            Self::All => "all",
            Self::Namespaces => "namespaces",
            Self::Reads => "reads",
        }
    }

    /// Makes a Nomad give these rights from now on, as an edited policy does: open streams end.
    fn set(self, nomad: &SimulatedNomad) {
        nomad.mend();
        let rights = match self {
            Self::AllWithEvents | Self::All => Token::reads_everything(),
            Self::Namespaces | Self::Reads => Token::workload_identity(),
        };
        if self == Self::Reads {
            nomad.break_requests("/v1/services", Fault::permission_denied());
        }
        if self == Self::All {
            nomad.set_event_broker(EventBroker::Off);
        }
        nomad.set_token(SECRET, rights);
        nomad.end_streams();
    }
}

/// Prohibited (RFC 8914 section 4.19), as the token's right is.
const REFUSED_BY_NOMAD: u16 = 18;

/// Clients that ask all the time, and what they were told wrongly.
struct Steady {
    ended: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    task: JoinHandle<Vec<String>>,
}

impl Steady {
    async fn start(gateway: &Gateway) -> Self {
        let mut clients = Clients::connect(gateway).await;
        let (ended, asked) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicUsize::new(0)),
        );
        let (end, count) = (Arc::clone(&ended), Arc::clone(&asked));
        let task = tokio::spawn(async move {
            let mut wrong = Vec::new();
            while !end.load(Ordering::Relaxed) {
                for (asked, rcode, answers) in [
                    ("redis.default.nomad", NOERROR, 2),
                    ("_redis._tcp.default.nomad SRV", NOERROR, 2),
                    ("canary.web.prod.service.nomad", NOERROR, 1),
                    ("nope.prod.nomad", NXDOMAIN, 0),
                    ("nope.redis.default.nomad", NXDOMAIN, 0),
                    ("prod.nomad", NOERROR, 0),
                ] {
                    let decoded = ask(&mut clients, asked).await;
                    // For the moment in which a namespace may be listed no longer, what is not there is not known.
                    let is_unknown = rcode == NXDOMAIN
                        && decoded.rcode == SERVFAIL
                        && decoded.extended_errors == [REFUSED_BY_NOMAD];
                    if (decoded.rcode, decoded.answer.len()) != (rcode, answers) && !is_unknown {
                        wrong.push(format!("{asked}: {decoded:?}"));
                    }
                    count.fetch_add(1, Ordering::Relaxed);
                }
            }
            wrong
        });
        Self { ended, asked, task }
    }

    /// Waits until some more have been asked.
    async fn go_on(&self) {
        let before = self.asked.load(Ordering::Relaxed);
        until("asked more", async || {
            self.asked.load(Ordering::Relaxed) > before + 60
        })
        .await;
    }

    async fn end(self) {
        self.ended.store(true, Ordering::Relaxed);
        let wrong = self.task.await.unwrap();
        assert!(
            wrong.is_empty(),
            "{} wrong: {:?}",
            wrong.len(),
            wrong.first()
        );
        assert!(self.asked.load(Ordering::Relaxed) > 100);
    }
}

/// Goes from one tier to another and back, and has a change of Nomad show in each.
async fn there_and_back(one: Tier, other: Tier) {
    let nomad = guarded(Token::reads_everything());
    one.set(&nomad);
    let gateway = Gateway::with(&nomad.url(), quick);
    gateway.until_ready().await;
    tier(&gateway, one.label()).await;
    let mut clients = Clients::connect(&gateway).await;
    let steady = Steady::start(&gateway).await;
    steady.go_on().await;
    for (number, now) in [other, one, other].into_iter().enumerate() {
        now.set(&nomad);
        tier(&gateway, now.label()).await;
        steady.go_on().await;
        let name = format!("fresh-{number}.prod.nomad");
        nomad.register([Registration::new("prod", &format!("fresh-{number}")).address("10.9.0.1")]);
        until(&name, async || {
            ask(&mut clients, &name).await.answer.len() == 1
        })
        .await;
        nomad.remove_service("prod", &format!("fresh-{number}"), Removal::Planned);
        until(&name, async || {
            ask(&mut clients, &name).await.rcode == NXDOMAIN
        })
        .await;
        let (status, ready) = gateway.page("/readyz").await;
        assert!(status == 200 && ready.contains("the token can"), "{ready}");
    }
    steady.end().await;
    gateway.end().await;
}

#[tokio::test]
async fn events_go_and_come_back() {
    there_and_back(Tier::AllWithEvents, Tier::All).await;
}

#[tokio::test]
async fn the_list_of_all_goes_and_comes_back() {
    there_and_back(Tier::All, Tier::Namespaces).await;
}

#[tokio::test]
async fn the_lists_of_namespaces_go_and_come_back() {
    there_and_back(Tier::Namespaces, Tier::Reads).await;
}

#[tokio::test]
async fn everything_but_reads_goes_and_comes_back() {
    there_and_back(Tier::AllWithEvents, Tier::Reads).await;
}
