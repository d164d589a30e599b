//! `nomadns keys tsig`: a key that nobody has seen before, as each server takes it.
//!
//! What the servers say of it is the subject of `.ci/tsig`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Config, run};

fn printed(arguments: &[&str]) -> String {
    let (code, out, error) = run(&[&["keys", "tsig"], arguments].concat());
    assert_eq!((code, &*error), (0, ""), "{arguments:?}");
    out
}

/// The text from a heading on, to the next empty line.
fn part<'text>(text: &'text str, heading: &str) -> &'text str {
    let (_, part) = text.split_once(heading).expect("a heading");
    part.split("\n\n").next().unwrap()
}

fn secret(text: &str) -> &str {
    let (_, secret) = text.split_once("\nsecret = \"").unwrap();
    secret.split('"').next().unwrap()
}

#[test]
fn each_key_is_another_one_and_as_long_as_its_algorithm_wants() {
    for (algorithm, octets) in [
        ("hmac-sha256", 32),
        ("hmac-sha384", 48),
        ("HMAC-SHA512", 64),
    ] {
        let [one, other] =
            [(); 2].map(|()| printed(&["transfer.example", "--algorithm", algorithm]));
        assert_ne!(secret(&one), secret(&other));
        assert_eq!(STANDARD.decode(secret(&one)).unwrap().len(), octets);
        // The same for nomadns, NSD, Knot, BIND and PowerDNS.
        assert_eq!(one.matches(secret(&one)).count(), 5, "{one}");
        assert_eq!(one.matches(&algorithm.to_lowercase()).count(), 5, "{one}");
    }
    assert_eq!(STANDARD.decode(secret(&printed(&["a"]))).unwrap().len(), 32);
}

#[test]
fn nomadns_takes_what_is_printed_for_it_and_shows_no_secret() {
    let text = printed(&["Transfer.Example."]);
    let secret = secret(&text);
    // What is left of the heading is a comment.
    let config = Config::new(&format!("# {}", part(&text, "\n# nomadns: ")));
    let (code, out, error) = run(&["check", "--config", &config.path()]);
    assert_eq!((code, &*error), (0, ""), "{out}");
    assert!(
        out.contains("secret_file") && !out.contains(secret),
        "{out}"
    );
    let (code, out, _) = run(&["config", "show", "--changed", "--config", &config.path()]);
    assert!(code == 0 && out.contains("(secret)"), "{out}");
    assert!(
        out.contains("transfer.example") && !out.contains(secret),
        "{out}"
    );
}

#[test]
fn a_wrong_name_or_algorithm_is_an_error_that_says_what_would_be_right() {
    for (arguments, part) in [
        (&["a b"][..], "use one such as transfer.example"),
        (&["."], "is the root"),
        (&["a", "--algorithm", "md5"], "use hmac-sha256"),
        (&["a", "--algorithm", "hmac-sha3"], "is none of hmac-sha256"),
    ] {
        let (code, out, error) = run(&[&["keys", "tsig"], arguments].concat());
        assert_eq!((code, &*out), (2, ""), "{error}");
        assert!(
            error.contains(part) && error.lines().count() == 1,
            "{error}"
        );
    }
}
