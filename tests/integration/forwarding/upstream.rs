//! An upstream that does what a test says: over UDP and TCP, right or wrong. Nothing is proved here.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;

/// A query that came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) octets: Vec<u8>,
    pub(crate) over_tcp: bool,
    /// Where it came from.
    pub(crate) from: SocketAddr,
}

/// What is sent back.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Now(Vec<u8>),
    After(Duration, Vec<u8>),
    /// From a socket that was not asked.
    Elsewhere(Vec<u8>),
}

type Script = dyn Fn(&Seen) -> Vec<Reply> + Send + Sync;

/// An upstream that runs until it is dropped.
pub(crate) struct ScriptedUpstream {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    _tasks: JoinSet<()>,
}

impl ScriptedUpstream {
    pub(crate) async fn start(
        script: impl Fn(&Seen) -> Vec<Reply> + Send + Sync + 'static,
    ) -> Self {
        loop {
            let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let address = udp.local_addr().unwrap();
            // Somebody else may have the same port of TCP.
            if let Ok(tcp) = TcpListener::bind(address).await {
                return Self::on(udp, Some(tcp), Arc::new(script));
            }
        }
    }

    /// One that has UDP only: a connection is refused.
    pub(crate) async fn without_tcp(
        script: impl Fn(&Seen) -> Vec<Reply> + Send + Sync + 'static,
    ) -> Self {
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        Self::on(udp, None, Arc::new(script))
    }

    /// The same at an address that was somebody else's.
    pub(crate) async fn start_at(
        address: SocketAddr,
        script: impl Fn(&Seen) -> Vec<Reply> + Send + Sync + 'static,
    ) -> Self {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
        loop {
            // The port may be a client's for a moment.
            let udp = UdpSocket::bind(address).await;
            match (udp, TcpListener::bind(address).await) {
                (Ok(udp), Ok(tcp)) => return Self::on(udp, Some(tcp), Arc::new(script)),
                _ if tokio::time::Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                (udp, tcp) => panic!("{address} is taken: {udp:?} {tcp:?}"),
            }
        }
    }

    fn on(udp: UdpSocket, tcp: Option<TcpListener>, script: Arc<Script>) -> Self {
        let (address, seen) = (
            udp.local_addr().unwrap(),
            Arc::<Mutex<Vec<Seen>>>::default(),
        );
        let mut tasks = JoinSet::new();
        tasks.spawn(serve_udp(
            Arc::new(udp),
            Arc::clone(&script),
            Arc::clone(&seen),
        ));
        let (script, told) = (script, Arc::clone(&seen));
        tasks.spawn(async move {
            let Some(tcp) = tcp else { return };
            let mut connections = JoinSet::new();
            while let Ok((stream, from)) = tcp.accept().await {
                connections.spawn(serve_tcp(
                    stream,
                    from,
                    Arc::clone(&script),
                    Arc::clone(&told),
                ));
            }
        });
        Self {
            address,
            seen,
            _tasks: tasks,
        }
    }

    /// What it was asked, without what looks for loops.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        let seen = self.seen.lock().unwrap();
        seen.iter()
            .filter(|it| !it.looks_for_loops())
            .cloned()
            .collect()
    }

    pub(crate) fn url(&self) -> String {
        format!("udp://{}", self.address)
    }
}

async fn serve_udp(udp: Arc<UdpSocket>, script: Arc<Script>, seen: Arc<Mutex<Vec<Seen>>>) {
    let mut octets = vec![0; 65_535];
    while let Ok((length, from)) = udp.recv_from(&mut octets).await {
        let query = Seen {
            octets: octets[..length].to_vec(),
            over_tcp: false,
            from,
        };
        seen.lock().unwrap().push(query.clone());
        for reply in script(&query) {
            let udp = Arc::clone(&udp);
            match reply {
                Reply::Now(octets) => drop(udp.send_to(&octets, from).await),
                Reply::After(wait, octets) => drop(tokio::spawn(async move {
                    tokio::time::sleep(wait).await;
                    drop(udp.send_to(&octets, from).await);
                })),
                Reply::Elsewhere(octets) => {
                    let other = UdpSocket::bind("127.0.0.1:0").await.unwrap();
                    drop(other.send_to(&octets, from).await);
                }
            }
        }
    }
}

