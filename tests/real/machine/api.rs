//! Nomad's HTTP API, asked by the test itself beside the gateway.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

/// Longer than any question waits at Nomad.
const PATIENCE: Duration = Duration::from_secs(70);

/// Who asks one agent.
#[derive(Clone, Debug)]
pub struct Api {
    client: reqwest::Client,
    pub url: String,
    token: String,
}

/// What an agent answered.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    /// 0 where it says none.
    pub index: u64,
    pub known_leader: bool,
    pub body: Value,
}

impl Api {
    pub fn new(http_port: u16) -> Self {
        // The first to install it wins; they are all the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .tls_certs_only([])
            .build()
            .unwrap();
        Self {
            client,
            url: format!("http://127.0.0.1:{http_port}"),
            token: String::new(),
        }
    }

    /// The same with a token.
    pub fn with_token(&self, token: &str) -> Self {
        Self {
            token: token.to_owned(),
            ..self.clone()
        }
    }

    /// Asks; an error when nobody answers.
    pub async fn try_get(&self, path: &str) -> reqwest::Result<Reply> {
        self.send(Method::GET, path, Vec::new()).await
    }

    /// Asks for something to be made; an error when nobody answers.
    pub async fn try_put(&self, path: &str) -> reqwest::Result<Reply> {
        self.send(Method::PUT, path, Vec::new()).await
    }

    /// Asks for something to be taken away; an error when nobody answers.
    pub async fn try_delete(&self, path: &str) -> reqwest::Result<Reply> {
        self.send(Method::DELETE, path, Vec::new()).await
    }

    /// Asks for what has to be there.
    pub async fn get(&self, path: &str) -> Reply {
        self.expect(Method::GET, path, Vec::new()).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Reply {
        let body = serde_json::to_vec(body).unwrap();
        self.expect(Method::PUT, path, body).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.expect(Method::DELETE, path, Vec::new()).await
    }

    /// Gets octets, such as a snapshot.
    pub async fn octets(&self, path: &str) -> Vec<u8> {
        let request = self.client.get(format!("{}{path}", self.url));
        let response = request.header("x-nomad-token", &self.token).send().await;
        let response = response.unwrap().error_for_status().unwrap();
        response.bytes().await.unwrap().to_vec()
    }

    /// Puts octets, such as a snapshot.
    pub async fn put_octets(&self, path: &str, octets: Vec<u8>) {
        self.expect(Method::PUT, path, octets).await;
    }

    async fn expect(&self, method: Method, path: &str, body: Vec<u8>) -> Reply {
        let asked = format!("{method} {path}");
        let reply = self.send(method, path, body).await;
        let reply = reply.unwrap_or_else(|error| panic!("{asked}: {error}"));
        assert_eq!(reply.status, 200, "{asked}: {}", reply.body);
        reply
    }

    async fn send(&self, method: Method, path: &str, body: Vec<u8>) -> reqwest::Result<Reply> {
        let request = self.client.request(method, format!("{}{path}", self.url));
        let request = request.header("x-nomad-token", &self.token).body(body);
        let response = request.send().await?;
        let header = |name: &str| {
            let value = response.headers().get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        let (status, index) = (response.status().as_u16(), header("x-nomad-index"));
        let known_leader = header("x-nomad-knownleader").is_some_and(|it| it == "true");
        let text = response.text().await?;
        Ok(Reply {
            status,
            index: index.and_then(|it| it.parse().ok()).unwrap_or(0),
            known_leader,
            body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
        })
    }
}
