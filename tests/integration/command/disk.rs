//! The snapshot on disk, by the real program: a restart in an outage, kills, damage, and disks that take nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use nomadns::demo::{BulkLoad, Options, Registration, Removal, SimulatedNomad};
use tempfile::TempDir;

use super::Gateway;

pub(super) const WRITTEN: &str = "nomadns_snapshot_writes_total 1";
const FILES: [&str; 3] = ["catalogue.snapshot", "nomadns.lock", "zone.serials"];

/// A Nomad, and the folder that outlives the gateways before it.
pub(super) struct Scene {
    pub(super) nomad: SimulatedNomad,
    state: TempDir,
}

impl Scene {
    pub(super) fn new() -> Self {
        let nomad = SimulatedNomad::start(Options::default()).unwrap();
        nomad.register(["redis", "web"].map(service));
        Self {
            nomad,
            state: TempDir::new().unwrap(),
        }
    }

    pub(super) fn start(&self) -> Gateway {
        self.start_with("")
    }

    /// Starts a gateway with more keys of the section about Nomad.
    pub(super) fn start_with(&self, keys: &str) -> Gateway {
        let (url, state) = (self.nomad.url(), self.state.path().to_str().unwrap());
        let config = format!("[nomad]\naddresses = [{url:?}]\nstate_dir = {state:?}\n{keys}");
        Gateway::start(&config, &[])
    }

    /// Has a gateway write a snapshot and end by a signal; Nomad is gone after it.
    pub(super) async fn left_by(&self, signal: &str) {
        let gateway = self.start();
        gateway.page_with("/metrics", WRITTEN);
        gateway.signal(signal);
        gateway.ended();
        self.nomad.vanish().await;
    }

    fn file(&self) -> PathBuf {
        self.state.path().join("catalogue.snapshot")
    }
}

fn service(name: &str) -> Registration {
    let host = name.len();
    Registration::new("default", name)
        .address(format!("10.0.0.{host}"))
        .port(80)
}

fn assert_not_used(gateway: &mut Gateway, why: &str) {
    gateway.wait_for("the snapshot on disk is not used");
    assert!(gateway.log.contains(why), "{}", gateway.log);
    assert_not_ready(gateway);
}

