//! Connects to the configured Nomad once and prints what the gateway would get from it (`check --connect`).
//!
//! Floor 7. It runs the same synchronisation as `serve`, into a catalogue that nobody queries, until everything has
//! been read or the time is over. It says what it cannot find out without more rights, such as Nomad's version.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::{StartError, try_filter};
use crate::catalog::{Catalog, Snapshot};
use crate::config::Settings;
use crate::nomad::{AbsentNamespaces, Client, TokenSource};
use crate::sync::{self, Access, Events, Report};

/// How often it is looked how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How long is waited for the event stream once all has been read.
const EVENTS_WAIT: Duration = Duration::from_secs(2);
/// A Nomad that fails for so long, from the first request on, is not waited for.
const FAILS_FOR: Duration = Duration::from_secs(1);
/// Versions that are told, and the characters of each.
const VERSIONS: usize = 3;
const VERSION_CHARS: usize = 40;
/// The longest label.
const LABEL_CHARS: usize = 9;
/// What stands for no odd registration.
pub const NOTHING_ODD: &str = "nothing";
/// What gives a token all that is of use here.
const WIDEST: &str = "namespace \"*\" { capabilities = [\"read-job\"] }";

/// Why there is nothing to tell.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// What is configured about Nomad cannot be used.
    #[error("nomad: {0}")]
    Nomad(#[from] crate::nomad::SettingsError),
    /// Nomad does not understand the filter.
    #[error("{0}")]
    Filter(String),
    /// It could not be read.
    #[error("nomad cannot be read: {0}")]
    Unreadable(String),
}

impl NomadSummary {
    /// All of it, a row a line.
    pub fn lines(&self) -> String {
        let mut text = String::new();
        for (label, value) in &self.rows {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{label:<LABEL_CHARS$} {value}");
        }
        text.truncate(text.trim_end().len());
        text
    }
}

impl ConnectError {
    /// Whether the configuration is wrong, and not Nomad away.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        !matches!(self, Self::Unreadable(_))
    }
}

