//! The lookup box: what each transport answers.

use maud::{Markup, html};

use super::layout::{NavigationEntry, page};
use super::model::{StateBanner, Untrusted};
use super::parameters::PageParameters;
use super::service_model::{LookupReport, TransportAnswer};

const TYPES: [&str; 8] = ["A", "AAAA", "SRV", "TXT", "HTTPS", "PTR", "SOA", "NS"];

/// Makes the page.
pub(super) fn render(
    banner: &StateBanner,
    outcome: Option<&Result<LookupReport, String>>,
    parameters: &PageParameters,
) -> Markup {
    let is_chosen = |one: &str| one == parameters.record_type;
    let content = html! {
        h1 { "Lookup" }
        p { "Sends one query to each of the gateway's own listeners, as a client on this host would, and shows what comes back." }
        form.lookup action="/lookup" method="get" {
            label { "Name" input type="text" name="name" value=(parameters.name) required maxlength="1004" autocomplete="off" placeholder="redis.default.nomad"; }
            label { "Type" select name="type" {
                @for one in TYPES { option selected[is_chosen(one)] { (one) } }
                @if !parameters.record_type.is_empty() && !TYPES.contains(&&*parameters.record_type) {
                    option selected { (Untrusted(parameters.record_type.clone())) }
                }
            } }
            button { "Look up" }
        }
        @match outcome {
            None => {}
            Some(Err(wrong)) => p.error role="alert" { (Untrusted(wrong.clone())) },
            Some(Ok(report)) => (result(report)),
        }
    };
    page(
        banner,
        &html! { "Lookup" },
        NavigationEntry::Lookup,
        &content,
    )
}

fn result(report: &LookupReport) -> Markup {
    html! {
        section.panel aria-labelledby="result-title" {
            h2 #result-title { (report.name) }
            @if report.answers.is_empty() { p.empty { "The gateway has no listener that could be asked." } }
            @else if report.agree { p { span.badge.good { "✓ All transports agree" } } }
            @else { p { span.badge.bad { "✗ The transports do not agree" } } }
            (answers(&report.answers, "result-title"))
        }
    }
}

/// Shows what listeners answered.
pub(super) fn answers(answers: &[TransportAnswer], title: &str) -> Markup {
    html! {
        div.scroll.answers role="group" aria-labelledby=(title) tabindex="0" {
            table { thead { tr {
                th scope="col" { "Transport" } th scope="col" { "Type" } th scope="col" { "Code" } th scope="col" { "Answer" } th scope="col" { "Time" }
            } } tbody { @for one in answers { tr {
                th scope="row" { (one.transport) " " span.note { (one.address) } }
                td { (one.record_type) }
                td { @match &one.rcode {
                    Some(code) if code == "NOERROR" && !one.records.is_empty() => span.badge.good { (code) },
                    Some(code) if code == "NOERROR" => span.badge { "no such record" },
                    Some(code) => span.badge.warn { (code) },
                    None => span.badge.bad { "no answer" },
                } }
                td.records {
                    @for record in &one.records { code { (record) } }
                    @if one.more_records > 0 { span.note { "and " (one.more_records) " more" } }
                    @for note in &one.notes { span.note { (note) } }
                }
                td { (format!("{:.1}", one.milliseconds)) " ms" }
            } } } }
        }
    }
}
