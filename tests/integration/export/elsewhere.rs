//! What an export has for the servers that load it: CNAMEs as each name has them, and what large sets are in need of.

use nomadns::demo::Registration;

use super::{cluster, exported, owners};

fn at(service: &str, host: &str) -> Registration {
    Registration::new("default", service).address(host)
}

#[tokio::test]
async fn each_name_has_its_own_records_and_not_those_that_its_cname_leads_to() {
    let nomad = cluster([
        at("target", "10.0.0.1"),
        at("alias", "target.default.nomad"),
        at("second", "alias.default.nomad"),
        at("nowhere", "nobody.default.nomad"),
        at("apex", "nomad"),
    ]);
    let lines = exported(&nomad, &["nomad"], "nomad").await;
    let of = |name: &str| -> Vec<&str> {
        let lines = lines.iter().filter(|line| line.starts_with(name));
        lines
            .filter_map(|line| line.split_once("\tIN\t").map(|it| it.1))
            .collect()
    };
    assert_eq!(of("alias.default.nomad."), ["CNAME\ttarget.default.nomad."]);
    assert_eq!(of("second.default.nomad."), ["CNAME\talias.default.nomad."]);
    assert_eq!(
        of("nowhere.default.nomad."),
        ["CNAME\tnobody.default.nomad."]
    );
    assert_eq!(of("apex.default.nomad."), ["CNAME\tnomad."]);
    let addresses = owners(&lines, "A");
    let target = addresses
        .iter()
        .filter(|owner| **owner == "target.default.nomad.");
    assert_eq!(target.count(), 1);
    // As comments too: nothing that is another name's.
    assert!(
        !lines.iter().any(|line| line.starts_with("; target.")),
        "{lines:?}"
    );
}

#[tokio::test]
async fn a_loop_is_written_without_its_cnames_and_what_leads_there_with_its_own() {
    let nomad = cluster([
        at("myself", "myself.default.nomad"),
        at("a", "b.default.nomad"),
        at("b", "A.default.nomad"),
        at("to-a", "a.default.nomad"),
    ]);
    let lines = exported(&nomad, &["nomad"], "nomad").await;
    assert_eq!(
        owners(&lines, "CNAME"),
        [
            // Other names of the same services, which lead there.
            "a.default.dc1.dc.nomad.",
            "b.default.dc1.dc.nomad.",
            "myself.default.dc1.dc.nomad.",
            "to-a.default.nomad.",
            "to-a.default.dc1.dc.nomad.",
        ]
    );
    // What else they have stands there, and not as a comment.
    assert!(
        owners(&lines, "SRV").contains(&"a.default.nomad."),
        "{lines:?}"
    );
}

#[tokio::test]
async fn what_a_set_of_more_than_100_records_needs_elsewhere_is_told_in_the_header() {
    for (count, is_noted) in [(100_u8, false), (101, true)] {
        let nomad = cluster([]);
        nomad.register((0..count).map(|last| at("large", &format!("10.1.0.{last}"))));
        let lines = exported(&nomad, &["nomad"], "nomad").await;
        let header: Vec<&str> = lines
            .iter()
            .map(String::as_str)
            .take_while(|line| line.starts_with(';'))
            .collect();
        let text = header.join("\n");
        assert_eq!(text.contains("max-records-per-type 0"), is_noted, "{text}");
        assert_eq!(text.contains("max-rrset-size"), is_noted, "{text}");
        assert_eq!(
            text.contains("large.default.nomad. has 101 records"),
            is_noted
        );
        assert_eq!(lines[header.len()], "$ORIGIN nomad.");
    }
}
