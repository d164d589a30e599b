//! The page of one service: its names, its instances, and what each type gets.

use maud::{Markup, html};

use super::commands::Reach;
use super::layout::{NavigationEntry, page};
use super::lookup::answers;
use super::model::{StateBanner, Untrusted};
use super::parameters::PageParameters;
use super::service_model::{InstanceDetail, ServiceDetail};
use super::services::{copy, grouped, health, tags};

/// Makes the page; of no service, it says so.
pub(super) fn render(
    banner: &StateBanner,
    service: Option<&ServiceDetail>,
    parameters: &PageParameters,
    reach: &Reach,
) -> Markup {
    let name = Untrusted(parameters.name.clone());
    let content = match service {
        Some(service) => found(service, reach),
        None => html! {
            h1 { (name) }
            p.empty {
                "No service of this name is known in this namespace. It may have stopped, or the token may not read it. "
                a href="/" { "All services" }
            }
        },
    };
    page(banner, &html! { (name) }, NavigationEntry::None, &content)
}

fn found(service: &ServiceDetail, reach: &Reach) -> Markup {
    let summary = &service.summary;
    html! {
        p.crumb { a href="/" { "Services" } " / " (summary.namespace) }
        h1 { (summary.service) " " (health(summary)) }
        section.panel aria-labelledby="names-title" {
            h2 #names-title { "Ask for it" }
            @for name in &service.names { p { code { (name) } " " (copy("copy", &name.0, &summary.service)) } }
            @for command in [reach.dig(&summary.name.0, "SRV"), reach.curl(&summary.name.0, "SRV")].into_iter().flatten() {
                p.command { code { (Untrusted(command.clone())) } " " (copy("copy", &command, &summary.service)) }
            }
        }
        section.panel aria-labelledby="answers-title" {
            h2 #answers-title { "What each type gets" }
            p.note { "The gateway's own listener was asked just now." }
            (answers(&service.answers, "answers-title"))
        }
        section.panel aria-labelledby="instances-title" {
            h2 #instances-title { (grouped(summary.instances)) @if summary.instances == 1 { " instance" } @else { " instances" } }
            div.scroll role="group" aria-labelledby="instances-title" tabindex="0" {
                table { thead { tr {
                    th scope="col" { "Address" } th scope="col" { "Checks" } th scope="col" { "Job" } th scope="col" { "Allocation" }
                    th scope="col" { "Node" } th scope="col" { "Datacenter" } th scope="col" { "Tags" }
                } } tbody { @for one in &service.instances { (instance(one, reach)) } } }
            }
            @if service.more_instances > 0 { p.note { "and " (grouped(service.more_instances)) " more" } }
        }
    }
}

fn instance(one: &InstanceDetail, reach: &Reach) -> Markup {
    let job = html! { (one.job) };
    let allocation = html! { code { (one.allocation) } };
    html! {
        tr {
            th scope="row" { code { (one.address) @if one.port > 0 { ":" (one.port) } } }
            td { (checks(one.health)) }
            td { (linked(&job, one.job_url.as_ref(), reach)) }
            td { (linked(&allocation, one.allocation_url.as_ref(), reach)) }
            td { code { (one.node) } }
            td { (one.datacenter) }
            td.tags { (tags(&one.tags)) }
        }
    }
}

/// Links to a page of Nomad's, unless the browser cannot reach it.
fn linked(text: &Markup, url: Option<&Untrusted>, reach: &Reach) -> Markup {
    match url.filter(|url| reach.is_reached(&url.0)) {
        Some(url) => html! { a href=(url) rel="noreferrer" { (text) } },
        None => html! { (text) },
    }
}

fn checks(health: &str) -> Markup {
    html! {
        @match health {
            "passing" => span.badge.good { "✓ passing" },
            "failing" => span.badge.bad { "✗ failing" },
            "gone" => span.badge.bad { "✗ ended" },
            "unproven" => span.badge.warn { "no result yet" },
            _ => span.badge title="The checks of a service are read once it is queried" { "not read" },
        }
    }
}
