//! The upstreams on the overview: whether each answers, and how fast.

use maud::{Markup, html};
use serde::Serialize;

/// An upstream and how it does.
#[derive(Clone, Debug, Serialize)]
pub struct UpstreamState {
    /// The zone that it is asked about.
    pub zone: String,
    /// Its address.
    pub address: String,
    /// Whether it answers.
    pub up: bool,
    /// The round trip that is expected of it, in milliseconds.
    pub round_trip_milliseconds: f64,
}

/// The table of them.
pub(super) fn section(upstreams: &[UpstreamState]) -> Markup {
    html! {
        section.panel aria-labelledby="upstreams-title" {
            h2 #upstreams-title { "Upstreams" }
            table { thead { tr { th scope="col" { "Zone" } th scope="col" { "Upstream" } th scope="col" { "State" } th scope="col" { "Round trip" } } }
                tbody { @for one in upstreams { tr {
                    th scope="row" { (one.zone) }
                    td { (one.address) }
                    td { @if one.up { span.badge.good { "✓ up" } } @else { span.badge.bad { "✗ down" } } }
                    td { (format!("{:.1}", one.round_trip_milliseconds)) " ms" }
                } } }
            }
        }
    }
}
