//! What a real Nomad said, all the way to what DNS says: captured answers are served to a whole gateway, whose
//! client, synchronisation, catalogue and listeners are the real ones.
//!
//! `expected` has the answers, beside the captures that they come from.

mod expected;

use std::collections::BTreeSet;

use crate::support::clients::Clients;
use crate::support::gateway::{Gateway, until};
use crate::support::question::Question;
use crate::support::replay::{Replay, Reply, capture, chunked, fixtures, ok};

use self::expected::{ANSWERS, Asked, LATER, NEVER_ASKED, ODDITIES};

/// The index of most captures.
const INDEX: u64 = 108;
/// Namespaces of the list beside `default`, whose services were not captured one by one.
const UNCAPTURED: [&str; 4] = ["prod", "service", "-lead-", "long-"];

/// What the replayed Nomad knows: the captures, one of them perhaps in the place of another.
#[derive(Clone, Copy, Debug)]
struct Captures {
    index: u64,
    /// A capture without `open/service-` and `.http`, with the service and the namespace that it is of.
    instead: Option<(&'static str, &'static str, &'static str)>,
}

impl Captures {
    /// Answers the first line of a request.
    fn answer(self, line: &str) -> Reply {
        let target = line.split(' ').nth(1).unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let parameters: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        let parameter = |name: &str| {
            let found = parameters.iter().find(|(key, _)| key == name);
            found.map_or("", |(_, value)| value.as_str())
        };
        match path.strip_prefix("/v1/").unwrap() {
            // Nothing changes any more.
            "services" if !parameter("index").is_empty() => Reply::Trickle(Vec::new(), 1),
            "services" => self.send("services-all"),
            "event/stream" => {
                let head = std::fs::read(fixtures().join("stream/from-index-0.head")).unwrap();
                Reply::Trickle([head, chunked(b"{}\n", 100)].concat(), 1000)
            }
            other => {
                let name = other
                    .strip_prefix("service/")
                    .unwrap_or_else(|| panic!("{line}"));
                self.service(parameter("namespace"), name)
            }
        }
    }

    fn service(self, namespace: &str, name: &str) -> Reply {
        if let Some((instead, service, of)) = self.instead
            && (service, of) == (name, namespace)
        {
            return self.send(&format!("service-{instead}"));
        }
        let file = match name {
            // Its reads were not captured: it is gone when it is read.
            "redis-metrics" => "service-unknown",
            // Compressed, as Nomad sends it when it may.
            "redis" if namespace == "default" => "service-redis-gzip",
            "illegal-bad_name.x%20y" => "service-illegal",
            name => &format!("service-{name}"),
        };
        if namespace == "default" {
            return self.send(file);
        }
        assert!(UNCAPTURED.iter().any(|start| namespace.starts_with(start)));
        let answer = String::from_utf8(capture(&format!("open/{file}.http"))).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let own = format!("\"Namespace\":\"{namespace}\"");
        Reply::Send(ok(
            self.index,
            &body.replace("\"Namespace\":\"default\"", &own),
        ))
    }

    /// Sends a capture; all of them at the index of the latest, as one Nomad would.
    fn send(self, name: &str) -> Reply {
        let answer = capture(&format!("open/{name}.http"));
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
        let (head, body) = answer.split_at(end.unwrap());
        let head = String::from_utf8(head.to_vec()).unwrap();
        let (before, after) = (format!("Index: {INDEX}"), format!("Index: {}", self.index));
        Reply::Send([head.replace(&before, &after).as_bytes(), body].concat())
    }

    async fn gateway(self) -> (Replay, Gateway) {
        let replay = Replay::start(move |line| self.answer(line)).await;
        let gateway = Gateway::start(&replay.url()).await;
        (replay, gateway)
    }
}

/// Checks what every transport says.
async fn check(clients: &mut Clients, asked: &Asked) {
    let (name, record_type, rcode, data) = asked;
    let question = Question::new(name, record_type.parse().unwrap());
    let decoded = clients.agreed(&question).await;
    assert_eq!(
        (decoded.rcode, decoded.data()),
        (*rcode, data.to_vec()),
        "{question:?}"
    );
    // A denial names its zone; an answer does not.
    assert_eq!(decoded.authority.len(), usize::from(data.is_empty()));
}

#[tokio::test]
async fn what_a_real_nomad_said_is_what_dns_says() {
    let captures = Captures {
        index: INDEX,
        instead: None,
    };
    let (_replay, gateway) = captures.gateway().await;
    let mut clients = Clients::connect(&gateway).await;
    for asked in ANSWERS {
        check(&mut clients, asked).await;
    }
    // One label, with a dot and a space in it; and what of a long one fits into a label.
    let long = format!("long-{}", "n".repeat(58));
    for (service, namespace) in [("illegal-bad_name.x y", "default"), ("redis", &*long)] {
        let labels = [service, namespace, "nomad"];
        let question = Question {
            labels: labels.map(|label| label.as_bytes().to_vec()).to_vec(),
            record_type: hickory_proto::rr::RecordType::A,
        };
        assert_eq!(clients.agreed(&question).await.rcode, 3, "{question:?}");
    }
    for (reason, count) in ODDITIES {
        let name = format!("nomadns_odd_registrations{{reason=\"{reason}\"}}");
        assert_eq!(gateway.metric(&name).await, *count, "{reason}");
    }
    gateway.end().await;
}

#[tokio::test]
async fn what_a_real_nomad_said_later_is_what_dns_says_then() {
    for (instead, service, namespace, index, answers) in LATER {
        let captures = Captures {
            index: *index,
            instead: Some((instead, service, namespace)),
        };
        let (_replay, gateway) = captures.gateway().await;
        let mut clients = Clients::connect(&gateway).await;
        for asked in *answers {
            check(&mut clients, asked).await;
        }
        gateway.end().await;
    }
}

#[tokio::test]
async fn a_filter_that_a_real_nomad_refused_is_the_reason_not_to_be_ready() {
    for instead in ["redis-filter-bad", "redis-filter-selector"] {
        let captures = Captures {
            index: INDEX,
            instead: Some((instead, "redis", "default")),
        };
        let replay = Replay::start(move |line| captures.answer(line)).await;
        let gateway = Gateway::with(&replay.url(), |_| {});
        until("not ready for the filter", async || {
            let (status, why) = gateway.page("/readyz").await;
            status == 503 && why.contains("filter not understood")
        })
        .await;
        gateway.end().await;
    }
}

#[test]
fn no_capture_is_left_out() {
    let mut known: BTreeSet<String> = NEVER_ASKED.map(str::to_owned).into();
    known.extend(LATER.iter().map(|(instead, ..)| (*instead).to_owned()));
    known.extend(["illegal", "redis-filter-bad", "redis-filter-selector"].map(str::to_owned));
    // The table asks for these by their names, in small letters.
    known.extend(["Mixed-Case", "redis-gzip", "unknown"].map(str::to_owned));
    for (name, ..) in ANSWERS {
        known.extend(
            name.split('.')
                .map(|label| label.trim_start_matches('_').to_owned()),
        );
    }
    for entry in std::fs::read_dir(fixtures().join("open")).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let name = file.strip_suffix(".http").unwrap();
        if let Some(name) = name.strip_prefix("service-") {
            assert!(known.contains(name), "{file} is not in the tables");
        }
    }
}
