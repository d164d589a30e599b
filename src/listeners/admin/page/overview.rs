//! The first page: is it all right, what is going on, where is my service.

use maud::{Markup, html};

use super::commands::Reach;
use super::graph::{GraphCard, card};
use super::layout::{NavigationEntry, page};
use super::model::{Sample, StatusReport};
use super::parameters::PageParameters;
use super::secondaries;
use super::service_model::ServicePage;
use super::services::{self, grouped};
use super::upstreams;

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
        (services::section(services, &status.namespaces, parameters, reach))
        div.columns {
            (not_found(status))
            (nomad(status))
            (gateway(status))
            @if !status.upstreams.is_empty() { (upstreams::section(&status.upstreams)) }
            @if !status.secondaries.is_empty() { (secondaries::section(&status.secondaries)) }
        }
    };
    page(
        &status.live.banner,
        &html! { "Overview" },
        NavigationEntry::Overview,
        &content,
    )
}

/// What is shown as graphs: a table of what of a sample is drawn, and how its last value is written.
fn graph_cards(status: &StatusReport) -> Vec<GraphCard<'_>> {
    let mut kinds = CARDS.to_vec();
    if !status.upstreams.is_empty() {
        kinds.push(UPSTREAM_CARD);
    }
    let last = &status.live.sample;
    let card = |kind: CardKind| GraphCard {
        key: kind.key,
        title: kind.title,
        value: (kind.written)((kind.of)(last)),
        note: kind.note,
        values: status.samples.iter().map(kind.of).collect(),
    };
    kinds.into_iter().map(card).collect()
}

/// What one card shows.
#[derive(Clone, Copy)]
struct CardKind {
    key: &'static str,
    title: &'static str,
    note: &'static str,
    of: fn(&Sample) -> Option<f64>,
    written: fn(Option<f64>) -> String,
}

const CARDS: [CardKind; 6] = [
    CardKind {
        key: "answers_per_second",
        title: "Queries",
        note: "answers a second",
        of: |it| Some(it.answers_per_second),
        written: per_second,
    },
    CardKind {
        key: "hit_ratio",
        title: "Cache hits",
        note: "of all answers",
        of: |it| it.hit_ratio,
        written: percent,
    },
    CardKind {
        key: "p99_microseconds",
        title: "Latency",
        note: "99 % within, before the network",
        of: |it| it.p99_microseconds,
        written: microseconds,
    },
    CardKind {
        key: "nxdomain_per_second",
        title: "Not found",
        note: "NXDOMAIN a second",
        of: |it| Some(it.nxdomain_per_second),
        written: per_second,
    },
    CardKind {
        key: "servfail_per_second",
        title: "Failures",
        note: "SERVFAIL a second",
        of: |it| Some(it.servfail_per_second),
        written: per_second,
    },
    CardKind {
        key: "nomad_age_seconds",
        title: "Nomad's age",
        note: "since Nomad last answered",
        of: |it| it.nomad_age_seconds,
        written: seconds,
    },
];
/// The card of what is forwarded, if anything is.
const UPSTREAM_CARD: CardKind = CardKind {
    key: "upstream_queries_per_second",
    title: "Upstreams",
    note: "queries to upstreams a second",
    of: |it| Some(it.upstream_queries_per_second),
    written: per_second,
};

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

/// What stands for a value that is not known.
const UNKNOWN: &str = "–";

fn per_second(rate: Option<f64>) -> String {
    format!("{:.1}/s", rate.unwrap_or_default())
}

fn percent(part: Option<f64>) -> String {
    part.map_or_else(|| UNKNOWN.to_owned(), |it| format!("{:.1} %", it * 100.0))
}

fn seconds(age: Option<f64>) -> String {
    age.map_or_else(|| "never".to_owned(), |it| format!("{it:.0} s"))
}

fn microseconds(value: Option<f64>) -> String {
    match value {
        None => UNKNOWN.to_owned(),
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

fn ago(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        _ => format!("{} h ago", seconds / 3600),
    }
}
