//! Labels of odd octets in a master file, which not every server reads in every form.

use super::{cluster, exported, owners, redis};

#[tokio::test]
async fn labels_of_any_octets_are_written_as_every_server_reads_them() {
    let tags = ["with space", "x=1", "\u{fc}\n", "*", "a*"];
    let nomad = cluster([redis(1, &tags).node("node", "rack 1.a")]);
    let lines = exported(&nomad, &["nomad"], "nomad").await;
    let names = owners(&lines, "A");
    for name in [
        r"with\032space.redis.default.nomad.",
        r"x\0611.redis.default.nomad.",
        r"\195\188\010.redis.default.rack\0321\.a.dc.nomad.",
        r"a*.redis.default.nomad.",
        r"_redis._*.default.nomad.",
    ] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    // Other servers would take it for a wildcard (RFC 4592 §2.1.1).
    assert!(
        !names.iter().any(|name| name.starts_with("*.")),
        "{names:?}"
    );
    let target = r"0a000001.addr.default.rack\0321\.a.dc.nomad.";
    let line = format!(
        "_x\\0611._tcp.redis.default.rack\\0321\\.a.dc.nomad.\t30\tIN\tSRV\t10 10 6379 {target}"
    );
    assert!(lines.contains(&line), "{lines:#?}");
    assert!(names.contains(&target));
}
