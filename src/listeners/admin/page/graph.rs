//! Small graphs as SVG: a line and the area below it, without a style of their own.

use std::fmt::Write as _;

use maud::{Markup, html};

/// The width and the height of a graph, in its own units.
const WIDTH: f64 = 240.0;
const HEIGHT: f64 = 44.0;

/// A card with a value and its graph.
#[derive(Debug)]
pub(super) struct GraphCard<'a> {
    /// The key of the value in a sample, which the script goes by.
    pub(super) key: &'static str,
    pub(super) title: &'static str,
    pub(super) value: String,
    pub(super) note: &'a str,
    pub(super) values: Vec<Option<f64>>,
}

/// Makes a card.
pub(super) fn card(card: &GraphCard<'_>) -> Markup {
    let data = join(
        card.values
            .iter()
            .map(|it| it.map_or(String::new(), |it| format!("{it:.6}"))),
    );
    let label = format!("{}: the last five minutes", card.title);
    html! {
        section.card data-key=(card.key) {
            h2 { (card.title) }
            p.value { (card.value) }
            svg.graph viewBox="0 0 240 44" preserveAspectRatio="none" role="img" aria-label=(label) data-values=(data) {
                path.area d=(path(&card.values, true)) {}
                path.line d=(path(&card.values, false)) {}
            }
            p.note { (card.note) }
        }
    }
}

/// Makes the path of a graph; where there is no value, there is no line.
fn path(values: &[Option<f64>], is_area: bool) -> String {
    let most = values
        .iter()
        .flatten()
        .fold(0.0_f64, |most, value| most.max(*value));
    let scale = if most > 0.0 {
        (HEIGHT - 4.0) / most
    } else {
        0.0
    };
    let step = WIDTH / (values.len().max(2) - 1) as f64;
    let mut out = String::new();
    let mut before = None;
    for (place, value) in values.iter().enumerate() {
        let x = place as f64 * step;
        match (value, before) {
            (Some(value), None) if is_area => {
                let _ = write!(
                    out,
                    "M{x:.1} {HEIGHT}L{x:.1} {:.1}",
                    HEIGHT - 2.0 - value * scale
                );
            }
            (Some(value), _) => {
                let command = if before.is_some() { 'L' } else { 'M' };
                let _ = write!(out, "{command}{x:.1} {:.1}", HEIGHT - 2.0 - value * scale);
            }
            (None, Some(last)) if is_area => {
                let _ = write!(out, "L{last:.1} {HEIGHT}Z");
            }
            (None, _) => {}
        }
        before = value.map(|_| x);
    }
    if let (true, Some(last)) = (is_area, before) {
        let _ = write!(out, "L{last:.1} {HEIGHT}Z");
    }
    out
}

fn join(values: impl Iterator<Item = String>) -> String {
    values.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_breaks_the_line_and_nothing_is_no_line() {
        assert_eq!(path(&[], true), "");
        assert_eq!(path(&[None, None], false), "");
        let line = path(&[Some(1.0), None, Some(0.0)], false);
        assert_eq!(line, "M0.0 2.0M240.0 42.0");
        assert_eq!(
            path(&[Some(0.0), Some(0.0)], true),
            "M0.0 44L0.0 42.0L240.0 42.0L240.0 44Z"
        );
    }
}
