//! Prints the answers of several transports as a table that shows whether they agree.

use std::io::{self, Write};

use super::ask::TransportReply;
use super::options::LookupOptions;
use super::paint::{Tint, tint};
use super::reply::ComparedReply;
use crate::dns::Rcode;

/// The different replies, in the order in which they came.
pub(super) fn groups(all: &[TransportReply]) -> Vec<ComparedReply> {
    let mut groups: Vec<ComparedReply> = Vec::new();
    for reply in all.iter().flat_map(|asked| &asked.result) {
        let compared = reply.compared();
        if !groups.contains(&compared) {
            groups.push(compared);
        }
    }
    groups
}

/// Prints a line for each transport, what they say together, and the records.
pub(super) fn print_all(
    options: &LookupOptions,
    all: &[TransportReply],
    out: &mut dyn Write,
) -> io::Result<()> {
    let groups = groups(all);
    writeln!(out, ";; {} {}\n", options.name, options.record_type)?;
    for asked in all {
        print_row(options, asked, &groups, out)?;
    }
    let is_good = groups.len() == 1 && all.iter().all(|asked| asked.result.is_ok());
    let line = format!(";; {}", verdict(all, groups.len()));
    let tint = if is_good { Tint::Good } else { Tint::Bad };
    writeln!(out, "\n{}", options.coloring.paint(tint, &line))?;
    for (place, compared) in groups.iter().enumerate() {
        print_group(place, compared, groups.len(), out)?;
    }
    Ok(())
}

/// Prints the data of what all say, a record a line; what is no such data, and transports that do not agree, to `problems`.
pub(super) fn print_data(
    options: &LookupOptions,
    all: &[TransportReply],
    out: &mut dyn Write,
    problems: &mut dyn Write,
) -> io::Result<()> {
    let groups = groups(all);
    for asked in all {
        let place = options.authority(asked.transport);
        let way = asked.transport.as_str();
        match &asked.result {
            Err(error) => writeln!(problems, ";; {way} {place}: {error}")?,
            Ok(reply) if groups.len() > 1 || !is_plain(reply.rcode) => {
                let (rcode, count) = (reply.rcode, records(reply.sections[0].len()));
                writeln!(problems, ";; {way} {place}: {rcode}, {}", count.trim_end())?;
            }
            Ok(_) => {}
        }
    }
    if groups.len() > 1 {
        return writeln!(problems, ";; {}", verdict(all, groups.len()));
    }
    let first = all.iter().find_map(|asked| asked.result.as_ref().ok());
    let lines = first.map_or(&[][..], |reply| &reply.sections[0]);
    lines
        .iter()
        .try_for_each(|line| writeln!(out, "{}", line.data))
}

/// Whether a code needs no words beside the data: there is some, or there is none.
fn is_plain(rcode: Rcode) -> bool {
    matches!(rcode, Rcode::NOERROR | Rcode::NXDOMAIN)
}

fn print_row(
    options: &LookupOptions,
    asked: &TransportReply,
    groups: &[ComparedReply],
    out: &mut dyn Write,
) -> io::Result<()> {
    let transport = asked.transport.as_str();
    let server = options.authority(asked.transport);
    let milliseconds = asked.took.as_secs_f64() * 1000.0;
    write!(out, "{transport:<11} {server:<22} {milliseconds:>8.1} ms  ")?;
    match &asked.result {
        Ok(reply) => {
            let compared = reply.compared();
            let count = records(compared.answer.len());
            let rcode = format!("{:<9}", reply.rcode.to_string());
            let rcode = options.coloring.paint(tint(reply.rcode), &rcode);
            write!(out, "{rcode} {count}")?;
            let place = groups.iter().position(|group| *group == compared);
            match place {
                Some(place) if groups.len() > 1 => writeln!(out, "  answer {}", letter(place)),
                _ => writeln!(out),
            }
        }
        Err(error) => {
            let line = format!("error: {error}");
            writeln!(out, "{}", options.coloring.paint(Tint::Bad, &line))
        }
    }
}

/// The line that says it all.
fn verdict(all: &[TransportReply], groups: usize) -> String {
    let count = all.len();
    let failed = all.iter().filter(|asked| asked.result.is_err()).count();
    let answered = count - failed;
    match groups {
        0 => format!("NO ANSWER: all {count} transports failed"),
        1 if failed == 0 => format!("all {count} transports agree"),
        1 if answered == 1 => format!("FAILED: only 1 of {count} transports answered"),
        1 => format!("FAILED: only {answered} of {count} transports answered, and agree"),
        _ => format!("DIFFERENT: {groups} answers from {answered} of {count} transports"),
    }
}

fn print_group(
    place: usize,
    compared: &ComparedReply,
    groups: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    if groups > 1 {
        writeln!(out, "\n;; answer {}: {}", letter(place), compared.rcode)?;
    } else if !(compared.answer.is_empty() && compared.authority.is_empty()) {
        writeln!(out)?;
    }
    compared
        .answer
        .iter()
        .try_for_each(|record| writeln!(out, "{record}"))?;
    compared
        .authority
        .iter()
        .try_for_each(|record| writeln!(out, "{record}  ; authority"))
}

fn records(count: usize) -> String {
    match count {
        1 => "1 record ".to_owned(),
        _ => format!("{count} records"),
    }
}

/// There are fewer transports than letters.
fn letter(place: usize) -> char {
    ('A'..='Z').nth(place).unwrap_or('?')
}
