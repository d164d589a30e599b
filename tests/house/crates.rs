//! Who may name which library: only `dns` knows the wire, only `nomad` speaks HTTP to Nomad, and so on.

use crate::paths::Names;
use crate::sources::{Source, assert_none, sources};

/// What is named, by the beginning of its path; who may; and why nobody else.
const RULES: [(&str, Who, &str); 12] = [
    (
        "hickory_proto",
        Who::Only(&["dns/"]),
        "only dns knows the wire",
    ),
    (
        "reqwest",
        Who::Only(&["nomad/", "lookup/"]),
        "only nomad speaks HTTP to Nomad",
    ),
    (
        "hickory_net",
        Who::Only(&["forward/upstream/"]),
        "only upstreams are asked over its connections",
    ),
    (
        "quick_cache",
        Who::Only(&["forward/cache/"]),
        "the cluster's answers have a table of their own",
    ),
    (
        "crossbeam_queue",
        Who::Only(&["query_log/"]),
        "nothing else waits in a queue that is taken from without tokio",
    ),
    (
        "axum",
        Who::Only(&["listeners/http/", "listeners/admin/", "demo/"]),
        "only http and admin know requests and responses",
    ),
    (
        "clap",
        Who::Only(&["cli/", "lookup/", "app/demo.rs"]),
        "only the command knows flags",
    ),
    (
        "toml",
        Who::Only(&["config/", "import/"]),
        "only config knows the file, and import writes one",
    ),
    (
        "tokio",
        Who::Never(&["dns/", "answers/"]),
        "it has no I/O and waits for nothing",
    ),
    (
        "tokio::net",
        Who::Only(&[
            "listeners/",
            "app/",
            "demo/",
            "lookup/",
            "nomad/",
            "forward/upstream/",
            "transfer/notify/",
        ]),
        "nothing else has to do with the network",
    ),
    (
        "std::net::TcpListener",
        Who::Only(&SOCKETS),
        "nothing below listeners knows a socket",
    ),
    (
        "std::net::UdpSocket",
        Who::Only(&SOCKETS),
        "nothing below listeners knows a socket",
    ),
];

const SOCKETS: [&str; 5] = ["listeners/", "app/", "cli/doctor/", "demo/", "lookup/"];

#[derive(Clone, Copy)]
enum Who {
    Only(&'static [&'static str]),
    Never(&'static [&'static str]),
}

#[test]
fn libraries_are_named_only_where_they_belong() {
    assert_none(
        &sources("src")
            .iter()
            .flat_map(misplaced)
            .collect::<Vec<_>>(),
    );
}

#[test]
fn every_rule_is_about_something_that_is_used() {
    let all: Vec<String> = sources("src")
        .iter()
        .flat_map(|source| Names::of(source).paths)
        .map(|named| named.segments.join("::"))
        .collect();
    for (begin, _, _) in RULES {
        assert!(
            all.iter().any(|path| is_below(path, begin)),
            "{begin} is used nowhere"
        );
    }
}

fn misplaced(source: &Source) -> Vec<String> {
    let file = source.path.trim_start_matches("src/");
    let is_in = |folders: &[&str]| folders.iter().any(|folder| file.starts_with(folder));
    let broken = RULES.iter().filter(|(_, who, _)| match who {
        Who::Only(folders) => !is_in(folders),
        Who::Never(folders) => is_in(folders),
    });
    let broken: Vec<_> = broken.collect();
    let mut findings = Vec::new();
    for named in Names::of(source).paths {
        let path = named.segments.join("::");
        let rules = broken.iter().filter(|(begin, _, _)| is_below(&path, begin));
        findings.extend(rules.map(|(_, _, why)| {
            format!(
                "{}:{}: {path} does not belong here: {why}",
                source.path, named.line
            )
        }));
    }
    findings
}

fn is_below(path: &str, begin: &str) -> bool {
    path.strip_prefix(begin)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        misplaced(&Source::new(path, text)).len()
    }

    #[test]
    fn a_library_in_the_wrong_place_is_found() {
        assert_eq!(
            count("src/listeners/tcp.rs", "use hickory_proto::op::Message;"),
            1
        );
        assert_eq!(
            count("src/dns/wire/decode.rs", "use hickory_proto::op::Message;"),
            0
        );
        assert_eq!(count("src/sync/engine.rs", "fn f() { reqwest::get() }"), 1);
    }

    #[test]
    fn a_socket_below_the_listeners_is_found() {
        assert_eq!(
            count("src/layers/cache.rs", "use tokio::net::UdpSocket;"),
            1
        );
        assert_eq!(
            count(
                "src/answers/router.rs",
                "use std::net::{IpAddr, UdpSocket};"
            ),
            1
        );
        assert_eq!(count("src/dns/name.rs", "use tokio::time::Instant;"), 1);
    }
}
