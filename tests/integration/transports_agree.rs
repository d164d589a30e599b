//! Every transport says the same: a thousand questions of all sorts (CI: a hundred thousand), each asked
//! over six transports while nothing changes.

use std::collections::BTreeMap;

use hickory_proto::rr::RecordType;
use nomadns::demo::Registration;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use tokio::task::JoinSet;

use crate::support::clients::Clients;
use crate::support::decoded::DecodedAnswer;
use crate::support::gateway::{Gateway, cast};
use crate::support::question::Question;

/// How many questions are asked, unless `NOMADNS_QUESTIONS` says another number, as CI does.
const QUESTIONS: usize = 1000;
/// How many clients of each transport ask at the same time.
const CLIENTS: usize = 4;
/// Where the questions come from: the same ones each time.
const SEED: u64 = 0x0035;
/// Instances of a service whose answers do not fit into UDP.
const BIG: u8 = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mixed_questions_have_the_same_answer_over_every_transport() {
    let count = std::env::var_os("NOMADNS_QUESTIONS").map_or(QUESTIONS, |count| {
        count
            .to_str()
            .and_then(|count| count.parse().ok())
            .expect("a number")
    });
    let nomad = cast();
    nomad.register(
        (0..BIG).map(|last| Registration::new("default", "big").address(format!("10.7.0.{last}"))),
    );
    let gateway = Gateway::start(&nomad.url()).await;
    let mut questions = Questions(StdRng::seed_from_u64(SEED));
    let all: Vec<Question> = (0..count).map(|_| questions.next()).collect();
    let mut asking = JoinSet::new();
    for share in all.chunks(count.div_ceil(CLIENTS)) {
        let (share, mut clients) = (share.to_vec(), Clients::connect(&gateway).await);
        asking.spawn(async move {
            let mut seen = Seen::default();
            for question in &share {
                seen.note(&clients.agreed(question).await);
            }
            seen.truncated = clients.truncated;
            seen
        });
    }
    let seen = asking
        .join_all()
        .await
        .into_iter()
        .reduce(Seen::and)
        .unwrap();
    seen.check(count);
    gateway.end().await;
}

/// What was seen, so that a thousand denials are no success.
#[derive(Debug, Default)]
struct Seen {
    rcodes: BTreeMap<u16, usize>,
    /// The types of records in answers.
    types: BTreeMap<u16, usize>,
    glued: usize,
    truncated: usize,
}

impl Seen {
    fn note(&mut self, decoded: &DecodedAnswer) {
        *self.rcodes.entry(decoded.rcode).or_default() += 1;
        if let Some(line) = decoded.answer.first() {
            *self.types.entry(line.record_type).or_default() += 1;
        }
        self.glued += usize::from(!decoded.additional.is_empty());
    }

    fn and(mut self, other: Self) -> Self {
        for (rcode, count) in other.rcodes {
            *self.rcodes.entry(rcode).or_default() += count;
        }
        for (record_type, count) in other.types {
            *self.types.entry(record_type).or_default() += count;
        }
        self.glued += other.glued;
        self.truncated += other.truncated;
        self
    }

    fn check(&self, questions: usize) {
        assert_eq!(self.rcodes.values().sum::<usize>(), questions);
        // NOERROR, NXDOMAIN, REFUSED, and nothing else.
        assert_eq!(
            self.rcodes.keys().collect::<Vec<_>>(),
            [&0, &3, &5],
            "{self:?}"
        );
        assert!(self.rcodes.values().all(|count| *count >= 50), "{self:?}");
        // A, NS, CNAME, SOA, HINFO (to ANY), TXT, AAAA, SRV.
        let types: Vec<_> = self.types.keys().copied().collect();
        assert_eq!(types, [1, 2, 5, 6, 13, 16, 28, 33], "{self:?}");
        assert!(
            self.types.values().sum::<usize>() >= questions / 6,
            "{self:?}"
        );
        assert!(self.glued > 0 && self.truncated > 0, "{self:?}");
    }
}

