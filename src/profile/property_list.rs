//! Property lists in XML, the form of Apple's configuration profiles.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
"#;

/// A value of a property list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Property {
    Text(String),
    Number(u32),
    Octets(Vec<u8>),
    List(Vec<Self>),
    Dictionary(Vec<(&'static str, Self)>),
}

/// Writes a property list with this value.
pub(super) fn print(value: &Property) -> String {
    format!("{HEAD}{}\n</plist>", Indented(value, 0))
}

impl From<&str> for Property {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Property {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// A value at a depth.
struct Indented<'a>(&'a Property, usize);

impl fmt::Display for Indented<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(value, depth) = *self;
        let (margin, inner) = ("\t".repeat(depth), "\t".repeat(depth + 1));
        match value {
            Property::Text(text) => write!(f, "{margin}<string>{}</string>", escaped(text)),
            Property::Number(number) => write!(f, "{margin}<integer>{number}</integer>"),
            Property::Octets(octets) => {
                write!(f, "{margin}<data>{}</data>", STANDARD.encode(octets))
            }
            Property::List(values) => {
                writeln!(f, "{margin}<array>")?;
                for value in values {
                    writeln!(f, "{}", Indented(value, depth + 1))?;
                }
                write!(f, "{margin}</array>")
            }
            Property::Dictionary(entries) => {
                writeln!(f, "{margin}<dict>")?;
                for (key, value) in entries {
                    writeln!(f, "{inner}<key>{}</key>", escaped(key))?;
                    writeln!(f, "{}", Indented(value, depth + 1))?;
                }
                write!(f, "{margin}</dict>")
            }
        }
    }
}

/// A text as it stands between tags.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_in_xml_is_escaped() {
        let value = Property::List(vec!["a<b>&\"c\"".into(), Property::Octets(vec![255, 0])]);
        let written = print(&value);
        assert!(written.starts_with("<?xml"), "{written}");
        assert!(
            written.ends_with(
                "<array>\n\t<string>a&lt;b&gt;&amp;\"c\"</string>\n\t<data>/wA=</data>\n</array>\n</plist>"
            ),
            "{written}"
        );
    }
}
