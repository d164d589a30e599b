//! What is kept of names that are forwarded, as an operator lists and forgets it.

use nomadns::forward::CachedNames;

use super::upstream::{Reply, ScriptedUpstream};
use super::*;

/// A gateway that forwards all names to an upstream that has an address for each.
struct Scene {
    upstream: ScriptedUpstream,
    gateway: Gateway,
    clients: Clients,
    client: reqwest::Client,
    _nomad: nomadns::demo::SimulatedNomad,
}

impl Scene {
    async fn start() -> Self {
        let upstream = ScriptedUpstream::start(|asked| {
            let octets = match &*asked.name() {
                "gone.example" => asked.response(GOOD | 3).soa("example", 60).octets(),
                "broken.example" => asked.response(GOOD | 2).octets(),
                _ => asked.address(7),
            };
            vec![Reply::Now(octets)]
        })
        .await;
        let nomad = cast();
        let gateway = Gateway::with(&nomad.url(), |it| {
            it.forward = Some(all_to(&[upstream.url()]));
        });
        gateway.until_ready().await;
        Self {
            clients: Clients::connect(&gateway).await,
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            upstream,
            gateway,
            _nomad: nomad,
        }
    }

    async fn ask(&mut self, name: &str) {
        let question = Question::new(name, "A".parse().unwrap());
        self.clients.ask_udp(&question).await;
    }

    /// How often the upstream was asked for a name.
    fn asked(&self, name: &str) -> usize {
        let seen = self.upstream.seen();
        seen.iter().filter(|it| it.name() == name).count()
    }

    async fn send(&self, method: &str, query: &str) -> (u16, String) {
        let url = format!("http://{}/cache{query}", self.gateway.admin);
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let response = self.client.request(method, url).send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.text().await.unwrap())
    }
}

#[tokio::test]
async fn a_name_that_is_flushed_is_asked_for_again_and_no_other_is() {
    let mut scene = Scene::start().await;
    let names = ["www.example", "example", "www.example.net", "a.www.example"];
    // So often that workers keep them too.
    for _ in 0..3 {
        for name in names {
            scene.ask(name).await;
        }
    }
    let before = names.map(|it| scene.asked(it));
    assert_eq!(
        scene.send("DELETE", "?name=WWW.example").await,
        (200, "1\n".into())
    );
    for name in names {
        scene.ask(name).await;
    }
    let grown: Vec<_> = names
        .iter()
        .zip(before)
        .map(|(it, old)| scene.asked(it) - old)
        .collect();
    assert_eq!(grown, [1, 0, 0, 0]);
    let (status, count) = scene.send("DELETE", "?name=example&below=true").await;
    assert_eq!((status, &*count), (200, "3\n"));
    scene.ask("a.www.example").await;
    scene.ask("www.example.net").await;
    let grown = [scene.asked("a.www.example"), scene.asked("www.example.net")];
    assert_eq!(grown, [before[3] + 1, before[2]]);
    scene.gateway.end().await;
}

#[tokio::test]
async fn the_list_has_what_is_kept_with_the_time_that_is_left_and_no_other_name() {
    let mut scene = Scene::start().await;
    for name in [
        "www.example",
        "gone.example",
        "broken.example",
        "other.example.net",
    ] {
        scene.ask(name).await;
    }
    let (status, list) = scene.send("GET", "").await;
    assert_eq!(status, 200);
    let has = |begin: &str, end: &str| {
        let mut lines = list.lines();
        lines.any(|it| it.starts_with(begin) && it.ends_with(end))
    };
    for (begin, end) in [
        ("; www.example. A: NOERROR, ", " s left"),
        ("www.example. ", " IN A 192.0.2.7"),
        ("; gone.example. A: NXDOMAIN, ", " s left"),
        ("example. ", " IN SOA ns.example. host.example. 0 0 0 0 60"),
        (
            "; broken.example. A: no upstream has an answer, ",
            " s left",
        ),
        ("; 4 questions", ""),
    ] {
        assert!(has(begin, end), "{begin} in\n{list}");
    }
    let (_, one) = scene.send("GET", "?name=www.example").await;
    assert!(
        one.contains("www.example. ") && one.ends_with("; 1 questions\n"),
        "{one}"
    );
    assert!(!one.contains("gone.example"), "{one}");
    scene.gateway.end().await;
}

#[tokio::test]
async fn names_in_the_list_are_escaped() {
    let upstream = ScriptedUpstream::start(|asked| vec![Reply::Now(asked.address(7))]).await;
    let alone = Alone::start(&all_to(&[upstream.url()]));
    let hostile = "a\\010\\027\\059b.example";
    alone.ask(hostile).await.unwrap();
    let all = CachedNames {
        name: dns::Name::ROOT,
        below: true,
    };
    let list = alone.forwarder.list(&all);
    let shown = list
        .chars()
        .all(|it| it == '\n' || (' '..='~').contains(&it));
    assert!(shown, "{list:?}");
    assert_eq!(
        list.lines().filter(|it| it.starts_with("; ")).count(),
        2,
        "{list}"
    );
}

#[tokio::test]
async fn a_request_that_is_wrong_forgets_nothing_and_says_why() {
    let mut scene = Scene::start().await;
    scene.ask("www.example").await;
    for (method, query, status, words) in [
        ("DELETE", "", 400, "name=NAME is missing"),
        ("DELETE", "?below=true", 400, "name=NAME is missing"),
        ("DELETE", "?name=a..b", 400, "is not a domain name"),
        (
            "DELETE",
            "?name=example&below=1",
            400,
            "is not true or false",
        ),
        ("DELETE", "?name=a&name=b", 400, "given twice"),
        ("GET", "?zone=a", 400, "is not a parameter"),
        ("POST", "?name=example&below=true", 405, ""),
        ("OPTIONS", "?name=example&below=true", 405, ""),
    ] {
        let (got, text) = scene.send(method, query).await;
        assert_eq!(got, status, "{method} {query}: {text}");
        assert!(text.contains(words), "{method} {query}: {text}");
    }
    let (_, list) = scene.send("GET", "").await;
    assert!(list.contains("; www.example. A"), "{list}");
    scene.gateway.end().await;
}
