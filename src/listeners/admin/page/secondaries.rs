//! The secondaries on the overview: the serial of each, ours, and how late it is.

use maud::{Markup, html};
use serde::Serialize;

/// A secondary that is told of changes, and how far it is with one zone.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SecondaryReport {
    /// The zone.
    pub zone: String,
    /// Its address.
    pub address: String,
    /// The serial that it was last seen with.
    pub serial: Option<u32>,
    /// Our serial.
    pub our_serial: u32,
    /// How long we have had a serial that it lacks, in seconds; 0 when it has ours.
    pub lag_seconds: f64,
    /// Why it could not be told of our serial (NOTIFY).
    pub error: Option<String>,
}

impl SecondaryReport {
    fn is_current(&self) -> bool {
        self.serial == Some(self.our_serial)
    }

    fn lag(&self) -> String {
        let seconds = self.lag_seconds;
        match seconds {
            ..1.0 => "less than a second behind".to_owned(),
            ..120.0 => format!("{seconds:.0} s behind"),
            ..7200.0 => format!("{:.0} min behind", seconds / 60.0),
            _ => format!("{:.0} h behind", seconds / 3600.0),
        }
    }
}

/// The table of them.
pub(super) fn section(secondaries: &[SecondaryReport]) -> Markup {
    html! {
        section.panel aria-labelledby="secondaries-title" {
            h2 #secondaries-title { "Secondaries" }
            table { thead { tr { th scope="col" { "Zone" } th scope="col" { "Secondary" } th scope="col" { "State" } th scope="col" { "Its serial" } th scope="col" { "Ours" } } }
                tbody { @for one in secondaries { tr {
                    th scope="row" { (one.zone) }
                    td { (one.address) }
                    td {
                        @if one.is_current() { span.badge.good { "✓ current" } }
                        @else if one.lag_seconds < 10.0 { span.badge { (one.lag()) } }
                        @else { span.badge.bad { "✗ " (one.lag()) } }
                        @if let Some(error) = &one.error { " " span.note { "NOTIFY: " (error) } }
                    }
                    td { @match one.serial { Some(serial) => (serial), None => "not known" } }
                    td { (one.our_serial) }
                } } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_late_a_secondary_is_stands_there_in_words() {
        let of = |serial, lag_seconds| SecondaryReport {
            zone: "nomad".into(),
            address: "192.0.2.53:53".into(),
            serial,
            our_serial: 9,
            lag_seconds,
            error: None,
        };
        for (serial, lag, words) in [
            (Some(9), 0.0, "✓ current"),
            (Some(8), 0.4, "less than a second behind"),
            (Some(8), 42.0, "✗ 42 s behind"),
            (Some(8), 600.0, "✗ 10 min behind"),
            (None, 7200.0, "✗ 2 h behind"),
        ] {
            let page = section(&[of(serial, lag)]).into_string();
            assert!(page.contains(words), "{page}");
            assert_eq!(page.contains("not known"), serial.is_none());
        }
    }
}
