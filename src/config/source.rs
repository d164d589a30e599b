//! Where values come from: flags before the environment, before the file, before the defaults.
//!
//! All of them are merged into one table of keys. Each key remembers its origin, so that an error can name the flag,
//! the variable or the file.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::error::ConfigError;
use super::file::File;
use super::lines::lines;
use super::live::is_live;
use super::origin::ValueOrigin;
use super::range::Range;
use super::reading::read_file_or_pipe;
use super::{secrecy, unknown, words};

/// Values laid over each other, the last one winning.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Source {
    table: Table,
    file: Option<PathBuf>,
    lines: HashMap<String, usize>,
    origins: HashMap<String, String>,
    notes: BTreeMap<String, String>,
}

impl Source {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// A file that cannot be read or is not TOML.
    pub fn from_file(path: &Path) -> Result<Self, ConfigError> {
        let octets = read_file_or_pipe(path).map_err(|error| {
            whole(
                path,
                format!("cannot be read ({error}); name a readable file"),
            )
        })?;
        Self::from_octets(path, octets)
    }

    /// Reads what stands in the file at `path`.
    ///
    /// # Errors
    /// Octets that are not TOML.
    pub fn from_octets(path: &Path, octets: Vec<u8>) -> Result<Self, ConfigError> {
        let whole = |problem| whole(path, problem);
        let text = String::from_utf8(octets)
            .map_err(|error| whole(format!("is not UTF-8 ({})", error.utf8_error())))?;
        let table = text.parse::<Table>().map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let before = text.get(..at).unwrap_or_default();
            let line = before.lines().count().max(1);
            // A number that TOML has no room for is a number out of its range.
            match number_at(&text, line) {
                Some(Range { key, least, most }) => ConfigError {
                    key: key.into(),
                    ..whole(format!("must be in range [{least}, {most}] (line {line})"))
                },
                None => whole(format!("line {line} is not TOML: {}", error.message())),
            }
        })?;
        Ok(Self {
            table,
            file: Some(path.into()),
            lines: lines(&text),
            ..Self::default()
        })
    }

    /// Notes what is no mistake about a key but may surprise, for as long as its value stays.
    pub fn note(&mut self, key: &str, words: String) {
        self.notes.insert(key.into(), words);
    }

    /// Returns what was noted, each with its key.
    pub fn notes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.notes.iter().map(|(key, words)| (&**key, &**words))
    }

    /// Lays a value over what is there; `origin` is the flag or the variable that said it.
    pub fn set(&mut self, key: &str, value: impl Into<Value>, origin: impl Into<String>) {
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
        self.origins.insert(key.into(), origin.into());
        self.notes.remove(key);
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

    /// Has each key that only a restart changes keep the value that it has in `running`; returns those that have another here.
    pub fn keep_for_restart(&mut self, running: &Self) -> Vec<String> {
        let mut waiting = Vec::new();
        for (key, default) in words::keys() {
            let old = running.value(&key);
            if is_live(&key) || self.value(&key).unwrap_or(&default) == old.unwrap_or(&default) {
                continue;
            }
            match old.cloned() {
                Some(old) => self.set(&key, old, running.origin(&key)),
                None => self.remove(&key),
            }
            waiting.push(key);
        }
        waiting
    }

    /// Whether any source has the key.
    pub fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// Returns the number that somebody has said for a key, if it is one.
    pub fn number(&self, key: &str) -> Option<i64> {
        self.value(key).and_then(Value::as_integer)
    }

    /// Reads the keys into their types.
    ///
    /// # Errors
    /// The first key that is unknown or of the wrong type.
    pub fn read(&self) -> Result<File, ConfigError> {
        // The decoder would take a list for a section, its values in the order of the keys.
        for (key, value) in &self.table {
            if words::is_section(key) && !value.is_table() {
                return Err(self.error(key, words::wrong_type(key, value)));
            }
        }
        let table = Value::Table(self.table.clone());
        serde_path_to_error::deserialize(table).map_err(|error| {
            let path = error.path().to_string();
            let path = path.trim_start_matches('.');
            let key = path.split('[').next().unwrap_or_default();
            // What serde says of a value shows it, and so is not passed on where the type is wrong.
            let problem = error.inner().message().trim();
            let problem = match self.value(key) {
                // The keys of a list's sections are serde's to tell; it shows no value.
                _ if unknown::is_of_list(path) => unknown::of_list(path, problem),
                _ if problem.starts_with("unknown field") => {
                    unknown::unknown_key(key, self.value(key))
                }
                Some(value) if problem.starts_with("invalid") && !problem.ends_with("syntax") => {
                    words::wrong_type(key, value)
                }
                _ => words::in_words(problem),
            };
            self.error(key, problem)
        })
    }

    /// Makes the error of a key: names who said its value, and the value unless it is or may be a secret, which `problem`
    /// must not show either.
    pub fn error(&self, key: &str, problem: impl Into<String>) -> ConfigError {
        let value = self.value(key);
        let misplaced = value.and_then(|value| secrecy::misplaced(key, value));
        let value = value.filter(|_| words::is_key(key));
        ConfigError {
            origin: self.origin(key),
            key: key.into(),
            value: value.and_then(|value| secrecy::shown(key, value)),
            problem: misplaced
                .filter(|_| words::is_key(key))
                .map_or_else(|| problem.into(), str::to_owned),
        }
    }

    /// Names who said the value of a key: a flag, a variable, the file, or nobody.
    pub fn origin(&self, key: &str) -> String {
        let file = || self.file.as_ref().map(|file| file.display().to_string());
        let origin = self.origins.get(key).cloned().or_else(file);
        origin.unwrap_or_else(|| "defaults".into())
    }

    /// Tells who said the value of a key.
    pub(super) fn value_origin(&self, key: &str) -> ValueOrigin {
        match (self.origins.get(key), &self.file) {
            (Some(flag), _) if flag.starts_with('-') => ValueOrigin::Flag { flag: flag.clone() },
            (Some(variable), _) => ValueOrigin::Environment {
                variable: variable.clone(),
            },
            (None, Some(file)) if self.has(key) => ValueOrigin::File {
                file: file.clone(),
                line: self.lines.get(key).copied().unwrap_or(1),
            },
            (None, _) => ValueOrigin::Default,
        }
    }

    fn value(&self, key: &str) -> Option<&Value> {
        match key.split_once('.') {
            None => self.table.get(key),
            Some((section, name)) => self.table.get(section)?.get(name),
        }
    }
}

/// A mistake in the file as a whole.
fn whole(path: &Path, problem: String) -> ConfigError {
    ConfigError {
        origin: path.display().to_string(),
        key: String::new(),
        value: None,
        problem,
    }
}

/// The range of the key of a line that has nothing but a number behind it.
fn number_at(text: &str, line: usize) -> Option<Range> {
    let lines = text.lines().take(line);
    let section = lines
        .clone()
        .filter_map(|line| line.trim().strip_prefix('['));
    let section = section.last().and_then(|it| it.split_once(']'));
    let (name, number) = lines.last()?.split_once('=')?;
    let digits = number
        .split('#')
        .next()?
        .trim()
        .trim_start_matches(['-', '+']);
    let is_number =
        !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit() || it == b'_');
    let key = match section {
        None => name.trim().to_owned(),
        Some((section, _)) => format!("{}.{}", section.trim(), name.trim()),
    };
    is_number.then(|| Range::of(&key))?
}
