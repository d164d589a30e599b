//! Instances that are left out by their tags, or by Nomad's own filter.

use nomadns::app::StartError;
use nomadns::demo::Removal;
use nomadns::nomad::Client;

use super::*;

#[tokio::test]
async fn canaries_are_left_out_when_their_tag_is_excluded_and_come_with_their_promotion() {
    let nomad = nomad();
    let web = register(&nomad, "web", 2);
    let canary = Registration::new("default", "web")
        .address("10.0.0.9")
        .tags(["canary", "green"]);
    nomad.register([canary.clone()]);
    let with_all = gateway(&nomad, HealthPolicy::Failing).await;
    let gateway = Gateway::with(&nomad.url(), |settings| {
        settings.sync.exclude_tags = vec!["canary".into(), "blocked".into()];
    });
    gateway.until_ready().await;
    assert_eq!(asked(&with_all, "web").await, ["1", "2", "9"]);
    assert_eq!(asked(&gateway, "web").await, ["1", "2"]);
    assert_eq!(asked(&gateway, "green.web").await, [""; 0]);
    nomad.register([canary.tags(["green"])]);
    until_asked(&gateway, "web", &["1", "2", "9"]).await;
    // A service of which all are excluded is not there.
    nomad.register(web.into_iter().map(|each| each.tags(["blocked"])));
    nomad.remove_service("default", "none", Removal::Planned);
    until_asked(&gateway, "web", &["9"]).await;
    with_all.end().await;
    gateway.end().await;
}

async fn try_filter(settings: &Settings) -> Result<(), StartError> {
    let client = Client::new(settings.nomad.clone()).unwrap();
    nomadns::app::try_filter(&client, &settings.sync).await
}

#[tokio::test]
async fn a_filter_that_nomad_does_not_understand_is_an_error_at_the_start_with_its_words() {
    let nomad = nomad();
    for service in [None, Some("redis")] {
        service.map(|service| register(&nomad, service, 1));
        let mut wrong = vec!["Tags contians \"x\""];
        // The names of fields are looked at only where there is something to filter.
        wrong.extend(service.map(|_| "Nonsense == 1"));
        for expression in wrong {
            let settings = settings(&nomad.url(), expression);
            let error = try_filter(&settings).await.unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("nomad.filter = {expression:?}: ")),
                "{error}"
            );
            assert!(
                error.contains("expected: ") || error.contains("Nonsense"),
                "{error}"
            );
        }
        let settings = settings(&nomad.url(), "Tags not contains \"canary\"");
        try_filter(&settings).await.unwrap();
    }
}

#[tokio::test]
async fn a_filter_is_checked_at_first_contact_when_nomad_is_away_at_the_start() {
    let nomad = nomad();
    register(&nomad, "redis", 1);
    nomad.vanish().await;
    let expression = "Tags contians \"x\"";
    try_filter(&settings(&nomad.url(), expression))
        .await
        .unwrap();
    let gateway = Gateway::with(&nomad.url(), |settings| {
        settings.sync.filter = expression.into();
    });
    gateway.until_errors("unreachable", 1.0).await;
    nomad.come_back().unwrap();
    until("the reason", async || {
        let (status, text) = gateway.page("/readyz").await;
        status == 503 && text.contains("filter not understood")
    })
    .await;
    assert!(gateway.page("/").await.1.contains("filter not understood"));
    gateway.end().await;
}

fn settings(url: &str, filter: &str) -> Settings {
    let mut source = nomadns::config::Source::default();
    source.set("nomad.addresses", vec![url.to_owned()], "test");
    source.set("nomad.filter", filter.to_owned(), "test");
    Settings::check(&source).unwrap()
}
