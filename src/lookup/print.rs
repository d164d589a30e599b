//! Prints one answer as `dig` does.

use std::io::{self, Write};

use super::ask::{Retry, TransportReply};
use super::options::{LookupOptions, LookupTransport};
use super::reply::{LookupReply, RecordLine, SECTIONS};
use crate::dns::Section;
use crate::dns::text::extended_error_purpose;

/// Prints what came over one transport.
pub(super) fn print_one(
    options: &LookupOptions,
    asked: &TransportReply,
    out: &mut dyn Write,
) -> io::Result<()> {
    let reply = match &asked.result {
        Ok(reply) => reply,
        Err(error) => {
            let server = options.authority(asked.transport);
            return writeln!(out, ";; {} {server}: {error}", asked.transport.as_str());
        }
    };
    if asked.retry == Retry::OverTcp {
        writeln!(out, ";; Truncated, retrying in TCP mode.")?;
    }
    print_header(reply, out)?;
    print_pseudosection(reply, out)?;
    writeln!(out, ";; QUESTION SECTION:")?;
    for (name, class, record_type) in &reply.questions {
        writeln!(out, ";{name:<31}\t{class}\t{record_type}")?;
    }
    for (section, lines) in SECTIONS.into_iter().zip(&reply.sections) {
        if !lines.is_empty() {
            writeln!(out, "\n;; {} SECTION:", heading(section))?;
            lines.iter().try_for_each(|line| print_line(line, out))?;
        }
    }
    print_footer(options, asked, reply, out)
}

fn print_header(reply: &LookupReply, out: &mut dyn Write) -> io::Result<()> {
    let (opcode, rcode, id) = (reply.opcode, reply.rcode, reply.id);
    let flags: String = reply
        .flags
        .iter()
        .map(|flag| format!(" {}", flag.as_str()))
        .collect();
    let [answer, authority, additional] = [0, 1, 2].map(|place| reply.sections[place].len());
    // As in the message, which counts its OPT.
    let additional = additional + usize::from(reply.opt.is_some());
    let questions = reply.questions.len();
    writeln!(out, ";; Got answer:")?;
    writeln!(
        out,
        ";; ->>HEADER<<- opcode: {opcode}, status: {rcode}, id: {id}"
    )?;
    writeln!(
        out,
        ";; flags:{flags}; QUERY: {questions}, ANSWER: {answer}, AUTHORITY: {authority}, \
         ADDITIONAL: {additional}\n"
    )
}

fn print_pseudosection(reply: &LookupReply, out: &mut dyn Write) -> io::Result<()> {
    if reply.opt.is_some() || !reply.extended_errors.is_empty() {
        writeln!(out, ";; OPT PSEUDOSECTION:")?;
    }
    if let Some(opt) = &reply.opt {
        writeln!(out, "; {opt}")?;
    }
    for (code, text) in &reply.extended_errors {
        let purpose = extended_error_purpose(*code).unwrap_or("Unassigned");
        let text = if text.is_empty() {
            String::new()
        } else {
            format!(": ({text})")
        };
        writeln!(out, "; EDE: {code} ({purpose}){text}")?;
    }
    Ok(())
}

fn print_line(line: &RecordLine, out: &mut dyn Write) -> io::Result<()> {
    let RecordLine {
        owner,
        ttl,
        class,
        record_type,
        data,
    } = line;
    writeln!(out, "{owner:<23}\t{ttl}\t{class}\t{record_type}\t{data}")
}

fn print_footer(
    options: &LookupOptions,
    asked: &TransportReply,
    reply: &LookupReply,
    out: &mut dyn Write,
) -> io::Result<()> {
    let transport = match asked.retry {
        Retry::None => asked.transport,
        Retry::OverTcp => LookupTransport::Tcp,
    };
    let (server, port) = (&options.server, options.port(asked.transport));
    let word = transport.as_str().to_uppercase();
    writeln!(out, "\n;; Query time: {} msec", asked.took.as_millis())?;
    writeln!(out, ";; SERVER: {server}#{port}({server}) ({word})")?;
    writeln!(out, ";; MSG SIZE  rcvd: {}", reply.octets)
}

fn heading(section: Section) -> &'static str {
    match section {
        Section::Answer => "ANSWER",
        Section::Authority => "AUTHORITY",
        Section::Additional => "ADDITIONAL",
    }
}
