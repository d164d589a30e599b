//! Random text: the parser never panics, and what it makes is TOML of known keys, each on its own line.

use std::io;

use nomadns::import::{ImportOptions, Surroundings, import};
use proptest::prelude::*;

/// Has one file, which imports itself, and one variable.
struct Nowhere;

impl Surroundings for Nowhere {
    fn read(&self, _: &str, path: &str) -> io::Result<(String, Vec<u8>)> {
        match path {
            "ring" => Ok(("ring".into(), b"import ring\n".to_vec())),
            _ => Err(io::Error::other("is not there")),
        }
    }

    fn list(&self, _: &str, _: &str) -> io::Result<Vec<String>> {
        Ok(vec!["ring".into()])
    }

    fn variable(&self, name: &str) -> Option<String> {
        (name == "A").then(|| "{$A} }\n{".into())
    }
}

/// The configuration with every key and section.
const EXAMPLE: &str = include_str!("../../../nomadns.example.toml");

fn imported(text: &[u8]) {
    for writes_secrets in [true, false] {
        let options = ImportOptions {
            dns_port: 53,
            writes_secrets,
        };
        match import("Corefile", text, options, &Nowhere) {
            Err(error) => is_one_line(&error.to_string()),
            Ok(imported) => {
                let remarks = imported.losses.iter().chain(&imported.notes);
                remarks.for_each(|it| is_one_line(&it.to_string()));
                let parsed: Result<toml::Table, _> = imported.config.parse();
                assert!(parsed.is_ok(), "{}", imported.config);
                imported.config.split('\n').for_each(is_known_line);
            }
        }
    }
}

fn is_one_line(words: &str) {
    assert!(!words.contains(char::is_control), "{words:?}");
}

/// A comment, a section, or a key of the example with a value that ends on its line.
fn is_known_line(line: &str) {
    is_one_line(line);
    let is_in_example = |text: &str| {
        let mut lines = EXAMPLE.lines();
        lines.any(|it| it.trim_start_matches(['#', ' ']).starts_with(text))
    };
    let is_good = match line.split_once(" = ") {
        _ if line.is_empty() || line.starts_with('#') => true,
        Some((key, _)) if !line.starts_with('[') => {
            let is_key = key.bytes().all(|it| it.is_ascii_lowercase() || it == b'_');
            is_key && is_in_example(&format!("{key} = ")) && line.parse::<toml::Table>().is_ok()
        }
        _ => line.starts_with('[') && line.ends_with(']') && is_in_example(line),
    };
    assert!(is_good, "{line:?}");
}

/// Corefiles with a place for a text of others, `TEXT`, wherever one can stand.
const PLACES: &[&str] = &[
    "TEXT {\n nomad\n}\n",
    ".:53, TEXT {\n nomad TEXT\n forward TEXT 192.0.2.1\n}\n",
    ".:53 {\n TEXT TEXT {\n  TEXT TEXT\n }\n}\n",
    ".:53 {\n nomad a.example {\n  address TEXT http://a:4646\n  token TEXT\n  filter TEXT\n  namespace TEXT\n }\n}\n",
    ".:53 {\n nomad {\n  TEXT TEXT\n }\n}\n",
    ".:53 {\n nomad {\n  ttl TEXT\n }\n}\n",
    ".:53 {\n bind TEXT\n tls TEXT TEXT\n root TEXT\n nsid TEXT TEXT\n}\n",
    ".:53 {\n acl TEXT {\n  allow type TEXT\n  block net 10.0.0.0/8\n }\n}\n",
    ".:53 {\n acl {\n  TEXT net TEXT\n }\n}\n",
    ".:53 {\n forward . 192.0.2.1 TEXT https://TEXT {\n  tls_servername TEXT\n  except TEXT\n  tls TEXT\n  next TEXT\n }\n}\n",
    ".:53 {\n forward . 192.0.2.1 {\n  TEXT TEXT\n }\n}\n",
    ".:53 {\n hosts TEXT TEXT {\n  10.0.0.1 TEXT\n }\n forward . 192.0.2.1\n}\na.TEXT {\n errors\n}\n",
    ".:53 {\n hosts TEXT {\n  TEXT TEXT\n }\n}\n",
    ".:53 {\n cache TEXT TEXT {\n  success TEXT\n }\n forward . 192.0.2.1\n}\n",
    ".:53 {\n prometheus TEXT\n}\n",
    ".:53 {\n health :8080 {\n  lameduck TEXT\n }\n errors {\n  TEXT\n }\n loadbalance TEXT\n}\n",
    ".:53 {\n log TEXT TEXT {\n  class TEXT\n }\n}\n",
    ".:53 {\n dnstap /TEXT full {\n  identity TEXT\n  TEXT\n }\n}\n",
    ".:53 {\n template IN A TEXT {\n  match TEXT\n  answer TEXT\n }\n reload TEXT\n}\n",
    ".:53 {\n import TEXT\n}\n",
    ".:53 {\n bufsize TEXT\n}\n",
];

