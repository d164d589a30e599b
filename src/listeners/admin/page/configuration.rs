//! The page of the configuration in force: each key, its value and where the value comes from.

use maud::{Markup, html};

use super::config_model::{ConfigReport, ConfigSetting};
use super::layout::{NavigationEntry, page};
use super::model::StateBanner;

/// Makes the page.
pub(super) fn render(banner: &StateBanner, config: &ConfigReport) -> Markup {
    let (unset, set): (Vec<_>, Vec<_>) = config.settings.iter().partition(|it| it.is_default);
    let content = html! {
        h1 { "Configuration in force" }
        @if let Some(error) = &config.error {
            section.panel aria-labelledby="error-title" {
                h2 #error-title { "The configuration could not be read again" }
                p { (error) }
                p.note { "What is below stays in use until the file is right and read again." }
            }
        }
        section.panel aria-labelledby="set-title" {
            h2 #set-title { "Set" }
            @if set.is_empty() {
                p.empty { "Nothing: each key has its default." }
            } @else {
                (table(&set, config, "set-title"))
            }
        }
        section.panel aria-labelledby="defaults-title" {
            h2 #defaults-title { "Defaults" }
            (table(&unset, config, "defaults-title"))
        }
        p.note {
            "Secrets are not shown. " code { "nomadns config show" } " prints the same for the configuration as it is now in its files. "
            a href="/api/config" { "JSON" }
        }
    };
    page(
        banner,
        &html! { "Configuration" },
        NavigationEntry::Configuration,
        &content,
    )
}

fn table(settings: &[&ConfigSetting], config: &ConfigReport, title: &str) -> Markup {
    html! {
        div.scroll role="group" aria-labelledby=(title) tabindex="0" {
            table.settings {
                thead { tr { th scope="col" { "Key" } th scope="col" { "Value" } th scope="col" { "From" } } }
                tbody { @for one in settings { tr {
                    th scope="row" { code { (one.key) } }
                    td { code { (one.text) } }
                    td { (one.origin)
                        @if config.waiting.contains(&one.key) { " " span.badge.warn { "another value waits for a restart" } }
                    }
                } } }
            }
        }
    }
}
