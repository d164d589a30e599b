//! `[[transfer.keys]]`: what is a key, and when it is used.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nomadns::config::{Settings, Source, to_toml};
use nomadns::dns::tsig::{Algorithm, ClientTransaction, Key, TsigError};
use tempfile::TempDir;
use toml::{Table, Value};

use crate::support::gateway::{Gateway, cast};
use crate::support::sockets::Sockets;

const NAME: &str = "transfer.example";
/// A secret that is seen wherever it is shown.
const SECRET: &str = "Q0FOQVJZLUNBTkFSWS1DQU5BUlktQ0FOQVJZLUNBTkE=";
/// `nomad. SOA`.
const SOA: &[u8] = b"\x12\x34\0\0\0\x01\0\0\0\0\0\0\x05nomad\0\0\x06\0\x01";

fn read(text: &str) -> Result<Source, String> {
    let octets = text.as_bytes().to_vec();
    Source::from_octets(Path::new("nomadns.toml"), octets).map_err(|error| error.to_string())
}

fn check(text: &str) -> Result<Settings, String> {
    Settings::check(&read(text)?).map_err(|error| error.to_string())
}

fn section(keys: &str) -> String {
    format!("[[transfer.keys]]\n{keys}\n")
}

/// Configurations with a mistake, each with a part of what is to be said.
#[rustfmt::skip]
fn mistakes() -> [(String, &'static str); 18] {
    let secret = format!("secret = \"{SECRET}\"");
    let named = |keys: &str| section(&format!("name = \"{NAME}\"\n{keys}"));
    let of_algorithm = |algorithm: &str| named(&format!("algorithm = \"{algorithm}\"\n{secret}"));
    [
        (section(&secret), "section 1 lacks `name`"),
        (named(""), "has neither secret_file nor secret"),
        (named(&format!("{secret}\nsecret_file = \"/x\"")), "keep one of the two"),
        (named(&format!("secrt = \"{SECRET}\"")), "did you mean `secret`?"),
        (section(&format!("name = \"a..b\"\n{secret}")), "empty label"),
        (section(&format!("name = \".\"\n{secret}")), "is the root"),
        (of_algorithm("hmac-md5"), "too weak to be used here; use hmac-sha256"),
        (of_algorithm("hmac-sha1"), "too weak"),
        (of_algorithm("hmac-sha265"), "did you mean hmac-sha256?"),
        (of_algorithm("x"), "is none of hmac-sha256"),
        (named("secret = \"CANARY!\""), "is not base 64"),
        (named("secret = \"Q0FOQVJZ\""), "has 6 octets; hmac-sha256 needs at least 16, better 32"),
        (named("secret_file = \"/no/such/file\""), "cannot be read"),
        (named(&format!("secret_file = \"{SECRET}\"")), "cannot be read"),
        (named(&secret) + &section(&format!("name = \"TRANSFER.example.\"\n{secret}")), "two keys have the name"),
        (format!("transfer.keys = \"{SECRET}\""), "a [[transfer.keys]] section for each key"),
        (format!("transfer.keys = [\"{SECRET}\"]"), "wrong type"),
        ("[transfer]\ncheck_seconds = 86401".to_owned(), "[0, 86400]"),
    ]
}

#[test]
fn a_mistake_in_a_key_says_what_would_be_right_and_shows_no_secret() {
    for (keys, part) in mistakes() {
        let error = check(&keys).unwrap_err();
        assert!(
            error.contains("transfer") && error.contains(part),
            "{keys}: {error}"
        );
        for hidden in [SECRET, "CANARY", "Q0FOQVJZ"] {
            assert!(!error.contains(hidden), "{error}");
        }
    }
}

#[test]
fn a_secret_in_the_configuration_or_a_short_one_is_warned_about() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("key");
    fs::write(&file, format!("{SECRET}\n")).unwrap();
    let warned = |keys: &str, part: &str| {
        let settings = check(&section(&format!("name = \"{NAME}\"\n{keys}"))).unwrap();
        let warnings: Vec<String> = settings.warnings.iter().map(ToString::to_string).collect();
        let all = warnings.join("\n");
        assert!(!all.contains(SECRET), "{all}");
        all.lines()
            .any(|it| it.starts_with("transfer.keys: ") && it.contains(part))
    };
    assert!(warned(
        &format!("secret = \"{SECRET}\""),
        "name one in secret_file"
    ));
    assert!(!warned(&format!("secret_file = {file:?}"), "secret"));
    let long = format!("secret_file = {file:?}\nalgorithm = \"hmac-sha512\"");
    assert!(warned(&long, "has 32 octets; hmac-sha512 should have 64"));
}

