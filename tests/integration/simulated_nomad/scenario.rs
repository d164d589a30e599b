//! The cluster of `nomadns demo`: what it shows at the start, and that it moves and goes away.

use std::time::Duration;

use nomadns::demo::{Options, Scenario, SimulatedNomad};

use super::capture::ask;

fn populated(scenario: &Scenario) -> SimulatedNomad {
    let nomad = SimulatedNomad::start(Options::default()).unwrap();
    scenario.populate(&nomad);
    nomad
}

#[tokio::test]
async fn the_cast_has_everyone_that_the_readme_names() {
    let nomad = populated(&Scenario::default());
    let count = |namespace: &str, service: &str| nomad.instances(namespace, service).len();
    assert_eq!(count("default", "redis"), 3);
    assert_eq!(count("default", "redis-metrics"), 3);
    assert_eq!(count("default", "web"), 4);
    assert_eq!(count("default", "dual"), 2);
    assert_eq!(count("prod", "web"), 2);
    assert_eq!(nomad.instances("default", "six")[0].address, "2001:db8::61");
    assert_eq!(
        nomad.instances("default", "hostname")[0].address,
        "db.internal.example"
    );
    for dirty in [
        "Mixed-Case",
        "mixed-case",
        "illegal-bad_name.x y",
        "bracket",
        "zoned",
        "blank",
    ] {
        assert_eq!(count("default", dirty), 1, "{dirty}");
    }
    let failing = &nomad.instances("default", "failing")[0];
    let request = format!("GET /v1/allocation/{}/checks", failing.alloc_id);
    assert!(
        ask(&nomad, &request, &[])
            .await
            .text()
            .contains(r#""Status":"failure""#)
    );
}

#[tokio::test(start_paused = true)]
async fn the_cluster_moves_at_its_rate_until_shutdown() {
    let scenario = Scenario {
        services: 100,
        change_rate: 200.0,
        ..Scenario::default()
    };
    let nomad = populated(&scenario);
    let before = nomad.index();
    let shutdown = tokio::time::sleep(Duration::from_secs(10));
    scenario.run(nomad.clone(), shutdown).await;
    let moved = nomad.index() - before;
    // A move of a generated instance is two indexes; some of the cast's are none.
    assert!((2000..6000).contains(&moved), "{moved}");
}

#[tokio::test(start_paused = true)]
async fn outages_of_the_scenario_close_the_port_and_open_it_again() {
    let scenario = Scenario {
        change_rate: 0.0,
        outage_every: Some(Duration::from_secs(60)),
        ..Scenario::default()
    };
    let nomad = populated(&scenario);
    let running = tokio::spawn(scenario.run(nomad.clone(), std::future::pending()));
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(62)).await;
        assert!(
            tokio::net::TcpStream::connect(nomad.address())
                .await
                .is_err()
        );
        tokio::time::sleep(Duration::from_secs(4)).await;
        assert_eq!(
            ask(&nomad, "GET /v1/regions", &[]).await.text(),
            r#"["global"]"#
        );
    }
    running.abort();
}
