//! The paths are those that the operator chose, and no other.

use hickory_proto::op::ResponseCode;
use nomadns::listeners::http::{HttpSettings, PathUse, Paths};
use reqwest::Method;

use super::{code, path_of};
use crate::web::{Web, header, problem};

fn web(dns: &[&str], json: &[&str]) -> Web {
    let mut paths = Paths::none();
    for (path_use, texts) in [(PathUse::Dns, dns), (PathUse::Json, json)] {
        for text in texts {
            paths.add(path_use, text).unwrap();
        }
    }
    Web::with(&HttpSettings {
        paths,
        ..HttpSettings::default()
    })
}

#[tokio::test]
async fn each_path_that_is_named_is_served_exactly() {
    let web = web(&["/", "/q/a", "/dns-query/"], &["/lookup", "/~x/"]);
    for path in ["/", "/q/a", "/dns-query/"] {
        let asked = path_of("a.nomad").replace("/dns-query", path);
        assert_eq!(code(web.get(&asked).await).await, ResponseCode::NoError);
        let put = web.request(Method::PUT, path).send().await.unwrap();
        assert_eq!(header(&put, "allow"), "GET, HEAD, POST");
    }
    for path in ["/lookup", "/~x/"] {
        let got = web.get(&format!("{path}?name=a.nomad")).await;
        assert_eq!(header(&got, "content-type"), "application/json");
        let posted = web.request(Method::POST, path).send().await.unwrap();
        assert_eq!(header(&posted, "allow"), "GET, HEAD");
    }
    for path in [
        "/dns-query",
        "/resolve",
        "/q",
        "/q/a/",
        "/q/b",
        "/Q/a",
        "/q%2Fa",
        "/lookup/",
        "/~x",
    ] {
        let asked = path_of("a.nomad").replace("/dns-query", path);
        assert_eq!(problem(web.get(&asked).await).await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn without_a_path_for_json_there_is_no_json() {
    let web = web(&["/dns-query"], &[]);
    assert_eq!(problem(web.get("/resolve?name=a.nomad").await).await.0, 404);
    assert_eq!(
        code(web.get(&path_of("a.nomad")).await).await,
        ResponseCode::NoError
    );
}
