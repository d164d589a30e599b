//! The keys that are lists of sections, such as `[[forward]]`: what such a section has.

/// A key whose value is a list of sections.
#[derive(Clone, Copy, Debug)]
pub(super) struct ListOfSections {
    /// The key.
    pub(super) key: &'static str,
    /// What a section has.
    pub(super) keys: &'static [ListKey],
    /// What its values look like.
    pub(super) example: &'static str,
}

/// A key of such a section.
#[derive(Clone, Copy, Debug)]
pub(super) struct ListKey {
    pub(super) name: &'static str,
    pub(super) kind: ListKeyKind,
    /// Whether each section must have it.
    pub(super) is_required: bool,
    pub(super) description: &'static str,
}

/// What the value of such a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ListKeyKind {
    Text,
    Texts,
    Boolean,
}

/// All of them.
pub(super) const LISTS: [ListOfSections; 4] = [
    ListOfSections {
        key: "forward",
        keys: &[
            needed("zone", ListKeyKind::Text, "The zone; \".\" for all names."),
            needed(
                "upstreams",
                ListKeyKind::Texts,
                "The servers to ask: udp://, tcp://, tls://, https://, or system for those of /etc/resolv.conf.",
            ),
            optional(
                "policy",
                ListKeyKind::Text,
                "Which of them is asked first. The default is fastest.",
            ),
            optional(
                "private_addresses",
                ListKeyKind::Boolean,
                "Whether answers may have private addresses. The default is false for the zone \".\", true for others.",
            ),
        ],
        example: "zone = \".\", upstreams = [\"udp://10.0.0.2\"], policy = \"fastest\", private_addresses = false",
    },
    ListOfSections {
        key: "hosts",
        keys: &[
            needed("name", ListKeyKind::Text, "The name."),
            needed(
                "addresses",
                ListKeyKind::Texts,
                "Its addresses, IPv4 and IPv6.",
            ),
        ],
        example: "name = \"db.example\", addresses = [\"10.0.0.5\"]",
    },
    ListOfSections {
        key: "transfer.keys",
        keys: &[
            needed("name", ListKeyKind::Text, "The name, a domain name."),
            optional(
                "algorithm",
                ListKeyKind::Text,
                "The algorithm. The default is hmac-sha256.",
            ),
            optional(
                "secret_file",
                ListKeyKind::Text,
                "A file with the secret in base 64.",
            ),
            optional(
                "secret",
                ListKeyKind::Text,
                "The secret in base 64. A file is safer.",
            ),
        ],
        example: "name = \"transfer.example\", algorithm = \"hmac-sha256\", secret_file = \"/etc/nomadns/transfer.key\", secret = \"\"",
    },
    ListOfSections {
        key: "transfer.notify",
        keys: &[
            needed(
                "address",
                ListKeyKind::Text,
                "The address of the secondary, with a port unless that is 53.",
            ),
            optional(
                "key",
                ListKeyKind::Text,
                "The name of the key to sign with. The default is not to sign.",
            ),
            optional(
                "source",
                ListKeyKind::Text,
                "The address to send from. The default is the system's choice.",
            ),
            optional(
                "zones",
                ListKeyKind::Texts,
                "The zones that it has. The default is all.",
            ),
        ],
        example: "address = \"192.0.2.53\", key = \"transfer.nomad\", source = \"192.0.2.1\", zones = [\"nomad\"]",
    },
];

impl ListOfSections {
    /// Finds the list that a key is.
    pub(super) fn of(key: &str) -> Option<Self> {
        LISTS.into_iter().find(|list| list.key == key)
    }

    /// The names of the keys.
    pub(super) fn names(self) -> Vec<String> {
        self.keys.iter().map(|key| key.name.to_owned()).collect()
    }
}

const fn needed(name: &'static str, kind: ListKeyKind, description: &'static str) -> ListKey {
    ListKey {
        name,
        kind,
        is_required: true,
        description,
    }
}

const fn optional(name: &'static str, kind: ListKeyKind, description: &'static str) -> ListKey {
    ListKey {
        is_required: false,
        ..needed(name, kind, description)
    }
}

#[cfg(test)]
mod tests {
    use toml::Table;

    use super::*;
    use crate::config::file::File;

    /// What the decoder says of a file with one section of a list.
    fn problem(text: &str) -> String {
        toml::from_str::<File>(text)
            .unwrap_err()
            .message()
            .to_owned()
    }

    #[test]
    fn the_keys_of_a_section_are_those_that_the_decoder_knows() {
        for list in LISTS {
            let said = problem(&format!("[[{}]]\nqqq = 1", list.key));
            let (_, expected) = said.split_once("expected").unwrap();
            let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
            assert_eq!(list.names(), known);
        }
    }

    #[test]
    fn a_section_needs_the_keys_that_are_said_to_be_required() {
        for list in LISTS {
            let example: Table = format!("it = {{ {} }}", list.example).parse().unwrap();
            let whole = example["it"].as_table().unwrap();
            assert_eq!(whole.len(), list.keys.len());
            for key in list.keys {
                let mut section = whole.clone();
                section.remove(key.name);
                let text = format!("[[{}]]\n{section}", list.key);
                assert_eq!(
                    toml::from_str::<File>(&text).is_err(),
                    key.is_required,
                    "{}",
                    key.name
                );
            }
        }
    }
}
