//! RFC 8375: `home.arpa` is answered here, but for what its parent says of it.

use crate::forwarding::AllForwarded;

const NXDOMAIN: u16 = 3;

#[tokio::test]
async fn home_arpa_is_not_forwarded_but_for_its_ds_which_is_its_parents() {
    let mut all = AllForwarded::start().await;
    all.assert_denied("printer.home.arpa", "A", NXDOMAIN, "home.arpa")
        .await;
    all.assert_denied("home.arpa", "A", 0, "home.arpa").await;
    assert_eq!(all.ask("home.arpa", "NS").await.data(), ["home.arpa."]);
    all.assert_denied("printer.home.arpa", "DS", NXDOMAIN, "home.arpa")
        .await;
    assert!(all.forwarded().is_empty(), "{:?}", all.forwarded());
    all.ask("home.arpa", "DS").await;
    assert_eq!(all.forwarded(), ["home.arpa"]);
    all.end().await;
}
