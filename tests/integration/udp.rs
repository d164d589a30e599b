//! UDP workers by themselves: the room of their sockets, errors that last, and whether they answer.

use std::convert::Infallible;
use std::future::ready;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nomadns::dns::{Answer, AnswerBuilder, Query, Rcode, RecordType};
use nomadns::layers::{ForwardedNames, Stack};
use nomadns::listeners::Server;
use nomadns::listeners::udp::{Buffers, UdpCounters, UdpLimits, UdpRuntimes, UdpWorker, bind};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::stub::{PATIENCE, query};
use crate::support::gateway::until;

/// In that time a worker that is well has answered long ago.
const SOON: Duration = Duration::from_millis(500);

/// Answers while nobody holds the lock, and blocks its thread meanwhile.
fn blocked_by(lock: &Arc<Mutex<()>>) -> impl Stack {
    let lock = Arc::clone(lock);
    tower::service_fn(move |_: Query| {
        drop(lock.lock());
        ready(Ok::<Answer, Infallible>(AnswerBuilder::error(
            Rcode::REFUSED,
            None,
        )))
    })
}

struct Started {
    worker: UdpWorker,
    counters: Arc<UdpCounters>,
    lock: Arc<Mutex<()>>,
    address: SocketAddr,
}

fn start(socket: UdpSocket, receive_octets: usize) -> Started {
    let lock = Arc::default();
    let counters = Arc::<UdpCounters>::default();
    let limits = UdpLimits {
        buffers: Buffers {
            receive_octets,
            send_octets: receive_octets,
        },
        ..UdpLimits::default()
    };
    let address = socket.local_addr().unwrap();
    let worker = UdpWorker::start(
        socket,
        blocked_by(&lock),
        ForwardedNames::default(),
        Arc::<Server>::default(),
        limits,
        Arc::clone(&counters),
        UdpRuntimes {
            own: Handle::current(),
            forwarding: Handle::current(),
        },
    );
    Started {
        worker: worker.unwrap(),
        counters,
        lock,
        address,
    }
}

fn any() -> UdpSocket {
    bind((Ipv4Addr::LOCALHOST, 0).into(), 1).unwrap().remove(0)
}

/// How many queries one client sends at once: their answers fit into its socket.
const EACH: u16 = 50;

/// Has many clients ask at once while the worker is held up; how many queries were answered in the end.
fn burst(started: &Started, clients: u16) -> u64 {
    let client = |_| {
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client.connect(started.address).unwrap();
        client.set_read_timeout(Some(SOON)).unwrap();
        client
    };
    let clients: Vec<_> = (0..clients).map(client).collect();
    let held = started.lock.lock().unwrap();
    for client in &clients {
        for id in 0..EACH {
            let message = query(id, "a.nomad", RecordType::A);
            client.send(&message).unwrap();
        }
    }
    drop(held);
    let mut answered = 0;
    for client in &clients {
        while client.recv(&mut [0; 512]).is_ok() {
            answered += 1;
        }
    }
    answered
}

#[tokio::test]
async fn a_burst_finds_room_and_what_finds_none_is_counted() {
    let small = start(any(), 4096);
    let answered = burst(&small, 4);
    assert!(small.counters.kernel_drops() > 0);
    assert_eq!(answered + small.counters.kernel_drops(), 200);
    small.worker.join();

    let wanted = UdpLimits::default().buffers;
    let large = start(any(), wanted.receive_octets);
    // Where the kernel gives less, as without CAP_NET_ADMIN, the burst is smaller.
    let count = match large.worker.buffers() == wanted {
        true => 20,
        false => 2,
    };
    assert_eq!(burst(&large, count), u64::from(count * EACH));
    assert_eq!(large.counters.kernel_drops(), 0);
    large.worker.join();
}

#[tokio::test]
async fn an_error_that_lasts_is_counted_and_does_not_spin() {
    // Nothing can ever be received from a socket that listens for connections.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let started = start(UdpSocket::from(OwnedFd::from(listener)), 1 << 16);
    let errors = || started.counters.errors.load(Ordering::Relaxed);
    // By then the pauses are at their longest.
    until("it lasts", async || errors() >= 9).await;
    let (before, pause) = (errors(), Duration::from_secs(1));
    tokio::time::sleep(pause).await;
    assert!(errors() - before < 10, "{}", errors() - before);
    // It does not answer, and says so.
    let pulse = started.worker.pulse();
    let number = pulse.ask();
    assert!(timeout(pause, pulse.felt(number)).await.is_err());
    started.worker.join();
}

#[tokio::test]
#[expect(
    clippy::await_holding_lock,
    reason = "it holds up the worker, whose thread is not of this runtime"
)]
async fn a_stuck_worker_has_no_pulse_until_it_answers_again() {
    let (well, stuck) = (start(any(), 1 << 16), start(any(), 1 << 16));
    let held = stuck.lock.lock().unwrap();
    let (pulse, missed) = (well.worker.pulse(), stuck.worker.pulse());
    let number = pulse.ask();
    timeout(PATIENCE, pulse.felt(number)).await.unwrap();
    let number = missed.ask();
    assert!(timeout(SOON, missed.felt(number)).await.is_err());
    drop(held);
    timeout(PATIENCE, missed.felt(number)).await.unwrap();
    well.worker.join();
    stuck.worker.join();
}
