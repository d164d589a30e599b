//! Prints what each transport answered as one JSON object, for scripts.

use std::io::{self, Write};

use serde::Serialize;

use super::LookupOutcome;
use super::ask::{Retry, TransportReply};
use super::options::LookupOptions;
use super::reply::{LookupReply, RecordLine};

#[derive(Serialize)]
struct LookupObject<'asked> {
    name: String,
    r#type: String,
    outcome: &'static str,
    transports: Vec<TransportObject<'asked>>,
}

#[derive(Serialize)]
struct TransportObject<'asked> {
    transport: &'static str,
    server: String,
    milliseconds: f64,
    #[serde(flatten)]
    result: ResultObject<'asked>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ResultObject<'asked> {
    Reply(ReplyObject<'asked>),
    Failure { error: String },
}

#[derive(Serialize)]
struct ReplyObject<'asked> {
    retried_over_tcp: bool,
    status: String,
    flags: Vec<&'static str>,
    answer: Vec<RecordObject<'asked>>,
    authority: Vec<RecordObject<'asked>>,
    additional: Vec<RecordObject<'asked>>,
    extended_errors: Vec<ExtendedErrorObject<'asked>>,
    octets: usize,
}

#[derive(Serialize)]
struct RecordObject<'asked> {
    name: &'asked str,
    ttl: u32,
    class: String,
    r#type: String,
    data: &'asked str,
}

#[derive(Serialize)]
struct ExtendedErrorObject<'asked> {
    code: u16,
    text: &'asked str,
}

/// Prints all of it.
///
/// # Errors
/// Only what writing fails with.
pub(super) fn print_json(
    options: &LookupOptions,
    all: &[TransportReply],
    outcome: LookupOutcome,
    out: &mut dyn Write,
) -> io::Result<()> {
    let object = LookupObject {
        name: options.name.to_string(),
        r#type: options.record_type.to_string(),
        outcome: outcome.as_str(),
        transports: all.iter().map(|asked| transport(options, asked)).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &object)?;
    writeln!(out)
}

fn transport<'asked>(
    options: &LookupOptions,
    asked: &'asked TransportReply,
) -> TransportObject<'asked> {
    TransportObject {
        transport: asked.transport.as_str(),
        server: options.authority(asked.transport),
        milliseconds: (asked.took.as_secs_f64() * 1_000_000.0).round() / 1000.0,
        result: match &asked.result {
            Ok(reply) => ResultObject::Reply(reply_object(reply, asked.retry)),
            Err(error) => ResultObject::Failure {
                error: error.to_string(),
            },
        },
    }
}

fn reply_object(reply: &LookupReply, retry: Retry) -> ReplyObject<'_> {
    let [answer, authority, additional] = reply.sections.each_ref().map(|lines| records(lines));
    let errors = reply.extended_errors.iter();
    ReplyObject {
        retried_over_tcp: retry == Retry::OverTcp,
        status: reply.rcode.to_string(),
        flags: reply.flags.iter().map(|flag| flag.as_str()).collect(),
        answer,
        authority,
        additional,
        extended_errors: errors
            .map(|(code, text)| ExtendedErrorObject { code: *code, text })
            .collect(),
        octets: reply.octets,
    }
}

fn records(lines: &[RecordLine]) -> Vec<RecordObject<'_>> {
    lines.iter().map(record).collect()
}

fn record(line: &RecordLine) -> RecordObject<'_> {
    RecordObject {
        name: &line.owner,
        ttl: line.ttl,
        class: line.class.to_string(),
        r#type: line.record_type.to_string(),
        data: &line.data,
    }
}
