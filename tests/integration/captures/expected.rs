//! The answers that the captures of a real Nomad have to become.

/// A name, a type, the code of the answer and its data, sorted.
pub(super) type Asked = (&'static str, &'static str, u16, &'static [&'static str]);

/// A capture in the place of a service's usual one, the service, its namespace, the index, and the answers.
pub(super) type Later = (
    &'static str,
    &'static str,
    &'static str,
    u64,
    &'static [Asked],
);

const OK: u16 = 0;
const NXDOMAIN: u16 = 3;
const NODATA: &[&str] = &[];
const NONE: &[&str] = &[];
const LOOPBACK: &[&str] = &["127.0.0.1"];

/// Captures that the synchronisation never asks for: other parameters than its own, or no service at all.
pub(super) const NEVER_ASKED: [&str; 9] = [
    "empty",
    "redis-choose",
    "redis-filter",
    "redis-index-wait",
    "redis-page1",
    "redis-page2",
    "redis-star",
    "unknown",
    "wrong-case",
];

pub(super) const ANSWERS: &[Asked] = &[
    // Three instances at one address: one A, three SRV.
    ("redis.default.nomad", "A", OK, LOOPBACK),
    ("redis.default.nomad", "AAAA", OK, NODATA),
    ("REDIS.Default.service.nomad", "A", OK, LOOPBACK),
    (
        "redis.default.nomad",
        "SRV",
        OK,
        &[
            "10 10 24947 7f000001.addr.nomad.",
            "10 10 25995 7f000001.addr.nomad.",
            "10 10 26092 7f000001.addr.nomad.",
        ],
    ),
    ("7f000001.addr.nomad", "A", OK, LOOPBACK),
    ("primary.v7.redis.default.nomad", "A", OK, LOOPBACK),
    ("replica.redis.default.nomad", "A", NXDOMAIN, NONE),
    ("_redis._tcp.default.nomad", "A", OK, LOOPBACK),
    ("redis.default.dc1.dc.nomad", "A", OK, LOOPBACK),
    ("redis.default.dc2.dc.nomad", "A", NXDOMAIN, NONE),
    // Two ports under one name, told apart by a tag.
    (
        "web.default.nomad",
        "SRV",
        OK,
        &[
            "10 10 21938 7f000001.addr.nomad.",
            "10 10 22544 7f000001.addr.nomad.",
            "10 10 25550 7f000001.addr.nomad.",
            "10 10 29184 7f000001.addr.nomad.",
        ],
    ),
    (
        "_web._admin.default.service.nomad",
        "SRV",
        OK,
        &[
            "10 10 22544 7f000001.addr.service.nomad.",
            "10 10 29184 7f000001.addr.service.nomad.",
        ],
    ),
    (
        "from-task.web-task.default.nomad",
        "SRV",
        OK,
        &[
            "10 10 21938 7f000001.addr.nomad.",
            "10 10 25550 7f000001.addr.nomad.",
        ],
    ),
    // Namespaces: one called `service`, one with hyphens at both ends.
    ("web.prod.nomad", "A", OK, LOOPBACK),
    ("web.service.nomad", "A", OK, LOOPBACK),
    ("web.service.service.nomad", "A", OK, LOOPBACK),
    ("redis.-lead-.nomad", "A", OK, LOOPBACK),
    ("-lead-.nomad", "A", OK, NODATA),
    ("redis.prod.nomad", "A", NXDOMAIN, NONE),
    // Listed, but without an instance when it was read.
    ("redis-metrics.default.nomad", "A", NXDOMAIN, NONE),
    // IPv6, plain and in brackets.
    ("six.default.nomad", "AAAA", OK, &["fd00::1"]),
    ("six.default.nomad", "A", OK, NODATA),
    (
        "six.default.nomad",
        "SRV",
        OK,
        &["10 10 26574 fd000000000000000000000000000001.addr.nomad."],
    ),
    ("bracket.default.nomad", "AAAA", OK, &["fd00::2"]),
    ("bracket.default.nomad", "A", OK, NODATA),
    (
        "bracket.default.nomad",
        "TXT",
        OK,
        &[concat!(
            r#""id=_nomad-task-e6e1df81-eb89-a7e6-a516-c0d0c1727291-group-g-bracket-p job=dirty-1 "#,
            r#"alloc=e6e1df81-eb89-a7e6-a516-c0d0c1727291 node=36a02cbb-b67b-0f42-e621-00752e7d565a "#,
            r#"dc=dc1 port=26666 tags=""#
        )],
    ),
    // Addresses that are none: the name is there, its addresses are not.
    ("zoned.default.nomad", "AAAA", OK, NODATA),
    ("zoned.default.nomad", "A", OK, NODATA),
    ("zoned.default.nomad", "SRV", OK, NODATA),
    ("blank.default.nomad", "A", OK, NODATA),
    ("blank.default.nomad", "SRV", OK, NODATA),
    ("numeric.default.nomad", "A", OK, NODATA),
    ("numeric.default.nomad", "SRV", OK, NODATA),
    // Hosts.
    ("hostname.default.nomad", "A", OK, &["db.internal.example."]),
    (
        "hostname.default.nomad",
        "CNAME",
        OK,
        &["db.internal.example."],
    ),
    (
        "hostname.default.nomad",
        "SRV",
        OK,
        &["10 10 20329 db.internal.example."],
    ),
    ("withaddr.default.nomad", "AAAA", OK, &["vm."]),
    ("withaddr.default.nomad", "SRV", OK, &["10 10 25823 vm."]),
    // No port: no SRV.
    ("noport.default.nomad", "A", OK, &["10.9.9.9"]),
    ("noport.default.nomad", "SRV", OK, NODATA),
    // Two services for Nomad, one name for DNS.
    (
        "mixed-case.default.nomad",
        "SRV",
        OK,
        &[
            "10 10 23315 7f000001.addr.nomad.",
            "10 10 23984 7f000001.addr.nomad.",
        ],
    ),
    (
        "lower.Mixed-Case.default.nomad",
        "SRV",
        OK,
        &["10 10 23984 7f000001.addr.nomad."],
    ),
    // Tags of all sorts can be asked for, in any letter case; a dot within one is escaped.
    ("odd-tags.default.nomad", "A", OK, LOOPBACK),
    ("upper.odd-tags.default.nomad", "A", OK, LOOPBACK),
    ("-lead.odd-tags.default.nomad", "A", OK, LOOPBACK),
    ("a.b.odd-tags.default.nomad", "A", NXDOMAIN, NONE),
    (r"a\.b.odd-tags.default.nomad", "A", OK, LOOPBACK),
    ("x=1.odd-tags.default.nomad", "A", OK, LOOPBACK),
    (r"with\032space.odd-tags.default.nomad", "A", OK, LOOPBACK),
    (r"new\010line.odd-tags.default.nomad", "A", OK, LOOPBACK),
    // A name that is no label is no name.
    ("illegal-bad_name.default.nomad", "A", NXDOMAIN, NONE),
    ("y.default.nomad", "A", NXDOMAIN, NONE),
];

