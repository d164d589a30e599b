//! Says in words whether answers are current, for the banner of the status page.

use crate::listeners::admin::{GatewayState, StateBanner};
use crate::sync::{Readiness, Report};

/// Says in words how it is.
pub(super) fn banner(report: &Report, is_leaving: bool) -> StateBanner {
    let age = report.since_success.map_or(0, |it| it.as_secs());
    let new = |state, headline: &str, detail: String| StateBanner {
        state,
        headline: headline.to_owned(),
        detail: detail.into(),
    };
    let why = report.last_error.as_ref();
    let why = why.map_or_else(String::new, |error| format!(" Last error: {error}"));
    match &report.readiness {
        _ if is_leaving => new(
            GatewayState::Leaving,
            "The gateway is about to end",
            "It still answers, and tells load balancers that it is not ready.".into(),
        ),
        Readiness::NotReady(reason) => new(
            GatewayState::NotReady,
            "Not ready: queries for the cluster's names get SERVFAIL",
            reason.clone(),
        ),
        Readiness::Restored => new(
            GatewayState::Stale,
            &format!(
                "Stale: answers are from the snapshot on disk, {} old",
                span(age)
            ),
            format!("Nomad has not been read since the start.{why}"),
        ),
        Readiness::Ready if report.stale => new(
            GatewayState::Stale,
            &format!("Stale: Nomad has not answered for {}", span(age)),
            format!("Answers are those of the last known state.{why}"),
        ),
        Readiness::Ready => new(
            GatewayState::Current,
            "Answers are current",
            match report.failing_for {
                Some(since) => format!(
                    "Nomad has given no usable answer for {}.{why}",
                    span(since.as_secs())
                ),
                None => "They follow Nomad as it changes.".into(),
            },
        ),
    }
}

fn span(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}
