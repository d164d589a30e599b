//! What the token may see is found out, said, and followed when it changes; a refusal takes nothing away.

use nomadns::demo::{Acl, Enforcement, Removal, Token};

use super::*;

/// A Nomad with ACLs on, two namespaces and a token.
fn guarded(rights: Token) -> SimulatedNomad {
    let nomad = nomad();
    nomad.create_namespace("prod");
    nomad.register(instances("default", "redis", 2));
    nomad.register(instances("prod", "web", 2));
    let tokens = [("canary".to_owned(), rights)].into();
    nomad.set_acl(Acl {
        enforcement: Enforcement::On,
        tokens,
    });
    nomad
}

async fn tier(followed: &Followed, label: &str) {
    followed
        .until(label, |it| it.report().access.label() == label)
        .await;
}

#[tokio::test]
async fn a_token_for_everything_lists_all_with_events() {
    let nomad = guarded(Token::reads_everything());
    let followed = follow_with(&nomad, token("canary"), quick());
    tier(&followed, "all_with_events").await;
    followed.until_count("prod", "web", 2).await;
}

#[tokio::test]
async fn a_token_for_one_namespace_lists_that_one() {
    let nomad = guarded(Token::reads(["prod"]));
    let followed = follow_with(&nomad, token("canary"), quick());
    followed.until("ready", Followed::is_ready).await;
    assert_eq!(
        (
            followed.count("prod", "web"),
            followed.count("default", "redis")
        ),
        (2, 0)
    );
    // Of this version, its stream tells of services that it may not read.
    nomad.scale("default", "redis", 3, Removal::Planned);
    nomad.scale("prod", "web", 3, Removal::Planned);
    followed.until_count("prod", "web", 3).await;
    assert_eq!(followed.count("default", "redis"), 0);
}

#[tokio::test]
async fn a_bare_workload_identity_lists_the_namespaces_of_the_configuration() {
    let nomad = guarded(Token::workload_identity());
    let mut settings = quick();
    settings.namespaces = vec!["*".into(), "prod".into(), "default".into()];
    let followed = follow_with(&nomad, token("canary"), settings);
    followed.until_count("prod", "web", 2).await;
    followed.until_count("default", "redis", 2).await;
    nomad.scale("prod", "web", 5, Removal::Planned);
    followed.until_count("prod", "web", 5).await;
    tier(&followed, "namespaces").await;
    nomad.remove_service("default", "redis", Removal::Silent);
    followed.until_count("default", "redis", 0).await;
}

#[tokio::test]
async fn a_bare_workload_identity_without_configuration_lists_the_default_namespace() {
    let nomad = guarded(Token::workload_identity());
    let followed = follow_with(&nomad, token("canary"), quick());
    followed.until_count("default", "redis", 2).await;
    assert!(
        followed
            .report()
            .access
            .to_string()
            .contains("the services of default")
    );
}

#[tokio::test]
async fn a_token_for_nothing_says_so() {
    let nomad = guarded(Token::without_rights());
    let followed = follow_with(&nomad, token("canary"), quick());
    tier(&followed, "none").await;
    let Readiness::NotReady(why) = followed.report().readiness else {
        panic!("ready")
    };
    assert!(
        why.contains("read-job") && why.contains("permission denied"),
        "{why}"
    );
    assert!(!format!("{:?}", followed.report()).contains("canary"));
    nomad.set_token("canary", Token::reads_everything());
    followed.until_count("prod", "web", 2).await;
}

#[tokio::test]
async fn a_refusal_after_success_takes_nothing_away() {
    let nomad = guarded(Token::reads_everything());
    let followed = follow_with(&nomad, token("canary"), quick());
    followed.until_count("prod", "web", 2).await;
    for rights in [Token::without_rights(), Token::reads_everything().expired()] {
        nomad.set_token("canary", rights);
        nomad.cut_connections();
        followed
            .until("failing", |it| it.report().failing_for.is_some())
            .await;
        assert_eq!(
            (
                followed.count("prod", "web"),
                followed.count("default", "redis")
            ),
            (2, 2)
        );
        nomad.scale("prod", "web", 3, Removal::Planned);
        nomad.set_token("canary", Token::reads_everything());
        followed.until_count("prod", "web", 3).await;
        nomad.scale("prod", "web", 2, Removal::Planned);
        followed.until_count("prod", "web", 2).await;
    }
}

#[tokio::test]
async fn a_new_token_in_the_file_is_taken_without_a_restart() {
    let nomad = guarded(Token::reads_everything());
    let secret = Arc::new(std::sync::Mutex::new("canary".to_owned()));
    let file = Arc::clone(&secret);
    let source = TokenSource::Ask(Arc::new(move || Ok(Secret::new(&file.lock().unwrap()))));
    let followed = follow_with(&nomad, source, quick());
    followed.until_count("prod", "web", 2).await;
    nomad.delete_token("canary");
    nomad.set_token("rotated", Token::reads_everything());
    *secret.lock().unwrap() = "rotated".into();
    nomad.cut_connections();
    nomad.scale("prod", "web", 4, Removal::Planned);
    followed.until_count("prod", "web", 4).await;
}

#[tokio::test]
async fn a_namespace_that_is_listed_no_longer_is_answered_from_as_long_as_it_may_be() {
    let nomad = guarded(Token::reads(["default", "prod"]));
    let mut settings = quick();
    settings.namespaces = vec!["default".into(), "prod".into()];
    settings.max_stale = Duration::from_millis(1500);
    let followed = follow_with(&nomad, token("canary"), settings);
    followed.until_count("prod", "web", 2).await;
    nomad.set_token("canary", Token::reads(["default"]));
    nomad.cut_connections();
    let only_default = "the services of default";
    followed
        .until(only_default, |it| {
            let access = it.report().access.to_string();
            access.contains(only_default) && !access.contains("prod")
        })
        .await;
    assert_eq!(followed.count("prod", "web"), 2);
    followed.until_count("prod", "web", 0).await;
    assert_eq!(followed.count("default", "redis"), 2);
}