/// What would end a comment or a string, or move the cursor of a terminal.
const PIECES: &[&str] = &[
    "\n",
    "\r",
    "\u{1b}[31m",
    "\u{7}",
    "\u{7f}",
    "\u{85}",
    "\u{2028}",
    "\u{202e}",
    "\"",
    "\"\"\"",
    "'",
    "'''",
    "\\",
    "\\n",
    "\n[nomad]\n",
    "\ntoken = 1\n",
    "{$B\nc = 1\n}",
    "{%B\u{1b}%}",
    "{$A}",
    "#",
    " ",
    ".",
    "a",
    "@",
    "://",
    "[",
    "]",
    "=",
    "ä",
];

/// Such a text as a word in quotes, so that it stays in its place, or as it is.
fn placed(pieces: &[&str], is_quoted: bool) -> String {
    let text = pieces.concat();
    match is_quoted {
        true => format!("\"{}\"", text.replace('"', "\\\"")),
        false => text,
    }
}

#[test]
fn a_text_with_any_characters_is_the_same_in_the_configuration() {
    let text = "one\ntoken = 1\n\u{1b}[31m \\ ''' \u{2028} \u{7f} ä";
    let corefile = format!(".:53 {{\n nsid \"{text} \\\"\"\n}}\n");
    let options = ImportOptions {
        dns_port: 53,
        writes_secrets: true,
    };
    let made = import("Corefile", corefile.as_bytes(), options, &Nowhere).unwrap();
    let parsed: toml::Table = made.config.parse().unwrap();
    assert_eq!(parsed["nsid"].as_str(), Some(&*format!("{text} \"")));
    imported(corefile.as_bytes());
}

#[test]
fn the_name_of_a_variable_breaks_out_of_no_comment() {
    imported(b".:53 {\n nsid \"a{$X\ntoken = 1\n\x1b[31m}\"\n}\n");
}

const WORDS: &[&str] = &[
    ".",
    ".:53",
    "tls://a:853",
    "{",
    "}",
    "\n",
    "nomad",
    "ttl",
    "5",
    "forward",
    "1.1.1.1",
    "tls://9.9.9.9",
    "cache",
    "30",
    "hosts",
    "10.0.0.1",
    "a.example",
    "acl",
    "allow",
    "block",
    "net",
    "10.0.0.0/8",
    "type",
    "A",
    "import",
    "ring",
    "*",
    "(s)",
    "s",
    "{$A}",
    "{%B%}",
    "\"q \\\" q\"",
    "#",
    "template",
    "IN",
    "match",
    "^a$",
    "answer",
    "health",
    ":8080",
    "lameduck",
    "5s",
    "token",
    "x",
    "\"\n\u{1b}\"",
    "log",
    "bind",
    "lo",
    "10.0.0.0/9",
    ",",
    "address",
    "except",
    "policy",
    "random",
    "success",
    "-1",
    "9999999999999999999",
];

proptest! {
    #[test]
    fn random_octets_do_no_harm(text in proptest::collection::vec(any::<u8>(), 0..300)) {
        imported(&text);
    }

    #[test]
    fn random_text_in_every_place_stays_in_its_place(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..8),
        is_quoted in any::<bool>(),
    ) {
        for place in PLACES {
            imported(place.replace("TEXT", &placed(&pieces, is_quoted)).as_bytes());
        }
    }

    #[test]
    fn random_words_of_corefiles_do_no_harm(words in proptest::collection::vec(proptest::sample::select(WORDS), 0..60)) {
        imported(words.join(" ").as_bytes());
    }
}
