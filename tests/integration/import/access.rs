//! What `acl` becomes: one list of those who may ask, and a word for each rule that it cannot have.

use super::ImportRun;

fn with_rules(rules: &str) -> ImportRun {
    ImportRun::of(&format!(".:1053 {{\n acl {{\n{rules} }}\n nomad\n}}\n"))
}

#[test]
fn only_a_star_stands_for_all_types_and_any_is_a_type_like_others() {
    for types in ["type *", "type A *", "type ANY *", ""] {
        let run = with_rules(&format!("  allow {types} net 10.0.0.0/8\n  block\n"));
        assert_eq!(run.texts("clients.allow"), ["10.0.0.0/8"], "{types}");
        assert_eq!(run.code, 0, "{types}: {}", run.said);
    }
    for types in ["type ANY", "type any", "type A AAAA"] {
        let run = with_rules(&format!(
            "  block {types} net 10.0.0.0/8\n  allow net 10.0.0.0/8\n  block\n"
        ));
        let words = "not types of records; the rule is left out";
        assert!(
            run.says(&["lost: Corefile:3: acl block: ", words]),
            "{types}: {}",
            run.said
        );
        assert_eq!(run.texts("clients.allow"), ["10.0.0.0/8"], "{types}");
        assert_eq!(run.code, 1, "{types}");
    }
}

/// Two blocks, each with its `acl`.
fn two(first: &str, second: &str) -> ImportRun {
    ImportRun::of(&format!(
        "a.example:1053 {{\n {first}\n nomad a.example\n}}\nb.example:1053 {{\n {second}\n nomad b.example\n}}\n"
    ))
}

const DIFFER: [&str; 2] = ["lost: Corefile:", "clients.allow is one list for all zones"];

#[test]
fn rules_of_two_blocks_are_compared_to_their_ends() {
    let networks: Vec<String> = (0..60).map(|it| format!("10.{it}.0.0/24")).collect();
    let rules = |last: &str| {
        let networks = networks.join(" ");
        format!("acl {{\n  allow net {networks} {last}\n  block\n }}")
    };
    let run = two(&rules("10.99.0.0/24"), &rules("10.99.0.0/24"));
    assert_eq!(run.code, 0, "{}", run.said);
    let run = two(&rules("10.99.0.0/24"), &rules("10.98.0.0/24"));
    assert!(run.code == 1 && run.says(&DIFFER), "{}", run.said);
}

#[test]
fn the_zones_of_rules_are_compared_as_the_rules_are() {
    let rules = "{\n  allow net 10.0.0.0/8\n  block\n }";
    // All zones of a block, or none named, are the same.
    let run = two(&format!("acl a.example {rules}"), &format!("acl {rules}"));
    assert_eq!(run.code, 0, "{}", run.said);
    let run = two(
        &format!("acl {rules}"),
        &format!("acl www.b.example {rules}"),
    );
    assert!(run.code == 1 && run.says(&DIFFER), "{}", run.said);
}
