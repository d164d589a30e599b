//! What is odd in Nomad shows on the status page, with an example that stays text, and goes when it is mended.

use nomadns::demo::{Options, Registration, Removal, SimulatedNomad};

use crate::support::gateway::{Gateway, until};

#[tokio::test]
async fn the_status_page_names_what_is_odd_with_an_example_that_stays_text() {
    let nomad = SimulatedNomad::start(Options::default()).unwrap();
    nomad.register([Registration::new("default", "web").address("\u{1b}<script>\"")]);
    let gateway = Gateway::start(&nomad.url()).await;
    let (_, page) = gateway.page("/").await;
    let expected = r"1, such as &quot;\u{1b}&lt;script&gt;\&quot;&quot; in default/web";
    assert!(page.contains(expected), "{page}");
    nomad.remove_service("default", "web", Removal::Planned);
    until("mended", async || {
        !gateway
            .page("/")
            .await
            .1
            .contains("neither an IP address nor a host name")
    })
    .await;
    gateway.end().await;
}
