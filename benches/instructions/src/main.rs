//! Does one kind of work often, for a tool that counts its instructions: `.ci/instructions` runs it under callgrind.
//!
//! `instructions udp|recorded|doh|change|tags`. What is counted is in `counted`, without what prepares it; no sockets, no clock.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use ::http::header::ACCEPT;
use ::http::{Request, StatusCode, Version};
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nomadns::catalog::{Instance, Writer};
use nomadns::config::{Settings, Source};
use nomadns::dns::{RecordType, Transport};
use nomadns::layers::{CacheSettings, WorkerStack};
use nomadns::listeners::exchange::{Exchange, Exchanged};
use nomadns::listeners::http::{self, ClientInfo, HttpService};
use nomadns::listeners::{Connections, ListenerContext, ListenerKind, Server};
use nomadns::query_log::{
    ClientPrefixes, QueryFilter, QueryLog, QueryLogFormat, QueryLogSettings, QueryLogTarget,
};

use self::filled::{Filled, NAMESPACE, instances, message, put, tagged};

#[path = "../../support/filled.rs"]
mod filled;

const SERVICES: usize = 1_000;
const INSTANCES: usize = 3;
/// The instances of a large service, and the tags of each.
const TAGGED_INSTANCES: usize = 5_000;
const TAGS: usize = 20;
const NO_CACHE: CacheSettings = CacheSettings {
    entries: 0,
    octets: 0,
};
const EDNS_OCTETS: Option<u16> = Some(1232);
/// How often the work is done; `.ci/instructions` divides by it.
const TIMES: usize = 1_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime for the timers of misses");
    let _entered = runtime.enter();
    let kind = std::env::args().nth(1).unwrap_or_default();
    match kind.as_str() {
        "udp" => udp(None),
        "recorded" => udp(Some(Arc::new(query_log()))),
        "doh" => runtime.block_on(doh()),
        "change" => change(),
        "tags" => tags(),
        _ => panic!("{kind:?} is no kind of work"),
    }
}

/// A query log that nobody waits for.
fn query_log() -> QueryLog {
    let settings = QueryLogSettings {
        format: QueryLogFormat::Json,
        target: QueryLogTarget::File("/dev/null".into()),
        filter: QueryFilter::default(),
        queue_entries: 1 << 16,
        prefixes: ClientPrefixes {
            ipv4: 32,
            ipv6: 128,
        },
        identity: Vec::new(),
    };
    QueryLog::start(settings, 1, Arc::default()).expect("a thread")
}

/// A hit over UDP, from the octets of a query to those of its answer, and into the query log if there is one.
fn udp(query_log: Option<Arc<QueryLog>>) {
    let filled = Filled::new(SERVICES, INSTANCES);
    let settings = Settings::check(&Source::default()).expect("the defaults are good");
    let server = Server {
        query_log,
        ..settings.server
    };
    let mut exchange = Exchange::new(filled.stack, Transport::Udp, Arc::new(server));
    let questions = questions();
    let mut out = Vec::with_capacity(1232);
    ask_all(&mut exchange, &questions, &mut out);
    counted(|| ask_all(&mut exchange, &questions, &mut out));
}

fn ask_all(exchange: &mut Exchange<WorkerStack>, questions: &[Vec<u8>], out: &mut Vec<u8>) {
    let client = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
    for question in questions {
        out.clear();
        let exchanged = exchange.begin(black_box(question), client, out);
        assert!(matches!(exchanged, Exchanged::Answered { .. }));
    }
}

/// A hit by GET, from the request as hyper gives it to the response as hyper takes it.
async fn doh() {
    let filled = Filled::new(SERVICES, INSTANCES);
    let shared = ListenerContext {
        connections: Connections::default(),
        ..ListenerContext::default()
    };
    let settings = http::HttpSettings::default();
    // One for a connection, as its requests have it.
    let mut router = http::router(filled.stack, &shared, &settings, ListenerKind::Https);
    request_all(&mut router, requests()).await;
    let prepared = requests();
    let mut work = Box::pin(request_all(&mut router, prepared));
    std::future::poll_fn(|context| counted(|| work.as_mut().poll(context))).await;
}

async fn request_all(router: &mut impl HttpService, requests: Vec<Request<Body>>) {
    for mut request in requests {
        let client = ClientInfo::new(IpAddr::V4(Ipv4Addr::LOCALHOST));
        request.extensions_mut().insert(client);
        let Ok(response) = router.call(request).await;
        assert_eq!(response.status(), StatusCode::OK);
        drop(black_box(response));
    }
}

fn requests() -> Vec<Request<Body>> {
    let request = |question: Vec<u8>| {
        let encoded = URL_SAFE_NO_PAD.encode(question);
        let request = Request::get(format!("https://127.0.0.1/dns-query?dns={encoded}"))
            .version(Version::HTTP_2)
            .header(ACCEPT, "application/dns-message");
        request.body(Body::empty()).expect("it is a request")
    };
    questions().into_iter().map(request).collect()
}

/// A service in the catalogue with one of its instances changed, put and published.
fn change() {
    let Filled {
        mut writer,
        catalog,
        ..
    } = Filled::new(SERVICES, INSTANCES);
    let changed: Vec<Vec<Instance>> = (0..TIMES)
        .map(|number| {
            let mut all = instances(number, INSTANCES, 8080);
            all[0].port = 9090;
            all
        })
        .collect();
    counted(|| change_all(&mut writer, changed));
    let published = catalog.snapshot().is_some();
    assert!(published, "what was changed is to be seen");
}

/// A miss over UDP at the dearest names that there are: many instances, all of their tags in any order, all types.
fn tags() {
    let mut filled = Filled::with_cache(0, 0, NO_CACHE);
    put(&mut filled.writer, 0, tagged(TAGGED_INSTANCES, TAGS));
    filled.writer.publish(2);
    let types = [
        RecordType::A,
        RecordType::SRV,
        RecordType::TXT,
        RecordType::ANY,
    ];
    let questions: Vec<_> = (0..TIMES)
        .map(|number| {
            let tags = (0..TAGS).map(|tag| format!("tag{:02}.", (tag + number) % TAGS));
            let kept = TAGS - number / TAGS % TAGS;
            let tags: String = tags.take(kept).collect();
            let name = format!("{tags}svc000000.{NAMESPACE}.nomad");
            message(&name, types[number % types.len()], EDNS_OCTETS)
        })
        .collect();
    // Over TCP what is made of all instances is made at once; names over UDP share it.
    let stack = filled.stack.clone();
    let mut first = Exchange::new(stack, Transport::Tcp, Arc::default());
    let mut out = Vec::with_capacity(1 << 16);
    ask_all(&mut first, &questions, &mut out);
    let mut exchange = Exchange::new(filled.stack, Transport::Udp, Arc::default());
    counted(|| ask_all(&mut exchange, &questions, &mut out));
}

fn change_all(writer: &mut Writer, changed: Vec<Vec<Instance>>) {
    for ((number, all), index) in changed.into_iter().enumerate().zip(2..) {
        put(writer, number, all);
        writer.publish(index);
    }
}

fn questions() -> Vec<Vec<u8>> {
    (0..TIMES)
        .map(|number| format!("svc{number:06}.{NAMESPACE}.nomad"))
        .map(|name| message(&name, RecordType::A, EDNS_OCTETS))
        .collect()
}

/// Does the work: callgrind counts from the entry of this function to its return, by its name.
#[inline(never)]
fn counted<Done>(work: impl FnOnce() -> Done) -> Done {
    black_box(work())
}
