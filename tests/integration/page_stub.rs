//! A source of the status page with made-up content, hostile texts among it.

use std::sync::Arc;

use nomadns::dns::{Name, RecordType};
use nomadns::listeners::admin::{
    ConfigReport, ConfigSetting, GatewayState, InstanceDetail, LiveStatus, LookupReport,
    PageFuture, PageSource, Sample, SecondaryReport, ServiceDetail, ServicePage, ServiceSearch,
    ServiceSummary, StateBanner, StatusReport, Untrusted,
};
use tokio::sync::watch;

/// What no page may take for anything but text.
pub(crate) const HOSTILE: &str = "<script>alert(1)</script>\u{202e}";

/// The source, with what open pages are sent.
pub(crate) struct PageStub(pub(crate) watch::Sender<Arc<str>>);

impl PageStub {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(watch::channel(Arc::from("{}")).0))
    }
}

fn summary(name: &str) -> ServiceSummary {
    ServiceSummary {
        namespace: HOSTILE.into(),
        service: name.into(),
        name: "redis.default.nomad".into(),
        instances: 3,
        healthy: 2,
        failing: 1,
        ports: vec![6379],
        tags: vec![HOSTILE.into()],
        ttl_seconds: 30,
    }
}

fn instance() -> InstanceDetail {
    InstanceDetail {
        address: HOSTILE.into(),
        port: 6379,
        health: "passing",
        allocation: HOSTILE.into(),
        allocation_url: Some(format!("http://nomad.example/\"{HOSTILE}").into()),
        node: HOSTILE.into(),
        job: HOSTILE.into(),
        job_url: Some(HOSTILE.into()),
        datacenter: HOSTILE.into(),
        tags: vec![HOSTILE.into()],
    }
}

impl PageSource for PageStub {
    fn status(&self) -> StatusReport {
        StatusReport {
            live: LiveStatus {
                banner: StateBanner {
                    state: GatewayState::Stale,
                    headline: "Stale".into(),
                    detail: HOSTILE.into(),
                },
                services: 1234,
                instances: 3,
                failing_services: 0,
                sample: Sample::default(),
            },
            samples: vec![Sample::default()],
            sample_seconds: 2.5,
            version: "1",
            nomad_server: HOSTILE.into(),
            nomad_index: 1,
            access: "all".into(),
            health: "off".into(),
            last_error: Some(HOSTILE.into()),
            namespaces: Vec::new(),
            more_namespaces: 0,
            findings: Vec::new(),
            not_found: None,
            listeners: Vec::new(),
            zones: Vec::new(),
            certificates: Vec::new(),
            upstreams: Vec::new(),
            secondaries: vec![SecondaryReport {
                zone: "nomad".into(),
                address: "192.0.2.53:53".into(),
                serial: Some(7),
                our_serial: 9,
                lag_seconds: 42.0,
                error: Some("it does not answer".into()),
            }],
        }
    }

    fn services(self: Arc<Self>, search: ServiceSearch) -> PageFuture<ServicePage> {
        let page = ServicePage {
            found: 50,
            incomplete: false,
            page: search.page,
            pages: 3,
            services: vec![summary(HOSTILE)],
        };
        Box::pin(async { page })
    }

    fn service(self: Arc<Self>, _: String, service: String) -> PageFuture<Option<ServiceDetail>> {
        let detail = (service != "absent").then(|| ServiceDetail {
            summary: summary(&service),
            instances: vec![instance()],
            more_instances: 0,
            names: vec![Untrusted::from("redis.default.nomad")],
            answers: Vec::new(),
        });
        Box::pin(async { detail })
    }

    fn config(&self) -> ConfigReport {
        let setting = |key: &str, is_default| ConfigSetting {
            key: key.into(),
            value: HOSTILE.into(),
            text: format!("{HOSTILE:?}").into(),
            is_secret: false,
            origin: HOSTILE.into(),
            is_default,
        };
        ConfigReport {
            settings: vec![setting("zones", false), setting("ttl", true)],
            waiting: vec!["zones".into()],
            error: Some(HOSTILE.into()),
        }
    }

    fn lookup(self: Arc<Self>, name: Name, _: RecordType) -> PageFuture<LookupReport> {
        let report = LookupReport {
            name: name.to_string().into(),
            agree: true,
            answers: Vec::new(),
        };
        Box::pin(async { report })
    }

    fn live(&self) -> watch::Receiver<Arc<str>> {
        self.0.subscribe()
    }
}
