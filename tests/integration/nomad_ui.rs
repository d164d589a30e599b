//! Links from the page of a service to Nomad's own web UI.

use nomadns::demo::{Registration, SimulatedNomad};
use serde_json::Value;

use crate::support::gateway::{Gateway, cast, until};

const PATH: &str = "service?namespace=default&name=linked";
const ALLOCATION: &str = "0a8f6f2e-2a4e-4f2f-9a44-1f7b0c1d2e3f";
/// A job's name may have all of these; what is behind the last `@` is the namespace.
const JOB: &str = "a/b@c\"><script>";
const JOB_PATH: &str = "/jobs/a%2Fb%40c%22%3E%3Cscript%3E@default";

fn nomad() -> SimulatedNomad {
    let nomad = cast();
    let linked = Registration::new("default", "linked");
    nomad.register([linked.allocation(ALLOCATION).job(JOB)]);
    nomad
}

async fn instance(gateway: &Gateway) -> Value {
    until("the service is there", async || {
        gateway.page(&format!("/api/{PATH}")).await.0 == 200
    })
    .await;
    let (_, text) = gateway.page(&format!("/api/{PATH}")).await;
    serde_json::from_str::<Value>(&text).unwrap()["instances"][0].clone()
}

async fn html(gateway: &Gateway, host: &str) -> String {
    let url = format!("http://{}/{PATH}", gateway.admin);
    let request = reqwest::Client::new().get(url).header("host", host);
    request.send().await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn jobs_and_allocations_lead_to_their_pages_where_nomad_is_asked() {
    let nomad = nomad();
    let gateway = Gateway::start(&nomad.url()).await;
    let instance = instance(&gateway).await;
    let pages = format!("{}/ui", nomad.url());
    let [allocation, job] = [
        format!("{pages}/allocations/{ALLOCATION}"),
        format!("{pages}{JOB_PATH}"),
    ];
    assert_eq!(instance["allocation_url"], allocation);
    assert_eq!(instance["job_url"], job);
    let page = html(&gateway, "localhost").await;
    for url in [allocation, job] {
        let link = format!("<a href=\"{url}\" rel=\"noreferrer\">");
        assert!(page.contains(&link), "{link} in {page}");
    }
    // A browser elsewhere has a loopback of its own.
    let page = html(&gateway, "gw.nomad").await;
    assert!(!page.contains("/ui/"), "{page}");
    assert!(page.contains(ALLOCATION));
}

#[tokio::test]
async fn the_ui_may_be_elsewhere_or_not_be_there_and_a_reload_changes_it() {
    let nomad = nomad();
    let gateway = Gateway::with(&nomad.url(), |settings| {
        settings.nomad.region = Some("global".into());
        settings.nomad_ui = "https://nomad.example:8443/".parse().unwrap();
    });
    let shown = instance(&gateway).await;
    let url = format!("https://nomad.example:8443/ui{JOB_PATH}?region=global");
    assert_eq!(shown["job_url"], url);
    let page = html(&gateway, "gw.nomad").await;
    assert!(page.contains(&format!("<a href=\"{url}\"")), "{page}");

    gateway.reconfigure(|source| source.set("nomad.ui_url", "none", "test"));
    assert_eq!(instance(&gateway).await["job_url"], Value::Null);
    let page = html(&gateway, "localhost").await;
    assert!(!page.contains("nomad.example"), "{page}");
}
