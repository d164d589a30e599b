//! A proxy between the gateway and Nomad that breaks the way there as it is told: for connections that are open, and
//! for those that come.

use std::net::SocketAddr;

use nomadns::demo::SimulatedNomad;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Duration, sleep};

/// What becomes of what passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// It passes.
    Clear,
    /// Connections are reset.
    Reset,
    /// Nothing is read any more, so that the sender's buffers fill up.
    StopsReading,
    /// All is swallowed, and nothing is said.
    BlackHole,
    /// Nomad's octets pass one by one, with a pause after each so many.
    Slow { octets: usize },
    /// The connection ends after so many octets of Nomad.
    CutAfter(usize),
    /// Nomad's octets come twice.
    Doubled,
    /// Nomad's octets come late.
    Late(Duration),
    /// Of so many octets of Nomad, one has another bit.
    Flipped { every: usize },
}

/// A proxy before one Nomad; ends when dropped.
#[derive(Debug)]
pub(crate) struct FaultProxy {
    address: SocketAddr,
    way: watch::Sender<Way>,
    _task: JoinSet<()>,
}

impl FaultProxy {
    pub(crate) async fn before(nomad: &SimulatedNomad) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let way = watch::Sender::new(Way::Clear);
        let (ways, to) = (way.clone(), nomad.address());
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(pass(stream, to, ways.subscribe()));
            }
        });
        Self {
            address,
            way,
            _task: task,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn set(&self, way: Way) {
        self.way.send_replace(way);
    }
}

async fn pass(client: TcpStream, to: SocketAddr, way: watch::Receiver<Way>) {
    let Ok(nomad) = TcpStream::connect(to).await else {
        return;
    };
    client.set_nodelay(true).unwrap();
    let mut resets = way.clone();
    let (from_client, to_client) = client.into_split();
    let (from_nomad, to_nomad) = nomad.into_split();
    let mut asks = way.clone();
    let asking = async {
        let _ = copy(from_client, to_nomad, &mut asks, Direction::Asking).await;
    };
    let mut answers = way;
    tokio::select! {
        () = asking => {}
        _ = copy(from_nomad, to_client, &mut answers, Direction::Answering) => {}
        _ = resets.wait_for(|way| *way == Way::Reset) => {}
    }
    // What was not read yet makes the system send a reset.
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Asking,
    Answering,
}

/// Passes octets on until one side ends.
async fn copy(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    ways: &mut watch::Receiver<Way>,
    direction: Direction,
) -> Option<()> {
    let mut octets = vec![0; 16 * 1024];
    let mut passed = 0;
    loop {
        ways.wait_for(|way| *way != Way::StopsReading).await.ok()?;
        let count = tokio::select! {
            count = from.read(&mut octets) => count.ok().filter(|count| *count > 0)?,
            _ = ways.changed() => continue,
        };
        let way = *ways.borrow();
        let octets = &mut octets[..count];
        match way {
            Way::BlackHole | Way::StopsReading => continue,
            _ if direction == Direction::Asking => to.write_all(octets).await.ok()?,
            Way::Slow { octets: some } => {
                for piece in octets.chunks(some) {
                    to.write_all(piece).await.ok()?;
                    sleep(Duration::from_millis(1)).await;
                }
            }
            Way::CutAfter(most) if passed + count >= most => {
                to.write_all(&octets[..most.saturating_sub(passed)])
                    .await
                    .ok()?;
                return None;
            }
            Way::Doubled => {
                to.write_all(octets).await.ok()?;
                to.write_all(octets).await.ok()?;
            }
            Way::Late(time) => {
                sleep(time).await;
                to.write_all(octets).await.ok()?;
            }
            Way::Flipped { every } => {
                for (at, octet) in octets.iter_mut().enumerate() {
                    if (passed + at) % every == every - 1 {
                        *octet ^= 1 << (at % 8);
                    }
                }
                to.write_all(octets).await.ok()?;
            }
            Way::Clear | Way::Reset | Way::CutAfter(_) => to.write_all(octets).await.ok()?,
        }
        passed += count;
    }
}
