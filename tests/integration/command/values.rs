//! Values that have the right type and make no sense are named with what would.

use super::mistakes::{assert_says, mistake};

#[test]
fn namespaces_and_zones_are_named_one_by_one() {
    for (name, part) in [
        ("prod-*", "\"*\" stands for all namespaces"),
        ("", "1 to 128 letters, digits and hyphens"),
        ("a_b", "\"a_b\" is not a namespace name"),
        ("*\", \"prod", "must be the only entry"),
        ("prod\", \"prod", "names \"prod\" twice"),
    ] {
        let config = format!("[nomad]\nnamespaces = [\"{name}\"]");
        assert_says(&config, &[": nomad.namespaces = ", part]);
    }
    for zone in ["http://nomad", "nomad:53", "127.0.0.1", "a b"] {
        assert_says(
            &format!("zones = [{zone:?}]"),
            &[": zones = ", "is not a zone: a domain name of"],
        );
    }
    assert_says("zones = [\"*.nomad\"]", &[": zones = ", "write it without"]);
    assert_says(
        "[nomad]\nexclude_tags = [\"\"]",
        &[": nomad.exclude_tags = ", "an empty tag"],
    );
}

#[test]
fn what_is_listened_on_is_something_and_nothing_twice() {
    let none = "[listen]\ndns = []\ntls = []\nhttps = []\nhttp = []\nadmin = []";
    assert_says(none, &[": listen: ", "nothing would be listened on"]);
    let twice = "[listen]\nhttp = [\"127.0.0.1:80\"]\nadmin = [\"127.0.0.1:80\"]";
    assert_says(twice, &[": listen.admin = ", "which listen.http has too"]);
}

#[test]
fn secrets_of_cookies_are_told_how_they_are_made_and_which_is_wrong() {
    for (secrets, part) in [
        ("[\"abc\"]", "number 1 has 3 characters"),
        (
            "[\"000102030405060708090a0b0c0d0e0f\", \"+00102030405060708090a0b0c0d0e0f\"]",
            "number 2",
        ),
    ] {
        let config = format!("cookie_secrets = {secrets}");
        assert_says(
            &config,
            &[
                ": cookie_secrets: ",
                "32 hex digits",
                "openssl rand -hex 16",
                part,
            ],
        );
    }
    let line = mistake("cookie_secrets = \"abc\"");
    assert!(
        line.contains("expected a list of strings, such as"),
        "{line}"
    );
}