pub(super) const LATER: &[Later] = &[
    (
        "redis",
        "redis",
        "default",
        108,
        &[("v7.redis.default.nomad", "A", OK, LOOPBACK)],
    ),
    (
        "redis-scaled-up",
        "redis",
        "default",
        176,
        &[(
            "redis.default.nomad",
            "SRV",
            OK,
            &[
                "10 10 24947 7f000001.addr.nomad.",
                "10 10 25995 7f000001.addr.nomad.",
                "10 10 26054 7f000001.addr.nomad.",
                "10 10 26092 7f000001.addr.nomad.",
                "10 10 26502 7f000001.addr.nomad.",
            ],
        )],
    ),
    (
        "redis-scaled-down",
        "redis",
        "default",
        192,
        &[(
            "redis.default.nomad",
            "SRV",
            OK,
            &[
                "10 10 24947 7f000001.addr.nomad.",
                "10 10 25995 7f000001.addr.nomad.",
            ],
        )],
    ),
    (
        "web-canary",
        "web",
        "default",
        211,
        &[
            (
                "canary.web.default.nomad",
                "SRV",
                OK,
                &["10 10 27906 7f000001.addr.nomad."],
            ),
            (
                "blue.web.default.nomad",
                "SRV",
                OK,
                &[
                    "10 10 21938 7f000001.addr.nomad.",
                    "10 10 25550 7f000001.addr.nomad.",
                ],
            ),
        ],
    ),
    (
        "web-promoted",
        "web",
        "default",
        229,
        &[
            ("canary.web.default.nomad", "SRV", NXDOMAIN, NONE),
            (
                "blue.web.default.nomad",
                "SRV",
                OK,
                &[
                    "10 10 23414 7f000001.addr.nomad.",
                    "10 10 27906 7f000001.addr.nomad.",
                ],
            ),
        ],
    ),
    (
        "web-stopped",
        "web",
        "prod",
        251,
        &[
            ("web.prod.nomad", "A", NXDOMAIN, NONE),
            ("web-task.prod.nomad", "A", OK, LOOPBACK),
        ],
    ),
];

/// How many registrations are odd, and why.
pub(super) const ODDITIES: &[(&str, f64)] = &[
    ("address_empty", 2.0),
    ("address_zoned", 1.0),
    ("address_unspecified", 0.0),
    ("address_unusable", 0.0),
    ("service_name", 1.0),
    ("namespace_name", 1.0),
    ("case_twin", 1.0),
    ("tag", 1.0),
    ("datacenter", 0.0),
    ("duplicate", 0.0),
    ("foreign", 0.0),
    ("unreadable", 0.0),
];
