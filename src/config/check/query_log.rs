//! Checks the settings of the query log.

use std::path::{Path, PathBuf};

use super::Checker;
use crate::config::choice::must_be_one_of;
use crate::config::{ConfigError, File};
use crate::dns::{Name, Rcode};
use crate::query_log::{
    AnswerClass, ClientPrefixes, QueryFilter, QueryLogFormat, QueryLogSettings, QueryLogTarget,
};

const TARGET: &str = "query_log.target";
const FORMAT: &str = "query_log.format";
const TARGETS: &str = "\"stdout\", a path such as \"/var/log/nomadns/queries.log\", \"unix:/run/dnstap.sock\" or \
                       \"tcp:10.0.0.5:6000\"";
/// The longest identity, in octets.
const IDENTITY_OCTETS: usize = 255;
/// The codes of RFC 6895 §2.3.
const RCODES: u16 = 24;

impl Checker<'_> {
    /// Says what is recorded of queries, and where; nothing when there is no target.
    pub(super) fn query_log(&self, file: &File) -> Result<Option<QueryLogSettings>, ConfigError> {
        let section = &file.query_log;
        let format = match &*section.format {
            "coredns" => QueryLogFormat::Coredns,
            "json" => QueryLogFormat::Json,
            "dnstap" => QueryLogFormat::Dnstap,
            _ => return Err(self.not_one_of(FORMAT)),
        };
        let names = section.names.iter().map(|text| self.recorded_name(text));
        let rcodes = section.rcodes.iter().map(|text| self.recorded_rcode(text));
        let classes = section.classes.iter().map(|text| self.recorded_class(text));
        let filter = QueryFilter {
            names: names.collect::<Result<_, _>>()?,
            rcodes: rcodes.collect::<Result<_, _>>()?,
            classes: classes.collect::<Result<_, _>>()?,
            one_of: section.sample,
        };
        if section.identity.len() > IDENTITY_OCTETS {
            let problem = format!("must not be longer than {IDENTITY_OCTETS} octets");
            return Err(self.source.error("query_log.identity", problem));
        }
        if section.target.is_empty() {
            return Ok(None);
        }
        let target = self.query_log_target(&section.target, format)?;
        Ok(Some(QueryLogSettings {
            format,
            target,
            filter,
            queue_entries: section.queue_entries,
            prefixes: ClientPrefixes {
                ipv4: section.ipv4_prefix,
                ipv6: section.ipv6_prefix,
            },
            identity: identity(file),
        }))
    }

    fn query_log_target(
        &self,
        text: &str,
        format: QueryLogFormat,
    ) -> Result<QueryLogTarget, ConfigError> {
        let wrong = |problem: &str| Err(self.source.error(TARGET, problem));
        let target = match text.split_once(':') {
            _ if text == "stdout" => QueryLogTarget::Stdout,
            Some(("unix", path)) if path.starts_with('/') => QueryLogTarget::Unix(path.into()),
            Some(("tcp", address)) => match address.parse() {
                Ok(address) => QueryLogTarget::Tcp(address),
                Err(_) => {
                    return wrong(
                        "needs an IP address and a port, such as \"tcp:10.0.0.5:6000\" or \"tcp:[fd00::5]:6000\"",
                    );
                }
            },
            _ if text.starts_with(['/', '.']) => QueryLogTarget::File(PathBuf::from(text)),
            _ => return wrong(&format!("is no place for a query log; expected {TARGETS}")),
        };
        match (&target, format) {
            (QueryLogTarget::Stdout, QueryLogFormat::Dnstap) => wrong(
                "does not go with query_log.format = \"dnstap\", which is binary; name a file or a collector, such as \
                 \"unix:/run/dnstap.sock\"",
            ),
            (
                QueryLogTarget::Unix(_) | QueryLogTarget::Tcp(_),
                QueryLogFormat::Coredns | QueryLogFormat::Json,
            ) => wrong(
                "is a collector of dnstap; set query_log.format = \"dnstap\", or name a file or \"stdout\"",
            ),
            _ => Ok(target),
        }
    }

    fn recorded_name(&self, text: &str) -> Result<Name, ConfigError> {
        text.parse().map_err(|error| {
            let problem = format!(
                "contains {text:?}, which is not a domain name ({error}); expected names such as \"service.nomad\""
            );
            self.source.error("query_log.names", problem)
        })
    }

    fn recorded_rcode(&self, text: &str) -> Result<Rcode, ConfigError> {
        let mut all = (0..RCODES).map(Rcode);
        let found = all.find(|rcode| rcode.to_string() == text);
        found.ok_or_else(|| self.unknown_word("query_log.rcodes", text))
    }

    fn recorded_class(&self, text: &str) -> Result<AnswerClass, ConfigError> {
        match text {
            "success" => Ok(AnswerClass::Success),
            "denial" => Ok(AnswerClass::Denial),
            "error" => Ok(AnswerClass::Error),
            _ => Err(self.unknown_word("query_log.classes", text)),
        }
    }

    fn unknown_word(&self, key: &str, word: &str) -> ConfigError {
        let problem = format!("contains {word:?}; each of them {}", must_be_one_of(key));
        self.source.error(key, problem)
    }
}

/// What the server is called.
fn identity(file: &File) -> Vec<u8> {
    let said = [&file.query_log.identity, &file.nsid];
    match said.into_iter().find(|it| !it.is_empty()) {
        Some(name) => name.clone().into_bytes(),
        None => rustix::system::uname().nodename().to_bytes().into(),
    }
}

/// What of it may surprise.
pub(super) fn of_query_log(settings: &super::Settings, warn: &mut dyn FnMut(&str, &str)) {
    let target = settings.query_log.as_ref().map(|it| &it.target);
    let Some(QueryLogTarget::File(path) | QueryLogTarget::Unix(path)) = target else {
        return;
    };
    let folder = path.parent().filter(|it| *it != Path::new(""));
    if folder.is_some_and(|it| !it.is_dir()) {
        let words = "is in a folder that does not exist, so nothing is recorded: create it, writable for the user of the \
                     gateway";
        warn(TARGET, words);
    }
}
