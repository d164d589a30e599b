//! The status page: escaping, its policy, its JSON, search and paging; by itself and before a simulated Nomad.

use nomadns::config::{Settings, Source};
use nomadns::listeners::admin::ReadinessReport;
use serde_json::Value;

use crate::page_stub::HOSTILE;
use crate::support::gateway::{Gateway, cast, until};
use crate::web::{Web, header, problem};

const PAGES: [&str; 4] = [
    "/?q=%3Cscript%3E",
    "/service?name=%3Cscript%3E",
    "/lookup?name=a.nomad&type=A",
    "/config",
];

fn web() -> Web {
    Web::admin(ReadinessReport::Ready("ready".to_owned()))
}

async fn json(gateway: &Gateway, path: &str) -> Value {
    serde_json::from_str(&gateway.page(path).await.1).unwrap()
}

#[tokio::test]
async fn names_stay_text_and_nothing_hides() {
    let web = web();
    for path in PAGES {
        let page = web.get(path).await.text().await.unwrap();
        assert!(!page.contains("<script>"), "{path}");
        assert!(page.contains("&lt;script&gt;"), "{path}");
        assert!(
            !page.contains('\u{202e}') && page.contains("\\u{202e}"),
            "{path}"
        );
        // The only script and the only style are files.
        assert_eq!(page.matches("<script").count(), 1, "{path}");
        assert!(page.contains("<script src=\"/page.js\" defer>"), "{path}");
        assert!(
            !page.contains("<style") && !page.contains(" style="),
            "{path}"
        );
    }
}

