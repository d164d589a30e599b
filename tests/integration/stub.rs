//! A stack that answers without a cluster, and listeners around it on free ports.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, Either};
use hickory_proto::op::Message;
use nomadns::dns::{
    Answer, AnswerBuilder, ExtendedError, Name, Owner, Query, Rcode, RecordType, Section,
};
use nomadns::layers::Stack;
use nomadns::listeners::{
    Certificates, ClientSettings, Clients, ConnectionLimits, ListenerContext, Server,
};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long a test waits for what has to come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The TTL of every record.
pub(crate) const TTL: u32 = 30;
/// The TTL of the SOA of a denial.
pub(crate) const DENIAL_TTL: u32 = 5;

/// Lets the answers to slow names go, and tells of those that wait.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    open: Arc<Semaphore>,
    arrived: Arc<Semaphore>,
}

impl Gate {
    fn closed() -> Self {
        Self {
            open: Arc::new(Semaphore::new(0)),
            arrived: Arc::new(Semaphore::new(0)),
        }
    }

    /// Lets as many go, now or when they are asked for.
    pub(crate) fn release(&self, count: usize) {
        self.open.add_permits(count);
    }

    /// Waits until one more has arrived.
    pub(crate) async fn arrival(&self) {
        self.arrived.acquire().await.unwrap().forget();
    }

    async fn pass(&self) {
        self.arrived.add_permits(1);
        self.open.acquire().await.unwrap().forget();
    }
}

/// Answers by the first label of the name: `slow...` waits for the gate, `panic...` panics, `nx...` does
/// not exist, `fail...` fails, `shed...` is too much, `many...` has two thousand addresses. Others have one address of IPv4.
pub(crate) fn stack() -> (impl Stack, Gate) {
    let gate = Gate::closed();
    let passed = gate.clone();
    let answer = move |query: Query| -> Either<Ready<_>, BoxFuture<'static, _>> {
        let labels = query.name.labels();
        let first = String::from_utf8_lossy(labels.at(0).unwrap_or_default()).to_ascii_lowercase();
        assert!(!first.starts_with("panic"), "a name that panics");
        if !first.starts_with("slow") {
            return Either::Left(ready(Ok::<_, Infallible>(answer(&first, &query))));
        }
        let gate = passed.clone();
        Either::Right(Box::pin(async move {
            gate.pass().await;
            Ok(answer(&first, &query))
        }))
    };
    (tower::service_fn(answer), gate)
}

fn answer(first: &str, query: &Query) -> Answer {
    if first.starts_with("fail") {
        return AnswerBuilder::error(Rcode::SERVFAIL, Some(ExtendedError::NOT_READY));
    }
    if first.starts_with("shed") {
        return AnswerBuilder::error(Rcode::SERVFAIL, Some(ExtendedError::OVERLOADED));
    }
    let mut builder = AnswerBuilder::new(&query.name);
    if first.starts_with("nx") {
        builder.set_rcode(Rcode::NXDOMAIN);
    } else if query.record_type == RecordType::A {
        let count = if first.starts_with("many") { 2000 } else { 1 };
        for host in 1..=count {
            let address = Ipv4Addr::from_bits(0x0a00_0000 + host);
            builder.push(
                Section::Answer,
                Owner::Question,
                RecordType::A,
                TTL,
                |rdata| {
                    rdata.octets(&address.octets());
                },
            );
        }
        return builder.finish();
    }
    let zone = Name::from_labels([b"nomad".as_slice()]).unwrap();
    builder.push(
        Section::Authority,
        Owner::Name(&zone),
        RecordType::SOA,
        DENIAL_TTL,
        |rdata| {
            rdata.name(&zone);
            rdata.name(&zone);
            [1, 2, 3, 4, DENIAL_TTL]
                .into_iter()
                .for_each(|number| rdata.u32(number));
        },
    );
    builder.finish()
}

/// A query in wire form, with RD.
pub(crate) fn query(id: u16, name: &str, record_type: RecordType) -> Vec<u8> {
    let mut message = Vec::new();
    for word in [id, 0x0100, 1, 0, 0, 0] {
        message.extend_from_slice(&u16::to_be_bytes(word));
    }
    for label in name.split('.').chain([""]) {
        message.push(u8::try_from(label.len()).unwrap());
        message.extend_from_slice(label.as_bytes());
    }
    for word in [record_type.0, 1] {
        message.extend_from_slice(&word.to_be_bytes());
    }
    message
}

/// Reads a message with another decoder than ours.
pub(crate) fn decode(message: &[u8]) -> Message {
    Message::from_vec(message).unwrap()
}

/// A listener that runs.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) gate: Gate,
    pub(crate) shared: ListenerContext,
    pub(crate) shutdown: CancellationToken,
    pub(crate) task: JoinHandle<std::io::Result<()>>,
}

impl Running {
    /// Ends it; everything open has ended then.
    pub(crate) async fn end(self) {
        self.shutdown.cancel();
        tokio::time::timeout(PATIENCE, self.task)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
    }
}

/// What a listener is started with.
pub(crate) struct Start {
    pub(crate) listener: TcpListener,
    pub(crate) shared: ListenerContext,
    pub(crate) shutdown: CancellationToken,
    address: SocketAddr,
}

impl Start {
    /// A listener on a free port.
    pub(crate) fn new(limits: ConnectionLimits) -> Self {
        Self::of_clients(limits, ClientSettings::default())
    }

    /// The same, with what clients may do.
    pub(crate) fn of_clients(limits: ConnectionLimits, clients: ClientSettings) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = ListenerContext {
            limits: Arc::new(limits),
            server: Server {
                clients: Arc::new(Clients::new(clients)),
                ..Server::default()
            }
            .into(),
            ..ListenerContext::default()
        };
        let shutdown = CancellationToken::new();
        Self {
            listener,
            shared,
            shutdown,
            address,
        }
    }

    /// Runs what was made of the parts.
    pub(crate) fn run(
        self,
        gate: Gate,
        serve: impl FnOnce(
            TcpListener,
            ListenerContext,
            CancellationToken,
        ) -> JoinHandle<std::io::Result<()>>,
    ) -> Running {
        let task = serve(self.listener, self.shared.clone(), self.shutdown.clone());
        Running {
            address: self.address,
            gate,
            shared: self.shared,
            shutdown: self.shutdown,
            task,
        }
    }
}

/// A certificate for localhost: as the listeners take it, and in PEM.
pub(crate) struct Identity {
    pub(crate) certificates: Arc<Certificates>,
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Identity {
    /// Makes a new one.
    pub(crate) fn generate() -> Self {
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let pair = rcgen::generate_simple_self_signed(names).unwrap();
        let (certificate, key) = (pair.cert.pem(), pair.signing_key.serialize_pem());
        let certificates = Certificates::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap();
        Self {
            certificates: Arc::new(certificates),
            certificate,
            key,
        }
    }
}
