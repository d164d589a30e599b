//! `openapi.yaml` against the routers that run, and these against it.

mod description;
mod requests;
mod schema;

use std::collections::BTreeSet;
use std::sync::Arc;

use nomadns::listeners::admin::ReadinessReport;
use nomadns::listeners::http::{HttpSettings, Origins, PathUse, Paths};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use self::description::{Description, Operation};
use self::requests::requests;
use crate::support::gateway::{Gateway, cast};
use crate::web::{Web, header, problem};

/// The source that routes the operator's pages.
const ROUTES: &str = include_str!("../../../src/listeners/admin/mod.rs");

/// The listener that an operation is described on.
fn web(operation: &Operation<'_>) -> Web {
    if operation.is_for_operator() {
        Web::admin(ReadinessReport::Ready("ready".to_owned()))
    } else {
        Web::with(&with_origins())
    }
}

/// Where OPTIONS is answered.
fn with_origins() -> HttpSettings {
    HttpSettings {
        origins: Arc::new(Origins::Any),
        ..HttpSettings::default()
    }
}

#[test]
fn what_is_routed_is_described() {
    let description = Description::read();
    let pages = ROUTES.split(".route(").skip(1);
    let pages = pages.map(|rest| rest.split('"').nth(1).unwrap());
    let paths = Paths::default();
    let asked = [PathUse::Dns, PathUse::Json].map(|path_use| paths.of(path_use));
    let asked = asked.into_iter().flatten().map(String::as_str);
    assert_eq!(
        pages.chain(asked).collect::<BTreeSet<_>>(),
        description.paths().collect()
    );
}

#[tokio::test]
async fn the_methods_described_are_those_that_work() {
    let description = Description::read();
    for path in description.paths() {
        let mut described = description.methods(path).collect::<BTreeSet<_>>();
        // Wherever GET does, as the description says of all of them.
        described.extend(described.contains("GET").then_some("HEAD"));
        let allowed = described.iter().copied().collect::<Vec<_>>().join(", ");
        let operation = description
            .operations()
            .find(|operation| operation.path == path)
            .unwrap();
        let web = web(&operation);
        for method in [
            "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE",
        ] {
            let request = web.request(method.parse().unwrap(), path);
            let response = request.send().await.unwrap();
            if described.contains(method) {
                assert!(
                    ![404, 405].contains(&response.status().as_u16()),
                    "{method} {path}"
                );
                continue;
            }
            assert_eq!(header(&response, "allow"), allowed, "{method} {path}");
            assert_eq!(problem(response).await.0, 405);
        }
    }
}

#[tokio::test]
async fn each_status_described_is_given_as_described_and_no_other() {
    let description = Description::read();
    for operation in description.operations() {
        let mut given = BTreeSet::new();
        for request in requests(&operation) {
            let (status, response) = request.send().await;
            let what = format!("{} {} {status}", operation.method, operation.path);
            assert_eq!(response.status(), status, "{what}");
            given.insert(status.to_string());
            check(&description, &operation, response, &what).await;
        }
        let described = operation
            .responses()
            .keys()
            .cloned()
            .collect::<BTreeSet<_>>();
        assert_eq!(given, described, "{} {}", operation.method, operation.path);
    }
}

/// The stub gives the least; a gateway that runs has something in every list.
#[tokio::test]
async fn what_a_gateway_tells_as_json_is_described_to_the_last_key() {
    let description = Description::read();
    let nomad = cast();
    let gateway = Gateway::start(&nomad.url()).await;
    for (path, query) in [
        ("/api/status", ""),
        ("/api/services", ""),
        ("/api/service", "?name=redis"),
        ("/api/lookup", "?name=redis.default.nomad&type=SRV"),
        ("/api/config", ""),
    ] {
        let (status, body) = gateway.page(&format!("{path}{query}")).await;
        assert_eq!(status, 200, "{path}");
        let operations = description.operations();
        let operation = operations.into_iter().find(|it| it.path == path).unwrap();
        let content = &operation.responses()["200"]["content"]["application/json"];
        let body = serde_json::from_str(&body).unwrap();
        schema::check(&description, &content["schema"], &body)
            .unwrap_or_else(|error| panic!("{path}: {error}"));
    }
}

/// Checks the headers and the body of a response against what is described for its status.
async fn check(
    description: &Description,
    operation: &Operation<'_>,
    mut response: reqwest::Response,
    what: &str,
) {
    let described = description.resolve(&operation.responses()[response.status().as_str()]);
    for (name, form) in described["headers"].as_object().into_iter().flatten() {
        let value = Value::from(header(&response, name));
        schema::check(description, &form["schema"], &value)
            .unwrap_or_else(|error| panic!("{what}: {name}: {error}"));
    }
    let media_type = header(&response, "content-type")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let body = match &*media_type {
        // It has no end.
        "text/event-stream" => response.chunk().await.unwrap().unwrap(),
        _ => response.bytes().await.unwrap(),
    };
    let Some(contents) = described.get("content") else {
        assert!(body.is_empty(), "{what} has a body that is not described");
        return;
    };
    let content = contents
        .get(&media_type)
        .unwrap_or_else(|| panic!("{what} gives {media_type}"));
    if media_type.ends_with("json") {
        let body = serde_json::from_slice(&body).unwrap();
        schema::check(description, &content["schema"], &body)
            .unwrap_or_else(|error| panic!("{what}: {error}: {body}"));
    }
}

#[tokio::test]
async fn each_parameter_described_works_with_its_example() {
    let description = Description::read();
    for operation in description.operations() {
        let web = web(&operation);
        for parameter in operation
            .parameters()
            .map(|parameter| description.resolve(parameter))
        {
            let name = parameter["name"].as_str().unwrap();
            let example = parameter["example"].as_str().unwrap();
            let request = with_example(
                &web,
                &operation,
                parameter["in"].as_str().unwrap(),
                name,
                example,
            );
            let status = request.send().await.unwrap().status();
            assert_eq!(status, 200, "{} {name}", operation.path);
            let schema = &parameter["schema"];
            schema::check(&description, schema, &Value::from(example)).unwrap();
        }
    }
}

fn with_example(
    web: &Web,
    operation: &Operation<'_>,
    place: &str,
    name: &str,
    example: &str,
) -> RequestBuilder {
    let request = match operation.method {
        "POST" => return requests::post(web).header(name, example),
        method => web.request(method.parse::<Method>().unwrap(), operation.path),
    };
    match (place, name) {
        ("query", "name" | "dns") => request.query(&[(name, example)]),
        ("query", _) => request.query(&[("name", "a.nomad"), (name, example)]),
        _ => request.query(&[("name", "a.nomad")]).header(name, example),
    }
}

#[tokio::test]
async fn a_parameter_is_required_where_the_description_says_so() {
    let description = Description::read();
    for operation in description.operations() {
        let required = operation
            .parameters()
            .map(|parameter| description.resolve(parameter))
            .any(|parameter| parameter["required"] == true);
        if required {
            let web = web(&operation);
            assert_eq!(
                web.get(operation.path).await.status(),
                400,
                "{}",
                operation.path
            );
        }
    }
}

#[test]
fn each_example_is_as_its_schema_says() {
    let description = Description::read();
    for response in description.components("responses") {
        for content in response["content"]
            .as_object()
            .into_iter()
            .flat_map(|map| map.values())
        {
            for example in content["examples"]
                .as_object()
                .into_iter()
                .flat_map(|map| map.values())
            {
                schema::check(&description, &content["schema"], &example["value"]).unwrap();
            }
        }
    }
}
