//! When the certificates end that the gateway shows: to clients, and to Nomad.
//!
//! Floor 7. It looks at the certificate in use, so a new file counts once it was read.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::exposition::family;
use crate::listeners::Certificates;
use crate::nomad::Client;

/// Tells when certificates end.
#[derive(Debug)]
pub(super) struct ExpiryCollector {
    pub(super) shown: Option<Arc<Certificates>>,
    pub(super) client: Client,
}

impl Collector for ExpiryCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let shown = self.shown.as_ref().and_then(|it| it.shown());
        let shown = shown.as_deref().and_then(expiry_seconds);
        let to_nomad = self.client.certificate_pem();
        let to_nomad = to_nomad.and_then(|pem| CertificateDer::from_pem_slice(&pem).ok());
        let to_nomad = to_nomad.as_deref().and_then(expiry_seconds);
        let name = "nomadns_certificate_expiry_timestamp_seconds";
        let help = "When the certificate ends that is used now, by the key that names its file";
        let mut own = family(&mut encoder, name, help, MetricType::Gauge)?;
        for (key, expiry) in [
            ("tls.certificate", shown),
            ("nomad.client_certificate", to_nomad),
        ] {
            if let Some(expiry) = expiry {
                own.encode_family(&[("certificate", key)])?
                    .encode_gauge(&expiry)?;
            }
        }
        Ok(())
    }
}

fn expiry_seconds(der: &[u8]) -> Option<i64> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    Some(certificate.validity().not_after.timestamp())
}
