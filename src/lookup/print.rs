//! Prints one answer as `dig` does.

use std::io::{self, Write};

use super::ask::{Retry, TransportReply};
use super::options::{LookupOptions, LookupTransport};
use super::paint::{Coloring, Tint, tint};
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
            let line = format!(";; {} {server}: {error}", asked.transport.as_str());
            return writeln!(out, "{}", options.coloring.paint(Tint::Bad, &line));
        }
    };
    let coloring = options.coloring;
    let comment = |text: &str| coloring.paint(Tint::Comment, text);
    if asked.retry == Retry::OverTcp {
        writeln!(out, "{}", comment(";; Truncated, retrying in TCP mode."))?;
    }
    print_header(reply, coloring, out)?;
    print_pseudosection(reply, coloring, out)?;
    writeln!(out, "{}", comment(";; QUESTION SECTION:"))?;
    for (name, class, record_type) in &reply.questions {
        writeln!(out, ";{name:<31}\t{class}\t{record_type}")?;
    }
    for (section, lines) in SECTIONS.into_iter().zip(&reply.sections) {
        if !lines.is_empty() {
            let heading = format!(";; {} SECTION:", heading(section));
            writeln!(out, "\n{}", comment(&heading))?;
            lines
                .iter()
                .try_for_each(|line| print_line(line, coloring, out))?;
        }
    }
    print_footer(options, asked, reply, out)
}

fn print_header(reply: &LookupReply, coloring: Coloring, out: &mut dyn Write) -> io::Result<()> {
    let (opcode, id) = (reply.opcode, reply.id);
    let rcode = coloring.paint(tint(reply.rcode), &reply.rcode.to_string());
    let flags: String = reply
        .flags
        .iter()
        .map(|flag| format!(" {}", flag.as_str()))
        .collect();
    let [answer, authority, additional] = [0, 1, 2].map(|place| reply.sections[place].len());
    // As in the message, which counts its OPT.
    let additional = additional + usize::from(reply.opt.is_some());
    let questions = reply.questions.len();
    writeln!(out, "{}", coloring.paint(Tint::Comment, ";; Got answer:"))?;
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

fn print_pseudosection(
    reply: &LookupReply,
    coloring: Coloring,
    out: &mut dyn Write,
) -> io::Result<()> {
    if reply.opt.is_some() || !reply.extended_errors.is_empty() {
        let heading = coloring.paint(Tint::Comment, ";; OPT PSEUDOSECTION:");
        writeln!(out, "{heading}")?;
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
        let line = format!("; EDE: {code} ({purpose}){text}");
        writeln!(out, "{}", coloring.paint(Tint::Notable, &line))?;
    }
    Ok(())
}

fn print_line(line: &RecordLine, coloring: Coloring, out: &mut dyn Write) -> io::Result<()> {
    let RecordLine {
        owner,
        ttl,
        class,
        record_type,
        data,
    } = line;
    let owner = coloring.paint(Tint::Owner, &format!("{owner:<23}"));
    let record_type = coloring.paint(Tint::Kind, &record_type.to_string());
    writeln!(out, "{owner}\t{ttl}\t{class}\t{record_type}\t{data}")
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
    writeln!(out)?;
    for line in [
        format!(";; Query time: {} msec", asked.took.as_millis()),
        format!(";; SERVER: {server}#{port}({server}) ({word})"),
        format!(";; MSG SIZE  rcvd: {}", reply.octets),
    ] {
        writeln!(out, "{}", options.coloring.paint(Tint::Comment, &line))?;
    }
    Ok(())
}

fn heading(section: Section) -> &'static str {
    match section {
        Section::Answer => "ANSWER",
        Section::Authority => "AUTHORITY",
        Section::Additional => "ADDITIONAL",
    }
}