#[test]
fn the_secret_is_shown_in_no_form_of_the_settings() {
    let text = section(&format!("name = \"{NAME}\"\nsecret = \"{SECRET}\""));
    let settings = check(&text).unwrap();
    let shown = to_toml(&settings.values);
    assert!(
        shown.contains("[[transfer.keys]]") && shown.contains(NAME),
        "{shown}"
    );
    assert!(shown.contains("\n# secret = \"(secret)\"\n"), "{shown}");
    let everything = format!(
        "{shown}{settings:?}{}",
        nomadns::config::to_json(&settings.values).unwrap()
    );
    let octets = format!("{:?}", STANDARD.decode(SECRET).unwrap());
    for hidden in [SECRET, "CANARY", octets.trim_matches(['[', ']'])] {
        assert!(!everything.contains(hidden), "{everything}");
    }
}

/// What a gateway says of a query that is signed with this secret; none when the answer has a good signature.
async fn refused(gateway: &Gateway, secret: &[u8]) -> Option<TsigError> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let key = Key::new(&NAME.parse().unwrap(), Algorithm::HmacSha256, secret).unwrap();
    let mut query = SOA.to_vec();
    let client = ClientTransaction::sign(Arc::new(key), &mut query, now);
    let answers = Sockets::of(gateway).ask(&query).await;
    let said = answers.map(|(_, answer)| client.clone().verify(&mut answer.unwrap(), now).err());
    assert!(said.iter().all(|it| *it == said[0]), "{said:?}");
    said[0]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_used_after_a_reload_and_no_more_once_it_is_gone() {
    let nomad = cast();
    let gateway = Gateway::start(&nomad.url()).await;
    let secret = STANDARD.decode(SECRET).unwrap();
    assert_eq!(
        refused(&gateway, &secret).await,
        Some(TsigError::ServerBadKey)
    );
    gateway.reconfigure(|source| {
        let keys = [("name", NAME), ("secret", SECRET)];
        let keys = keys.map(|(key, value)| (key.to_owned(), Value::from(value)));
        source.set("transfer.keys", vec![Table::from_iter(keys)], "test");
    });
    assert_eq!(refused(&gateway, &secret).await, None);
    gateway.reconfigure(|source| source.remove("transfer.keys"));
    assert_eq!(
        refused(&gateway, &secret).await,
        Some(TsigError::ServerBadKey)
    );
    gateway.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_file_of_a_secret_is_read_again_and_one_that_cannot_be_used_changes_nothing() {
    let (nomad, folder) = (cast(), TempDir::new().unwrap());
    let file = folder.path().join("key");
    let write = |text: &str| fs::write(&file, text).unwrap();
    let [old, new] = [[1; 32], [2; 32]];
    write(&STANDARD.encode(old));
    let checked = check(&section(&format!(
        "name = \"{NAME}\"\nsecret_file = {file:?}"
    )))
    .unwrap();
    let gateway = Gateway::with(&nomad.url(), |settings| {
        settings.server.keys = checked.server.keys;
        settings.tsig_keys = checked.tsig_keys;
    });
    gateway.until_ready().await;
    assert_eq!(refused(&gateway, &old).await, None);
    write(&STANDARD.encode(new));
    gateway.read_again();
    assert_eq!(refused(&gateway, &new).await, None);
    assert_eq!(refused(&gateway, &old).await, Some(TsigError::ServerBadSig));
    for text in ["", "no base 64!", &STANDARD.encode([3; 15])] {
        write(text);
        gateway.read_again();
        assert_eq!(refused(&gateway, &new).await, None, "{text:?}");
    }
    fs::remove_file(&file).unwrap();
    gateway.read_again();
    assert_eq!(refused(&gateway, &new).await, None);
    gateway.end().await;
}
