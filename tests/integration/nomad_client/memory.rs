//! Servers in memory, for rules about time: they are asked through the client's HTTP service, in paused time.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nomadns::nomad::{Client, NomadSettings};
use reqwest::{Request, Response};
use tokio::time::sleep;
use tower::util::BoxCloneSyncService;

/// What a server replies, and how long it takes.
pub(super) struct ScriptedReply {
    pub(super) after: Duration,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: &'static str,
}

/// A server, and the paths that it was asked for.
#[derive(Clone, Default)]
pub(super) struct Server {
    asked: Arc<Mutex<Vec<String>>>,
}

impl ScriptedReply {
    /// An empty list with an index, at once.
    pub(super) fn index(index: u64) -> Self {
        Self {
            after: Duration::ZERO,
            headers: vec![("x-nomad-index", index.to_string())],
            body: "[]",
        }
    }

    pub(super) fn after(mut self, after: Duration) -> Self {
        self.after = after;
        self
    }

    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Nothing, for ever.
    pub(super) fn never() -> Self {
        Self::index(1).after(Duration::from_secs(1 << 30))
    }
}

impl Server {
    /// How often a path was asked for that has this part.
    pub(super) fn asked(&self, part: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|url| url.contains(part)).count()
    }

    fn service(
        &self,
        say: impl Fn(&str) -> ScriptedReply + Send + Sync + 'static,
    ) -> BoxCloneSyncService<Request, Response, Infallible> {
        let (asked, say) = (Arc::clone(&self.asked), Arc::new(say));
        BoxCloneSyncService::new(tower::service_fn(move |request: Request| {
            let url = request.url().to_string();
            let reply = say(&url);
            asked.lock().unwrap().push(url);
            async move {
                sleep(reply.after).await;
                let mut response = http::Response::new(reply.body);
                for (name, value) in reply.headers {
                    response.headers_mut().insert(name, value.parse().unwrap());
                }
                Ok(response.into())
            }
        }))
    }
}

/// A client of two servers.
pub(super) fn two(
    first: impl Fn(&str) -> ScriptedReply + Send + Sync + 'static,
    second: impl Fn(&str) -> ScriptedReply + Send + Sync + 'static,
) -> (Client, Server, Server) {
    let (a, b) = (Server::default(), Server::default());
    let addresses = ["http://first", "http://second"];
    let settings = NomadSettings::new(addresses.map(|it| it.parse().unwrap()).into());
    let services = [a.service(first), b.service(second)];
    (Client::over(settings, services).unwrap(), a, b)
}
