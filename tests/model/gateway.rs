//! The gateway of a run, without a socket on either side: the client asks a cluster in memory, and questions go into the
//! stack in wire form. What comes back is decoded by hickory, not by the code under test.

use std::collections::HashMap;
use std::sync::Arc;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use nomadns::answers::{Router, Zone, ZoneSettings};
use nomadns::catalog::Catalog;
use nomadns::demo::{SimulatedCluster, SimulatedNomad};
use nomadns::dns::{self, Transport};
use nomadns::layers::metrics::Workers;
use nomadns::layers::{CacheSettings, StackLimits, Stacks, WorkerStack};
use nomadns::listeners::Server;
use nomadns::listeners::exchange::{Exchange, Exchanged};
use nomadns::nomad::{self, Client, TokenSource};
use nomadns::secret::Secret;
use nomadns::sync::{self, Report, Status, SyncSettings};
use tokio::task::JoinSet;

use super::judge::Shown;
use super::table::Service;
use super::traffic::Traffic;

/// The zone of the names that are asked for.
const ZONE: &str = "nomad";
/// The codes of extended errors that mark an answer as stale (RFC 8914 sections 4.4 and 4.20).
const STALE: [u16; 2] = [3, 19];
/// The option of extended errors (RFC 8914 section 2).
const EXTENDED_ERROR: u16 = 15;

/// Follows a cluster and answers.
pub(crate) struct Gateway {
    exchange: Exchange<WorkerStack>,
    status: Arc<Status>,
    /// What was asked and answered before, as it is read.
    questions: HashMap<Service, Vec<u8>>,
    read: HashMap<Vec<u8>, Shown>,
    _task: JoinSet<()>,
}

impl Gateway {
    pub(crate) fn start(
        settings: SyncSettings,
        cluster: &SimulatedCluster,
        secret: &str,
        traffic: &Arc<Traffic>,
    ) -> Self {
        let catalog = Arc::new(Catalog::new());
        let status = Arc::new(Status::new());
        let mut task = JoinSet::new();
        task.spawn(sync::run(
            settings,
            client(cluster, secret, traffic),
            catalog.writer(),
            Arc::clone(&status),
            std::future::pending(),
        ));
        let server = Server {
            stale: status.stale_mark(),
            ..Server::default()
        };
        Self {
            exchange: Exchange::new(stack(&catalog), Transport::Tcp, Arc::new(server)),
            status,
            questions: HashMap::new(),
            read: HashMap::new(),
            _task: task,
        }
    }

    pub(crate) fn report(&self) -> Report {
        self.status.report()
    }

    /// Asks for the addresses of a service.
    pub(crate) fn ask(&mut self, service: Service) -> Shown {
        let (namespace, name) = service;
        let asked = || question(&format!("{name}.{namespace}.{ZONE}."));
        let message = self.questions.entry(service).or_insert_with(asked);
        let mut octets = Vec::new();
        if let Exchanged::Waiting(_) = self.exchange.begin(message, None, &mut octets) {
            return Shown::Unknown("it has to be read first".to_owned());
        }
        if let Some(shown) = self.read.get(&octets) {
            return shown.clone();
        }
        let shown = shown(&Message::from_vec(&octets).unwrap());
        self.read.insert(octets, shown.clone());
        shown
    }
}

fn client(cluster: &SimulatedCluster, secret: &str, traffic: &Arc<Traffic>) -> Client {
    let address = |server: &SimulatedNomad| server.url().parse().unwrap();
    let addresses = cluster.servers().iter().map(address).collect();
    let settings = nomad::NomadSettings {
        token: TokenSource::Fixed(Secret::new(secret)),
        ..nomad::NomadSettings::new(addresses)
    };
    Client::over(settings, traffic.ways(cluster)).unwrap()
}

fn stack(catalog: &Arc<Catalog>) -> WorkerStack {
    let zone = dns::Name::from_labels([ZONE.as_bytes()]).unwrap();
    let settings = ZoneSettings::new(vec![Zone::new(zone).unwrap()], 30, 5);
    let router = Router::new(settings, Arc::clone(catalog));
    let workers = Arc::new(Workers::default());
    let cache = CacheSettings {
        entries: 64,
        ..CacheSettings::default()
    };
    Stacks::new(router, StackLimits::default(), cache, workers).worker()
}

fn question(name: &str) -> Vec<u8> {
    let mut message = Message::new(4711, MessageType::Query, OpCode::Query);
    message.edns = Some(Edns::new());
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), RecordType::A));
    message.to_vec().unwrap()
}

fn shown(message: &Message) -> Shown {
    let extended = extended_error(message);
    let code = message.metadata.response_code;
    if !matches!(code, ResponseCode::NoError | ResponseCode::NXDomain) {
        return Shown::Unknown(format!("{code}, extended error {extended:?}"));
    }
    let address = |record: &Record| match &record.data {
        RData::A(address) => Some(address.0),
        _ => None,
    };
    Shown::Addresses {
        addresses: Arc::new(message.answers.iter().filter_map(address).collect()),
        is_stale: extended.is_some_and(|code| STALE.contains(&code)),
    }
}

fn extended_error(message: &Message) -> Option<u16> {
    let code = EdnsCode::Unknown(EXTENDED_ERROR);
    match message.edns.as_ref()?.option(code)? {
        EdnsOption::Unknown(_, data) => Some(u16::from_be_bytes([data[0], data[1]])),
        other => panic!("no extended error: {other:?}"),
    }
}
