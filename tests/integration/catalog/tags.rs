//! The tags of a namespace: what a change of them touches.

use std::sync::Arc;

use nomadns::catalog::{Catalog, Lookup, Sources};

use super::sources;
use crate::support::answers::instance;

#[test]
fn a_tag_that_comes_or_goes_supersedes_what_was_said_of_tags_and_no_more() {
    let catalog = Arc::new(Catalog::new());
    let mut writer = catalog.writer();
    let mut put = |service: &str, tags: &[&str]| {
        let instances = vec![instance("10.0.0.1", 80, tags)];
        writer.put("default", service, instances).unwrap();
        writer.publish(1);
    };
    let tag = |tag: &[u8], datacenter, expected| {
        sources(&catalog, |view| {
            assert_eq!(view.tag_in(b"DEFAULT", datacenter, tag), expected);
        })
    };
    put("redis", &["v7"]);
    put("web", &["v7"]);
    let other = sources(&catalog, |view| {
        assert_eq!(view.namespace(b"nope"), Lookup::Absent);
    });
    let there = tag(b"V7", Some(b"DC1"), Lookup::Found(()));
    let absent = [
        tag(b"v8", None, Lookup::Absent),
        tag(b"v7", Some(b"dc2"), Lookup::Absent),
    ];
    // Another still has it.
    put("web", &[]);
    assert!(there.are_current() && absent.iter().all(Sources::are_current));
    put("redis", &["v8"]);
    assert!(!there.are_current() && !absent.iter().any(Sources::are_current));
    assert!(other.are_current());
    tag(b"v8", None, Lookup::Found(()));
    tag(b"v7", None, Lookup::Absent);
}
