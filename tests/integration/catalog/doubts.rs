//! Doubts: whom they are about, and what they touch.

use std::sync::Arc;

use nomadns::answers::AnswerError;
use nomadns::catalog::{
    Catalog, Doubt, Doubted, Lookup, PutOutcome, ServiceNameError, View, Writer,
};

use super::sources;
use crate::support::answers::instance;

#[test]
fn a_doubt_is_about_one_of_nomads_spellings_and_changes_no_serial() {
    let catalog = Arc::new(Catalog::new());
    let mut writer = catalog.writer();
    let (unread, refused) = (Some(Doubt::Unread), Some(Doubt::Refused));
    writer.publish(1);
    let serial = catalog.view().unwrap().serial();
    assert_eq!(
        writer.doubt("default", "Redis", refused),
        Ok(PutOutcome::Changed)
    );
    assert_eq!(
        writer.doubt("default", "redis", unread),
        Ok(PutOutcome::Changed)
    );
    assert_eq!(
        writer.doubt("default", "redis", unread),
        Ok(PutOutcome::Unchanged)
    );
    let looked_up = |writer: &mut Writer| {
        writer.publish(2);
        let view = catalog.view().unwrap();
        assert_eq!(view.serial(), serial);
        let found = view.service(b"default", b"redis");
        assert!(found.found().is_none());
        let is_refused = matches!(found, Lookup::InDoubt(Doubt::Refused));
        (view.snapshot().has_doubts(), is_refused)
    };
    assert_eq!(looked_up(&mut writer), (true, true), "the stronger is told");
    assert_eq!(
        writer.doubt("default", "Redis", None),
        Ok(PutOutcome::Changed)
    );
    assert_eq!(looked_up(&mut writer), (true, false));
    assert_eq!(writer.doubts().count(), 1);
    assert_eq!(
        writer.doubt("default", "redis", None),
        Ok(PutOutcome::Changed)
    );
    assert_eq!(looked_up(&mut writer), (false, false));
    assert_eq!(writer.doubts().count(), 0);
    assert_eq!(
        writer.doubt("a.b", "redis", unread),
        Err(ServiceNameError::Namespace)
    );
    assert_eq!(
        writer.doubt_namespace("a.b", unread),
        Err(ServiceNameError::Namespace)
    );
    assert_eq!(
        writer.doubt("default", "-", unread),
        Err(ServiceNameError::Service)
    );
}

#[test]
fn doubts_say_whom_they_are_about_in_nomads_spelling() {
    let mut writer = Arc::new(Catalog::new()).writer();
    let (unread, refused) = (Some(Doubt::Unread), Some(Doubt::Refused));
    writer.doubt("default", "Redis", unread).unwrap();
    writer.doubt_namespace("Prod", refused).unwrap();
    writer.doubt_others(unread);
    let mut said: Vec<_> = writer.doubts().collect();
    said.sort_unstable();
    let redis = Doubted::Service {
        namespace: "default",
        service: "Redis",
    };
    assert_eq!(
        said,
        [
            (redis, Doubt::Unread),
            (Doubted::Namespace("Prod"), Doubt::Refused),
            (Doubted::Others, Doubt::Unread),
        ]
    );
}

#[test]
fn an_error_says_which_doubt_there_is() {
    for (doubt, why) in Doubt::ALL
        .into_iter()
        .zip(["unread", "unreadable", "refused"])
    {
        let said = AnswerError::InDoubt(doubt).to_string();
        assert!(said.ends_with(&format!(": {why}")), "{said}");
    }
}

#[test]
fn a_doubt_stays_when_the_instances_change_and_touches_no_other_service() {
    let catalog = Arc::new(Catalog::new());
    let mut writer = catalog.writer();
    let here = |port| vec![instance("10.0.0.1", port, &[])];
    for service in ["redis", "web"] {
        writer.put("default", service, here(80)).unwrap();
    }
    writer.put("prod", "web", here(80)).unwrap();
    writer.publish(1);
    let of = |namespace: &[u8], service: &[u8]| {
        let mut doubt = None;
        let look_up = |view: &View| doubt = view.service(namespace, service).found().unwrap().doubt;
        (sources(&catalog, look_up), doubt)
    };
    let (redis, web, prod) = (
        of(b"default", b"redis").0,
        of(b"default", b"web").0,
        of(b"prod", b"web").0,
    );
    writer
        .doubt("default", "redis", Some(Doubt::Unreadable))
        .unwrap();
    writer.put("default", "redis", here(81)).unwrap();
    writer.publish(2);
    assert!(!redis.are_current() && web.are_current());
    assert_eq!(of(b"default", b"redis").1, Some(Doubt::Unreadable));
    writer
        .doubt_namespace("default", Some(Doubt::Unread))
        .unwrap();
    writer.publish(3);
    assert!(!web.are_current() && prod.are_current());
    assert_eq!(of(b"default", b"redis").1, Some(Doubt::Unreadable));
    assert_eq!(of(b"default", b"web").1, Some(Doubt::Unread));
    writer.doubt_namespace("default", None).unwrap();
    writer.doubt("default", "redis", None).unwrap();
    writer.publish(4);
    assert_eq!(
        (of(b"default", b"redis").1, of(b"default", b"web").1),
        (None, None)
    );
}
