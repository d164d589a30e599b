//! A service whose only address is a host name outside the zones: clients get the address of that name too, since a stub
//! resolver does not follow a CNAME itself (RFC 1034 §5.3.1).

use nomadns::demo::{Options, Registration, SimulatedNomad};

use super::upstream::{Reply, ScriptedUpstream, Seen};
use super::*;
use crate::support::decoded::DecodedAnswer;
use crate::support::gateway::until;

const OWNER: &str = "db.default.nomad.";

/// One name has an address behind a CNAME, one is not there, and one cannot be found out.
fn scripted(asked: &Seen) -> Vec<Reply> {
    let name = asked.name();
    vec![Reply::Now(match &*name {
        "www.outside.example" => asked
            .response(GOOD)
            .cname("", "host.outside.example")
            .address("host.outside.example", 60, 7)
            .octets(),
        "other.outside.example" => asked.address(8),
        "gone.outside.example" => asked.response(GOOD | 3).soa("outside.example", 60).octets(),
        "broken.outside.example" => asked.response(GOOD | 2).octets(),
        // What looks for loops, and probes.
        _ => asked.response(GOOD).octets(),
    })]
}

/// The service `db` at a host name, behind a gateway that forwards.
struct Scene {
    nomad: SimulatedNomad,
    upstream: ScriptedUpstream,
    gateway: Gateway,
    clients: Clients,
}

impl Scene {
    async fn with(host: &str) -> Self {
        let upstream = ScriptedUpstream::start(scripted).await;
        let nomad = SimulatedNomad::start(Options::default()).unwrap();
        nomad.register([Registration::new("default", "db").address(host)]);
        let gateway = Gateway::with(&nomad.url(), |it| {
            it.forward = Some(all_to(&[upstream.url()]));
        });
        gateway.until_ready().await;
        Self {
            clients: Clients::connect(&gateway).await,
            nomad,
            upstream,
            gateway,
        }
    }

    /// What all transports say of the service, one after the other: TTLs may count down meanwhile, and are not compared.
    async fn ask(&mut self, record_type: &str) -> DecodedAnswer {
        let question = Question::new("db.default.nomad", record_type.parse().unwrap());
        let all = self.clients.ask_all(&question).await;
        let mut answers = all.into_iter().map(|it| without_ttls(it.decoded));
        let first = answers.next().unwrap();
        answers.for_each(|other| assert_eq!(first, other));
        first
    }

    /// What is said over UDP alone.
    async fn ask_udp(&mut self) -> DecodedAnswer {
        let question = Question::new("db.default.nomad", "A".parse().unwrap());
        self.clients.ask_udp(&question).await.decoded
    }
}

fn without_ttls(mut answer: DecodedAnswer) -> DecodedAnswer {
    let lines = answer.answer.iter_mut().chain(&mut answer.authority);
    lines.for_each(|line| line.ttl = 0);
    answer
}

fn owners_and_data(answer: &DecodedAnswer) -> Vec<(&str, &str)> {
    let lines = answer.answer.iter();
    lines.map(|it| (&*it.owner, &*it.data)).collect()
}

#[tokio::test]
async fn an_alias_of_an_outside_name_has_the_address_of_that_name_and_is_ours_still() {
    let mut scene = Scene::with("www.outside.example").await;
    let answer = scene.ask("A").await;
    let mut found = owners_and_data(&answer);
    found.sort_unstable();
    let expected = [
        (OWNER, "www.outside.example."),
        ("host.outside.example.", "192.0.2.7"),
        ("www.outside.example.", "host.outside.example."),
    ];
    assert_eq!((answer.rcode, &found[..]), (0, &expected[..]), "{answer:?}");
    // Asked again it is known: nothing more goes upstream.
    let sent = scene.upstream.seen().len();
    assert_eq!(scene.ask("A").await.answer.len(), 3);
    assert_eq!(scene.upstream.seen().len(), sent);
    // RFC 1034 §6.2.7: AA is of the first name.
    let question = Question::new("db.default.nomad", "A".parse().unwrap());
    for answered in scene.clients.ask_all(&question).await {
        assert_ne!(answered.authoritative, Some(false));
    }
    scene.gateway.end().await;
}

#[tokio::test]
async fn what_asks_for_the_alias_itself_asks_no_upstream() {
    let mut scene = Scene::with("www.outside.example").await;
    for record_type in ["CNAME", "ANY"] {
        let answer = scene.ask(record_type).await;
        assert_eq!(owners_and_data(&answer), [(OWNER, "www.outside.example.")]);
    }
    let asked = names(&scene.upstream);
    let outside = |it: &String| it.contains("outside");
    assert!(!asked.iter().any(outside), "{asked:?}");
    scene.gateway.end().await;
}

#[tokio::test]
async fn an_alias_of_a_name_that_is_denied_is_denied_by_that_zone() {
    let mut scene = Scene::with("gone.outside.example").await;
    let answer = scene.ask("A").await;
    assert_eq!(owners_and_data(&answer), [(OWNER, "gone.outside.example.")]);
    // RFC 6604 §3.
    let soa: Vec<_> = answer.authority.iter().map(|it| &*it.owner).collect();
    assert_eq!((answer.rcode, &soa[..]), (3, &["outside.example."][..]));
    scene.gateway.end().await;
}

#[tokio::test]
async fn an_alias_of_a_name_that_cannot_be_found_out_is_servfail_and_its_cname_is_told_still() {
    let mut scene = Scene::with("broken.outside.example").await;
    let answer = scene.ask("A").await;
    assert_eq!((answer.rcode, answer.answer.len()), (2, 0), "{answer:?}");
    assert_eq!(scene.ask("CNAME").await.answer.len(), 1);
    scene.gateway.end().await;
}

#[tokio::test]
async fn an_alias_that_is_changed_in_nomad_leads_elsewhere_in_the_next_answer() {
    let mut scene = Scene::with("www.outside.example").await;
    // Twice, so that workers keep it.
    for _ in 0..2 {
        assert_eq!(scene.ask("A").await.answer.len(), 3);
    }
    let new = Registration::new("default", "db").address("other.outside.example");
    scene.nomad.replace("default", "db", [new]);
    until("the other address", async || {
        let answer = scene.ask_udp().await;
        answer.data().iter().any(|it| it.contains("192.0.2.8"))
    })
    .await;
    let answer = scene.ask("A").await;
    assert_eq!(answer.answer.len(), 2, "{answer:?}");
    scene.gateway.end().await;
}

#[tokio::test]
async fn an_alias_of_a_local_name_has_its_address() {
    let mut scene = Scene::with("localhost").await;
    let answer = scene.ask("A").await;
    let data: Vec<_> = answer.answer.iter().map(|it| &*it.data).collect();
    assert!(data.contains(&"127.0.0.1"), "{answer:?}");
    scene.gateway.end().await;
}
