//! Asks a gateway all the time, while a test troubles its Nomad, and remembers what was wrong.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::gateway::{Asker, Gateway, NOERROR, NXDOMAIN, SERVFAIL};

/// How long it rests between two rounds.
const REST: Duration = Duration::from_millis(2);
/// More wrong answers than these help nobody.
const MOST_KEPT: usize = 5;

/// What has to be true all the time.
#[derive(Clone, Debug, Default)]
pub struct Truths {
    steady: Vec<(String, BTreeSet<u16>)>,
    known_or_unsure: Vec<(String, BTreeSet<u16>)>,
    gone: Vec<String>,
}

impl Truths {
    /// A name has these instances, whatever happens: answered, stale or not.
    #[must_use]
    pub fn steady(mut self, name: &str, ports: &BTreeSet<u16>) -> Self {
        self.steady.push((name.to_owned(), ports.clone()));
        self
    }

    /// A name has these instances, or the gateway says that it does not know.
    #[must_use]
    pub fn known_or_unsure(mut self, name: &str, ports: &BTreeSet<u16>) -> Self {
        self.known_or_unsure.push((name.to_owned(), ports.clone()));
        self
    }

    /// A name is gone, and comes back never: NXDOMAIN or SERVFAIL.
    #[must_use]
    pub fn gone(mut self, name: &str) -> Self {
        self.gone.push(name.to_owned());
        self
    }
}

/// Who asks in the background.
#[derive(Debug)]
pub struct Witness {
    ending: oneshot::Sender<()>,
    asking: JoinHandle<(usize, Vec<String>)>,
}

impl Witness {
    pub async fn start(gateway: &Gateway, truths: Truths) -> Self {
        let asker = gateway.asker().await;
        let (ending, asked) = oneshot::channel();
        Self {
            ending,
            asking: tokio::spawn(ask(asker, truths, asked)),
        }
    }

    /// Ends it; fails when anything was wrong.
    pub async fn assert_all_true(self) {
        let _ = self.ending.send(());
        let (rounds, wrong) = self.asking.await.unwrap();
        assert!(rounds > 0, "nothing was asked");
        assert!(
            wrong.is_empty(),
            "wrong answers in {rounds} rounds, such as:\n{}",
            wrong.join("\n")
        );
    }
}

async fn ask(
    asker: Asker,
    truths: Truths,
    mut ending: oneshot::Receiver<()>,
) -> (usize, Vec<String>) {
    let (mut rounds, mut wrong) = (0, Vec::new());
    while ending.try_recv().is_err() {
        for (name, ports) in &truths.steady {
            let answer = asker.ask(name).await;
            if answer.rcode != NOERROR || answer.ports != *ports {
                wrong.push(format!(
                    "{name} in round {rounds}: {answer:?}, not {ports:?}"
                ));
            }
        }
        for (name, ports) in &truths.known_or_unsure {
            let answer = asker.ask(name).await;
            let unsure = answer.rcode == SERVFAIL && !answer.extended_errors.is_empty();
            if !unsure && (answer.rcode != NOERROR || answer.ports != *ports) {
                wrong.push(format!(
                    "{name} in round {rounds}: {answer:?}, not {ports:?}"
                ));
            }
        }
        for name in &truths.gone {
            let answer = asker.ask(name).await;
            if ![NXDOMAIN, SERVFAIL].contains(&answer.rcode) {
                wrong.push(format!("{name} in round {rounds} is back: {answer:?}"));
            }
        }
        wrong.truncate(MOST_KEPT);
        rounds += 1;
        sleep(REST).await;
    }
    (rounds, wrong)
}