async fn serve_tcp(
    mut stream: TcpStream,
    from: SocketAddr,
    script: Arc<Script>,
    seen: Arc<Mutex<Vec<Seen>>>,
) {
    while let Ok(length) = stream.read_u16().await {
        let mut octets = vec![0; length.into()];
        if stream.read_exact(&mut octets).await.is_err() {
            return;
        }
        let query = Seen {
            octets,
            over_tcp: true,
            from,
        };
        seen.lock().unwrap().push(query.clone());
        for reply in script(&query) {
            let octets = match reply {
                Reply::Now(octets) | Reply::Elsewhere(octets) => octets,
                Reply::After(wait, octets) => {
                    tokio::time::sleep(wait).await;
                    octets
                }
            };
            if stream
                .write_all(&crate::support::clients::framed(&octets))
                .await
                .is_err()
            {
                return;
            }
        }
    }
}

impl Seen {
    /// The name asked for, in small letters with dots.
    pub(crate) fn name(&self) -> String {
        let (mut labels, mut at) = (Vec::new(), 12);
        while self.octets[at] != 0 {
            let end = at + 1 + usize::from(self.octets[at]);
            labels.push(String::from_utf8_lossy(&self.octets[at + 1..end]).to_lowercase());
            at = end;
        }
        labels.join(".")
    }

    /// Whether it has an OPT.
    pub(crate) fn has_opt(&self) -> bool {
        self.octets[10..12] == [0, 1]
    }

    /// Whether it is the gateway's own secret name: 32 hex digits.
    pub(crate) fn looks_for_loops(&self) -> bool {
        self.octets[12] == 32 && self.octets[13..45].iter().all(u8::is_ascii_hexdigit)
    }

    fn question_end(&self) -> usize {
        let mut at = 12;
        while self.octets[at] != 0 {
            at += 1 + usize::from(self.octets[at]);
        }
        at + 5
    }

    /// Begins the response to it.
    pub(crate) fn response(&self, bits: u16) -> Response {
        let mut octets = self.octets[..self.question_end()].to_vec();
        octets[2..4].copy_from_slice(&bits.to_be_bytes());
        octets[6..12].fill(0);
        Response {
            octets,
            counts: [0; 3],
        }
    }

    /// The response that has one address.
    pub(crate) fn address(&self, last: u8) -> Vec<u8> {
        self.response(GOOD).address("", 300, last).octets()
    }
}

/// QR, RD and RA.
pub(crate) const GOOD: u16 = 0x8180;

/// A response, made record by record.
pub(crate) struct Response {
    octets: Vec<u8>,
    counts: [u16; 3],
}

impl Response {
    /// Appends a record; without an owner it is the question's.
    pub(crate) fn record(
        mut self,
        section: usize,
        owner: &str,
        record_type: u16,
        ttl: u32,
        rdata: &[u8],
    ) -> Self {
        match owner {
            "" => self.octets.extend([0xc0, 12]),
            owner => self.octets.extend(wire(owner)),
        }
        self.octets.extend(record_type.to_be_bytes());
        self.octets.extend([0, 1]);
        self.octets.extend(ttl.to_be_bytes());
        self.octets
            .extend(u16::try_from(rdata.len()).unwrap().to_be_bytes());
        self.octets.extend(rdata);
        self.counts[section] += 1;
        self
    }

    pub(crate) fn address(self, owner: &str, ttl: u32, last: u8) -> Self {
        self.record(0, owner, 1, ttl, &[192, 0, 2, last])
    }

    pub(crate) fn cname(self, owner: &str, target: &str) -> Self {
        self.record(0, owner, 5, 300, &wire(target))
    }

    pub(crate) fn soa(self, owner: &str, ttl: u32) -> Self {
        let mut rdata = wire("ns.example");
        rdata.extend(wire("host.example"));
        rdata.extend([0; 16]);
        rdata.extend(ttl.to_be_bytes());
        self.record(1, owner, 6, ttl, &rdata)
    }

    pub(crate) fn octets(mut self) -> Vec<u8> {
        for (place, count) in self.counts.into_iter().enumerate() {
            self.octets[6 + 2 * place..8 + 2 * place].copy_from_slice(&count.to_be_bytes());
        }
        self.octets
    }
}

pub(crate) fn wire(name: &str) -> Vec<u8> {
    let labels = name.split('.').filter(|label| !label.is_empty());
    let labels = labels.flat_map(|label| {
        let length = u8::try_from(label.len()).unwrap();
        [&[length], label.as_bytes()].concat()
    });
    labels.chain([0]).collect()
}
