//! The status page: the state of the gateway, for a person with a browser.
//!
//! Our own HTML, without scripts. All values are escaped.

use std::fmt::{self, Write};

use super::ReadinessReport;

const HEAD: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width\">
<title>nomadns</title>
<style>
:root { color-scheme: light dark; font-family: system-ui, sans-serif; line-height: 1.4 }
body { max-width: 56rem; margin: 1.5rem auto; padding: 0 1rem }
h1 { margin: 0; font-size: 1.6rem }
p { margin: .5rem 0 }
strong { padding: .1rem .6rem; border-radius: 1rem; color: #fff }
.ready { background: #1a7f37 }
.not-ready { background: #b3261e }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .2rem .5rem; border-top: 1px solid #8884 }
th { font-weight: normal; opacity: .7; white-space: nowrap; padding-right: 2rem }
td { width: 100%; overflow-wrap: anywhere }
</style>
<h1>nomadns</h1>
";

const FOOT: &str = "<p><a href=\"/metrics\">metrics</a> · <a href=\"/healthz\">health</a> · \
<a href=\"/readyz\">readiness</a> · <a href=\"/openapi.yaml\">API</a></p>
</html>
";

/// Makes the page.
pub(super) fn render(readiness: &ReadinessReport, lines: &[(String, String)]) -> String {
    let mut page = String::from(HEAD);
    // Writing to a string does not fail.
    let _ = write(&mut page, readiness, lines);
    page.push_str(FOOT);
    page
}

fn write(
    page: &mut String,
    readiness: &ReadinessReport,
    lines: &[(String, String)],
) -> fmt::Result {
    let (class, word, text) = match readiness {
        ReadinessReport::Ready(text) => ("ready", "Ready", text),
        ReadinessReport::NotReady(text) => ("not-ready", "Not ready", text),
    };
    // The table has the other lines.
    let text = text.lines().next().unwrap_or_default();
    let text = Escaped(text);
    writeln!(page, "<p><strong class={class}>{word}</strong> {text}</p>")?;
    writeln!(page, "<table>")?;
    for (label, value) in lines {
        writeln!(page, "<tr><th>{}<td>{}", Escaped(label), Escaped(value))?;
    }
    writeln!(page, "</table>")
}

/// Text in HTML, in an element or in an attribute.
struct Escaped<'text>(&'text str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '&' => f.write_str("&amp;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                // Those that a browser obeys and a person does not see.
                character if character.is_control() => write!(f, "{}", character.escape_default())?,
                character => f.write_char(character)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_shown_stays_text() {
        let lines = [("\"><script>".to_owned(), "a&b\u{1b}\n'".to_owned())];
        let page = render(&ReadinessReport::NotReady("<b>".to_owned()), &lines);
        assert!(page.contains("<th>&quot;&gt;&lt;script&gt;<td>a&amp;b\\u{1b}\\n&#39;"));
        assert!(page.contains("<strong class=not-ready>Not ready</strong> &lt;b&gt;"));
    }

    #[test]
    fn the_heading_is_one_line() {
        let page = render(&ReadinessReport::Ready("OK\nall is read".to_owned()), &[]);
        assert!(
            page.contains("<strong class=ready>Ready</strong> OK</p>"),
            "{page}"
        );
    }
}
