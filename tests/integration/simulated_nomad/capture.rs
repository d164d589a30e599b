//! Captured answers, and a raw HTTP client that sees header names, their order and the framing.

use std::path::PathBuf;

use nomadns::demo::{Registration, Removal, SimulatedNomad};
use serde_json::Value;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite,
    AsyncWriteExt as _, BufReader,
};
use tokio::net::TcpStream;

/// An answer with its header lines as they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status_line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn index(&self) -> u64 {
        self.header("x-nomad-index").unwrap().parse().unwrap()
    }

    /// Everything before the body but the time of day.
    pub(crate) fn head(&self) -> String {
        let mut head = format!("{}\n", self.status_line);
        for (name, value) in &self.headers {
            let value = if name == "Date" { "(now)" } else { value };
            head.push_str(&format!("{name}: {value}\n"));
        }
        head
    }
}

pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/nomad");
    std::fs::read(root.join(name)).unwrap()
}

/// Reads a captured answer; its chunks are already joined.
pub(crate) fn captured(name: &str) -> Answer {
    let bytes = fixture(&format!("{name}.http"));
    let end = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut lines = head.split("\r\n").map(str::to_owned);
    let status_line = lines.next().unwrap();
    Answer {
        status_line,
        headers: lines.map(|line| header(&line)).collect(),
        body: bytes[end + 4..].to_vec(),
    }
}

/// Gives the requests of a folder: the capture's name and the method and target.
pub(crate) fn requests(folder: &str) -> Vec<(String, String)> {
    let table = String::from_utf8(fixture("requests.tsv")).unwrap();
    let rows = table.lines().filter(|line| line.starts_with(folder));
    rows.map(|line| line.split_once('\t').unwrap())
        .map(|(name, request)| (name.to_owned(), request.replace(" (unix socket)", "")))
        .collect()
}

/// Reads captured frames of the event stream, without the heartbeats.
pub(crate) fn frames(lines: &[u8]) -> Vec<Value> {
    let lines = std::str::from_utf8(lines).unwrap().lines();
    lines
        .filter(|line| !line.is_empty() && *line != "{}")
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Does again what captured frames tell, up to an index.
pub(crate) fn replay(nomad: &SimulatedNomad, frames: &[Value], until: u64) {
    // Before the first frame, since a new namespace takes an index of its own.
    for event in frames
        .iter()
        .flat_map(|frame| frame["Events"].as_array().unwrap())
    {
        nomad.create_namespace(event["Namespace"].as_str().unwrap());
    }
    for frame in frames {
        let index = frame["Index"].as_u64().unwrap();
        if index > until || index <= nomad.raft_index() {
            continue;
        }
        nomad.pass_indexes(usize::try_from(index - 1 - nomad.raft_index()).unwrap());
        let events = frame["Events"].as_array().unwrap();
        let (added, removed): (Vec<_>, Vec<_>) = events
            .iter()
            .partition(|event| event["Type"] == "ServiceRegistration");
        let service = |event: &Value| -> Registration {
            serde_json::from_value(event["Payload"]["Service"].clone()).unwrap()
        };
        nomad.register(added.into_iter().map(service));
        for event in removed {
            let removal = match event["Type"].as_str().unwrap() {
                "PlanResult" => Removal::Planned,
                "AllocationUpdated" => Removal::Ended,
                _ => Removal::Deregistered,
            };
            assert!(nomad.deregister(&service(event), removal));
        }
        assert_eq!(nomad.index(), index);
    }
}

/// Asks over a connection of its own.
pub(crate) async fn ask(nomad: &SimulatedNomad, request: &str, headers: &[(&str, &str)]) -> Answer {
    let stream = TcpStream::connect(nomad.address()).await.unwrap();
    ask_on(stream, request, headers).await
}

/// Asks over a stream: `GET /path`, and reads the whole answer.
pub(crate) async fn ask_on(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    request: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let mut stream = BufReader::new(stream);
    send(&mut stream, request, headers).await;
    let mut answer = read_head(&mut stream).await;
    if answer.header("transfer-encoding").is_some() {
        while let Some(chunk) = read_chunk(&mut stream).await {
            answer.body.extend(chunk);
        }
    } else {
        answer.body = vec![0; answer.header("content-length").unwrap().parse().unwrap()];
        stream.read_exact(&mut answer.body).await.unwrap();
    }
    answer
}

pub(crate) async fn send(
    stream: &mut (impl AsyncWrite + Unpin),
    request: &str,
    headers: &[(&str, &str)],
) {
    let mut head = format!("{request} HTTP/1.1\r\nHost: nomad.example\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
}

pub(crate) async fn read_head(stream: &mut (impl AsyncBufRead + Unpin)) -> Answer {
    let status_line = line(stream).await.expect("an answer");
    let mut headers = Vec::new();
    loop {
        match line(stream).await.expect("the rest of the head") {
            end if end.is_empty() => break,
            text => headers.push(header(&text)),
        }
    }
    Answer {
        status_line,
        headers,
        body: Vec::new(),
    }
}

/// Reads a chunk; none at the body's end. A body that breaks off panics.
pub(crate) async fn read_chunk(stream: &mut (impl AsyncBufRead + Unpin)) -> Option<Vec<u8>> {
    let size = line(stream).await.expect("a chunk");
    let mut chunk = vec![0; usize::from_str_radix(&size, 16).unwrap() + 2];
    stream.read_exact(&mut chunk).await.unwrap();
    chunk.truncate(chunk.len() - 2);
    (!chunk.is_empty()).then_some(chunk)
}

/// Reads a line without its end; none where the connection ended.
pub(crate) async fn line(stream: &mut (impl AsyncBufRead + Unpin)) -> Option<String> {
    let mut line = String::new();
    match stream.read_line(&mut line).await {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(line.trim_end_matches("\r\n").to_owned()),
    }
}

fn header(line: &str) -> (String, String) {
    let (name, value) = line.split_once(": ").unwrap();
    (name.to_owned(), value.to_owned())
}
