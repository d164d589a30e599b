//! Upstreams over connections: TCP, TLS and HTTPS, which another gateway serves.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::*;

fn trusting(upstream: &str, ca_pem: &str) -> ForwardSettings {
    let authority = CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap();
    ForwardSettings {
        tls: upstream_tls([authority]).unwrap(),
        ..all_to(&[upstream.to_owned()])
    }
}

#[tokio::test]
async fn questions_go_over_tcp_tls_and_https_by_a_connection_that_is_kept() {
    let nomad = cast();
    let server = Gateway::start(&nomad.url()).await;
    for (upstream, listener) in [
        (format!("tcp://{}", server.dns), "tcp"),
        (format!("tls://{}#localhost", server.tls), "dot"),
        (
            format!(
                "https://localhost:{}/dns-query#127.0.0.1",
                server.https.port()
            ),
            "https",
        ),
    ] {
        let alone = Alone::start(&trusting(&upstream, &server.ca_pem));
        for round in 0..2 {
            for name in [
                "redis.default.nomad",
                "web.prod.nomad",
                "nope.default.nomad",
            ] {
                let mut asked = query(name);
                // Not to be found in the cache.
                asked.flags.checking_disabled = round == 1;
                let Forwarded::Waiting(waiting) = alone.forwarder.ask(&asked, client()) else {
                    panic!("{name} over {upstream} is known");
                };
                waiting
                    .answer()
                    .await
                    .unwrap_or_else(|error| panic!("{upstream}: {error}"));
            }
        }
        let name =
            format!("nomadns_connections_total{{listener=\"{listener}\",outcome=\"accepted\"}}");
        assert_eq!(server.metric(&name).await, 1.0, "{upstream}");
    }
    server.end().await;
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_or_another_name_is_not_believed() {
    let nomad = cast();
    let server = Gateway::start(&nomad.url()).await;
    let upstreams = [
        (format!("tls://{}#localhost", server.tls), None),
        (
            format!("tls://{}#dns.example", server.tls),
            Some(&server.ca_pem),
        ),
        (
            format!(
                "https://dns.example:{}/dns-query#127.0.0.1",
                server.https.port()
            ),
            Some(&server.ca_pem),
        ),
    ];
    for (upstream, ca_pem) in upstreams {
        let settings = match ca_pem {
            Some(ca_pem) => trusting(&upstream, ca_pem),
            None => all_to(std::slice::from_ref(&upstream)),
        };
        let alone = Alone::start(&settings);
        let error = alone.ask("redis.default.nomad").await.unwrap_err();
        assert_eq!(error, ForwardError::Unreachable, "{upstream}");
    }
    server.end().await;
}

#[tokio::test]
async fn a_connection_that_has_ended_is_made_anew_without_an_error() {
    let nomad = cast();
    let mut server = Gateway::start(&nomad.url()).await;
    let listen = server.dns;
    let alone = Alone::start(&all_to(&[format!("tcp://{listen}")]));
    alone.ask("redis.default.nomad").await.unwrap();
    server.ask_to_end();
    server.ended().await;
    assert!(alone.ask("web.prod.nomad").await.is_err());
    let upstream =
        ScriptedUpstream::start_at(listen, |asked| vec![Reply::Now(asked.address(7))]).await;
    crate::support::gateway::until("up again", async || alone.ask("back.example").await.is_ok())
        .await;
    assert!(upstream.seen().iter().all(|seen| seen.over_tcp));
}
