//! `hosts` and `cache` with zones of their own: what CoreDNS does in some zones only, and nomadns in all.

use super::ImportRun;

const FORWARD: &str = " forward . 192.0.2.53\n}\n";

fn with_plugin(key: &str, plugin: &str) -> ImportRun {
    ImportRun::of(&format!("{key}:53 {{\n {plugin}\n{FORWARD}"))
}

#[test]
fn a_file_of_hosts_for_some_zones_is_lost_since_all_of_its_names_are_answered() {
    let run = with_plugin(".", "hosts hosts.txt corp.example {\n  fallthrough\n }");
    assert_eq!(run.code, 1);
    let place = "lost: Corefile:2: hosts hosts.txt corp.example: ";
    let words = "CoreDNS answers only names in corp.example from this file";
    assert!(run.says(&[place, words]), "{}", run.said);
    assert!(run.config.contains("hosts_file = \"hosts.txt\""));
}

#[test]
fn a_file_of_hosts_in_a_block_of_some_zones_is_noted() {
    for zone in ["", "example"] {
        let plugin = format!("hosts hosts.txt {zone} {{\n  fallthrough\n }}");
        let run = with_plugin("corp.example", &plugin);
        assert_eq!(run.code, 0, "{}", run.said);
        let place = "note: Corefile:2: hosts hosts.txt";
        assert!(run.says(&[place, "only names in"]), "{}", run.said);
    }
    for zone in ["", "."] {
        let run = with_plugin(
            ".",
            &format!("hosts hosts.txt {zone} {{\n  fallthrough\n }}"),
        );
        assert!(
            run.code == 0 && !run.says(&["only names in"]),
            "{}",
            run.said
        );
    }
}

#[test]
fn names_in_the_corefile_outside_the_zones_of_hosts_are_left_out_as_coredns_does() {
    let names = "{\n  10.0.0.5 db.corp.example db.other.example\n  fallthrough\n }";
    for (key, hosts) in [
        ("corp.example", "hosts hosts.txt"),
        (".", "hosts hosts.txt corp.example"),
    ] {
        let run = with_plugin(key, &format!("{hosts} {names}"));
        let hosts = run.value("hosts").unwrap();
        let hosts = hosts.as_array().unwrap().iter();
        let names: Vec<&str> = hosts.filter_map(|it| it["name"].as_str()).collect();
        assert_eq!(names, ["db.corp.example"]);
        let place = "note: Corefile:3: 10.0.0.5 db.corp.example db.other.example: ";
        assert!(
            run.says(&[place, "db.other.example is left out"]),
            "{}",
            run.said
        );
    }
}

#[test]
fn names_that_hosts_keeps_from_forward_are_lost() {
    let words =
        "CoreDNS answers SERVFAIL for all names in corp.example that are not among the hosts";
    for plugin in [
        "hosts hosts.txt corp.example",
        "hosts hosts.txt corp.example b.example {\n  fallthrough b.example\n }",
    ] {
        let run = with_plugin(".", plugin);
        let place = "lost: Corefile:2: hosts hosts.txt corp.example";
        assert!(run.says(&[place, words]), "{}", run.said);
    }
    // There `forward` would never be asked, which nobody can mean.
    let whole = with_plugin("corp.example", "hosts hosts.txt");
    assert!(
        whole.code == 0 && whole.says(&["note: Corefile:2: ", words]),
        "{}",
        whole.said
    );
    let passed = with_plugin(
        ".",
        "hosts hosts.txt corp.example {\n  fallthrough example\n }",
    );
    assert!(!passed.says(&["without `fallthrough`"]), "{}", passed.said);
}

#[test]
fn a_cache_for_some_zones_is_lost_since_there_is_one_for_all() {
    for cache in [
        "cache 30 example.org",
        "cache example.org",
        "cache 30 example.org a.example",
    ] {
        let run = with_plugin(".", cache);
        assert_eq!(run.code, 1, "{cache}");
        let words = "CoreDNS caches only the names in example.org";
        assert!(
            run.says(&["lost: Corefile:2: ", cache, words]),
            "{}",
            run.said
        );
    }
    for (key, cache) in [
        (".", "cache 30"),
        (".", "cache 30 ."),
        ("a.example.org", "cache 30 example.org"),
    ] {
        let run = with_plugin(key, cache);
        assert_eq!(run.code, 0, "{cache}: {}", run.said);
        assert_eq!(run.value("forwarding.most_ttl_seconds"), Some(30.into()));
    }
}

#[test]
fn success_and_denial_win_over_the_ttl_of_cache() {
    for (cache, positive, negative) in [
        ("cache 30", Some(30), Some(30)),
        ("cache 30 {\n  success 9984 3600\n }", Some(3600), Some(30)),
        ("cache 30 {\n  denial 9984 5\n }", Some(30), Some(5)),
        ("cache 30 {\n  success 9984\n }", Some(30), Some(30)),
        ("cache {\n  success 9984 60\n }", Some(60), None),
        (
            "cache 300 {\n  success 9984 60\n  denial 9984 600\n }",
            Some(60),
            Some(600),
        ),
    ] {
        let run = with_plugin(".", cache);
        let seconds = |key| run.value(key).and_then(|it| it.as_integer());
        assert_eq!(run.code, 0, "{cache}: {}", run.said);
        assert!(!run.says(&["the lowest is used"]), "{cache}: {}", run.said);
        assert_eq!(seconds("forwarding.most_ttl_seconds"), positive, "{cache}");
        assert_eq!(
            seconds("forwarding.most_negative_ttl_seconds"),
            negative,
            "{cache}"
        );
    }
}

#[test]
fn of_the_ttls_of_two_blocks_the_lowest_is_used() {
    let first = format!("corp.example:53 {{\n cache 30 {{\n  success 9984 600\n }}\n{FORWARD}");
    let run = ImportRun::of(&format!("{first}.:53 {{\n cache 60\n{FORWARD}"));
    assert_eq!(run.value("forwarding.most_ttl_seconds"), Some(60.into()));
    assert_eq!(
        run.value("forwarding.most_negative_ttl_seconds"),
        Some(30.into())
    );
    assert!(
        run.says(&["note: ", "the lowest is used, 60"]),
        "{}",
        run.said
    );
}
