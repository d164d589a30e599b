//! The query log: each query on each transport as a line or as dnstap, filtered and sampled, and no answer waits for it.

mod collectors;
mod files;
mod formats;
mod frames;
mod slow;
mod waiting;

use std::path::{Path, PathBuf};

use nomadns::demo::SimulatedNomad;
use nomadns::query_log::{
    ClientPrefixes, QueryFilter, QueryLogFormat, QueryLogSettings, QueryLogTarget,
};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::gateway::{Gateway, cast, until};

const WRITTEN: &str = "nomadns_query_log_written_total";
const QUEUE_FULL: &str = "nomadns_query_log_dropped_total{reason=\"queue_full\"}";
const WRITE_FAILED: &str = "nomadns_query_log_dropped_total{reason=\"write_failed\"}";

/// What records all queries.
fn settings(format: QueryLogFormat, target: QueryLogTarget) -> QueryLogSettings {
    QueryLogSettings {
        format,
        target,
        filter: QueryFilter::default(),
        queue_entries: 1024,
        prefixes: ClientPrefixes {
            ipv4: 32,
            ipv6: 128,
        },
        identity: b"gateway-1".to_vec(),
    }
}

/// A gateway that records to a file.
struct Recording {
    gateway: Gateway,
    nomad: SimulatedNomad,
    folder: TempDir,
}

impl Recording {
    async fn start(format: QueryLogFormat) -> Self {
        Self::with(format, |_| {}).await
    }

    async fn with(format: QueryLogFormat, change: impl FnOnce(&mut QueryLogSettings)) -> Self {
        let (nomad, folder) = (cast(), TempDir::new().unwrap());
        let target = QueryLogTarget::File(folder.path().join("queries.log"));
        let mut query_log = settings(format, target);
        change(&mut query_log);
        let gateway = Gateway::with(&nomad.url(), |settings| {
            settings.query_log = Some(query_log);
        });
        gateway.until_ready().await;
        Self {
            gateway,
            nomad,
            folder,
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("queries.log")
    }

    /// Waits for so many entries.
    async fn written(&self, entries: f64) {
        written(&self.gateway, entries).await;
    }

    /// Ends it, and gives what is in the file.
    async fn end(self) -> Vec<u8> {
        let path = self.path();
        self.gateway.end().await;
        drop(self.nomad);
        std::fs::read(path).unwrap()
    }
}

async fn written(gateway: &Gateway, entries: f64) {
    until("entries are written", async || {
        gateway.metric(WRITTEN).await >= entries
    })
    .await;
}

fn lines(text: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(text).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// The objects of a log in JSON.
fn objects(text: &[u8]) -> Vec<Value> {
    let lines = lines(text);
    let objects = lines.iter().map(|line| serde_json::from_str(line).unwrap());
    objects.collect()
}

fn text(path: &Path) -> String {
    String::from_utf8(std::fs::read(path).unwrap()).unwrap()
}
