//! Tests with a flood of names from spoofed addresses, and other clients at the same time.

use std::net::IpAddr;

use super::proofs::{DemandScene, key, settings};
use super::*;

/// Asks for a thousand names a second from 250 hosts of one network over UDP, and for others by `client` at times;
/// tells how many of these are read, of how many, and how many in all.
fn read_beside_a_flood(client: ClientAddress) -> (usize, usize, usize) {
    let now = Instant::now();
    let settings = OnDemand {
        names: 10_000,
        reads_per_second: 40,
        waiting: 64,
        ..settings()
    };
    let mut scene = DemandScene {
        demands: Demands::new(settings, now),
        now,
        patient: Vec::new(),
    };
    let mut asked = Vec::new();
    let mut all = 0;
    for step in 0..1000_u32 {
        for host in 0..10_u32 {
            let flooding = ClientAddress {
                ip: Some(IpAddr::from([
                    192,
                    0,
                    2,
                    (step * 10 + host).to_be_bytes()[3],
                ])),
                is_proven: false,
            };
            let reply = scene.ask_from(&format!("flood-{step}-{host}"), flooding);
            scene.patient.push(reply);
        }
        if step % 10 == 0 {
            asked.push(scene.ask_from(&format!("name-{step}"), client));
        }
        while let Some(name) = scene.next() {
            all += 1;
            for waiter in scene.demands.read(&key(&name), KnownService::Absent) {
                tell(waiter, Ok(()));
            }
        }
        // Two seconds is how long a query waits.
        let early = scene.patient.len().saturating_sub(2000);
        scene.patient.drain(..early);
        scene.now += Duration::from_millis(10);
    }
    let many = asked.len();
    let read = asked.iter_mut().filter_map(|it| it.try_recv().ok());
    (read.filter(Result::is_ok).count(), many, all)
}

#[test]
fn a_flood_of_names_over_udp_takes_no_read_from_who_is_elsewhere_or_has_a_proven_address() {
    for client in [
        ClientAddress::proven(Some(IpAddr::from([192, 0, 2, 9]))),
        ClientAddress {
            ip: Some(IpAddr::from([198, 51, 100, 9])),
            is_proven: false,
        },
    ] {
        let (read, asked, all) = read_beside_a_flood(client);
        assert!(read + 1 >= asked, "{read} of {asked}");
        // What others leave is for whoever wants it.
        assert!((390..=440).contains(&all), "{all}");
    }
}
