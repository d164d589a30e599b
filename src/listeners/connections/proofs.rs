//! Tests of the registry: its limits, which connection it closes, and that it keeps nothing of closed ones.

use tokio::time::Instant;

use super::*;

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn enter(connections: &Connections, client: &str, most: usize) -> Option<ConnectionPermit> {
    let mut place = connections.enter(most)?;
    let settled = place.belongs_to(address(client), usize::MAX);
    settled.then_some(place)
}

fn left(place: &ConnectionPermit) -> bool {
    use futures_util::FutureExt as _;
    place.activity.leaves().now_or_never().is_some()
}

fn is_empty(connections: &Connections) -> bool {
    connections.with(|open| open.is_empty()) && connections.untaken_octets() == 0
}

/// As many connections that wait, each of a client of its own.
fn busy(connections: &Connections, count: u8, most: usize) -> Vec<ConnectionPermit> {
    let enter = |host| {
        let place = enter(connections, &format!("203.0.113.{host}"), most).unwrap();
        place.activity.waits_for(1);
        place
    };
    (0..count).map(enter).collect()
}

#[test]
fn a_client_has_its_own_limit_within_that_of_all() {
    let connections = Connections::default();
    let mut places = Vec::new();
    for _ in 0..2 {
        let mut place = connections.enter(100).unwrap();
        assert!(place.belongs_to(address("192.0.2.1"), 2));
        places.push(place);
    }
    let mut another = connections.enter(100).unwrap();
    assert!(!another.belongs_to(address("192.0.2.1"), 2));
    assert!(another.belongs_to(address("192.0.2.2"), 2));
    assert!(!another.belongs_to(address("192.0.2.3"), 2));
    drop((places, another));
    assert!(is_empty(&connections));
}

#[test]
fn when_all_wait_for_answers_a_new_connection_is_refused() {
    let connections = Connections::default();
    let places = busy(&connections, 10, 10);
    assert!(connections.enter(10).is_none());
    assert!(!places.iter().any(left));
    drop(places);
    assert!(is_empty(&connections));
}

#[test]
fn nobody_makes_room_while_a_tenth_of_the_places_is_free() {
    let connections = Connections::default();
    let places: Vec<_> = (0..9)
        .map(|host| enter(&connections, &format!("192.0.2.{host}"), 10).unwrap())
        .collect();
    assert!(!places.iter().any(left));
    let _tenth = connections.enter(10).unwrap();
    assert_eq!(places.iter().filter(|place| left(place)).count(), 1);
    assert_eq!(connections.open(), 9);
}

#[test]
fn a_client_that_holds_many_makes_room_before_one_that_holds_one() {
    let connections = Connections::default();
    let alone = enter(&connections, "192.0.2.1", 40).unwrap();
    let enter = |client: &str| enter(&connections, client, 40).unwrap();
    let many: Vec<_> = (0..35).map(|_| enter("192.0.2.2")).collect();
    let others: Vec<_> = (10..14)
        .map(|host| enter(&format!("192.0.2.{host}")))
        .collect();
    assert!(!left(&alone));
    assert_eq!(many.iter().filter(|place| left(place)).count(), 4);
    assert!(!others.iter().any(left));
}

#[tokio::test(start_paused = true)]
async fn of_one_client_the_connection_that_is_idle_longest_makes_room() {
    let connections = Connections::default();
    let mut places = Vec::new();
    for _ in 0..9 {
        tokio::time::advance(Duration::from_secs(1)).await;
        places.push(enter(&connections, "192.0.2.1", 10).unwrap());
    }
    places[0].activity.is_active_at(Instant::now());
    places[1].activity.waits_for(1);
    places.push(enter(&connections, "192.0.2.1", 10).unwrap());
    let who: Vec<_> = (0..10).filter(|at| left(&places[*at])).collect();
    assert_eq!(who, [2]);
    drop(places);
    assert!(is_empty(&connections));
}

#[test]
fn those_that_left_and_are_there_still_are_bounded() {
    let connections = Connections::default();
    let places: Vec<_> = (0..40).map_while(|_| connections.enter(10)).collect();
    // All of them are idle, and none has heard yet that it is to leave.
    assert_eq!(places.len(), 10 + 2);
    drop(places);
    assert!(is_empty(&connections));
}

#[test]
fn what_is_untaken_is_bounded_by_client_and_in_all() {
    let connections = Connections::default();
    let limits = ConnectionLimits {
        untaken_octets: 300_000,
        untaken_octets_per_client: 200_000,
        ..ConnectionLimits::default()
    };
    let places = ["192.0.2.1", "192.0.2.1", "192.0.2.2"]
        .map(|client| enter(&connections, client, 100).unwrap());
    let accounts: Vec<_> = places
        .iter()
        .map(|place| place.connection_handle(&limits, 1 << 20).write_budget)
        .collect();
    let first = accounts[0].charge(150_000).unwrap();
    assert_eq!(
        accounts[1].charge(100_000).unwrap_err(),
        WriteBudgetExceeded
    );
    // What a usual answer takes is there all the same.
    let usual = accounts[1].charge(1000).unwrap();
    let other = accounts[2].charge(100_000).unwrap();
    assert_eq!(accounts[2].charge(90_000).unwrap_err(), WriteBudgetExceeded);
    assert!(connections.untaken_octets() >= 240_000);
    drop((first, usual));
    let again = accounts[1].charge(150_000).unwrap();
    drop((again, other, accounts, places));
    assert!(is_empty(&connections));
}

