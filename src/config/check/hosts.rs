//! What is configured about hosts: their names and addresses, and the file that is read again.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{Checker, Files, check_every};
use crate::answers::HostTable;
use crate::config::file::LimitsSection;
use crate::config::hosts::{ReadHosts, host_name, too_many};
use crate::config::reading::read_again_at_most;
use crate::config::{ConfigError, File, HostSection};

const KEY: &str = "hosts";
const FILE_KEY: &str = "hosts_file";

/// The hosts that are answered, and how often their file is looked at.
#[derive(Clone, Debug)]
pub struct HostSettings {
    /// The hosts.
    pub files: Files<ReadHosts>,
    /// Whether there is a file that can be read again.
    pub has_file: bool,
    /// How often it is; never when none.
    pub check: Option<Duration>,
}

impl Checker<'_> {
    pub(super) fn hosts(&self, file: &File) -> Result<HostSettings, ConfigError> {
        let wrong = |problem: String| self.source.error(KEY, problem);
        let mut table = HostTable::default();
        for section in &file.hosts {
            add(section, &mut table).map_err(wrong)?;
            if table.len() > file.limits.hosts_names {
                return Err(wrong(too_many(file.limits.hosts_names)));
            }
        }
        let has_file = !file.hosts_file.is_empty();
        let files = match has_file {
            true => self.hosts_file(&file.hosts_file, table, &file.limits)?,
            false => {
                let content = ReadHosts::of(table);
                let same = content.clone();
                Files {
                    content,
                    again: Arc::new(move || Ok(same.clone())),
                }
            }
        };
        Ok(HostSettings {
            files,
            has_file,
            check: check_every(file.hosts_check_seconds),
        })
    }

    fn hosts_file(
        &self,
        path: &str,
        table: HostTable,
        limits: &LimitsSection,
    ) -> Result<Files<ReadHosts>, ConfigError> {
        let (path, most_octets, most) = (
            path.to_owned(),
            limits.hosts_file_octets,
            limits.hosts_names,
        );
        let again = move || {
            let octets = read_again_at_most(&path, most_octets)?;
            let text = String::from_utf8_lossy(&octets);
            let read = ReadHosts::read(&text, table.clone(), most);
            read.map_err(|problem| format!("{path}: {problem}"))
        };
        let content = again().map_err(|error| {
            let problem = format!(
                "cannot be used ({error}); name a readable file in the form of /etc/hosts, of at most \
                 limits.hosts_file_octets ({most_octets})"
            );
            self.source.error(FILE_KEY, problem)
        })?;
        Ok(Files {
            content,
            again: Arc::new(again),
        })
    }
}

fn add(section: &HostSection, table: &mut HostTable) -> Result<(), String> {
    let HostSection { name, addresses } = section;
    let read = host_name(name)?;
    if addresses.is_empty() {
        return Err(format!(
            "the name {name:?} has no addresses; expected some such as addresses = [\"10.0.0.5\"]"
        ));
    }
    for text in addresses {
        let address: IpAddr = text.parse().map_err(|_| {
            format!(
                "the address {text:?} of {name:?} is none; expected one such as \"10.0.0.5\" or \"fd00::5\", without a port"
            )
        })?;
        let added = table.add(&read, address);
        added.map_err(|error| format!("the name {name:?} {error}"))?;
    }
    Ok(())
}

/// What of hosts may surprise.
pub(super) fn of_hosts(settings: &super::Settings, warn: &mut dyn FnMut(&str, &str)) {
    let read = &settings.hosts.files.content;
    for problem in read.problems() {
        warn(FILE_KEY, &problem);
    }
    for apex in settings.zones.apexes() {
        if read.table.has_within(apex) {
            let words = format!(
                "hosts at or below {apex} are not used: that zone is answered from Nomad; give them other names"
            );
            warn(KEY, &words);
        }
    }
}
