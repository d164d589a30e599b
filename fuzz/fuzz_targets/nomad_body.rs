//! The bodies of Nomad's answers: services, one service, namespaces, allocations, checks, nodes.
//!
//! No record is lost or made up: what was read and what could not be are together as many as there are. An error is short,
//! on one line.
#![no_main]

use std::convert::Infallible;

use futures_util::FutureExt as _;
use libfuzzer_sys::fuzz_target;
use nomadns::nomad::{Client, NomadError, QueryOptions, Settings};
use nomadns_fuzz::in_runtime;
use reqwest::{Request, Response};

fuzz_target!(|octets: &[u8]| {
    let [choice, body @ ..] = octets else { return };
    in_runtime(|| {
        let status = [200, 200, 200, 200, 200, 403, 500, 429][usize::from(choice >> 4 & 7)];
        let body = body.to_vec();
        let client = client(status, body.clone());
        let now = |future: &str| format!("{future} waits");
        let count = counted(&body);
        let is_all = |records: usize| count.is_none_or(|count| records == count);
        match choice & 7 {
            0 => {
                let listed = client
                    .list_services("*", QueryOptions::STALE)
                    .now_or_never();
                if let Some(listed) = checked(listed.unwrap_or_else(|| panic!("{}", now("list")))) {
                    let names = listed.services.len() + listed.unreadable;
                    assert!(
                        names <= body.len(),
                        "{names} names of {} octets",
                        body.len()
                    );
                }
            }
            1 => {
                let read = client
                    .service("default", "redis", "", QueryOptions::STALE)
                    .now_or_never();
                if let Some(read) = checked(read.unwrap_or_else(|| panic!("{}", now("service")))) {
                    assert!(is_all(read.registrations.len() + read.unreadable));
                }
            }
            2 => {
                if let Some(read) =
                    checked(client.namespaces().now_or_never().expect("it is there"))
                {
                    assert!(count.is_none_or(|count| read.names.len() <= count));
                }
            }
            3 => {
                let read = client
                    .allocations("*", "", QueryOptions::STALE)
                    .now_or_never();
                if let Some(read) = checked(read.expect("it is there")) {
                    assert!(is_all(read.allocations.len() + read.unreadable));
                }
            }
            4 => {
                let read = client
                    .allocation_checks("0d5a4b63-2ffb-4a3a-8e2b-2c2b2f3f9c11")
                    .now_or_never();
                if let Some(checks) = checked(read.expect("it is there")) {
                    assert!(checks.len() <= body.len());
                }
            }
            5 => {
                if let Some(nodes) = checked(client.nodes().now_or_never().expect("it is there")) {
                    assert!(count.is_none_or(|count| nodes.len() <= count));
                }
            }
            _ => {
                let _ = checked(
                    client
                        .contact("default", QueryOptions::STALE)
                        .now_or_never()
                        .expect("it is there"),
                );
            }
        }
    });
});

/// How many records the body has, as another decoder counts them; `null` is how Go writes an empty list. None where that one
/// is stricter, of the octets of texts that nobody reads.
fn counted(body: &[u8]) -> Option<usize> {
    let records: Option<Vec<Box<serde_json::value::RawValue>>> =
        serde_json::from_slice(body).ok()?;
    Some(records.map_or(0, |it| it.len()))
}

fn checked<Read>(read: Result<Read, NomadError>) -> Option<Read> {
    match read {
        Ok(read) => Some(read),
        Err(error) => {
            let words = error.to_string();
            assert!(
                words.len() < 4096 && !words.contains(char::is_control),
                "{words:?}"
            );
            None
        }
    }
}

/// A client whose every question gets this answer.
fn client(status: u16, body: Vec<u8>) -> Client {
    let address = "http://127.0.0.1:4646".parse().expect("it is an address");
    let answer = tower::service_fn(move |_: Request| {
        let response = http::Response::builder()
            .status(status)
            .header("x-nomad-index", "7")
            .header("x-nomad-knownleader", "true")
            .header("x-nomad-lastcontact", "0")
            .body(body.clone())
            .expect("it is a response");
        std::future::ready(Ok::<_, Infallible>(Response::from(response)))
    });
    Client::over(Settings::new(vec![address]), [answer]).expect("one service for one address")
}