/// How long it takes until something is overdue, in seconds.
async fn overdue_after(budget: &WriteBudget, at_most: u64) -> Option<u64> {
    let begun = Instant::now();
    let limit = Duration::from_secs(at_most);
    let overdue = timeout(limit, budget.overdue()).await;
    overdue.ok().map(|()| begun.elapsed().as_secs())
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_nothing_is_overdue_after_the_time_it_has() {
    let budget = Arc::new(WriteBudget::default());
    assert_eq!(overdue_after(&budget, 60).await, None);
    let stalled = budget.charge(100_000).unwrap();
    assert_eq!(overdue_after(&budget, 60).await, Some(7));
    drop(stalled);
    assert_eq!(overdue_after(&budget, 60).await, None);
    assert_eq!(budget.held(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_too_little_is_overdue_though_it_takes_something() {
    let budget = Arc::new(WriteBudget::default());
    let mut trickling = budget.charge(100_000).unwrap();
    let trickle = async {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            drop(trickling.part(1));
        }
    };
    tokio::select! {
        after = overdue_after(&budget, 60) => assert_eq!(after, Some(12)),
        () = trickle => {}
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_at_the_least_rate_is_not_overdue() {
    let budget = Arc::new(WriteBudget::default());
    let mut answer = budget.charge(200_000).unwrap();
    let took = async {
        for _ in 0..13 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            drop(answer.part(16 * 1024));
        }
    };
    tokio::select! {
        after = overdue_after(&budget, 60) => panic!("overdue after {after:?} s"),
        () = took => {}
    }
}

#[tokio::test]
async fn who_waits_for_room_has_it_when_octets_are_taken() {
    let budget = Arc::new(WriteBudget::default());
    let held = budget.charge(1 << 20).unwrap();
    assert!(!budget.has_room());
    let waiting = tokio::spawn({
        let budget = Arc::clone(&budget);
        async move { budget.room().await }
    });
    tokio::task::yield_now().await;
    drop(held);
    waiting.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_new_connection_waits_for_those_that_leave() {
    let connections = Connections::default();
    let mut places: Vec<_> = (0..40).map_while(|_| connections.enter(10)).collect();
    assert!(connections.enter_soon(10).await.is_none());
    let entering = tokio::spawn({
        let connections = connections.clone();
        async move { connections.enter_soon(10).await.is_some() }
    });
    tokio::task::yield_now().await;
    places.retain(|place| !left(place));
    assert!(entering.await.unwrap());
}

#[test]
fn a_connection_with_an_answer_on_its_way_makes_room_only_when_none_is_idle() {
    let connections = Connections::default();
    let mut places = busy(&connections, 7, 10);
    let download = enter(&connections, "192.0.2.1", 10).unwrap();
    let charge = download
        .connection_handle(&ConnectionLimits::default(), usize::MAX)
        .write_budget
        .charge(100_000)
        .unwrap();
    let idle = enter(&connections, "192.0.2.2", 10).unwrap();
    places.push(enter(&connections, "192.0.2.3", 10).unwrap());
    assert!(left(&idle) && !left(&download));
    for place in &places {
        place.activity.waits_for(1);
    }
    places.push(enter(&connections, "192.0.2.4", 10).unwrap());
    assert!(
        left(&download),
        "who does not take its answer keeps no place for ever"
    );
    drop((places, download, idle, charge));
    assert!(is_empty(&connections));
}

#[test]
fn however_many_clients_take_nothing_another_one_finds_room() {
    let connections = Connections::default();
    let limits = ConnectionLimits::default();
    let answer = 443_000;
    let attackers: Vec<_> = (1..=30)
        .map(|host| {
            let place = enter(&connections, &format!("198.51.100.{host}"), 1000).unwrap();
            (
                place.connection_handle(&limits, usize::MAX).write_budget,
                place,
            )
        })
        .collect();
    let mut held = Vec::new();
    // All of them ask for as long as any of them gets anything.
    loop {
        let before = held.len();
        let charges = attackers.iter().map(|(budget, _)| budget.charge(answer));
        held.extend(charges.filter_map(Result::ok));
        if held.len() == before {
            break;
        }
    }
    assert!(held.len() > 30);
    assert!(connections.untaken_octets() <= limits.untaken_octets);
    let victim = enter(&connections, "192.0.2.1", 1000).unwrap();
    let budget = victim.connection_handle(&limits, usize::MAX).write_budget;
    drop(budget.charge(answer).unwrap());
    drop((held, attackers, victim, budget));
    assert!(is_empty(&connections));
}
