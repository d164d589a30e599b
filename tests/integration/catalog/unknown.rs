//! What is unknown: how it is named, and what else changes with it.

use std::sync::Arc;

use nomadns::answers::AnswerError;
use nomadns::catalog::{
    Catalog, Lookup, PutOutcome, ServiceNameError, UnknownReason, UnknownScope, View, Writer,
};

use super::sources;
use crate::support::answers::instance;

#[test]
fn one_of_nomads_spellings_is_unknown() {
    let catalog = Arc::new(Catalog::new());
    let mut writer = catalog.writer();
    let (unread, refused) = (Some(UnknownReason::Unread), Some(UnknownReason::Refused));
    writer.publish(1);
    assert_eq!(
        writer.mark_unknown("default", "Redis", refused),
        Ok(PutOutcome::Changed)
    );
    assert_eq!(
        writer.mark_unknown("default", "redis", unread),
        Ok(PutOutcome::Changed)
    );
    assert_eq!(
        writer.mark_unknown("default", "redis", unread),
        Ok(PutOutcome::Unchanged)
    );
    let looked_up = |writer: &mut Writer| {
        writer.publish(2);
        let view = catalog.view().unwrap();
        let found = view.service(b"default", b"redis");
        assert!(found.found().is_none());
        let is_refused = matches!(found, Lookup::Unknown(UnknownReason::Refused));
        (view.snapshot().has_unknowns(), is_refused)
    };
    assert_eq!(looked_up(&mut writer), (true, true), "the stronger is told");
    assert_eq!(
        writer.mark_unknown("default", "Redis", None),
        Ok(PutOutcome::Changed)
    );
    assert_eq!(looked_up(&mut writer), (true, false));
    assert_eq!(writer.unknowns().count(), 1);
    assert_eq!(
        writer.mark_unknown("default", "redis", None),
        Ok(PutOutcome::Changed)
    );
    assert_eq!(looked_up(&mut writer), (false, false));
    assert_eq!(writer.unknowns().count(), 0);
    assert_eq!(
        writer.mark_unknown("a.b", "redis", unread),
        Err(ServiceNameError::Namespace)
    );
    assert_eq!(
        writer.mark_namespace_unknown("a.b", unread),
        Err(ServiceNameError::Namespace)
    );
    assert_eq!(
        writer.mark_unknown("default", "-", unread),
        Err(ServiceNameError::Service)
    );
}

#[test]
fn what_is_unknown_is_named_in_nomads_spelling() {
    let mut writer = Arc::new(Catalog::new()).writer();
    let (unread, refused) = (Some(UnknownReason::Unread), Some(UnknownReason::Refused));
    writer.mark_unknown("default", "Redis", unread).unwrap();
    writer.mark_namespace_unknown("Prod", refused).unwrap();
    writer.mark_others_unknown(unread);
    let mut listed: Vec<_> = writer.unknowns().collect();
    listed.sort_unstable();
    let redis = UnknownScope::Service {
        namespace: "default",
        service: "Redis",
    };
    assert_eq!(
        listed,
        [
            (redis, UnknownReason::Unread),
            (UnknownScope::Namespace("Prod"), UnknownReason::Refused),
            (UnknownScope::Others, UnknownReason::Unread),
        ]
    );
}

#[test]
fn an_error_says_why_a_name_is_unknown() {
    for (reason, why) in UnknownReason::ALL
        .into_iter()
        .zip(["unread", "unreadable", "refused"])
    {
        let listed = AnswerError::Unknown(reason).to_string();
        assert!(listed.ends_with(&format!(": {why}")), "{listed}");
    }
}

#[test]
fn an_unknown_service_stays_unknown_when_its_instances_change_and_no_other_does() {
    let catalog = Arc::new(Catalog::new());
    let mut writer = catalog.writer();
    let here = |port| vec![instance("10.0.0.1", port, &[])];
    for service in ["redis", "web"] {
        writer.put("default", service, here(80)).unwrap();
    }
    writer.put("prod", "web", here(80)).unwrap();
    writer.publish(1);
    let of = |namespace: &[u8], service: &[u8]| {
        let mut reason = None;
        let look_up =
            |view: &View| reason = view.service(namespace, service).found().unwrap().unknown;
        (sources(&catalog, look_up), reason)
    };
    let (redis, web, prod) = (
        of(b"default", b"redis").0,
        of(b"default", b"web").0,
        of(b"prod", b"web").0,
    );
    writer
        .mark_unknown("default", "redis", Some(UnknownReason::Unreadable))
        .unwrap();
    writer.put("default", "redis", here(81)).unwrap();
    writer.publish(2);
    assert!(!redis.are_current() && web.are_current());
    assert_eq!(of(b"default", b"redis").1, Some(UnknownReason::Unreadable));
    writer
        .mark_namespace_unknown("default", Some(UnknownReason::Unread))
        .unwrap();
    writer.publish(3);
    assert!(!web.are_current() && prod.are_current());
    assert_eq!(of(b"default", b"redis").1, Some(UnknownReason::Unreadable));
    assert_eq!(of(b"default", b"web").1, Some(UnknownReason::Unread));
    writer.mark_namespace_unknown("default", None).unwrap();
    writer.mark_unknown("default", "redis", None).unwrap();
    writer.publish(4);
    assert_eq!(
        (of(b"default", b"redis").1, of(b"default", b"web").1),
        (None, None)
    );
}
