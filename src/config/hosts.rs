//! The keys of `[[hosts]]`, and the lines of a hosts file (hosts(5)).
//!
//! A line has an address and the names that have it; what is behind a `#` is a comment. A line that is wrong is skipped
//! and told by its number, since others write such files, and the rest is good.

use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::answers::HostTable;
use crate::dns::Name;

/// How many skipped lines are told by their numbers.
const TOLD: usize = 10;
/// How much is shown of a word that is wrong.
const SHOWN_CHARACTERS: usize = 64;

/// A name with its addresses.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct HostSection {
    /// The name.
    pub name: String,
    /// Its addresses, IPv4 and IPv6.
    pub addresses: Vec<String>,
}

/// All hosts, and the lines of the file that are not used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadHosts {
    /// The hosts.
    pub table: Arc<HostTable>,
    /// How many lines are skipped.
    pub skipped: usize,
    /// The first of them, by their numbers, each with its problem.
    told: Vec<(usize, String)>,
}

impl ReadHosts {
    /// The hosts of `table`, without a file.
    pub(super) fn of(table: HostTable) -> Self {
        Self {
            table: Arc::new(table),
            ..Self::default()
        }
    }

    /// Reads a file's text; its hosts come behind those of `table`.
    ///
    /// # Errors
    /// More than `most` names.
    pub(super) fn read(text: &str, mut table: HostTable, most: usize) -> Result<Self, String> {
        let mut read = Self::default();
        for (place, line) in text.lines().enumerate() {
            if let Err(problem) = read_line(line, &mut table) {
                read.skipped += 1;
                if read.told.len() < TOLD {
                    read.told.push((place + 1, problem));
                }
            }
            if table.len() > most {
                return Err(too_many(most));
            }
        }
        read.table = Arc::new(table);
        Ok(read)
    }

    /// What is to be said of the lines that are skipped, a sentence for each.
    pub fn problems(&self) -> impl Iterator<Item = String> + '_ {
        let told = self.told.iter();
        let told = told.map(|(line, problem)| format!("line {line} is skipped: {problem}"));
        let others = self.skipped.saturating_sub(self.told.len());
        let others = (others > 0).then(|| format!("{others} more lines are skipped"));
        told.chain(others)
    }
}

/// Says that there are more names than there may be.
pub(super) fn too_many(most: usize) -> String {
    format!("has more than {most} names; raise limits.hosts_names, or list fewer")
}

fn read_line(line: &str, table: &mut HostTable) -> Result<(), String> {
    let line = line.split('#').next().unwrap_or_default();
    let mut words = line.split_ascii_whitespace();
    let Some(address) = words.next() else {
        return Ok(());
    };
    let address: IpAddr = address
        .parse()
        .map_err(|_| format!("{} is not an IP address", shown(address)))?;
    let names = words.map(|word| Ok((word, host_name(word)?)));
    let names = names.collect::<Result<Vec<(&str, Name)>, String>>()?;
    if names.is_empty() {
        return Err("has no name behind the address".into());
    }
    for (word, name) in names {
        let added = table.add(&name, address);
        added.map_err(|error| format!("{} {error}", shown(word)))?;
    }
    Ok(())
}

/// Reads the name of a host.
///
/// # Errors
/// What is no name, and an address in the place of one.
pub(super) fn host_name(text: &str) -> Result<Name, String> {
    if text.parse::<IpAddr>().is_ok() {
        return Err(format!("{text:?} is an address in the place of a name"));
    }
    let name = text.parse::<Name>();
    name.map_err(|error| format!("{} is not a domain name ({error})", shown(text)))
}

/// A word of somebody else's file, as it may be in a log.
fn shown(word: &str) -> String {
    let start: String = word.chars().take(SHOWN_CHARACTERS).collect();
    let end = if start.len() < word.len() { "…" } else { "" };
    format!("{start:?}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_hosts_5_has_them_and_wrong_ones_are_skipped_by_number() {
        let text = "# hosts\n127.0.0.1\tlocalhost\n10.0.0.5 db.corp db # the database\r\n\n\
                    fd00::5 db.corp\nfe80::1%lo0 localhost\nweb 10.0.0.6\n10.0.0.7\n\
                    10.0.0.8 good a..b\n10.0.0.9 *.corp\n10.0.0.10 10.0.0.11\n";
        let read = ReadHosts::read(text, HostTable::default(), 16).unwrap();
        for name in ["localhost", "db.corp", "DB", "5.0.0.10.in-addr.arpa"] {
            assert!(read.table.has(&name.parse().unwrap()), "{name}");
        }
        assert!(
            !read.table.has(&"good".parse().unwrap()),
            "a line is skipped as a whole"
        );
        assert_eq!((read.table.len(), read.skipped), (3, 6));
        let lines: Vec<String> = read.problems().collect();
        let numbers: Vec<&str> = lines.iter().map(|it| &it[..7]).collect();
        assert_eq!(
            numbers,
            [
                "line 6 ", "line 7 ", "line 8 ", "line 9 ", "line 10", "line 11"
            ]
        );
        assert!(
            lines[0].ends_with("\"fe80::1%lo0\" is not an IP address"),
            "{lines:?}"
        );
        assert!(
            lines[5].contains("an address in the place of a name"),
            "{lines:?}"
        );
    }

    #[test]
    fn what_a_file_has_reaches_no_log_unescaped_nor_without_end() {
        let text = format!("{}\u{1b}[31m\n", "x".repeat(500)).repeat(30);
        let read = ReadHosts::read(&text, HostTable::default(), 16).unwrap();
        let lines: Vec<String> = read.problems().collect();
        assert_eq!((lines.len(), read.skipped), (TOLD + 1, 30));
        assert!(
            lines
                .iter()
                .all(|it| it.len() < 200 && !it.contains('\u{1b}'))
        );
        assert_eq!(lines[TOLD], "20 more lines are skipped");
    }

    #[test]
    fn more_names_than_may_be_are_an_error() {
        let text = "10.0.0.1 a b\n10.0.0.2 c\n";
        let read = |most| ReadHosts::read(text, HostTable::default(), most);
        assert!(read(3).is_ok());
        assert!(read(2).unwrap_err().contains("limits.hosts_names"));
    }
}
