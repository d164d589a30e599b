//! A zone within another: what its own grammar says of a name comes first.

use std::sync::Arc;

use nomadns::answers::{Zone, ZoneSettings, names};
use nomadns::catalog::{Catalog, UnknownReason};

use crate::support::answers::instance;

#[test]
fn a_name_that_two_zones_read_is_printed_once_and_by_the_inner_grammar() {
    let catalog = Arc::new(Catalog::new());
    let mut writer = catalog.writer();
    // `redis.web.service.nomad` is redis of namespace web below `service.nomad`, and below `nomad` the tag redis of web.
    for (namespace, service) in [("web", "redis"), ("service", "web")] {
        writer
            .put(
                namespace,
                service,
                vec![instance("10.0.0.1", 80, &["redis", "other"])],
            )
            .unwrap();
    }
    writer.publish(1);
    let zones = ["nomad", "service.nomad"].map(|apex| Zone::new(apex.parse().unwrap()).unwrap());
    let settings = ZoneSettings::new(zones.into(), 30, 5);
    let view = catalog.view().unwrap();
    let inner = &settings.zones()[0];
    let names: Vec<String> = names(&settings, inner, &view)
        .map(|name| name.to_string())
        .collect();
    let count = |wanted: &str| names.iter().filter(|name| *name == wanted).count();
    assert_eq!(count("redis.web.service.nomad."), 1, "{names:?}");
    // No namespace web has a service `other`, so the outer grammar is heard.
    assert_eq!(count("other.web.service.nomad."), 1, "{names:?}");
}

#[test]
fn a_name_that_is_unknown_by_the_inner_grammar_is_left_out() {
    let catalog = Arc::new(Catalog::new());
    let mut writer = catalog.writer();
    writer
        .put("service", "web", vec![instance("10.0.0.1", 80, &["redis"])])
        .unwrap();
    writer
        .mark_unknown("web", "redis", Some(UnknownReason::Unreadable))
        .unwrap();
    writer.publish(1);
    let zones = ["nomad", "service.nomad"].map(|apex| Zone::new(apex.parse().unwrap()).unwrap());
    let settings = ZoneSettings::new(zones.into(), 30, 5);
    let view = catalog.view().unwrap();
    let names: Vec<String> = names(&settings, &settings.zones()[0], &view)
        .map(|name| name.to_string())
        .collect();
    let has = |wanted: &str| names.iter().any(|name| name == wanted);
    // A query for it is answered with an error: redis of namespace web may be there.
    assert!(!has("redis.web.service.nomad."), "{names:?}");
    assert!(has("redis.web.service.service.nomad."), "{names:?}");
}
