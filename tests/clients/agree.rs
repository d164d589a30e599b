//! Every client over every transport shows the same records.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::demo::Demo;
use crate::seen::Seen;
use crate::tools::{knows, octets, shell};

/// What is asked: a name, a type by name and number, the code of the answer, a part of its records.
const QUESTIONS: [(&str, &str, u16, &str, &str); 8] = [
    ("redis.default.nomad", "A", 1, "NOERROR", "10.0.0.11"),
    ("six.default.nomad", "AAAA", 28, "NOERROR", "2001:db8::61"),
    ("redis.default.nomad", "SRV", 33, "NOERROR", "10 10 6379"),
    (
        "redis.default.service.nomad",
        "TXT",
        16,
        "NOERROR",
        "port=6379",
    ),
    ("nomad", "SOA", 6, "NOERROR", "ns.nomad."),
    // Nothing of that type: NODATA.
    ("redis.default.nomad", "AAAA", 28, "NOERROR", "SOA"),
    // The name is there for what is below it: NODATA.
    ("default.nomad", "A", 1, "NOERROR", "SOA"),
    ("nobody.default.nomad", "A", 1, "NXDOMAIN", "SOA"),
];

#[test]
fn every_client_shows_the_same_answer_over_every_transport() {
    let demo = Demo::start();
    let (dig_https, kdig_https) = (
        knows("dig -h", "+[no]https"),
        knows("kdig -h", "+[no]https"),
    );
    for (missing, tool) in [(!dig_https, "dig"), (!kdig_https, "kdig")] {
        if missing {
            eprintln!("SKIPPED: this {tool} has no +https");
        }
    }
    for (name, kind, number, status, part) in QUESTIONS {
        let seen = dig(&demo, "", name, kind);
        assert_eq!(seen.status, status, "{name} {kind}: {seen:?}");
        assert!(
            seen.records.iter().any(|it| it.contains(part)),
            "{name} {kind}: {seen:?}"
        );
        let mut all = vec![
            ("dig +tcp", dig(&demo, "+tcp", name, kind)),
            ("dig +tls", dig(&demo, "+tls", name, kind)),
            ("kdig", kdig(&demo, "", name, kind)),
            ("kdig +tcp", kdig(&demo, "+tcp", name, kind)),
            ("kdig +tls", kdig(&demo, "+tls", name, kind)),
            ("curl /dns-query POST", post(&demo, name, number)),
            ("curl /dns-query GET", get(&demo, name, number)),
            (
                "curl /dns-query GET, no TLS",
                get_plain(&demo, name, number),
            ),
            ("curl /resolve", resolve(&demo, name, kind)),
            ("lookup", lookup(&demo, name, kind)),
        ];
        if dig_https {
            all.push(("dig +https", dig(&demo, "+https", name, kind)));
            all.push(("dig +https-get", dig(&demo, "+https-get", name, kind)));
            all.push(("dig +http-plain", dig(&demo, "+http-plain", name, kind)));
        }
        if kdig_https {
            all.push(("kdig +https", kdig(&demo, "+https", name, kind)));
            all.push((
                "kdig +https-get",
                kdig(&demo, "+https +https-get", name, kind),
            ));
        }
        assert_eq!(
            lookup_all(&demo, name, kind),
            seen.without_ttl(),
            "{name} {kind}: lookup"
        );
        for (client, other) in all {
            assert_eq!(other, seen, "{name} {kind}: {client} against dig");
        }
    }
}

#[test]
fn curl_resolves_a_host_by_doh() {
    let demo = Demo::start();
    let (https, admin) = (demo.https(), demo.admin());
    let command = format!(
        "curl -sS --max-time 10 -k --doh-insecure --doh-url https://127.0.0.1:{https}/dns-query \
         -o /dev/null -w '%{{remote_ip}} %{{http_code}}' http://ns.nomad:{admin}/healthz"
    );
    assert_eq!(shell(&command).unwrap(), "127.0.0.1 200");
}

fn dig(demo: &Demo, transport: &str, name: &str, kind: &str) -> Seen {
    let port = match transport {
        "+tls" => demo.tls(),
        "+http-plain" => demo.http(),
        other if other.starts_with("+https") => demo.https(),
        _ => demo.dns(),
    };
    let command = format!("dig @127.0.0.1 -p {port} +time=5 +tries=1 {transport} {name} {kind}");
    Seen::in_text(&shell(&command).unwrap())
}

fn kdig(demo: &Demo, transport: &str, name: &str, kind: &str) -> Seen {
    let port = match transport {
        "+tls" => demo.tls(),
        other if other.starts_with("+https") => demo.https(),
        _ => demo.dns(),
    };
    let command = format!("kdig @127.0.0.1 -p {port} +time=5 +retry=0 {transport} {name} {kind}");
    Seen::in_text(&shell(&command).unwrap())
}

fn post(demo: &Demo, name: &str, number: u16) -> Seen {
    // printf takes octets as octal numbers, and so needs no file.
    let query: String = query(name, number)
        .iter()
        .map(|octet| format!("\\{octet:03o}"))
        .collect();
    let command = format!(
        "printf '{query}' | curl -fsSk --max-time 10 -H 'content-type: application/dns-message' \
         --data-binary @- https://127.0.0.1:{}/dns-query",
        demo.https()
    );
    Seen::in_message(&octets(&command).unwrap())
}

fn get(demo: &Demo, name: &str, number: u16) -> Seen {
    let url = format!("https://127.0.0.1:{}", demo.https());
    get_from(&url, name, number)
}

fn get_plain(demo: &Demo, name: &str, number: u16) -> Seen {
    get_from(&format!("http://127.0.0.1:{}", demo.http()), name, number)
}

fn get_from(url: &str, name: &str, number: u16) -> Seen {
    let query = URL_SAFE_NO_PAD.encode(query(name, number));
    let command = format!("curl -fsSk --max-time 10 '{url}/dns-query?dns={query}'");
    Seen::in_message(&octets(&command).unwrap())
}

fn resolve(demo: &Demo, name: &str, kind: &str) -> Seen {
    let url = format!(
        "https://127.0.0.1:{}/resolve?name={name}&type={kind}",
        demo.https()
    );
    Seen::in_json(&shell(&format!("curl -fsSk --max-time 10 '{url}'")).unwrap())
}

/// Its exit code tells a denial (2) from records (0); both are answers.
const ANSWERED: &str = "|| [ $? = 2 ]";

fn lookup(demo: &Demo, name: &str, kind: &str) -> Seen {
    let (program, dns) = (demo.program(), demo.dns());
    let command = format!("{program} lookup {name} {kind} --dns-port {dns} {ANSWERED}");
    Seen::in_text(&shell(&command).unwrap())
}

fn lookup_all(demo: &Demo, name: &str, kind: &str) -> Seen {
    let (program, flags) = (demo.program(), demo.port_flags());
    let command = format!("{program} lookup {name} {kind} --transport all{flags} {ANSWERED}");
    Seen::in_table(&shell(&command).unwrap())
}

/// A query as RFC 8484 wants it: id 0, RD.
fn query(name: &str, number: u16) -> Vec<u8> {
    let mut query = vec![0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        query.push(u8::try_from(label.len()).unwrap());
        query.extend(label.bytes());
    }
    query.push(0);
    query.extend(number.to_be_bytes());
    query.extend([0, 1]);
    query
}
