//! What all pages of the status page have in common: head, navigation, footer.

use maud::{DOCTYPE, Markup, html};

use super::banner;
use super::model::StateBanner;

/// The pages of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NavigationEntry {
    Overview,
    Lookup,
    Configuration,
    None,
}

/// Puts the content of a page into the frame.
pub(super) fn page(
    banner: &StateBanner,
    title: &Markup,
    current: NavigationEntry,
    content: &Markup,
) -> Markup {
    let is = |entry| (current == entry).then_some("page");
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (banner::word(banner.state)) " · " (title) " · nomadns" }
                link rel="icon" href="/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/page.css";
                script src="/page.js" defer {}
            }
            body {
                a.skip href="#content" { "Skip to content" }
                header.top {
                    a.brand href="/" { img src="/icon.svg" alt="" width="24" height="24"; "nomadns" }
                    nav aria-label="Pages" {
                        a href="/" aria-current=[is(NavigationEntry::Overview)] { "Overview" }
                        a href="/lookup" aria-current=[is(NavigationEntry::Lookup)] { "Lookup" }
                        a href="/config" aria-current=[is(NavigationEntry::Configuration)] { "Configuration" }
                    }
                }
                (banner::render(banner))
                main #content tabindex="-1" { (content) }
                footer {
                    a href="/metrics" { "Metrics" }
                    a href="/readyz" { "Readiness" }
                    a href="/api/status" { "JSON" }
                    a href="/openapi.yaml" { "API" }
                    span.live-note #live-note role="status" {}
                }
            }
        }
    }
}
