//! The page of all metrics, in the format that the client prefers.
//!
//! Floor 4. `app` writes them; which format is chosen here, by `Accept`.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::VARY;
use http::{HeaderMap, StatusCode};
use prometheus_client::encoding::prometheus_text;

use super::{Admin, Page};
use crate::listeners::http::accepted_ranges;

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A text format of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricsFormat {
    /// `OpenMetrics` 1.0.0.
    OpenMetrics,
    /// The text format of Prometheus, version 0.0.4.
    PrometheusText,
}

impl MetricsFormat {
    /// The one that a request prefers: `OpenMetrics` only if it is asked for, since other programs than Prometheus know the
    /// text format. A request that accepts neither gets text, as Prometheus's own libraries do it.
    fn preferred(headers: &HeaderMap) -> Self {
        let (mut open_metrics, mut text) = (0, 0);
        for range in accepted_ranges(headers) {
            let is = |name: &str| range.name.eq_ignore_ascii_case(name);
            let of = match range.version {
                None | Some("0.0.1" | "1.0.0") if is("application/openmetrics-text") => {
                    &mut open_metrics
                }
                None | Some("0.0.4") if is("text/plain") => &mut text,
                None if is("application/*") => &mut open_metrics,
                _ if is("text/*") || is("*/*") || is("*") => &mut text,
                _ => continue,
            };
            *of = range.quality.max(*of);
        }
        match open_metrics > 0 && open_metrics >= text {
            true => Self::OpenMetrics,
            false => Self::PrometheusText,
        }
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => OPENMETRICS,
            Self::PrometheusText => prometheus_text::CONTENT_TYPE,
        }
    }
}

/// Answers with all metrics.
pub(super) async fn metrics(State(admin): State<Admin>, headers: HeaderMap) -> Response {
    let format = MetricsFormat::preferred(&headers);
    let page = Page(
        StatusCode::OK,
        format.content_type(),
        (admin.metrics)(format),
    );
    ([(VARY, "accept")], page).into_response()
}

#[cfg(test)]
mod tests {
    use http::header::ACCEPT;

    use super::*;

    fn preferred(accept: &str) -> MetricsFormat {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, accept.parse().unwrap());
        MetricsFormat::preferred(&headers)
    }

    #[test]
    fn what_prometheus_sends_gets_open_metrics() {
        for accept in [
            // 2.42 and 3.5, and a few others of its family.
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,\
             text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,\
             application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            "application/openmetrics-text; version=\"1.0.0\"; charset=utf-8",
            "Application/OpenMetrics-Text, text/plain",
            "application/*",
        ] {
            assert_eq!(preferred(accept), MetricsFormat::OpenMetrics, "{accept}");
        }
    }

    #[test]
    fn whoever_does_not_prefer_open_metrics_gets_text() {
        let text = MetricsFormat::PrometheusText;
        assert_eq!(MetricsFormat::preferred(&HeaderMap::new()), text);
        for accept in [
            "",
            "*/*",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "text/plain;version=0.0.4;q=0.5,application/openmetrics-text;version=1.0.0;q=0.4",
            "application/openmetrics-text;version=1.0.0;q=0,*/*;q=0.1",
            "application/openmetrics-text;version=2.0.0",
            "application/vnd.google.protobuf",
            "image/png",
        ] {
            assert_eq!(preferred(accept), text, "{accept}");
        }
    }
}
