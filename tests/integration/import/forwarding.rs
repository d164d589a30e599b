//! Names that CoreDNS forwards and nomadns does not, and the other way round: nothing of it goes without a word.

use std::net::IpAddr;

use super::ImportRun;

const ALL: &str = ".:53 {\n forward . 192.0.2.53\n}\n";

fn with_all(block: &str) -> ImportRun {
    ImportRun::of(&format!("{block}{ALL}"))
}

#[test]
fn names_of_a_block_without_forward_are_lost_where_another_block_would_forward_them() {
    for (block, zone) in [
        (
            "internal.example:53 {\n hosts hosts.txt\n}\n",
            "internal.example",
        ),
        (
            "internal.example:53 {\n hosts hosts.txt {\n  fallthrough\n }\n}\n",
            "internal.example",
        ),
        (
            "corp.example:53 {\n forward a.corp.example 192.0.2.10\n}\n",
            "corp.example",
        ),
        (
            "consul:53 {\n template ANY ANY {\n  rcode NXDOMAIN\n }\n}\n",
            "consul",
        ),
        // Only service.nomad is answered from Nomad here.
        ("nomad:53 {\n nomad service.nomad\n}\n", "nomad"),
        (
            "198.18.0.0/15:53 {\n errors\n}\n",
            "18.198.in-addr.arpa, 19.198.in-addr.arpa",
        ),
    ] {
        let run = with_all(block);
        let words =
            format!("what nomadns does not know in {zone} goes to the upstreams of . (Corefile:");
        assert_eq!(run.code, 1, "{block}: {}", run.said);
        assert!(
            run.says(&["lost: Corefile:1: ", &words]),
            "{block}: {}",
            run.said
        );
        assert!(run.config.contains(&words), "{}", run.config);
    }
}

#[test]
fn names_of_a_block_are_not_lost_where_none_of_them_is_forwarded_otherwise() {
    for block in [
        "service.nomad:53 {\n nomad\n}\n",
        "default.service.nomad:53 {\n nomad service.nomad\n}\n",
        "nomad:53 {\n nomad nomad\n}\n",
        "nomad:53 {\n errors\n}\n",
        "internal.example:53 {\n forward . 192.0.2.10\n}\n",
        "internal.example:53 {\n forward internal.example 192.0.2.10\n}\n",
        "printers.local:53 {\n hosts hosts.txt\n}\n",
        "10.0.0.0/24:53 {\n hosts hosts.txt\n}\n",
        "https3://internal.example {\n errors\n}\n",
    ] {
        let run = with_all(block);
        let is_lost = run.says(&["lost", "what nomadns does not know"]);
        assert!(!is_lost, "{block}: {}", run.said);
    }
    let run = ImportRun::of(
        "internal.example:53 {\n hosts hosts.txt\n}\ncorp.example:53 {\n forward . 192.0.2.10\n}\n",
    );
    assert_eq!(run.code, 0, "{}", run.said);
}

#[test]
fn a_special_use_zone_that_is_forwarded_elsewhere_is_lost_where_its_block_does_not_forward() {
    let run =
        ImportRun::of("a.local:53 {\n hosts hosts.txt\n}\nlocal:53 {\n forward . 192.0.2.10\n}\n");
    let words = "in a.local goes to the upstreams of local";
    assert!(run.says(&["lost: Corefile:1: ", words]), "{}", run.said);
}

#[test]
fn a_block_on_another_port_without_forward_is_lost_since_every_listener_forwards() {
    let run = with_all(".:1053 {\n nomad\n}\n");
    let words = "lost: Corefile:1: .:1053: nomadns forwards on all of its listeners";
    assert_eq!(run.code, 1);
    assert!(run.says(&[words, "(Corefile:5)"]), "{}", run.said);
}

