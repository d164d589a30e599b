//! What cannot be read: the place, what was read, and what was expected.

use super::{nomadns, text};

/// What `import` says of a Corefile that it cannot read.
fn mistake(corefile: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("Corefile"), corefile).unwrap();
    let output = nomadns(folder.path(), &["import", "Corefile"]);
    assert_eq!(output.status.code(), Some(2), "{corefile:?}: {output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    text(&output.stderr)
}

#[test]
fn a_mistake_names_its_file_and_line_and_what_was_expected() {
    for (corefile, place, expected) in [
        (".:53 {\n  errors\n", "Corefile:2", "expected `}`"),
        ("{\n}\n", "Corefile:1", "expected the key of a server block"),
        (".:53 {\n}\n}\n", "Corefile:3", "a closing brace too many"),
        (".:53, {\n}\n", "Corefile:1", "expected another key"),
        (
            ".:99999 {\n}\n",
            "Corefile:1",
            "has no port behind its colon",
        ),
        (
            ".:53 {\n import\n}\n",
            "Corefile:2",
            "`import` has no argument",
        ),
        (
            ".:53 {\n import a b\n}\n",
            "Corefile:2",
            "`import` takes one argument",
        ),
        (
            ".:53 {\n import missing.conf\n}\n",
            "Corefile:2",
            "cannot be read",
        ),
        (
            ".:53 {\n nomad {\n  ttl 4000\n }\n}\n",
            "Corefile:3",
            "range [0, 3600]",
        ),
        (
            ".:53 {\n nomad {\n  colour red\n }\n}\n",
            "Corefile:3",
            "address, token, ttl or filter",
        ),
        (
            ".:53 {\n forward .\n}\n",
            "Corefile:2",
            "expected an upstream",
        ),
        (
            ".:53 {\n log . {\n  class most\n }\n}\n",
            "Corefile:3",
            "success, denial, error or all",
        ),
        (".:53 {\n dnstap\n}\n", "Corefile:2", "expected a socket"),
        (".:53 {\n errors \"x\n}\n", "Corefile:2", "is not closed"),
        ("(a) {\n}\n(a) {\n}\n", "Corefile:3", "is there twice"),
    ] {
        let said = mistake(corefile);
        assert!(
            said.starts_with(&format!("nomadns: {place}: ")),
            "{corefile:?}: {said}"
        );
        assert!(said.contains(expected), "{corefile:?}: {said}");
    }
}

#[test]
fn a_ring_of_imports_ends_with_an_error() {
    let said = mistake("(a) {\n import b\n}\n(b) {\n import a\n}\n.:53 {\n import a\n}\n");
    assert!(
        said.contains("does a import itself?") || said.contains("does b import itself?"),
        "{said}"
    );
    let said = mistake("import Corefile\n");
    assert!(said.contains("import itself?"), "{said}");
}

#[test]
fn forward_beside_nomad_is_told_since_coredns_never_asks_nomad_there() {
    let folder = tempfile::tempdir().unwrap();
    let corefile = ".:1053 {\n nomad\n forward . 192.0.2.1\n}\n";
    std::fs::write(folder.path().join("Corefile"), corefile).unwrap();
    let output = nomadns(folder.path(), &["import", "Corefile"]);
    assert!(output.status.success());
    let said = text(&output.stderr);
    assert!(
        said.contains(
            "Corefile:2: nomad: `forward` in the same block (Corefile:3) comes before `nomad`"
        ),
        "{said}"
    );
}

#[test]
fn what_is_lost_is_named_without_its_arguments() {
    let folder = tempfile::tempdir().unwrap();
    let corefile =
        ".:1053 {\n nomad\n route53 a.example.:ZONE {\n  aws_access_key ID 5ecret\n }\n}\n";
    std::fs::write(folder.path().join("Corefile"), corefile).unwrap();
    let output = nomadns(folder.path(), &["import", "Corefile"]);
    assert_eq!(output.status.code(), Some(1));
    let (said, config) = (text(&output.stderr), text(&output.stdout));
    assert!(said.contains("lost: Corefile:3: route53: "), "{said}");
    assert!(
        !said.contains("5ecret") && !config.contains("5ecret"),
        "{said}{config}"
    );
}

#[test]
fn a_plugin_that_is_to_be_configured_by_hand_is_lost_with_the_settings_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let corefile = "nomad:1053 {\n nomad nomad\n transfer {\n  to 192.0.2.53\n }\n tsig {\n  secret a.example. 5ecret\n }\n}\n";
    std::fs::write(folder.path().join("Corefile"), corefile).unwrap();
    let output = nomadns(folder.path(), &["import", "Corefile"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(!said.contains("5ecret"), "{said}");
    for (plugin, settings) in [
        (
            "3: transfer",
            &["transfer.allow", "[[transfer.notify]]", "docs/transfer.md"][..],
        ),
        ("6: tsig", &["[[transfer.keys]]", "docs/tsig.md"]),
    ] {
        let start = format!("lost: Corefile:{plugin}: ");
        let line = said.lines().find(|it| it.contains(&start));
        let line = line.unwrap_or_else(|| panic!("{said}"));
        assert!(settings.iter().all(|it| line.contains(it)), "{line}");
    }
}
