//! A gateway in this process, for what only a running one can tell.

use std::io::{Read, Write};
use std::net::TcpStream;

use nomadns::app::{self, Bound, Ending, PortConflict};
use nomadns::config::{Settings, Source};

/// The metrics of a gateway that has just started, as text.
pub(crate) fn metrics() -> String {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime.expect("threads").block_on(async {
        let mut source = Source::default();
        // Nobody listens there; that is a state like others.
        source.set(
            "nomad.addresses",
            vec!["http://127.0.0.1:1".to_owned()],
            "test",
        );
        source.set("listen.dns", vec!["127.0.0.1:0".to_owned()], "test");
        source.set("metrics.names", vec!["coredns".to_owned()], "test");
        source.set("listen.http", Vec::<String>::new(), "test");
        source.set("listen.admin", vec!["127.0.0.1:0".to_owned()], "test");
        let settings = Settings::check(&source).expect("good settings");
        let bound = Bound::bind(&settings.listen, 1, PortConflict::Fails).expect("free ports");
        let admin = bound.admin[0].local_addr().expect("a bound socket");
        let running = app::start(settings, bound).expect("a gateway");
        let page = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(admin)?;
            write!(
                stream,
                "GET /metrics HTTP/1.0\r\nAccept: application/openmetrics-text\r\n\r\n"
            )?;
            let mut page = String::new();
            stream.read_to_string(&mut page).map(|_| page)
        });
        let page = page.await.expect("no panic").expect("a page");
        running.until(std::future::ready(Ending::AtOnce)).await;
        page
    })
}
