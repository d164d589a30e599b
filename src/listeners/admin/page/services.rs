//! The table of services, with its search and its pages.

use maud::{Markup, html};

use super::commands::Reach;
use super::model::{NamespaceRights, Untrusted};
use super::parameters::{HealthFilter, PageParameters};
use super::service_model::{ServicePage, ServiceSummary};

/// Makes the section.
pub(super) fn section(
    services: &ServicePage,
    namespaces: &[NamespaceRights],
    parameters: &PageParameters,
    reach: &Reach,
) -> Markup {
    html! {
        section.panel.services aria-labelledby="services-title" {
            div.head {
                h2 #services-title { "Services" }
                form.search role="search" action="/" method="get" {
                    label.hidden for="q" { "Search services by name, namespace or tag" }
                    input #q type="search" name="q" value=(parameters.q) placeholder="Name, namespace or tag" maxlength="200" autocomplete="off";
                    (filters(namespaces, parameters))
                    button { "Search" }
                }
            }
            p.count role="status" {
                @if services.found == 1 { "1 service" } @else { (grouped(services.found)) " services" }
                @if !parameters.q.is_empty() { " match “" (Untrusted(parameters.q.clone())) "”" }
                @if !parameters.namespace.is_empty() { " in namespace “" (Untrusted(parameters.namespace.clone())) "”" }
                @if let Some(health) = parameters.health { ", " (health.label()) }
                @if parameters.is_search() { ". " a href="/" { "Show all" } }
                @if services.incomplete { " (the catalogue is too large to be searched through; some may be missing)" }
            }
            @if services.services.is_empty() { (empty(parameters)) } @else { (table(&services.services, reach)) }
            (pager(services, parameters))
        }
    }
}

/// Offers the namespaces and the states of health; what is chosen is offered too if it is not known.
fn filters(namespaces: &[NamespaceRights], parameters: &PageParameters) -> Markup {
    let chosen = &parameters.namespace;
    let is_known = namespaces.iter().any(|it| it.namespace.0 == *chosen);
    html! {
        label.hidden for="namespace" { "Namespace" }
        select #namespace name="namespace" {
            option value="" { "All namespaces" }
            @if !is_known && !chosen.is_empty() { option value=(chosen) selected { (Untrusted(chosen.clone())) } }
            @for one in namespaces { option value=(one.namespace.0) selected[one.namespace.0 == *chosen] { (one.namespace) } }
        }
        label.hidden for="health" { "Health" }
        select #health name="health" {
            option value="" { "Any health" }
            @for one in HealthFilter::ALL { option value=(one.as_str()) selected[parameters.health == Some(one)] { (one.label()) } }
        }
    }
}

fn empty(parameters: &PageParameters) -> Markup {
    html! {
        p.empty {
            @if !parameters.is_search() {
                "No services yet. A job's service appears here once it is registered in Nomad with "
                code { "provider = \"nomad\"" } " and the token may read its namespace."
            } @else {
                "No service is what you search for: all words in its name, namespace or tags, and the namespace and the health that are chosen."
            }
        }
    }
}

fn table(services: &[ServiceSummary], reach: &Reach) -> Markup {
    html! {
        div.scroll role="group" aria-labelledby="services-title" tabindex="0" {
            table.services-table {
                thead { tr {
                    th scope="col" { "Service" } th scope="col" { "Namespace" } th scope="col" { "Healthy" }
                    th scope="col" { "Ports" } th scope="col" { "Tags" } th scope="col" { "TTL" } th scope="col" { "Copy" }
                } }
                tbody { @for service in services { (row(service, reach)) } }
            }
        }
    }
}

fn row(service: &ServiceSummary, reach: &Reach) -> Markup {
    html! {
        tr {
            th scope="row" { a href=(link(service)) { (service.service) } span.dns { (service.name) } }
            td data-label="Namespace" { (service.namespace) }
            td data-label="Healthy" { (health(service)) }
            td data-label="Ports" { @for (place, port) in service.ports.iter().enumerate() { @if place > 0 { ", " } (port) } @if service.ports.is_empty() { "–" } }
            td.tags data-label="Tags" { (tags(&service.tags)) }
            td data-label="TTL" { (service.ttl_seconds) " s" }
            td.copies data-label="Copy" {
                (copy("name", &service.name.0, &service.service))
                @if let Some(command) = reach.dig(&service.name.0, "A") { (copy("dig", &command, &service.service)) }
                @if let Some(command) = reach.curl(&service.name.0, "SRV") { (copy("curl", &command, &service.service)) }
            }
        }
    }
}

/// Says how many instances are healthy.
pub(super) fn health(service: &ServiceSummary) -> Markup {
    let ServiceSummary {
        instances,
        healthy,
        failing,
        ..
    } = service;
    let unknown = instances.saturating_sub(healthy + failing);
    html! {
        @if *failing == *instances { span.badge.bad { "✗ 0 of " (instances) } }
        @else if *failing > 0 { span.badge.warn { "⚠ " (instances - failing) " of " (instances) } }
        @else if unknown == 0 { span.badge.good { "✓ " (healthy) " of " (instances) } }
        @else if *healthy > 0 { span.badge { (healthy) " of " (instances) ", " (unknown) " not read" } }
        @else { span.badge title="The checks of a service are read once it is queried" { (instances) ", not read" } }
    }
}

/// Shows tags.
pub(super) fn tags(tags: &[Untrusted]) -> Markup {
    html! {
        @if tags.is_empty() { "–" }
        @for tag in tags { span.tag { (tag) } " " }
    }
}

/// A button that copies a text; without a script it is not shown.
pub(super) fn copy(what: &str, text: &str, of: &Untrusted) -> Markup {
    html! {
        button.copy type="button" data-copy=(text) title=(Untrusted::from(text)) aria-label={ (what) ": " (of) } hidden { (what) }
    }
}

fn pager(services: &ServicePage, parameters: &PageParameters) -> Markup {
    let to = |page: usize| format!("/?{}#services-title", parameters.to_page(page));
    html! {
        @if services.pages > 1 {
            nav.pager aria-label="Pages of services" {
                @if services.page > 1 { a rel="prev" href=(to(services.page - 1)) { "← Previous" } }
                span { "Page " (grouped(services.page)) " of " (grouped(services.pages)) }
                @if services.page < services.pages { a rel="next" href=(to(services.page + 1)) { "Next →" } }
            }
        }
    }
}

/// The page of a service.
pub(super) fn link(service: &ServiceSummary) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("namespace", &service.namespace.0)
        .append_pair("name", &service.service.0)
        .finish();
    format!("/service?{query}")
}

/// A number with its thousands set apart.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
