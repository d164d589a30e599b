//! Every command that the demo prints, and that the documents tell people to paste, works when it is pasted.

use std::net::UdpSocket;

use crate::demo::Demo;
use crate::tools::shell;

/// Parts of commands, the most special first, and what their output must have.
const EXPECTED: [(&str, &[&str]); 12] = [
    ("resolve?name=redis", &["\"Status\":0", "10 10 6379"]),
    ("resolve?name=web", &["\"Status\":0", "10.0.1."]),
    ("//hello.", &["This page was found by its name"]),
    ("--doh-url", &["OK"]),
    ("/v1/services", &["\"ServiceName\":\"redis\""]),
    ("/metrics", &["nomadns_queries_total{"]),
    (" lookup ", &["all 6 transports agree", "10 10 6379"]),
    ("_web._tcp", &["status: NOERROR", "10 10 8080"]),
    (" TXT", &["status: NOERROR", " port=6379 "]),
    (" SRV", &["status: NOERROR", "10 10 6379", "10.0.0.11"]),
    ("kdig ", &["status: NOERROR", "10.0.0.11"]),
    ("dig ", &["status: NOERROR", "10.0.0.11"]),
];

#[test]
fn every_printed_command_works_when_it_is_pasted() {
    let demo = Demo::start();
    let commands: Vec<String> = demo.commands().into_iter().map(str::to_owned).collect();
    assert!(commands.len() > 10, "{commands:#?}");
    commands.iter().for_each(|command| assert_works(command));
}

#[test]
fn every_documented_command_works_when_it_is_pasted() {
    let demo = Demo::start();
    let readme = commands(include_str!("../../README.md"), "## Try it");
    let clients = commands(
        include_str!("../../docs/clients.md"),
        "## Command line tools",
    );
    // The demo is what runs here, and this is a test.
    let (ours, readme): (Vec<_>, Vec<_>) = readme.iter().partition(|it| it.starts_with("cargo"));
    assert_eq!(ours, ["cargo run --release -- demo", "cargo test"]);
    assert!(
        !readme.is_empty() && clients.len() > 9,
        "{readme:#?} {clients:#?}"
    );
    for command in readme.into_iter().chain(clients) {
        assert_works(&on_ports_of(&demo, command));
    }
}

/// The commands of the blocks of a section, without what is said of them.
fn commands<'text>(document: &'text str, heading: &str) -> Vec<&'text str> {
    let (_, section) = document.split_once(&format!("{heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let blocks = section.split("```sh\n").skip(1);
    let lines = blocks.flat_map(|block| block.split("```").next().unwrap().lines());
    let commands = lines.filter_map(|line| line.split("  #").next());
    commands
        .map(str::trim)
        .filter(|it| !it.is_empty())
        .collect()
}

/// The command as it would be if the demo had its usual ports.
fn on_ports_of(demo: &Demo, command: &str) -> String {
    let ports = [
        ("1053", demo.dns()),
        ("8853", demo.tls()),
        ("8443", demo.https()),
        ("8053", demo.http()),
        ("9153", demo.admin()),
        ("8090", demo.page()),
    ];
    let command = match command.strip_prefix("target/release/nomadns") {
        Some(arguments) => format!("{}{arguments}{}", demo.program(), demo.port_flags()),
        None => command.to_owned(),
    };
    // Behind what stands before a port, since a free port may look like a usual one.
    ports.into_iter().fold(command, |command, (usual, port)| {
        let command = command.replace(&format!("-p {usual} "), &format!("-p {port} "));
        command.replace(&format!(":{usual}/"), &format!(":{port}/"))
    })
}

fn assert_works(command: &str) {
    if command.contains("@::1") && UdpSocket::bind("[::1]:0").is_err() {
        eprintln!("SKIPPED, this machine has no IPv6: {command}");
        return;
    }
    let expected = EXPECTED.iter().find(|(part, _)| command.contains(part));
    let (_, parts) = expected.unwrap_or_else(|| panic!("nothing is expected of: {command}"));
    let output = shell(command).unwrap_or_else(|error| panic!("{error}"));
    for part in *parts {
        assert!(
            output.contains(part),
            "{command}\nlacks {part} in:\n{output}"
        );
    }
    eprintln!("works: {command}");
}
