//! `nomadns cache`, before a gateway that runs.

use std::net::UdpSocket;

use super::{Gateway, run};

/// An upstream that has an address for each question; its URL.
fn upstream() -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let url = format!("udp://{}", socket.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut octets = [0; 512];
        while let Ok((length, client)) = socket.recv_from(&mut octets) {
            // The question ends at the root label, its type and its class.
            let labels = octets[12..length].iter().position(|it| *it == 0).unwrap();
            let mut response = octets[..12 + labels + 5].to_vec();
            response[2..12].copy_from_slice(&[0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
            response.extend(b"\xc0\x0c\0\x01\0\x01\0\0\x01\x2c\0\x04\xc0\0\x02\x07");
            let _ = socket.send_to(&response, client);
        }
    });
    url
}

#[test]
fn the_answers_that_are_kept_are_printed_and_forgotten() {
    let forward = format!(
        "forward = [{{ zone = \".\", upstreams = [\"{}\"] }}]",
        upstream()
    );
    let gateway = Gateway::start(&forward, &[]);
    let admin = gateway.address("admin").to_string();
    let port = gateway.address("udp").port().to_string();
    let flags = ["--transport", "udp", "--dns-port", &port, "--short"];
    let look_up = [&["lookup", "www.example"], &flags[..]].concat();
    let (code, addresses, error) = run(&look_up);
    assert_eq!((code, addresses.trim()), (0, "192.0.2.7"), "{error}");

    let (code, list, _) = run(&["cache", "dump", "--admin", &admin]);
    assert!(code == 0 && list.contains(" IN A 192.0.2.7\n"), "{list}");
    let (code, list, _) = run(&["cache", "dump", "net", "--below", "--admin", &admin]);
    assert_eq!((code, &*list), (0, "; 0 questions\n"));
    let flush = ["cache", "flush", "www.example", "--admin", &admin];
    for count in [1, 0] {
        let (code, said, error) = run(&flush);
        assert_eq!(code, 0, "{error}");
        assert_eq!(said, format!("forgotten: {count} questions\n"));
    }
}

#[test]
fn without_a_gateway_or_without_forwarding_it_says_what_to_change() {
    let gateway = Gateway::start("", &[]);
    let admin = gateway.address("admin").to_string();
    let (code, _, error) = run(&["cache", "dump", "--admin", &admin]);
    assert!(code == 1 && error.contains("[[forward]]"), "{error}");
    drop(gateway);
    let (code, _, error) = run(&["cache", "flush", "www.example", "--admin", &admin]);
    assert_eq!(code, 1);
    assert!(
        error.contains("refused") && error.contains("--admin"),
        "{error}"
    );
    let (code, _, error) = run(&["cache", "flush", "a..b"]);
    assert!(code == 2 && error.contains("a..b"), "{error}");
}
