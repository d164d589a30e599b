//! Searches the services of one snapshot and cuts out a page of them.
//!
//! One pass over the services, with a limit; only the page itself is sorted and described. It runs where it delays nobody.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::service::{healths, summary};
use crate::answers::ZoneSettings;
use crate::catalog::{Service, Snapshot};
use crate::listeners::admin::{HealthFilter, ServicePage, ServiceSearch};

/// How many services a page of the table has.
const PAGE_SERVICES: usize = 20;
/// How many instances and services are looked at in one search.
const SEARCH_STEPS: usize = 5_000_000;

/// Finds the services that have all words in name, namespace or tags, and are in a namespace and of a health.
pub(super) fn search(
    snapshot: Option<&Snapshot>,
    search: &ServiceSearch,
    zones: &ZoneSettings,
) -> ServicePage {
    let mut steps = SEARCH_STEPS;
    let all = snapshot.into_iter().flat_map(|it| it.iter());
    let mut found: Vec<_> = all
        .filter(|(namespace, name, service)| {
            is_in(namespace, search)
                && is_so(service, search, &mut steps)
                && (search.words.is_empty()
                    || matches((namespace, name), service, &search.words, &mut steps))
        })
        .collect();
    let pages = found.len().div_ceil(PAGE_SERVICES).max(1);
    let page = search.page.clamp(1, pages);
    let start = (page - 1) * PAGE_SERVICES;
    let end = (start + PAGE_SERVICES).min(found.len());
    // Those before the page come first, in any order, and then the page.
    if start > 0 && start < found.len() {
        found.select_nth_unstable_by(start, by_name);
    }
    if end < found.len() {
        found[start..].select_nth_unstable_by(end - start, by_name);
    }
    found[start..end].sort_unstable_by(by_name);
    let rows = found[start..end].iter();
    ServicePage {
        found: found.len(),
        incomplete: steps == 0,
        page,
        pages,
        services: rows
            .map(|(_, _, service)| summary(service, zones))
            .collect(),
    }
}

fn is_in(namespace: &str, search: &ServiceSearch) -> bool {
    search.namespace.as_deref().is_none_or(|it| it == namespace)
}

/// Whether a service's health is what is searched for.
fn is_so(service: &Service, search: &ServiceSearch, steps: &mut usize) -> bool {
    let Some(wanted) = search.health else {
        return true;
    };
    let left = steps.checked_sub(service.len() + 1);
    *steps = left.unwrap_or(0);
    left.is_some() && {
        let (healthy, failing) = healths(service);
        HealthFilter::of(service.len(), healthy, failing) == wanted
    }
}

fn by_name(one: &(&str, &str, &Service), other: &(&str, &str, &Service)) -> Ordering {
    (one.0, one.1).cmp(&(other.0, other.1))
}

fn matches(
    (namespace, name): (&str, &str),
    service: &Service,
    words: &[String],
    steps: &mut usize,
) -> bool {
    *steps = steps.saturating_sub(1);
    let mut left: Vec<&str> = words.iter().map(String::as_str).collect();
    left.retain(|word| !name.contains(word) && !namespace.contains(word));
    if left.is_empty() {
        return true;
    }
    // Instances with the same tags share them, and mostly stand together.
    let mut before = None;
    let mut seen = BTreeSet::new();
    for instance in service.instances() {
        if *steps == 0 {
            return false;
        }
        *steps -= 1;
        let group = Arc::as_ptr(&instance.group);
        if before.replace(group) == Some(group) || !seen.insert(group) {
            continue;
        }
        let tags = || instance.group.tags.iter();
        left.retain(|word| !tags().any(|tag| tag.to_lowercase().contains(word)));
        if left.is_empty() {
            return true;
        }
    }
    false
}
