//! The first page: is it all right, what is going on, where is my service.

use maud::{Markup, html};

use super::commands::Reach;
use super::graph::{GraphCard, card};
use super::layout::{NavigationEntry, page};
use super::model::{Sample, ServicePage, StatusReport};
use super::parameters::PageParameters;
use super::services::{self, grouped};

/// Up to how many findings are unfolded at once.
const FINDINGS_OPEN: usize = 2;

/// Makes the page.
pub(super) fn render(
    status: &StatusReport,
    services: &ServicePage,
    parameters: &PageParameters,
    reach: &Reach,
) -> Markup {
    let content = html! {
        h1.hidden { "Overview" }
        (cards(status))
        @if !status.findings.is_empty() { (findings(status)) }
        (services::section(services, parameters, reach))
        div.columns {
            (not_found(status))
            (nomad(status))
            (gateway(status))
            @if !status.upstreams.is_empty() { (upstreams(status)) }
        }
    };
    page(
        &status.live.banner,
        &html! { "Overview" },
        NavigationEntry::Overview,
        &content,
    )
}

/// What is shown as graphs.
#[expect(
    clippy::too_many_lines,
    reason = "one table, a few lines for each card"
)]
fn graph_cards(status: &StatusReport) -> Vec<GraphCard<'_>> {
    let last = &status.live.sample;
    let series = |of: fn(&Sample) -> Option<f64>| status.samples.iter().map(of).collect::<Vec<_>>();
    let percent = |part: Option<f64>| {
        part.map_or_else(|| "–".to_owned(), |part| format!("{:.1} %", part * 100.0))
    };
    let per_second = |rate: f64| format!("{rate:.1}/s");
    let new = |key, title, value, note, values| GraphCard {
        key,
        title,
        value,
        note,
        values,
    };
    let mut all = vec![
        new(
            "answers_per_second",
            "Queries",
            per_second(last.answers_per_second),
            "answers a second",
            series(|it| Some(it.answers_per_second)),
        ),
        new(
            "hit_ratio",
            "Cache hits",
            percent(last.hit_ratio),
            "of all answers",
            series(|it| it.hit_ratio),
        ),
        new(
            "p99_microseconds",
            "Latency",
            microseconds(last.p99_microseconds),
            "99 % within, before the network",
            series(|it| it.p99_microseconds),
        ),
        new(
            "nxdomain_per_second",
            "Not found",
            per_second(last.nxdomain_per_second),
            "NXDOMAIN a second",
            series(|it| Some(it.nxdomain_per_second)),
        ),
        new(
            "servfail_per_second",
            "Failures",
            per_second(last.servfail_per_second),
            "SERVFAIL a second",
            series(|it| Some(it.servfail_per_second)),
        ),
        new(
            "nomad_age_seconds",
            "Nomad's age",
            last.nomad_age_seconds
                .map_or_else(|| "never".to_owned(), |it| format!("{it:.0} s")),
            "since Nomad last answered",
            series(|it| it.nomad_age_seconds),
        ),
    ];
    if !status.upstreams.is_empty() {
        all.push(new(
            "upstream_queries_per_second",
            "Upstreams",
            per_second(last.upstream_queries_per_second),
            "queries to upstreams a second",
            series(|it| Some(it.upstream_queries_per_second)),
        ));
    }
    all
}

