//! Checks the keys of TSIG: their names, their algorithms, and the secrets, which may be in files that are read again.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Checker, check_every, secret};
use crate::config::reading::{Files, read_again, read_file};
use crate::config::{ConfigError, File, TransferKeySection};
use crate::dns::Name;
use crate::dns::tsig::{Algorithm, AlgorithmError, Key, KeyRing};
use crate::secret::Secret;

const KEY: &str = "transfer.keys";

/// How a good secret is made, for messages.
const MAKE: &str = "`nomadns keys tsig NAME` makes one";

/// The keys of TSIG as they are configured, with their secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TsigKeys {
    keys: Vec<TsigKey>,
    check: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct TsigKey {
    name: Name,
    algorithm: Algorithm,
    /// In base 64.
    secret: Secret,
    /// The file that it comes from; empty for none.
    file: String,
}

impl TsigKeys {
    /// Makes the keys that queries are checked with.
    ///
    /// # Errors
    /// Which secret cannot be used, and why; it is not shown.
    pub fn ring(&self) -> Result<KeyRing, String> {
        let keys = self.keys.iter().map(TsigKey::key);
        let keys = keys.collect::<Result<Vec<_>, String>>()?;
        KeyRing::new(keys).map_err(|error| error.to_string())
    }

    /// Whether a secret is in a file that can be read again.
    #[must_use]
    pub fn has_file(&self) -> bool {
        self.keys.iter().any(|key| !key.file.is_empty())
    }

    /// How often those files are looked at; never when none.
    #[must_use]
    pub fn check(&self) -> Option<Duration> {
        self.check
    }

    /// Reads the files of the secrets again.
    fn again(&self) -> Result<Self, String> {
        let again = |key: &TsigKey| {
            let mut key = key.clone();
            if !key.file.is_empty() {
                key.secret = secret(&read_again(&key.file)?);
            }
            Ok(key)
        };
        let keys = self.keys.iter().map(again).collect::<Result<_, String>>()?;
        let read = Self {
            keys,
            ..self.clone()
        };
        read.ring().map(|_| read)
    }
}

impl TsigKey {
    fn key(&self) -> Result<Key, String> {
        let of = match &*self.file {
            "" => format!("the secret of {}", self.name),
            file => format!("the secret of {} in {file}", self.name),
        };
        let octets = STANDARD
            .decode(self.secret.expose())
            .map_err(|_| format!("{of} is not base 64, as in secret = \"<base 64>\"; {MAKE}"))?;
        Key::new(&self.name, self.algorithm, &octets)
            .map_err(|error| format!("{of} {error}; {MAKE}"))
    }
}

impl Checker<'_> {
    /// Reads the keys, and the files of their secrets.
    pub(super) fn transfer_keys(
        &self,
        file: &File,
    ) -> Result<(Files<TsigKeys>, KeyRing), ConfigError> {
        let wrong = |problem: String| self.source.error(KEY, problem);
        let mut keys = Vec::<TsigKey>::new();
        for section in &file.transfer.keys {
            let key = read(section).map_err(wrong)?;
            if keys.iter().any(|other| other.name == key.name) {
                let problem = format!(
                    "two keys have the name {:?}; give each its own",
                    section.name
                );
                return Err(wrong(problem));
            }
            keys.push(key);
        }
        let content = TsigKeys {
            keys,
            check: check_every(file.transfer.check_seconds),
        };
        let ring = content.ring().map_err(wrong)?;
        let configured = content.clone();
        let files = Files {
            content,
            again: Arc::new(move || configured.again()),
        };
        Ok((files, ring))
    }
}

fn read(section: &TransferKeySection) -> Result<TsigKey, String> {
    let TransferKeySection {
        name,
        algorithm,
        secret: text,
        secret_file,
    } = section;
    let read: Name = name
        .parse()
        .map_err(|error| format!("the name {name:?} of a key is no name: {error}"))?;
    if read.is_root() {
        return Err(format!(
            "the name {name:?} of a key is the root; give it one such as \"transfer.example\""
        ));
    }
    let algorithm = algorithm.parse().map_err(|error| {
        let meant = match error {
            AlgorithmError::Unknown => likest(algorithm),
            AlgorithmError::Weak | AlgorithmError::NotUsed => String::new(),
        };
        format!("the algorithm {algorithm:?} of {name:?} {error}{meant}")
    })?;
    let secret = match (&**text, &**secret_file) {
        ("", "") => return Err(format!("{name:?} has neither secret_file nor secret; {MAKE}")),
        (text, "") => Secret::new(text),
        ("", path) => secret(&read_file(Path::new(path)).map_err(|error| {
            // What is there may be the secret itself.
            format!("the secret_file of {name:?} cannot be read ({error}); name a readable file with the secret in base 64")
        })?),
        _ => return Err(format!("{name:?} has both secret_file and secret; keep one of the two")),
    };
    Ok(TsigKey {
        name: read,
        algorithm,
        secret,
        file: secret_file.clone(),
    })
}

/// The algorithm that a word is a slip of, as a question.
fn likest(word: &str) -> String {
    let distance = |it: &Algorithm| strsim::osa_distance(&word.to_lowercase(), it.as_str());
    let likest = Algorithm::ALL.into_iter().min_by_key(distance);
    let likest = likest.filter(|it| distance(it) <= 3);
    likest.map_or_else(String::new, |it| format!("; did you mean {it}?"))
}

/// What of keys may surprise.
pub(super) fn of_keys(file: &File, settings: &super::Settings, warn: &mut dyn FnMut(&str, &str)) {
    for (section, key) in file
        .transfer
        .keys
        .iter()
        .zip(&settings.tsig_keys.content.keys)
    {
        let octets = STANDARD
            .decode(key.secret.expose())
            .map_or(0, |it| it.len());
        let good = key.algorithm.output_octets();
        if octets < good {
            let name = &section.name;
            let words = format!(
                "the secret of {name:?} has {octets} octets; {} should have {good} (RFC 8945 §8); {MAKE}",
                key.algorithm
            );
            warn(KEY, &words);
        }
        if !section.secret.is_empty() {
            let words = format!(
                "the secret of {:?} is in the configuration itself, which more people can read than a file of its own; \
                 name one in secret_file",
                section.name
            );
            warn(KEY, &words);
        }
    }
}
