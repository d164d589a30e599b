//! What records queries: `log` and `dnstap`, of all blocks together, since nomadns has one query log.

use std::net::SocketAddr;

use super::super::draft::Draft;
use super::super::error::CorefileError;
use super::super::parse::Directive;
use super::{Block, PluginLine};
use crate::dns::Name;
use crate::import::write;

const TARGET: &str = "query_log.target";
const FORMAT: &str = "query_log.format";
const NAMES: &str = "query_log.names";
const CLASSES: &str = "query_log.classes";
/// The names of CoreDNS's formats, and the default written out.
const COMMON: &str = "{common}";
const COMMON_LINE: &str = "{remote}:{port} - {>id} \"{type} {class} {name} {proto} {size} {>do} {>bufsize}\" {rcode} \
                           {>rflags} {rsize} {duration}";
const COMBINED: &str = "{combined}";

/// Takes what all blocks say.
///
/// # Errors
/// What CoreDNS refuses too: arguments and lines that the plugins do not take.
pub(super) fn of_all(blocks: &[Block<'_>], draft: &mut Draft) -> Result<(), CorefileError> {
    let (mut names, mut classes) = (Recorded::default(), Recorded::default());
    for (block, directive) in each(blocks, "log") {
        log(block, directive, (&mut names, &mut classes), draft)?;
    }
    for (block, directive) in each(blocks, "dnstap") {
        if dnstap(directive, draft)? {
            names.add_zones(&block.zones());
            classes.is_all = true;
        }
    }
    let of_all = each(blocks, "log").chain(each(blocks, "dnstap"));
    for (_, directive) in of_all {
        names.write(NAMES, directive, draft);
        classes.write(CLASSES, directive, draft);
    }
    Ok(())
}

/// The values of a filter, of all blocks together; a filter that lets all through has none.
#[derive(Default)]
struct Recorded {
    values: Vec<String>,
    is_all: bool,
}

impl Recorded {
    fn add_zones(&mut self, zones: &[Name]) {
        self.is_all |= zones.iter().any(Name::is_root);
        self.values.extend(zones.iter().map(write::name));
    }

    fn write(&self, key: &'static str, directive: &Directive, draft: &mut Draft) {
        if !self.is_all && !self.values.is_empty() {
            draft.add(key, &self.values, &directive.origin());
        }
    }
}

fn each<'a>(
    blocks: &'a [Block<'a>],
    plugin: &'static str,
) -> impl Iterator<Item = (&'a Block<'a>, &'a Directive)> {
    blocks.iter().flat_map(move |block| {
        let of_plugin = block
            .directives
            .iter()
            .filter(move |it| it.name.text == plugin);
        of_plugin.map(move |directive| (block, directive))
    })
}

/// `log [NAME...] [FORMAT] { class ... }`.
fn log(
    block: &Block<'_>,
    directive: &Directive,
    (names, classes): (&mut Recorded, &mut Recorded),
    draft: &mut Draft,
) -> Result<(), CorefileError> {
    let origin = directive.origin();
    let mut scopes = directive.texts();
    if let [_, .., last] = scopes[..]
        && last.contains('{')
    {
        scopes.pop();
        let words = match last {
            COMMON | COMMON_LINE => None,
            COMBINED => {
                Some("the opcode is not in the line; it is in `query_log.format = \"json\"`")
            }
            _ => Some(
                "its own format is not used; the lines have CoreDNS's default format, or JSON (docs/query-log.md)",
            ),
        };
        if let Some(words) = words {
            draft.lose(&origin.position, "log", words);
        }
    }
    if scopes.iter().all(|scope| *scope == ".") {
        names.add_zones(&block.zones());
    }
    for scope in scopes.into_iter().filter(|scope| *scope != ".") {
        let name: Name = scope.parse().map_err(|error| {
            directive.wrong(format!(
                "log: read {scope:?}, expected a domain name ({error})"
            ))
        })?;
        names.add_zones(&[name]);
    }
    let mut lines = directive.each_line().peekable();
    classes.is_all |= lines.peek().is_none();
    for line in lines {
        class(&line, classes)?;
    }
    draft.set(TARGET, "stdout", &origin);
    draft.set(FORMAT, "coredns", &origin);
    Ok(())
}

fn class(line: &PluginLine<'_>, classes: &mut Recorded) -> Result<(), CorefileError> {
    let expected = "`class` with success, denial, error or all";
    if line.name.text != "class" || line.values.is_empty() {
        return Err(line.wrong(expected));
    }
    for value in &line.values {
        match *value {
            "all" => classes.is_all = true,
            "success" | "denial" | "error" => classes.values.push((*value).to_owned()),
            _ => return Err(line.wrong(expected)),
        }
    }
    Ok(())
}

/// `dnstap SOCKET [full] { identity ... }`; tells whether it is used.
fn dnstap(directive: &Directive, draft: &mut Draft) -> Result<bool, CorefileError> {
    let origin = directive.origin();
    let texts = directive.texts();
    let Some((socket, others)) = texts.split_first() else {
        return Err(
            directive.wrong("dnstap: expected a socket, such as `dnstap /run/dnstap.sock full`")
        );
    };
    if draft
        .settings
        .get(FORMAT)
        .is_some_and(|it| it.value.as_str() == Some("coredns"))
    {
        let words = "nomadns has one query log, and `log` is imported; for dnstap instead, set query_log.target and \
                     query_log.format (docs/query-log.md)";
        draft.lose(&origin.position, "dnstap", words);
        return Ok(false);
    }
    let Some(target) = target(socket) else {
        let words =
            "nomadns sends dnstap to a unix socket or to an IP address over TCP, without TLS";
        draft.lose(&origin.position, "dnstap", words);
        return Ok(false);
    };
    draft.set(TARGET, target, &origin);
    draft.set(FORMAT, "dnstap", &origin);
    if others.first() != Some(&"full") {
        let words = "the messages are always in it, as with `full`";
        draft.note(&origin.position, &origin.text, words);
    }
    for line in directive.each_line() {
        match &*line.name.text {
            "identity" => {
                let identity = line.value("an identity")?.to_owned();
                draft.set("query_log.identity", identity, &line.origin);
            }
            _ => line.lose(draft, "nomadns has no such option"),
        }
    }
    Ok(true)
}

fn target(socket: &str) -> Option<String> {
    if let Some(address) = socket.strip_prefix("tcp://") {
        let address: SocketAddr = address.parse().ok()?;
        return Some(format!("tcp:{address}"));
    }
    let path = socket.strip_prefix("unix://").unwrap_or(socket);
    path.starts_with('/').then(|| format!("unix:{path}"))
}
