//! What a check asks: it answers HTTP well or badly, as the test wants.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The longest request that a check makes, in octets.
const REQUEST_OCTETS: usize = 4096;

/// A server that a check looks at.
#[derive(Debug)]
pub struct Target {
    pub port: u16,
    well: Arc<AtomicBool>,
    serving: JoinHandle<()>,
}

impl Target {
    /// Starts one that answers well.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let well = Arc::new(AtomicBool::new(true));
        let is_well = Arc::clone(&well);
        let serving = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let status = if is_well.load(Ordering::Relaxed) {
                    "200 OK"
                } else {
                    "500 Internal Server Error"
                };
                let _ = stream.read(&mut [0; REQUEST_OCTETS]).await;
                let text =
                    format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                // Who asked may have gone.
                let _ = stream.write_all(text.as_bytes()).await;
            }
        });
        Self {
            port,
            well,
            serving,
        }
    }

    pub fn answer_well(&self, well: bool) {
        self.well.store(well, Ordering::Relaxed);
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