/// The types that have answers come more often.
const TYPES: [RecordType; 16] = [
    RecordType::A,
    RecordType::A,
    RecordType::A,
    RecordType::AAAA,
    RecordType::SRV,
    RecordType::SRV,
    RecordType::SRV,
    RecordType::TXT,
    RecordType::TXT,
    RecordType::SOA,
    RecordType::NS,
    RecordType::ANY,
    RecordType::CNAME,
    RecordType::HTTPS,
    RecordType::MX,
    RecordType::Unknown(65280),
];
const ZONES: [&str; 3] = ["nomad", "nomad", "service.nomad"];
/// Services of the cast: name, namespace, and tags that an instance carries.
const CAST: [(&str, &str, &[&str]); 22] = [
    ("redis", "default", &["primary", "v7"]),
    ("redis", "default", &["replica", "v7"]),
    ("redis", "-lead-", &["primary"]),
    ("redis-metrics", "default", &[]),
    ("web", "default", &["http", "blue"]),
    ("web", "prod", &["admin"]),
    ("web", "service", &["http", "blue"]),
    ("six", "default", &[]),
    ("dual", "default", &["v4"]),
    ("dual", "default", &["v6"]),
    ("hostname", "default", &[]),
    ("failing", "default", &[]),
    ("mixed-case", "default", &["lower"]),
    ("bracket", "default", &[]),
    ("zoned", "default", &[]),
    ("numeric", "default", &[]),
    ("noport", "default", &[]),
    ("odd-tags", "default", &["upper", "-lead"]),
    ("odd-tags", "default", &["with space", "x=1"]),
    ("odd-tags", "default", &["new\nline", "quote\"d"]),
    ("withaddr", "default", &[]),
    ("big", "default", &[]),
];
/// Tags that most services lack.
const OTHER_TAGS: [&str; 4] = ["primary", "nope", "with space", "x=1"];
const DATACENTERS: [&str; 4] = ["dc1", "dc1", "dc2", "dc3"];
/// Addresses of the cast, one that nobody has, and what is no address.
const ADDRESSES: [&str; 7] = [
    "0a00000b",
    "0a00010c",
    "20010db8000000000000000000000061",
    "fd000000000000000000000000000002",
    "0a636363",
    "0a00000",
    "a.0a00000b",
];
/// Names of the zone's own, below its apex.
const INFRASTRUCTURE: [&str; 16] = [
    "",
    "",
    "",
    "",
    "",
    "",
    "ns",
    "a.ns",
    "default",
    "prod",
    "addr",
    "dc",
    "dc1.dc",
    "default.dc2.dc",
    "_redis.default",
    "_tcp.default",
];
const MISSING: [&str; 6] = [
    "nope",
    "nope.default",
    "redis.nope",
    "nope.redis.default",
    "_nope._tcp.default",
    "a.b.c.d.e.f.g.h",
];
const OUTSIDE: [&str; 6] = [
    "",
    "com",
    "example.com",
    "xnomad",
    "nomad.example",
    "redis.default",
];

/// Makes questions of all sorts.
struct Questions(StdRng);

impl Questions {
    fn next(&mut self) -> Question {
        let mut labels = match self.0.random_range(0..10) {
            0 => self.inside(&INFRASTRUCTURE),
            1 => self.inside(&MISSING),
            2 => self.inside(&ADDRESSES.map(|hex| format!("{hex}.addr"))),
            3 => labels(self.one(&OUTSIDE)),
            4 => self.odd(),
            _ => self.of_instances(),
        };
        if self.0.random_bool(0.3) {
            self.mix_case(&mut labels);
        }
        Question {
            labels,
            record_type: *TYPES.choose(&mut self.0).unwrap(),
        }
    }

    fn one<'a>(&mut self, texts: &[&'a str]) -> &'a str {
        texts.choose(&mut self.0).unwrap()
    }

    /// One of the names, below one of the zones.
    fn inside<T: AsRef<str>>(&mut self, names: &[T]) -> Vec<Vec<u8>> {
        let mut name = labels(names.choose(&mut self.0).unwrap().as_ref());
        name.extend(labels(self.one(&ZONES)));
        name
    }

    /// A name in one of the forms that mean instances.
    fn of_instances(&mut self) -> Vec<Vec<u8>> {
        let &(service, mut namespace, tags) = CAST.choose(&mut self.0).unwrap();
        if self.0.random_bool(0.1) {
            namespace = "prod";
        }
        let mut tags = tags.to_vec();
        if self.0.random_bool(0.1) {
            tags.push(self.one(&OTHER_TAGS));
        }
        let tag = tags.first().copied();
        let name = match self.0.random_range(0..8) {
            6 => format!("_{}._tcp.{service}.{namespace}", tag.unwrap_or("http")),
            7 => format!("{}.addr.{namespace}", self.one(&ADDRESSES)),
            0 => format!("_{service}._{}.{namespace}", tag.unwrap_or("tcp")),
            1 => format!("_{service}._{}.{namespace}", self.one(&["tcp", "udp"])),
            2 if !tags.is_empty() => format!("{}.{service}.{namespace}", tags.join(".")),
            _ => format!("{service}.{namespace}"),
        };
        let name = match self.0.random_range(0..5) {
            0 => format!("{name}.{}.dc", self.one(&DATACENTERS)),
            _ => name,
        };
        self.inside(&[name])
    }

    /// A name of octets that text has to escape, or of lengths at the limit.
    fn odd(&mut self) -> Vec<Vec<u8>> {
        let mut name: Vec<Vec<u8>> = match self.0.random_range(0..3) {
            0 => vec![vec![b'x'; 63]; 3],
            1 => vec![b"a.b \\\"();@$*".to_vec(), b"\0\x7f\xff".to_vec()],
            _ => {
                let length = self.0.random_range(1..=63);
                let octets = (0..length).map(|_| self.0.random()).collect();
                vec![octets, b"redis".to_vec(), b"default".to_vec()]
            }
        };
        name.extend(labels(self.one(&ZONES)));
        name
    }

    fn mix_case(&mut self, labels: &mut [Vec<u8>]) {
        for octet in labels.iter_mut().flatten() {
            if self.0.random() {
                *octet = octet.to_ascii_uppercase();
            }
        }
    }
}

fn labels(name: &str) -> Vec<Vec<u8>> {
    Question::new(name, RecordType::A).labels
}
