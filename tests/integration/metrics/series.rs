//! No query makes a series: not its name, nor its type, class, code, transport or client.

use std::net::SocketAddr;

use nomadns::config::Settings;
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Duration, timeout};

use super::{Series, scrape};
use crate::forwarding::all_to;
use crate::forwarding::upstream::{GOOD, Reply, ScriptedUpstream};
use crate::support::clients::{framed, next_message};
use crate::support::gateway::{Gateway, cast};

const RANDOM_NAMES: u32 = 10_000;
/// After so many, every type, code and transport has been there.
const WARM_UP: u32 = 3_000;
/// A zone of Nomad and a namespace in it, a zone that is forwarded, and the root.
const ZONES: [&[u8]; 4] = [b"\x05nomad", b"\x07default\x05nomad", b"\x07example", b""];
/// The types that are counted by name.
const USUAL_TYPES: [u16; 14] = [1, 28, 33, 16, 65, 64, 6, 2, 5, 12, 15, 255, 251, 252];
/// Questions over UDP that are under way at once.
const AT_ONCE: u32 = 50;

/// Numbers that look random, the same in each run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }

    fn octet(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }

    /// A question with any octets in its name, in a zone of Nomad, in one that is forwarded or in none; of any type.
    fn message(&mut self) -> Vec<u8> {
        let mut message = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for _ in 0..1 + self.below(3) {
            let length = 1 + self.below(20);
            message.push(u8::try_from(length).unwrap());
            message.extend((0..length).map(|_| self.octet()));
        }
        message.extend(ZONES[usize::try_from(self.below(4)).unwrap()]);
        let record_type = match self.below(2) {
            0 => USUAL_TYPES[usize::try_from(self.below(14)).unwrap()],
            _ => u16::try_from(self.below(65_536)).unwrap(),
        };
        message.push(0);
        message.extend(record_type.to_be_bytes());
        message.extend([
            0,
            [1, 1, 1, 3, 255][usize::try_from(self.below(5)).unwrap()],
        ]);
        message
    }
}

/// Asks for each type and class in each zone once over UDP, TCP and HTTP.
async fn ask_each(gateway: &Gateway) {
    let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    udp.connect(gateway.dns).await.unwrap();
    let mut tcp = TcpStream::connect(gateway.dns).await.unwrap();
    let http = reqwest::Client::new();
    for zone in ZONES {
        for record_type in USUAL_TYPES.into_iter().chain([999]) {
            for class in [1, 3] {
                let mut message = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, b'x'];
                message.extend(zone);
                message.push(0);
                message.extend(u16::to_be_bytes(record_type));
                message.extend([0, class]);
                udp.send(&message).await.unwrap();
                udp.recv(&mut [0; 2048]).await.unwrap();
                let framed = framed(&message);
                tokio::io::AsyncWriteExt::write_all(&mut tcp, &framed)
                    .await
                    .unwrap();
                next_message(&mut tcp).await.unwrap();
                over_http(&http, gateway.http, 0, message).await;
            }
        }
    }
}

/// Asks so many random questions over UDP, TCP and HTTP.
async fn ask(gateway: &Gateway, numbers: &mut Numbers, count: u32) {
    let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    udp.connect(gateway.dns).await.unwrap();
    let mut tcp = TcpStream::connect(gateway.dns).await.unwrap();
    let http = reqwest::Client::new();
    for number in 0..count {
        let message = numbers.message();
        match number % 20 {
            0 => {
                let framed = framed(&message);
                tokio::io::AsyncWriteExt::write_all(&mut tcp, &framed)
                    .await
                    .unwrap();
                next_message(&mut tcp).await.unwrap();
            }
            1 => over_http(&http, gateway.http, number, message).await,
            _ => {
                udp.send(&message).await.unwrap();
                if number % AT_ONCE == AT_ONCE - 1 {
                    take_answers(&udp).await;
                }
            }
        }
    }
    take_answers(&udp).await;
}

async fn over_http(http: &reqwest::Client, address: SocketAddr, number: u32, message: Vec<u8>) {
    let request = http.post(format!("http://{address}/dns-query"));
    let request = request.header("content-type", "application/dns-message");
    request.body(message).send().await.unwrap();
    let name = format!("http://{address}/resolve?name=x{number}.nomad&type=TXT");
    http.get(name).send().await.unwrap();
}

/// Takes what has come, until nothing comes for a moment.
async fn take_answers(udp: &UdpSocket) {
    let mut octets = [0; 2048];
    while let Ok(answer) = timeout(Duration::from_millis(5), udp.recv(&mut octets)).await {
        answer.unwrap();
    }
}

/// The series of a gateway that forwards, after the first and after the other questions.
async fn before_and_after(change: impl FnOnce(&mut Settings)) -> (Series, Series) {
    let upstream = ScriptedUpstream::start(|asked| {
        vec![Reply::Now(match asked.name().len() % 3 {
            0 => asked.response(GOOD | 3).soa("example", 60).octets(),
            1 => asked.response(GOOD | 2).octets(),
            _ => asked.address(7),
        })]
    })
    .await;
    let nomad = cast();
    let forward = all_to(&[upstream.url()]);
    let gateway = Gateway::with(&nomad.url(), |it| {
        it.forward = Some(forward);
        change(it);
    });
    gateway.until_ready().await;
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    ask_each(&gateway).await;
    ask(&gateway, &mut numbers, WARM_UP).await;
    let before = scrape(&gateway).await;
    ask(&gateway, &mut numbers, RANDOM_NAMES).await;
    let after = scrape(&gateway).await;
    gateway.end().await;
    (before, after)
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_random_names_make_no_series() {
    assert_no_new_series(|_| {}).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_do_they_under_the_names_of_core_dns() {
    assert_no_new_series(|settings| settings.core_dns_names = true).await;
}

async fn assert_no_new_series(change: impl FnOnce(&mut Settings)) {
    let (before, after) = before_and_after(change).await;
    let count = |all: &Series| -> f64 {
        let queries = all
            .iter()
            .filter(|(name, _)| name.starts_with("nomadns_queries_total"));
        queries.map(|(_, count)| count).sum()
    };
    // Over UDP some may be lost, and others are refused before they are counted as queries.
    let asked = count(&after) - count(&before);
    assert!(asked > f64::from(RANDOM_NAMES) * 0.5, "{asked}");
    let new: Vec<_> = after
        .keys()
        .filter(|name| !before.contains_key(*name))
        .collect();
    assert_eq!(new, [] as [&String; 0]);
    assert!(after.len() < 1000, "{}", after.len());
}
