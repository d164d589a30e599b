//! Where the server blocks listen: every list can be bound as it is.

use super::ImportRun;

#[test]
fn an_address_that_a_wildcard_includes_is_not_listed_beside_it() {
    let everywhere = ["0.0.0.0:1053", "[::]:1053"];
    for (corefile, key, expected) in [
        (
            ".:1053 {\n nomad\n}\na.example:1053 {\n bind 127.0.0.1\n nomad\n}\n",
            "listen.dns",
            &everywhere[..],
        ),
        (
            "a.example:1053 {\n bind 127.0.0.1 ::1\n nomad\n}\n.:1053 {\n nomad\n}\n",
            "listen.dns",
            &everywhere,
        ),
        (
            ".:1053 {\n bind 0.0.0.0 127.0.0.1 ::1\n nomad\n}\n",
            "listen.dns",
            &["0.0.0.0:1053", "[::1]:1053"],
        ),
        (
            ".:1053 {\n bind :: 127.0.0.1\n nomad\n}\n",
            "listen.dns",
            &["[::]:1053", "127.0.0.1:1053"],
        ),
        (
            ".:1053 {\n nomad\n}\na.example:1054 {\n bind 127.0.0.1\n nomad\n}\n",
            "listen.dns",
            &["0.0.0.0:1053", "[::]:1053", "127.0.0.1:1054"],
        ),
        (
            ".:1053 {\n nomad\n prometheus localhost:9153\n health :9153\n ready 127.0.0.1:8181\n}\n",
            "listen.admin",
            &["0.0.0.0:9153", "[::]:9153", "127.0.0.1:8181"],
        ),
    ] {
        let run = ImportRun::of(corefile);
        assert_eq!(run.texts(key), expected, "{corefile}");
    }
}

#[test]
fn who_restricted_a_block_to_an_address_is_told_that_all_addresses_answer_it() {
    let run = ImportRun::of(".:1053 {\n nomad\n}\na.example:1053 {\n bind 127.0.0.1\n nomad\n}\n");
    let words = "127.0.0.1:1053, since 0.0.0.0:1053 includes it";
    assert_eq!(run.code, 0);
    assert!(
        run.says(&["note: Corefile:5: bind 127.0.0.1: ", words]),
        "{}",
        run.said
    );
    assert!(
        run.config.contains("# Corefile:4: a.example:1053\n"),
        "{}",
        run.config
    );
}