/// A label and its value.
pub type SummaryRow = (&'static str, String);

/// What a Nomad is that could be read.
#[derive(Clone, Debug)]
pub struct NomadSummary {
    /// What it is and what it has, for people: labels and values.
    pub rows: Vec<SummaryRow>,
    /// By how many seconds its clock is ahead of ours; none if it does not say.
    pub clock_offset: Option<i64>,
    /// Namespaces that are configured and that it does not have.
    pub absent: Option<AbsentNamespaces>,
}

/// Tries Nomad for as long as `within`, and tells in lines what it is.
///
/// # Errors
/// A configuration that Nomad cannot be asked with, or a Nomad that cannot be read.
pub async fn connect(settings: Settings, within: Duration) -> Result<NomadSummary, ConnectError> {
    let end = Instant::now() + within;
    let client = Client::new(settings.nomad.clone())?;
    filter_is_good(&client, &settings, end).await?;
    let (catalog, status) = (Arc::new(Catalog::new()), Arc::<sync::Status>::default());
    let following = sync::run(
        settings.sync.clone(),
        client.clone(),
        catalog.writer(),
        Arc::clone(&status),
        settled(&catalog, &status),
    );
    // What is there counts, not whether it was late.
    let _ = timeout_at(end, following).await;
    let report = status.report();
    let snapshot = catalog.snapshot().and_then(|guard| (*guard).clone());
    let Some(snapshot) = snapshot else {
        return Err(unreadable(&settings, &report, within));
    };
    let version = version(&client, end).await;
    let seen: HashSet<&str> = snapshot.iter().map(|(namespace, ..)| namespace).collect();
    let absent = client.absent_namespaces(&settings.sync.namespaces, &seen);
    Ok(NomadSummary {
        rows: rows(&settings, &client, &version, &report, &snapshot),
        absent: timeout_at(end, absent).await.ok().flatten(),
        clock_offset: clock_offset(&client, end).await,
    })
}

/// Has Nomad read the filter; what else goes wrong is found again by what follows.
async fn filter_is_good(
    client: &Client,
    settings: &Settings,
    end: Instant,
) -> Result<(), ConnectError> {
    match timeout_at(end, try_filter(client, &settings.sync)).await {
        Ok(Err(error @ StartError::Filter { .. })) => Err(ConnectError::Filter(error.to_string())),
        _ => Ok(()),
    }
}

/// Waits until all has been read and is known of, or it makes no sense to wait.
async fn settled(catalog: &Catalog, status: &sync::Status) {
    let mut read = None;
    loop {
        let report = status.report();
        if catalog.snapshot().is_some() {
            let since = *read.get_or_insert_with(Instant::now);
            if report.access.knows_events() || since.elapsed() >= EVENTS_WAIT {
                return;
            }
        } else if report.failing_for.is_some_and(|it| it >= FAILS_FOR) {
            return;
        }
        sleep(LOOK_EVERY).await;
    }
}

fn unreadable(settings: &Settings, report: &Report, within: Duration) -> ConnectError {
    let refused_filter = report
        .errors
        .iter()
        .any(|(kind, count)| *kind == "bad_filter" && *count > 0);
    let reason = match (&report.last_error, &report.readiness) {
        (Some(error), _) => error.clone(),
        (None, sync::Readiness::NotReady(reason)) => reason.clone(),
        (None, _) => format!("not all of it within {} ms", within.as_millis()),
    };
    let has_token = !matches!(settings.nomad.token, TokenSource::None);
    match report.access {
        _ if refused_filter => ConnectError::Filter(format!("nomad.filter: {reason}")),
        Access::None if !has_token => ConnectError::Unreadable(format!(
            "no token is configured, and without one this Nomad lists no services; write one with {WIDEST} into \
             nomad.token_file or NOMAD_TOKEN ({reason})"
        )),
        Access::None => ConnectError::Unreadable(format!("{}: {WIDEST} ({reason})", Access::None)),
        _ => ConnectError::Unreadable(reason),
    }
}

/// Reads the server's clock; a server or a proxy before it may not say.
async fn clock_offset(client: &Client, end: Instant) -> Option<i64> {
    let offset = timeout_at(end, client.clock_offset()).await;
    offset.ok()?.ok()?
}

/// Names the versions of Nomad on the nodes: the servers' own is told to those with more rights only.
pub(super) async fn version(client: &Client, end: Instant) -> String {
    let Ok(Ok(nodes)) = timeout_at(end, client.nodes()).await else {
        return "not told to this token (node { policy = \"read\" } would)".into();
    };
    let mut versions: Vec<String> = nodes
        .iter()
        .map(|node| node.version.chars().take(VERSION_CHARS).collect::<String>())
        .filter(|version| !version.is_empty())
        .map(|version| version.escape_debug().to_string())
        .collect();
    versions.sort();
    versions.dedup();
    versions.truncate(VERSIONS);
    match versions.is_empty() {
        true => "not told".into(),
        false => format!("{} (of its nodes)", versions.join(", ")),
    }
}

fn rows(
    settings: &Settings,
    client: &Client,
    version: &str,
    report: &Report,
    snapshot: &Snapshot,
) -> Vec<SummaryRow> {
    let region = settings.nomad.region.as_deref();
    let region = region.map_or_else(|| "the agent's own".into(), |it| format!("{it:?}"));
    let namespaces: HashSet<&str> = snapshot.iter().map(|(namespace, ..)| namespace).collect();
    let seen = match report.access {
        Access::Reads => "services are read when they are queried".into(),
        _ => format!(
            "{}, {}, {}",
            counted(namespaces.len(), "namespace"),
            counted(report.services, "service"),
            counted(report.instances, "instance")
        ),
    };
    let mut rows: Vec<SummaryRow> = Vec::new();
    let mut row = |label: &'static str, value: String| rows.push((label, value));
    for (label, value) in [
        ("nomad", super::status::server(&client.followed())),
        ("version", version.into()),
        ("region", region),
        ("token", settings.token_origin.clone()),
        (
            "access",
            format!("{} ({})", report.access, report.access.label()),
        ),
        (
            "missing",
            super::status::missing(report).unwrap_or_else(|| "none".into()),
        ),
        ("for more", next(&report.access).into()),
        ("sees", seen),
    ] {
        row(label, value);
    }
    for warning in &settings.warnings {
        row("warning", warning.to_string());
    }
    let mut odd = report
        .oddities
        .iter()
        .filter(|(_, count)| *count > 0)
        .peekable();
    if odd.peek().is_none() {
        row("odd", NOTHING_ODD.into());
    }
    for (reason, count) in odd {
        let mut examples = report.odd_examples.iter();
        let example = examples.find(|(of, _)| of == reason);
        let such = example.map_or_else(String::new, |(_, example)| format!(", such as {example}"));
        row("odd", format!("{reason}: {count}{such}"));
    }
    rows
}

/// Says what the token lacks to have the next wider access.
fn next(access: &Access) -> &'static str {
    match access {
        Access::All(Events::Followed) => "nothing: this is the widest access",
        Access::Namespaces(_, Events::Followed) => {
            "all namespaces by one list: namespace \"*\" { capabilities = [\"read-job\"] }"
        }
        Access::Reads => {
            "lists, so that no query waits for Nomad: namespace \"*\" { capabilities = [\"read-job\"] }"
        }
        _ => {
            "events, so that a change costs one read: namespace \"*\" { capabilities = [\"read-job\"] }"
        }
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
