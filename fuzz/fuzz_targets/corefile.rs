//! A Corefile, with a file and a variable that bring in more of themselves.
//!
//! What is made is TOML that the configuration's own reader takes or refuses in one line; errors and remarks are each on one line.
#![no_main]

use std::io;

use libfuzzer_sys::fuzz_target;
use nomadns::config::{Settings, Source};
use nomadns::import::{ImportOptions, Surroundings, import};

struct FileAndVariables;

impl Surroundings for FileAndVariables {
    fn read(&self, _: &str, path: &str) -> io::Result<(String, Vec<u8>)> {
        match path {
            "ring" => Ok(("ring".into(), b"import ring\n".to_vec())),
            "more" => Ok(("more".into(), b"errors\ncache 30\n".to_vec())),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn list(&self, _: &str, _: &str) -> io::Result<Vec<String>> {
        Ok(vec!["ring".into(), "more".into()])
    }

    fn variable(&self, name: &str) -> Option<String> {
        match name {
            "WORD" => Some("word".into()),
            "ODD" => Some("{$ODD} }\n{".into()),
            _ => None,
        }
    }
}

fuzz_target!(|octets: &[u8]| {
    for writes_secrets in [true, false] {
        let options = ImportOptions {
            dns_port: 53,
            writes_secrets,
        };
        match import("Corefile", octets, options, &FileAndVariables) {
            Err(error) => is_one_line(&error.to_string()),
            Ok(imported) => {
                for remark in imported.losses.iter().chain(&imported.notes) {
                    is_one_line(&remark.to_string());
                }
                let source = Source::from_octets("nomadns.toml".as_ref(), imported.config.into_bytes());
                if let Err(error) = source.and_then(|source| Settings::check(&source)) {
                    is_one_line(&error.to_string());
                }
            }
        }
    }
});

fn is_one_line(words: &str) {
    assert!(!words.contains(char::is_control), "{words:?}");
}