fn assert_not_ready(gateway: &Gateway) {
    let output = gateway.lookup("redis.default.nomad");
    assert!(
        output.contains("SERVFAIL") && output.contains("EDE: 14"),
        "{output}"
    );
    assert!(gateway.page("/readyz").starts_with("HTTP/1.0 503"));
    assert!(gateway.page("/healthz").starts_with("HTTP/1.0 200"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_snapshot_a_start_in_an_outage_listens_and_says_that_it_is_not_ready() {
    let scene = Scene::new();
    scene.nomad.vanish().await;
    let gateway = scene.start();
    assert!(gateway.log.contains("there is no snapshot on disk yet"));
    assert_not_ready(&gateway);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_in_an_outage_answers_the_first_query_and_says_that_it_is_stale() {
    for signal in ["TERM", "KILL"] {
        let scene = Scene::new();
        scene.left_by(signal).await;
        let gateway = scene.start();
        let output = gateway.lookup("redis.default.nomad");
        assert!(
            output.contains("10.0.0.5") && output.contains("EDE: 3"),
            "{output}"
        );
        let output = gateway.lookup("nope.default.nomad");
        assert!(
            output.contains("NXDOMAIN") && output.contains("EDE: 19"),
            "{output}"
        );
        let ready = gateway.page("/readyz");
        assert!(ready.starts_with("HTTP/1.0 200"), "{ready}");
        assert!(ready.contains("stale: answering from the snapshot on disk"));
        assert!(
            gateway
                .page("/")
                .contains("Stale: answers are from the snapshot on disk")
        );
        let metrics = gateway.page("/metrics");
        for expected in ["nomadns_ready 1", "nomadns_stale 1", "nomadns_services 2"] {
            assert!(metrics.contains(expected), "{expected} in {metrics}");
        }
        scene.nomad.come_back().unwrap();
        gateway.page_with("/metrics", "nomadns_stale 0");
        let output = gateway.lookup("redis.default.nomad");
        let is_fresh = output.contains("10.0.0.5") && !output.contains("EDE");
        assert!(is_fresh, "{output}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_went_while_the_gateway_was_away_goes_when_all_has_been_read() {
    let scene = Scene::new();
    scene.left_by("TERM").await;
    scene
        .nomad
        .remove_service("default", "web", Removal::Planned);
    scene.nomad.register([service("new")]);
    let mut gateway = scene.start();
    assert!(gateway.lookup("web.default.nomad").contains("10.0.0.3"));
    scene.nomad.come_back().unwrap();
    gateway.wait_for("sync complete");
    assert!(gateway.lookup("web.default.nomad").contains("NXDOMAIN"));
    assert!(gateway.lookup("new.default.nomad").contains("10.0.0.3"));
    assert!(gateway.lookup("redis.default.nomad").contains("10.0.0.5"));
    gateway.page_with("/metrics", WRITTEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_used_no_longer_than_max_stale_over_a_restart_too() {
    let scene = Scene::new();
    let begun = tokio::time::Instant::now();
    scene.left_by("TERM").await;
    let gateway = scene.start_with("max_stale_seconds = 3");
    let is_there = gateway.lookup("web.default.nomad").contains("10.0.0.3");
    assert!(is_there || begun.elapsed() >= Duration::from_secs(3));
    gateway.page_with("/readyz", "503 Service Unavailable");
    assert!(gateway.lookup("web.default.nomad").contains("SERVFAIL"));
    drop(gateway);
    let mut gateway = scene.start_with("max_stale_seconds = 3");
    gateway.wait_for("the snapshot on disk is too old to be used");
    assert!(gateway.lookup("web.default.nomad").contains("SERVFAIL"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_of_something_else_is_not_used() {
    let scene = Scene::new();
    scene.left_by("TERM").await;
    for keys in [
        "filter = 'Tags contains \"x\"'",
        "namespaces = [\"default\"]",
        "region = \"eu\"",
        "exclude_tags = [\"x\"]",
    ] {
        let mut gateway = scene.start_with(keys);
        assert_not_used(&mut gateway, "it is of another Nomad");
    }
    assert!(
        scene
            .start()
            .lookup("web.default.nomad")
            .contains("10.0.0.3")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_cut_or_newer_snapshot_is_ignored_with_the_reason() {
    let scene = Scene::new();
    scene.left_by("TERM").await;
    let good = fs::read(scene.file()).unwrap();
    let flipped = |at: usize| {
        let mut octets = good.clone();
        octets[at] ^= 0x10;
        octets
    };
    for (octets, why) in [
        (flipped(3), "it is not a snapshot of nomadns"),
        (flipped(8), "it has version 19"),
        (flipped(20), "incomplete or damaged"),
        (flipped(good.len() / 2), "incomplete or damaged"),
        (flipped(good.len() - 1), "incomplete or damaged"),
        (good[..good.len() / 2].to_vec(), "incomplete or damaged"),
        (Vec::new(), "it is not a snapshot of nomadns"),
    ] {
        fs::write(scene.file(), octets).unwrap();
        assert_not_used(&mut scene.start(), why);
    }
    // Another one takes its place as soon as there is one.
    scene.nomad.come_back().unwrap();
    scene.start().page_with("/metrics", WRITTEN);
    assert_eq!(fs::read(scene.file()).unwrap().len(), good.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_written_costs_one_warning_and_no_answer() {
    let scene = Scene::new();
    // Root may write where nobody may; nobody may write below a file.
    let blocked = scene.state.path().join("file");
    fs::write(&blocked, "").unwrap();
    let url = scene.nomad.url();
    let state = blocked.to_str().unwrap();
    let config =
        format!("[nomad]\naddresses = [{url:?}]\nstate_dir = {state:?}\nstate_seconds = 1");
    let gateway = Gateway::start(&config, &[]);
    gateway.page_with("/metrics", "nomadns_snapshot_failures_total 2");
    assert!(gateway.lookup("redis.default.nomad").contains("10.0.0.5"));
    gateway.signal("TERM");
    let (status, _, log) = gateway.ended();
    assert_eq!(status.code(), Some(0));
    let warnings = log
        .matches("the snapshot on disk cannot be written")
        .count();
    assert_eq!(warnings, 1, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_survived_and_written_to_when_it_has_room_again() {
    let scene = Scene::new();
    // A device that has no room for anything, in the place of what is written first.
    let unfinished = scene.state.path().join("catalogue.unfinished");
    std::os::unix::fs::symlink("/dev/full", unfinished).unwrap();
    let mut gateway = scene.start_with("state_seconds = 1");
    gateway.wait_for("the snapshot on disk cannot be written");
    assert!(gateway.log.contains("No space left"), "{}", gateway.log);
    assert!(gateway.lookup("redis.default.nomad").contains("10.0.0.5"));
    gateway.wait_for("the snapshot on disk can be written again");
    let metrics = gateway.page_with("/metrics", WRITTEN);
    assert!(metrics.contains("nomadns_snapshot_failures_total 1"));
    assert!(scene.file().is_file());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_for_its_owner_alone_and_nothing_unfinished_stays_beside_it() {
    let scene = Scene::new();
    scene.left_by("TERM").await;
    let permissions = fs::metadata(scene.file()).unwrap().permissions();
    assert_eq!(permissions.mode() & 0o777, 0o600);
    let files = fs::read_dir(scene.state.path()).unwrap();
    let mut names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, FILES);
}

/// Kills in the middle of writes; `NOMADNS_KILLS` has more of them.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_at_any_moment_the_snapshot_is_whole() {
    #[expect(clippy::disallowed_methods, reason = "how many kills is CI's to say")]
    let kills = std::env::var("NOMADNS_KILLS").map_or(25, |text| text.parse().unwrap());
    let scene = Scene::new();
    scene.nomad.load_services(&BulkLoad {
        services: 500,
        instances: 20,
        ..BulkLoad::default()
    });
    let mut cut = 0;
    for number in 0..kills {
        let mut gateway = scene.start();
        // From the second on there has to be a whole one.
        let expected = if number == 0 {
            "there is no snapshot on disk yet"
        } else {
            "answering from the snapshot on disk"
        };
        assert!(gateway.log.contains(expected), "{number}: {}", gateway.log);
        gateway.wait_for("sync complete");
        // A change, so that this gateway writes; how far it comes is another length each time.
        scene
            .nomad
            .scale("default", "web", 2 + number % 7, Removal::Planned);
        if number == 0 {
            gateway.page_with("/metrics", WRITTEN);
        }
        std::thread::sleep(Duration::from_micros(
            180_000 + rand::random_range(0..60_000),
        ));
        gateway.signal("KILL");
        gateway.ended();
        cut += usize::from(scene.state.path().join("catalogue.unfinished").exists());
    }
    println!("{cut} of {kills} kills left an unfinished file");
    scene.nomad.vanish().await;
    let gateway = scene.start();
    assert!(gateway.lookup("redis.default.nomad").contains("10.0.0.5"));
}
