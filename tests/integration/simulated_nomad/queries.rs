//! Blocking queries: on the table's index, until it moves or the wait is over.

use std::time::Duration;

use nomadns::demo::{BulkLoad, Fault, Leader, Options, Registration, Removal, SimulatedNomad};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::capture::{Answer, ask};

fn nomad() -> SimulatedNomad {
    let nomad = SimulatedNomad::start(Options::default()).unwrap();
    nomad.register([redis()]);
    nomad
}

fn redis() -> Registration {
    Registration::new("default", "redis")
        .address("10.0.0.1")
        .port(6379)
        .tags(["v7"])
}

fn ask_behind(nomad: &SimulatedNomad, request: String) -> JoinHandle<Answer> {
    let nomad = nomad.clone();
    tokio::spawn(async move { ask(&nomad, &request, &[]).await })
}

#[tokio::test]
async fn a_query_waits_for_a_later_index() {
    let nomad = nomad();
    let before = nomad.index();
    let waiting = ask_behind(&nomad, format!("GET /v1/services?index={before}"));
    nomad.waiting_queries_reach(1).await;
    nomad.register([Registration::new("default", "web")]);
    let answer = waiting.await.unwrap();
    assert_eq!(answer.index(), before + 1);
    assert!(answer.text().contains(r#"{"ServiceName":"web","Tags":[]}"#));
}

#[tokio::test(start_paused = true)]
async fn a_change_elsewhere_wakes_nobody_and_the_next_question_returns_at_once() {
    let nomad = nomad();
    let before = nomad.index();
    for path in ["/v1/service/redis", "/v1/services"] {
        let start = Instant::now();
        let known = nomad.index();
        let request = format!("GET {path}?index={known}&wait=60s");
        let waiting = ask_behind(&nomad, request.clone());
        nomad.waiting_queries_reach(1).await;
        nomad.register([Registration::new("prod", "web")]);
        // What it says is what it saw at its beginning.
        assert_eq!(waiting.await.unwrap().index(), known);
        assert!(start.elapsed() >= Duration::from_secs(60), "{path}");
        let start = Instant::now();
        let answer = ask(&nomad, &request, &[]).await;
        assert_eq!(answer.index(), nomad.index());
        assert_eq!(answer.json().as_array().unwrap().len(), 1);
        assert!(start.elapsed() < Duration::from_secs(1), "{path}");
    }
    assert_eq!(nomad.index(), before + 3);
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_with_the_same_data_and_at_most_a_sixteenth_late() {
    let nomad = nomad();
    for (wait, seconds) in [("&wait=2s", 2), ("", 300), ("&wait=10m", 300)] {
        let start = Instant::now();
        let request = format!("GET /v1/services?index={}{wait}", nomad.index());
        let answer = ask(&nomad, &request, &[]).await;
        let waited = start.elapsed();
        let asked = Duration::from_secs(seconds);
        assert!(waited >= asked, "{wait}: {waited:?}");
        assert!(
            waited <= asked + asked / 16 + Duration::from_millis(10),
            "{wait}: {waited:?}"
        );
        assert_eq!(answer.index(), nomad.index());
    }
}

#[tokio::test]
async fn indexes_that_pass_elsewhere_wake_nobody() {
    let nomad = nomad();
    let before = nomad.index();
    let waiting = ask_behind(&nomad, format!("GET /v1/services?index={before}"));
    nomad.waiting_queries_reach(1).await;
    nomad.pass_indexes(10);
    nomad.register([redis().port(6380)]);
    assert_eq!(waiting.await.unwrap().index(), before + 11);
}

#[tokio::test]
async fn a_registration_that_says_nothing_new_changes_nothing() {
    let nomad = nomad();
    let before = nomad.index();
    let same = nomad.instances("default", "redis").remove(0);
    nomad.register([same.clone()]);
    assert_eq!(nomad.index(), before);
    nomad.register([same.clone().port(1)]);
    let updated = nomad.instances("default", "redis").remove(0);
    assert_eq!(
        (updated.create_index, updated.modify_index),
        (before, before + 1)
    );
}

#[tokio::test(start_paused = true)]
async fn a_restored_state_lets_queries_wait_until_their_time_is_over() {
    let nomad = nomad();
    nomad.pass_indexes(50);
    nomad.register([redis()]);
    let request = format!("GET /v1/services?index={}&wait=60s", nomad.index());
    let start = Instant::now();
    let waiting = ask_behind(&nomad, request);
    nomad.waiting_queries_reach(1).await;
    nomad.restore_index(7);
    assert_eq!(waiting.await.unwrap().index(), 7);
    assert!(start.elapsed() >= Duration::from_secs(60));
}

#[tokio::test]
async fn without_a_leader_only_stale_reads_are_answered() {
    let nomad = nomad();
    nomad.set_leader(Leader::Lost);
    nomad.set_last_contact(Duration::from_secs(3));
    let answer = ask(&nomad, "GET /v1/services", &[]).await;
    assert_eq!(answer.status_line, "HTTP/1.1 500 Internal Server Error");
    assert_eq!(answer.text(), "No cluster leader");
    let answer = ask(&nomad, "GET /v1/services?stale", &[]).await;
    assert_eq!(answer.header("x-nomad-knownleader"), Some("false"));
    assert_eq!(answer.header("x-nomad-lastcontact"), Some("3000"));
    let health = ask(&nomad, "GET /v1/agent/health", &[]).await;
    assert_eq!(health.status_line, "HTTP/1.1 500 Internal Server Error");
    assert!(health.text().contains("no leader"));
}

#[tokio::test]
async fn faults_hit_their_paths_and_end() {
    let nomad = nomad();
    nomad.break_next("/v1/services", Fault::permission_denied(), 1);
    nomad.break_requests("/v1/service/", Fault::Garbage(b"[{".to_vec()));
    let answer = ask(&nomad, "GET /v1/services", &[]).await;
    assert_eq!(answer.text(), "Permission denied");
    assert_eq!(
        ask(&nomad, "GET /v1/services", &[]).await.status_line,
        "HTTP/1.1 200 OK"
    );
    assert_eq!(ask(&nomad, "GET /v1/service/redis", &[]).await.text(), "[{");
    nomad.mend();
    assert_eq!(
        ask(&nomad, "GET /v1/service/redis", &[]).await.json()[0]["Port"],
        6379
    );
}

#[tokio::test]
async fn requests_are_counted_by_route() {
    let nomad = nomad();
    ask(&nomad, "GET /v1/service/redis", &[]).await;
    ask(&nomad, "GET /v1/service/web?stale", &[]).await;
    assert_eq!(nomad.load("/v1/service/:name").requests, 2);
    assert_eq!(
        nomad.recent_requests(),
        ["/v1/service/redis", "/v1/service/web?stale"]
    );
}

#[tokio::test]
async fn what_is_sent_is_counted_with_its_headers_until_it_is_forgotten() {
    let nomad = nomad();
    let answer = ask(&nomad, "GET /v1/service/redis", &[]).await;
    let first = nomad.sent_octets();
    assert!(first as usize > answer.body.len() + "HTTP/1.1 200 OK".len());
    ask(&nomad, "GET /v1/namespaces", &[]).await;
    assert!(nomad.sent_octets() > first);
    let counts = nomad.loads().into_iter();
    let counts = counts.map(|(route, load)| (route, load.requests));
    assert_eq!(
        counts.collect::<Vec<_>>(),
        [("/v1/namespaces", 1), ("/v1/service/:name", 1)]
    );
    nomad.forget_requests();
    assert_eq!(nomad.sent_octets(), 0);
}

#[tokio::test]
async fn scaling_keeps_what_stays_and_takes_rows_of_what_goes() {
    let nomad = nomad();
    nomad.scale("default", "redis", 3, Removal::Planned);
    let three = nomad.instances("default", "redis");
    assert_eq!(three.len(), 3);
    nomad.scale("default", "redis", 1, Removal::Planned);
    assert_eq!(nomad.instances("default", "redis"), three[..1]);
    assert!(nomad.allocation(&three[0].alloc_id).is_some());
    assert!(nomad.allocation(&three[2].alloc_id).is_none());
}

#[tokio::test]
async fn generated_services_are_read_like_others() {
    let nomad = nomad();
    let load = BulkLoad {
        services: 50,
        instances: 4,
        ..BulkLoad::default()
    };
    nomad.load_services(&load);
    let list = ask(&nomad, "GET /v1/services?namespace=*", &[]).await;
    assert_eq!(list.json()[0]["Services"].as_array().unwrap().len(), 51);
    assert_eq!(list.header("transfer-encoding"), Some("chunked"));
    let service = ask(&nomad, "GET /v1/service/svc000049", &[]).await;
    let instances = service.json();
    assert_eq!(instances.as_array().unwrap().len(), 4);
    assert_eq!(instances[0]["Address"], "10.64.0.196");
    assert_eq!(instances[0]["ModifyIndex"], nomad.index());
}

#[tokio::test]
async fn allocations_are_filtered_by_what_they_are_and_not_by_what_is_listed_of_them() {
    let nomad = nomad();
    let filtered = async |filter: &str| {
        ask(&nomad, &format!("GET /v1/allocations?filter={filter}"), &[]).await
    };
    let unknown = filtered("JobType+%21%3D+%22batch%22").await;
    assert_eq!(unknown.status_line, "HTTP/1.1 400 Bad Request");
    assert_eq!(
        unknown.text(),
        "failed to read result page: error finding value in datum: /JobType at part 0: couldn't find key: struct \
         field with name \"JobType\""
    );
    let found = filtered("Job.Type+%21%3D+%22batch%22").await;
    assert_eq!(found.json()[0]["JobType"], "service");
    let none = filtered("Job.Type+%3D%3D+%22batch%22").await;
    assert_eq!(none.text(), "[]");
}