#[tokio::test]
async fn pages_are_under_a_strict_policy() {
    let web = web();
    for path in PAGES {
        let response = web.get(path).await;
        let policy = header(&response, "content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(header(&response, "x-content-type-options"), "nosniff");
        assert_eq!(header(&response, "referrer-policy"), "no-referrer");
    }
}

#[tokio::test]
async fn a_foreign_host_gets_none_of_it() {
    let web = web();
    for path in [
        "/",
        "/service?name=a",
        "/lookup",
        "/config",
        "/api/config",
        "/page.js",
        "/api/status",
        "/api/events",
    ] {
        let request = web
            .request(reqwest::Method::GET, path)
            .header("host", "evil.example");
        assert_eq!(
            problem(request.send().await.unwrap()).await.0,
            421,
            "{path}"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_said() {
    let web = web();
    for (path, status, words) in [
        ("/?page=0", 400, "page=\"0\" is not a number from 1"),
        (
            "/?health=good",
            400,
            "health=\"good\" is none of failing, degraded",
        ),
        ("/?x=1", 400, "is not a parameter"),
        ("/service", 400, "name=SERVICE is missing"),
        ("/api/service?name=absent", 404, "no service of this name"),
        ("/api/lookup", 400, "name=NAME is missing"),
        ("/api/lookup?name=a..b", 400, "is not a domain name"),
        ("/api/lookup?name=a&type=FOO", 400, "is not a record type"),
    ] {
        let (code, detail) = problem(web.get(path).await).await;
        assert_eq!(code, status, "{path}");
        assert!(detail.contains(words), "{path}: {detail}");
    }
    assert_eq!(web.get("/service?name=absent").await.status(), 404);
    assert_eq!(web.get("/lookup?name=a..b").await.status(), 400);
}

#[tokio::test]
async fn json_has_texts_as_they_are() {
    let web = web();
    let status = web.get("/api/status").await.text().await.unwrap();
    let status: Value = serde_json::from_str(&status).unwrap();
    assert_eq!(status["live"]["banner"]["detail"], HOSTILE);
    assert_eq!(status["live"]["banner"]["state"], "stale");
}

#[tokio::test]
async fn services_are_found_by_all_words_and_told_page_by_page() {
    let nomad = cast();
    let gateway = Gateway::start(&nomad.url()).await;
    let all = json(&gateway, "/api/services").await;
    let (found, pages) = (
        all["found"].as_u64().unwrap(),
        all["pages"].as_u64().unwrap(),
    );
    let mut names = Vec::new();
    for page in 1..=pages {
        let page = json(&gateway, &format!("/api/services?page={page}")).await;
        for service in page["services"].as_array().unwrap() {
            names.push(format!("{}/{}", service["namespace"], service["service"]).to_lowercase());
        }
    }
    assert_eq!(names.len() as u64, found);
    assert!(names.is_sorted(), "{names:?}");
    let redis = json(&gateway, "/api/services?q=REDIS%20prim%20default").await;
    let services = redis["services"].as_array().unwrap();
    assert!(
        services
            .iter()
            .any(|it| it["name"] == "redis.default.nomad"),
        "{redis}"
    );
    assert_eq!(
        json(&gateway, "/api/services?q=redis%20no-such-word").await["found"],
        0
    );
}

#[tokio::test]
async fn services_are_found_by_namespace_and_health() {
    let nomad = cast();
    let gateway = Gateway::start(&nomad.url()).await;
    let found = async |query: &str| {
        let page = json(&gateway, &format!("/api/services?{query}")).await;
        let services = page["services"].as_array().unwrap().clone();
        let name = |it: &Value| {
            format!(
                "{}/{}",
                it["namespace"].as_str().unwrap(),
                it["service"].as_str().unwrap()
            )
        };
        (
            page["found"].as_u64().unwrap(),
            services.iter().map(name).collect::<Vec<_>>(),
        )
    };
    assert_eq!(found("namespace=PROD").await, (1, vec!["prod/web".into()]));
    assert_eq!(found("namespace=prod&q=redis").await.0, 0);
    let all = found("").await.0;
    let mut sum = 0;
    for health in ["failing", "degraded", "healthy", "unread"] {
        sum += found(&format!("health={health}")).await.0;
    }
    // Each service has one state.
    assert_eq!(sum, all);
    // Its checks are read once it is asked for.
    json(&gateway, "/api/lookup?name=failing.default.nomad&type=A").await;
    until("the failing service is found as such", async || {
        found("health=failing&namespace=default").await == (1, vec!["default/failing".into()])
    })
    .await;
    let (_, page) = gateway
        .page("/?namespace=default&health=unread&page=2")
        .await;
    assert!(
        page.contains("<option value=\"default\" selected>"),
        "{page}"
    );
    assert!(
        page.contains("<option value=\"unread\" selected>"),
        "{page}"
    );
    assert!(
        page.contains("namespace=default&amp;health=unread&amp;page=1"),
        "{page}"
    );
}

#[tokio::test]
async fn the_configuration_in_force_is_shown_with_its_origins_and_without_secrets() {
    let nomad = cast();
    let token = "5ecret-5ecret";
    let gateway = Gateway::with(&nomad.url(), |settings| {
        let mut source = Source::default();
        source.set("ttl", 7, "--ttl");
        source.set("nomad.token", token, "--token");
        settings.values = Settings::check(&source).unwrap().values;
    });
    let config = json(&gateway, "/api/config").await;
    let setting = |key: &str| {
        let mut all = config["settings"].as_array().unwrap().iter();
        all.find(|it| it["key"] == key).unwrap().clone()
    };
    assert_eq!(
        (&setting("ttl")["value"], &setting("ttl")["origin"]),
        (&7.into(), &"--ttl".into())
    );
    assert_eq!(setting("nomad.token")["value"], "(secret)");
    assert_eq!(setting("nomad.token")["secret"], true);
    assert_eq!(setting("negative_ttl")["default"], true);
    let (_, page) = gateway.page("/config").await;
    for (text, is_there) in [
        (token, false),
        ("(secret)", true),
        ("<code>negative_ttl</code>", true),
        ("<td>--ttl</td>", true),
    ] {
        assert_eq!(page.contains(text), is_there, "{text}");
    }
    assert!(!config.to_string().contains(token));
}

#[tokio::test]
async fn a_service_tells_its_instances_and_what_each_type_gets() {
    let nomad = cast();
    let gateway = Gateway::start(&nomad.url()).await;
    let redis = json(&gateway, "/api/service?namespace=default&name=redis").await;
    assert_eq!(
        redis["instances"].as_array().unwrap().len() as u64,
        redis["summary"]["instances"].as_u64().unwrap()
    );
    let answers = redis["answers"].as_array().unwrap();
    let types: Vec<&str> = answers
        .iter()
        .map(|it| it["record_type"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["A", "AAAA", "SRV", "TXT", "HTTPS"]);
    assert_eq!(answers[0]["rcode"], "NOERROR");
    assert!(!answers[2]["records"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn the_lookup_asks_every_listener() {
    let nomad = cast();
    let gateway = Gateway::start(&nomad.url()).await;
    let report = json(&gateway, "/api/lookup?name=redis.default.nomad&type=SRV").await;
    let answers = report["answers"].as_array().unwrap();
    let transports: Vec<&str> = answers
        .iter()
        .map(|it| it["transport"].as_str().unwrap())
        .collect();
    assert_eq!(
        transports,
        ["udp", "tcp", "dot", "doh-get", "doh-post", "json"]
    );
    assert_eq!(report["agree"], true, "{report}");
    assert_eq!(answers[0]["address"], gateway.dns.to_string());
}

#[tokio::test]
async fn names_that_were_not_found_are_shown_unless_that_is_turned_off() {
    let nomad = cast();
    for (most, shown) in [(50, true), (0, false)] {
        let gateway = Gateway::with(&nomad.url(), |settings| settings.not_found_names = most);
        gateway.until_ready().await;
        for name in ["gone.default.nomad", "elsewhere.example"] {
            json(&gateway, &format!("/api/lookup?name={name}")).await;
        }
        let status = json(&gateway, "/api/status").await;
        let names = status["not_found"].as_array();
        assert_eq!(names.is_some(), shown);
        for name in names.into_iter().flatten() {
            assert_eq!(name["name"], "gone.default.nomad.");
        }
        assert_eq!(names.is_some_and(|names| !names.is_empty()), shown);
    }
}