fn cards(status: &StatusReport) -> Markup {
    let all = graph_cards(status);
    html! {
        div.totals {
            span { strong #services { (grouped(status.live.services)) } " services" }
            span { strong #instances { (grouped(status.live.instances)) } " instances" }
            span { strong #failing { (grouped(status.live.failing_services)) } " without a healthy instance" }
        }
        div.cards { @for one in &all { (card(one)) } }
    }
}

fn microseconds(value: Option<f64>) -> String {
    match value {
        None => "–".to_owned(),
        Some(value) if value < 1000.0 => format!("{value:.0} µs"),
        Some(value) => format!("{:.1} ms", value / 1000.0),
    }
}

fn findings(status: &StatusReport) -> Markup {
    let count = status.findings.len();
    html! {
        // Many would push the services off the first screen.
        details.panel.findings open[count <= FINDINGS_OPEN] {
            summary { h2 { "Needs attention " span.badge.warn { (count) } } }
            ul { @for finding in &status.findings {
                li { strong { (finding.what) } ": " span.detail { (finding.detail) } p { (finding.advice) } }
            } }
        }
    }
}

fn not_found(status: &StatusReport) -> Markup {
    html! {
        section.panel aria-labelledby="not-found-title" {
            h2 #not-found-title { "Asked and not found" }
            @match &status.not_found {
                None => p.empty { "Not noted (" code { "limits.not_found_names = 0" } ")." },
                Some(names) if names.is_empty() => p.empty { "Every name that was asked exists." },
                Some(names) => {
                    table { thead { tr { th scope="col" { "Name" } th scope="col" { "Type" } th scope="col" { "Last" } } }
                        tbody { @for name in names { tr {
                            th scope="row" { (name.name) }
                            td { (name.record_type) }
                            td { (ago(name.seconds_ago)) @if name.times > 1 { " (" (name.times) "×)" } }
                        } } }
                    }
                    p.note { "A denial that is cached is not noted again, nor is who asked." }
                }
            }
        }
    }
}

fn nomad(status: &StatusReport) -> Markup {
    html! {
        section.panel aria-labelledby="nomad-title" {
            h2 #nomad-title { "Nomad" }
            dl {
                dt { "Server" } dd { (status.nomad_server) }
                dt { "Index" } dd { (status.nomad_index) }
                dt { "Token" } dd { (status.access) }
                dt { "Health" } dd { (status.health) }
                @if let Some(error) = &status.last_error { dt { "Last error" } dd { (error) } }
            }
            @if !status.namespaces.is_empty() {
                table { thead { tr { th scope="col" { "Namespace" } th scope="col" { "Services" } th scope="col" { "Token's rights" } } }
                    tbody { @for one in &status.namespaces { tr {
                        th scope="row" { (one.namespace) }
                        td { (grouped(one.services)) }
                        td { span.badge.good[one.complete].bad[!one.complete] { (one.rights) } }
                    } } }
                }
                @if status.more_namespaces > 0 { p.note { "and " (grouped(status.more_namespaces)) " more namespaces" } }
            }
        }
    }
}

fn gateway(status: &StatusReport) -> Markup {
    html! {
        section.panel aria-labelledby="gateway-title" {
            h2 #gateway-title { "Gateway" }
            dl {
                dt { "Version" } dd { (status.version) }
                dt { "Listeners" } dd { ul.plain { @for one in &status.listeners { li { (one.transport) " " code { (one.address) } } } } }
                dt { "Zones" } dd { ul.plain { @for one in &status.zones { li { code { (one.zone) } " " span.note { (one.source) } } } } }
                dt { "Certificates" } dd {
                    @if status.certificates.is_empty() { "none: no listener uses TLS" }
                    ul.plain { @for one in &status.certificates { li {
                        (one.subject) " "
                        @if one.days_left < 0 { span.badge.bad { "expired" } }
                        @else if one.days_left < 14 { span.badge.warn { (one.days_left) " days left" } }
                        @else { span.badge.good { (one.days_left) " days left" } }
                        " " span.note { "until " (one.not_after) }
                    } } }
                }
            }
        }
    }
}

fn upstreams(status: &StatusReport) -> Markup {
    html! {
        section.panel aria-labelledby="upstreams-title" {
            h2 #upstreams-title { "Upstreams" }
            table { thead { tr { th scope="col" { "Zone" } th scope="col" { "Upstream" } th scope="col" { "State" } th scope="col" { "Round trip" } } }
                tbody { @for one in &status.upstreams { tr {
                    th scope="row" { (one.zone) }
                    td { (one.address) }
                    td { @if one.up { span.badge.good { "✓ up" } } @else { span.badge.bad { "✗ down" } } }
                    td { (format!("{:.1}", one.round_trip_milliseconds)) " ms" }
                } } }
            }
        }
    }
}

fn ago(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        _ => format!("{} h ago", seconds / 3600),
    }
}
