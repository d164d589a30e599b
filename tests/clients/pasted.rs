//! Every line that the demo prints works when it is pasted.

use std::net::UdpSocket;

use crate::demo::Demo;
use crate::tools::shell;

/// Parts of commands, the most special first, and what their output must have.
const EXPECTED: [(&str, &[&str]); 11] = [
    ("resolve?name=redis", &["\"Status\":0", "10 10 6379"]),
    ("resolve?name=web", &["\"Status\":0", "10.0.1."]),
    ("--doh-url", &["OK"]),
    ("/v1/services", &["\"ServiceName\":\"redis\""]),
    ("/metrics", &["nomadns_queries_total{"]),
    (" lookup ", &["all 6 transports agree", "10 10 6379"]),
    ("_web._tcp", &["status: NOERROR", "10 10 8080"]),
    (" TXT", &["status: NOERROR", "\"port=6379\""]),
    (" SRV", &["status: NOERROR", "10 10 6379", "10.0.0.11"]),
    ("kdig ", &["status: NOERROR", "10.0.0.11"]),
    ("dig ", &["status: NOERROR", "10.0.0.11"]),
];

#[test]
fn every_printed_command_works_when_it_is_pasted() {
    let demo = Demo::start();
    let commands = demo.commands();
    assert!(commands.len() > 10, "{commands:#?}");
    for command in commands {
        if command.contains("@::1") && UdpSocket::bind("[::1]:0").is_err() {
            eprintln!("SKIPPED, this machine has no IPv6: {command}");
            continue;
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
        println!("works: {command}");
    }
}