#[test]
fn special_use_names_that_are_no_longer_forwarded_are_noted() {
    let words =
        "add a [[forward]] for their zone, such as zone = \"local\" or zone = \"10.in-addr.arpa\"";
    for corefile in [
        ALL,
        ".:53 {\n forward . 192.0.2.53\n}\nlocal:53 {\n forward . 192.0.2.10\n}\n",
        "172.in-addr.arpa:53 {\n forward . 192.0.2.53\n}\n",
    ] {
        let run = ImportRun::of(corefile);
        assert_eq!(run.code, 0, "{}", run.said);
        let place = "note: Corefile:2: forward . 192.0.2.53: ";
        assert!(run.says(&[place, words]), "{}", run.said);
        assert!(run.config.contains(words));
    }
    for corefile in [
        "corp.example:53 {\n forward . 192.0.2.53\n}\n",
        "local:53 {\n forward . 192.0.2.53\n}\n",
        "10.0.0.0/24:53 {\n forward . 192.0.2.53\n}\n",
        ".:53 {\n nomad\n}\n",
    ] {
        let run = ImportRun::of(corefile);
        assert!(
            !run.says(&["[[forward]] for their zone"]),
            "{corefile}: {}",
            run.said
        );
    }
}

fn with_except(zones: &str, others: &str) -> ImportRun {
    ImportRun::of(&format!(
        ".:53 {{\n forward . 192.0.2.53 {{\n  except {zones}\n }}\n}}\n{others}"
    ))
}

#[test]
fn except_needs_nothing_for_zones_that_nomadns_answers_or_another_block_forwards() {
    for (zones, others) in [
        ("service.nomad nomad", ""),
        ("default.service.nomad", ""),
        (
            "cluster.example a.cluster.example",
            "cluster.example:53 {\n nomad cluster.example\n}\n",
        ),
        ("localhost printers.local home.arpa", ""),
        ("10.0.0.0/8 1.168.192.in-addr.arpa", ""),
        (
            "corp.example a.corp.example",
            "corp.example:53 {\n forward . 192.0.2.10\n}\n",
        ),
    ] {
        let run = with_except(zones, others);
        assert_eq!(run.code, 0, "{zones}: {}", run.said);
        let words =
            format!("#   Corefile:3: except {zones}: nomadns does not forward these names so");
        assert!(run.config.contains(&words), "{}", run.config);
    }
}

#[test]
fn except_needs_nothing_for_every_special_use_name_of_the_page() {
    let page = include_str!("../../../docs/local-names.md");
    let rows = page.lines().filter_map(|it| it.strip_prefix("| "));
    let names = rows.filter_map(|row| row.split(" | ").next());
    let names = names.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let zones: Vec<String> = names
        .map(|name| match name.parse() {
            Ok(IpAddr::V4(_)) => format!("{name}/32"),
            Ok(IpAddr::V6(_)) => format!("{name}/128"),
            Err(_) => name.to_owned(),
        })
        .collect();
    assert!(zones.len() > 20, "{zones:?}");
    for zone in zones {
        let run = with_except(&zone, "");
        assert_eq!(run.code, 0, "{zone}: {}", run.said);
    }
}

#[test]
fn except_is_lost_for_zones_that_nomadns_would_forward() {
    let cluster = "cluster.example:53 {\n nomad cluster.example\n}\n";
    for (zones, others, lost) in [
        ("corp.example", "", "corp.example"),
        ("service.nomad corp.example", "", "corp.example"),
        // Not a zone of this Corefile.
        ("service.nomad", cluster, "service.nomad"),
        ("example", cluster, "example"),
        ("198.18.0.0/16", "", "18.198.in-addr.arpa"),
    ] {
        let run = with_except(zones, others);
        let words = format!("forwards all names of a zone, also those of {lost}; ");
        assert_eq!(run.code, 1, "{zones}: {}", run.said);
        assert!(
            run.says(&["lost: Corefile:3: forward except: ", &words]),
            "{}",
            run.said
        );
    }
    let below = "a.example:53 {\n forward . 192.0.2.53 {\n  except example\n }\n}\n";
    let run = ImportRun::of(below);
    let words = "also those of example; ";
    assert!(
        run.says(&["lost: Corefile:3: forward except: ", words]),
        "{}",
        run.said
    );
    let run = with_except("a..b", "");
    assert!(
        run.says(&["lost: Corefile:3: forward except: ", "zones"]),
        "{}",
        run.said
    );
}
