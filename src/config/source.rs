//! Where values come from: flags over the environment over the file over the defaults.
//!
//! All are laid over each other as one table of keys, each key remembering who said it, so that an error
//! can name the flag, the variable or the file.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::error::ConfigError;
use super::file::File;

/// Keys with dots that must never be shown with their values.
const SECRETS: [&str; 3] = ["nomad.token", "nomad.http_auth", "cookie_secrets"];

/// Values laid over each other, the last one winning.
#[derive(Clone, Debug, Default)]
pub struct Source {
    table: Table,
    file: Option<PathBuf>,
    origins: HashMap<&'static str, String>,
    notes: BTreeMap<String, String>,
}

impl Source {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// A file that cannot be read or is not TOML.
    pub fn from_file(path: &Path) -> Result<Self, ConfigError> {
        let whole = |problem: String| ConfigError {
            origin: path.display().to_string(),
            key: String::new(),
            value: None,
            problem,
        };
        let text = std::fs::read_to_string(path)
            .map_err(|error| whole(format!("cannot be read ({error}); name a readable file")))?;
        let table = text.parse::<Table>().map_err(|error| {
            let line = error
                .span()
                .map_or(0, |span| text[..span.start].lines().count().max(1));
            whole(format!("line {line} is not TOML: {}", error.message()))
        })?;
        Ok(Self {
            table,
            file: Some(path.into()),
            origins: HashMap::new(),
            notes: BTreeMap::new(),
        })
    }

    /// Notes what is no mistake about a key but may surprise, for as long as its value stays.
    pub fn note(&mut self, key: &str, words: String) {
        self.notes.insert(key.into(), words);
    }

    /// Returns what was noted.
    pub fn notes(&self) -> impl Iterator<Item = &str> {
        self.notes.values().map(String::as_str)
    }

    /// Lays a value over what is there; `origin` is the flag or the variable that said it.
    pub fn set(&mut self, key: &'static str, value: impl Into<Value>, origin: impl Into<String>) {
        let (section, name) = key
            .split_once('.')
            .map_or((None, key), |(s, n)| (Some(s), n));
        let table = match section {
            None => &mut self.table,
            Some(section) => {
                let entry = self
                    .table
                    .entry(section)
                    .or_insert_with(|| Table::new().into());
                match entry {
                    Value::Table(table) => table,
                    // The file has no table there; that error comes before this value matters.
                    _ => return,
                }
            }
        };
        table.insert(name.into(), value.into());
        self.origins.insert(key, origin.into());
    }

    /// Takes a value away, as if no source had it.
    pub fn remove(&mut self, key: &str) {
        let (section, name) = key.split_once('.').unwrap_or(("", key));
        if section.is_empty() {
            self.table.remove(name);
        } else if let Some(Value::Table(table)) = self.table.get_mut(section) {
            table.remove(name);
        }
        self.origins.remove(key);
        self.notes.remove(key);
    }

    /// Whether any source has the key.
    pub fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// Reads the keys into their types.
    ///
    /// # Errors
    /// The first key that is unknown or of the wrong type.
    pub fn read(&self) -> Result<File, ConfigError> {
        let table = Value::Table(self.table.clone());
        serde_path_to_error::deserialize(table).map_err(|error| {
            let key = error.path().to_string();
            let key = key
                .trim_start_matches('.')
                .split('[')
                .next()
                .unwrap_or_default();
            // What serde says of a value shows it.
            let secret = SECRETS.contains(&key);
            let problem = if secret {
                "must be a text"
            } else {
                error.inner().message()
            };
            self.error(key, in_words(problem))
        })
    }

    /// Makes the error of a key: names who said its value, and the value unless it is a secret, which `problem` must not
    /// show either.
    pub fn error(&self, key: &str, problem: impl Into<String>) -> ConfigError {
        let origin = self.origin(key);
        let secret = SECRETS.contains(&key);
        let value = self.value(key).filter(|value| !secret && !value.is_table());
        ConfigError {
            origin,
            key: if key == "." {
                String::new()
            } else {
                key.into()
            },
            value: value.map(ToString::to_string),
            problem: problem.into(),
        }
    }

    /// Names who said the value of a key: a flag, a variable, the file, or nobody.
    pub fn origin(&self, key: &str) -> String {
        let file = || self.file.as_ref().map(|file| file.display().to_string());
        let origin = self.origins.get(key).cloned().or_else(file);
        origin.unwrap_or_else(|| "defaults".into())
    }

    fn value(&self, key: &str) -> Option<&Value> {
        match key.split_once('.') {
            None => self.table.get(key),
            Some((section, name)) => self.table.get(section)?.get(name),
        }
    }
}

/// Says in an operator's words what the decoder says in a programmer's.
fn in_words(problem: &str) -> String {
    [
        ("expected u64", "expected a whole number, 0 or more"),
        ("expected usize", "expected a whole number, 0 or more"),
        ("expected u32", "expected a whole number, 0 or more"),
        ("a sequence", "a list"),
        ("a boolean", "true or false"),
        ("a string", "a text"),
        ("a map", "a section"),
        (
            "invalid socket address syntax",
            "is no address with a port, 0 to 65535; expected one such as 127.0.0.1:1053 or [::1]:1053",
        ),
        ("invalid IP address syntax", "is no address; expected one such as 10.0.0.5 or fd00::5"),
    ]
    .iter()
    .fold(problem.to_owned(), |words, (from, to)| {
        words.replace(from, to)
    })
}
