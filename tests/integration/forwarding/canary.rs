//! `use-application-dns.net`, by which Firefox asks whether it may use a resolver of its own.

use nomadns::answers::ApplicationDns;
use nomadns::config::{Settings, Source};

use super::AllForwarded;

const NAME: &str = "use-application-dns.net";
const NXDOMAIN: u16 = 3;

#[tokio::test]
async fn the_canary_of_firefox_is_denied_where_that_is_configured_and_else_forwarded() {
    let mut all = AllForwarded::start().await;
    assert_eq!(all.ask(NAME, "A").await.data().len(), 1);
    assert_eq!(all.forwarded(), [NAME]);
    all.end().await;

    let denying = ApplicationDns::Denied;
    let mut all = AllForwarded::with(|it, _| it.application_dns = denying).await;
    for record_type in ["A", "AAAA", "SOA", "DS"] {
        all.assert_denied(NAME, record_type, NXDOMAIN, NAME).await;
    }
    all.assert_denied("www.use-application-dns.net", "A", NXDOMAIN, NAME)
        .await;
    assert!(all.forwarded().is_empty(), "{:?}", all.forwarded());
    assert_eq!(all.ask("application-dns.net", "A").await.data().len(), 1);
    all.end().await;
}

#[test]
fn what_is_made_of_the_canary_is_checked() {
    let check = |value: &str| {
        let text = format!("[forwarding]\napplication_dns = {value:?}\n");
        let path = std::path::Path::new("nomadns.toml");
        let source = Source::from_octets(path, text.into_bytes());
        let checked = source.and_then(|source| Settings::check(&source));
        checked
            .map(|it| it.application_dns)
            .map_err(|it| it.to_string())
    };
    assert_eq!(check("forward"), Ok(ApplicationDns::Forwarded));
    assert_eq!(check("nxdomain"), Ok(ApplicationDns::Denied));
    let error = check("deny").unwrap_err();
    assert!(
        error.contains("forwarding.application_dns") && error.contains("forward, nxdomain"),
        "{error}"
    );
}
