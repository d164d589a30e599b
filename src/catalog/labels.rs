//! Which of Nomad's names can be DNS labels, and their keys in the catalogue.
//!
//! Floor 1. Keys are lower case, as DNS compares names: only ASCII letters have two cases (RFC 4343).

/// The longest label of a DNS name, in octets (RFC 1035 §2.3.4).
pub(super) const LABEL_OCTETS: usize = 63;

/// Why a service can have no DNS name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceNameError {
    /// The service's name is no label.
    #[error("the service's name is not a DNS label: 1 to 63 letters, digits and inner hyphens")]
    Service,
    /// The namespace's name is no label.
    #[error("the namespace's name is not a DNS label: at most 63 letters, digits and hyphens")]
    Namespace,
}

/// The keys of a service's two names.
pub(super) fn keys(
    namespace: &str,
    service: &str,
) -> Result<(Box<str>, Box<str>), ServiceNameError> {
    let namespace = label_key(namespace).ok_or(ServiceNameError::Namespace)?;
    let service = label_key(service).ok_or(ServiceNameError::Service)?;
    if service.starts_with('-') || service.ends_with('-') {
        return Err(ServiceNameError::Service);
    }
    Ok((namespace, service))
}

/// Whether a tag or a datacenter can be a label: 1 to 63 octets of any kind (RFC 2181 §11).
pub fn is_label(text: &str) -> bool {
    (1..=LABEL_OCTETS).contains(&text.len())
}

/// The key of a datacenter, which can be called by any label.
pub(super) fn datacenter_key(name: &str) -> Option<Box<str>> {
    is_label(name).then(|| name.to_ascii_lowercase().into())
}

/// The lower-case form of a name that can be a label in the sense of RFC 1123 §2.1, bar hyphens.
pub(super) fn label_key(name: &str) -> Option<Box<str>> {
    let legal = name
        .bytes()
        .all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
    (legal && is_label(name)).then(|| name.to_ascii_lowercase().into())
}

/// Whether a namespace could be called so.
pub(super) fn could_be_named(label: &[u8]) -> bool {
    let legal = |octet: &u8| octet.is_ascii_alphanumeric() || *octet == b'-';
    !label.is_empty() && label.iter().all(legal)
}

/// Whether a datacenter could be called so: Nomad's names are text.
pub(super) fn could_be_datacenter(label: &[u8]) -> bool {
    !label.is_empty() && str::from_utf8(label).is_ok()
}

/// Whether a service could be called so.
pub(super) fn could_be_service(label: &[u8]) -> bool {
    could_be_named(label) && !label.starts_with(b"-") && !label.ends_with(b"-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_called_by_letters_digits_and_hyphens_and_a_service_by_inner_hyphens_only() {
        for (label, namespace, service) in [
            (&b"a"[..], true, true),
            (b"A-1", true, true),
            (b"7", true, true),
            (b"-a", true, false),
            (b"a-", true, false),
            (b"-", true, false),
            (b"", false, false),
            (b"a_b", false, false),
            (b"a.b", false, false),
            (b"\xc3\xa9", false, false),
        ] {
            assert_eq!(could_be_named(label), namespace, "{label:?}");
            assert_eq!(could_be_service(label), service, "{label:?}");
        }
        assert!(could_be_datacenter("\u{e9} 1".as_bytes()));
        assert!(!could_be_datacenter(b"") && !could_be_datacenter(b"\xff"));
    }
}
