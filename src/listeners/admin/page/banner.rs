//! The banner: whether all is right, in words, a colour and an icon.

use maud::{Markup, html};

use super::model::{GatewayState, StateBanner};

/// The state as the title of the page begins with it.
pub(super) fn word(state: GatewayState) -> &'static str {
    match state {
        GatewayState::Current => "✓ Current",
        GatewayState::Stale => "⚠ Stale",
        GatewayState::NotReady => "✗ Not ready",
        GatewayState::Leaving => "⏻ Leaving",
    }
}

fn class(state: GatewayState) -> &'static str {
    match state {
        GatewayState::Current => "current",
        GatewayState::Stale => "stale",
        GatewayState::NotReady => "not_ready",
        GatewayState::Leaving => "leaving",
    }
}

fn icon(state: GatewayState) -> &'static str {
    match state {
        GatewayState::Current => "✓",
        GatewayState::Stale => "⚠",
        GatewayState::NotReady => "✗",
        GatewayState::Leaving => "⏻",
    }
}

/// Makes the banner.
pub(super) fn render(banner: &StateBanner) -> Markup {
    html! {
        section.banner #banner aria-label="State of the gateway" data-state=(class(banner.state)) {
            span.icon #banner-icon aria-hidden="true" { (icon(banner.state)) }
            div {
                strong #banner-headline role="status" { (banner.headline) }
                p #banner-detail { (banner.detail) }
            }
        }
    }
}
