//! `/metrics` of a whole gateway: both formats, and that nobody outside can make series.

mod core_dns;
mod measured;
mod series;

use std::collections::BTreeMap;

use crate::support::gateway::Gateway;

/// The series of a page, by their names with labels.
pub(crate) type Series = BTreeMap<String, f64>;

/// Reads a page, in which each series is to be there once.
pub(crate) fn series(page: &str) -> Series {
    let mut all = Series::new();
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        let value = value.parse().unwrap_or_else(|_| panic!("{line}"));
        let before = all.insert(name.to_owned(), value);
        assert_eq!(before, None, "{name} is there twice");
    }
    all
}

/// The series of a gateway now, as text 0.0.4.
pub(crate) async fn scrape(gateway: &Gateway) -> Series {
    series(&gateway.page("/metrics").await.1)
}

/// The same by `Accept`.
async fn page_as(gateway: &Gateway, accept: &str) -> String {
    let url = format!("http://{}/metrics", gateway.admin);
    let request = reqwest::Client::new().get(url).header("accept", accept);
    request.send().await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn both_formats_have_the_same_series_each_in_its_own_form() {
    let nomad = crate::support::gateway::cast();
    let gateway = Gateway::start(&nomad.url()).await;
    let text = page_as(&gateway, "text/plain;version=0.0.4").await;
    let open_metrics = page_as(&gateway, "application/openmetrics-text").await;
    assert!(open_metrics.ends_with("\n# EOF\n") && !text.contains("# EOF"));
    assert!(text.contains("\n# TYPE nomadns_nomad_lists_total counter\n"));
    assert!(open_metrics.contains("\n# TYPE nomadns_nomad_lists counter\n"));
    assert!(!text.contains("# UNIT") && !text.contains("e308"), "{text}");
    // Between the two, Nomad and these requests were counted, but no series came.
    let names = |page: &str| {
        series(page)
            .into_keys()
            .map(|it| it.replace(".0\"", "\""))
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&text), names(&open_metrics));
    gateway.end().await;
}
