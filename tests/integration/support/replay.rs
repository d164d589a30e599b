//! A server that answers each request with bytes given beforehand, such as the captures of a real Nomad.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinSet;

/// What is done with one request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Sends these bytes, then waits for the next request.
    Send(Vec<u8>),
    /// Sends these bytes and closes.
    Close(Vec<u8>),
    /// Sends these bytes piece by piece, each of this size, then stays silent.
    Trickle(Vec<u8>, usize),
}

type Answer = Arc<dyn Fn(&str) -> Reply + Send + Sync>;

/// A server on a port of its own; ends when dropped.
#[derive(Debug)]
pub(crate) struct Replay {
    pub(crate) address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    _task: JoinSet<()>,
}

impl Replay {
    pub(crate) async fn start(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (answer, seen): (Answer, _) = (Arc::new(answer), Arc::clone(&heads));
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&answer), Arc::clone(&seen)));
            }
        });
        Self {
            address,
            heads,
            _task: task,
        }
    }

    /// Answers every request with the same bytes.
    pub(crate) async fn always(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::start(move |_| Reply::Close(bytes.clone())).await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The head of each request so far: its line and its headers.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

/// Serves one connection on a unix socket.
pub(crate) async fn serve_unix(listener: UnixListener, bytes: Vec<u8>) {
    while let Ok((stream, _)) = listener.accept().await {
        let answer: Answer = Arc::new({
            let bytes = bytes.clone();
            move |_: &str| Reply::Close(bytes.clone())
        });
        serve(stream, answer, Arc::default()).await;
    }
}

/// Serves one connection.
pub(crate) async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    answer: Arc<dyn Fn(&str) -> Reply + Send + Sync>,
    heads: Arc<Mutex<Vec<String>>>,
) {
    let mut read = Vec::new();
    loop {
        let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") else {
            match stream.read_buf(&mut read).await {
                Ok(0) | Err(_) => return,
                Ok(_) => continue,
            }
        };
        let head = String::from_utf8(read.drain(..end + 4).collect()).unwrap();
        let reply = answer(head.lines().next().unwrap());
        heads.lock().unwrap().push(head);
        let done = match reply {
            Reply::Send(bytes) => stream.write_all(&bytes).await,
            Reply::Close(bytes) => {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
                return;
            }
            Reply::Trickle(bytes, size) => {
                for piece in bytes.chunks(size) {
                    let _ = stream.write_all(piece).await;
                    let _ = stream.flush().await;
                    tokio::task::yield_now().await;
                }
                std::future::pending().await
            }
        };
        if done.is_err() {
            return;
        }
    }
}

/// Reads a capture as bytes for the wire: a body that was chunked is cut into chunks again.
pub(crate) fn capture(name: &str) -> Vec<u8> {
    let bytes = std::fs::read(fixtures().join(name)).unwrap();
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return bytes;
    };
    let (head, body) = bytes.split_at(end + 4);
    if !String::from_utf8_lossy(head).contains("Transfer-Encoding: chunked") {
        return bytes;
    }
    [head, &chunked(body, 1000), b"0\r\n\r\n"].concat()
}

/// Cuts bytes into chunks of a size, without the last one that ends a body.
pub(crate) fn chunked(body: &[u8], size: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in body.chunks(size) {
        out.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        out.extend(chunk);
        out.extend(b"\r\n");
    }
    out
}

/// Makes an answer with status 200 and an index.
pub(crate) fn ok(index: u64, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nX-Nomad-Index: {index}\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// Makes an answer with a status and a text.
pub(crate) fn status(line: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {line}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/nomad")
}

/// An address that refuses every connection: its listener is closed.
pub(crate) async fn refusing() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}
