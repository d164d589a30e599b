//! What `nomadns.example.toml` says of each key, and the order of the keys there.
//!
//! The schema and `config show` use it; `tests/house` proves that the file has every key.

/// The example, which is part of the program so that it cannot differ from it.
const EXAMPLE: &str = include_str!("../../nomadns.example.toml");

/// A key or a section of the example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Described {
    /// The key with its section, or the section.
    pub(super) key: String,
    /// What the comment above it says, in one line.
    pub(super) text: String,
    /// Whether it is a section.
    pub(super) is_section: bool,
}

/// Reads the example: its keys and sections, in their order.
pub(super) fn described() -> Vec<Described> {
    let (mut all, mut section, mut comment) = (Vec::new(), String::new(), Vec::new());
    for line in EXAMPLE.lines() {
        if let Some(text) = line.strip_prefix("# ") {
            comment.push(text.trim());
            continue;
        }
        let text = std::mem::take(&mut comment).join(" ");
        let head = line.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        let name = line.strip_prefix('#').and_then(|it| it.split_once(" = "));
        if let Some(head) = head {
            head.clone_into(&mut section);
            all.push(Described {
                key: head.into(),
                text,
                is_section: true,
            });
        } else if let Some((name, _)) = name {
            let key = match &*section {
                "" => name.to_owned(),
                section => format!("{section}.{name}"),
            };
            all.push(Described {
                key,
                text,
                is_section: false,
            });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::words::keys;

    #[test]
    fn every_key_is_described() {
        let described = described();
        for (key, _) in keys() {
            let found = described
                .iter()
                .find(|it| it.key == key && !it.is_section)
                .unwrap_or_else(|| panic!("{key} is not described"));
            assert!(found.text.len() > 10, "{found:?}");
        }
    }
}
