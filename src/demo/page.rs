//! The web page of the demo's service `hello`, which a browser shows once it has found the service by its name.
//!
//! Floor 5. Plain HTTP, the same page for every path and host. It knows neither Nomad nor the gateway.

use std::io;
use std::net::{SocketAddr, TcpListener};

use axum::Router;
use axum::response::Html;

use super::model::Registration;

const PAGE: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<title>hello from nomadns</title>
<h1>Hello</h1>
<p>This page was found by its name: the service <code>hello</code> in the namespace <code>default</code> of a simulated Nomad cluster.
</html>
";

/// Serves the page as long as the tokio runtime lives, and returns how Nomad would list it. Port 0 takes a free one.
///
/// # Errors
/// The address cannot be bound.
pub fn serve_page(address: SocketAddr) -> io::Result<Registration> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let bound = listener.local_addr()?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let router = Router::new().fallback(async || Html(PAGE));
    // It ends with the runtime only.
    tokio::spawn(async move { axum::serve(listener, router).await });
    let registration = Registration::new("default", "hello");
    Ok(registration
        .address(bound.ip().to_string())
        .port(bound.port().into()))
}
