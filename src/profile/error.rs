//! Why a profile cannot be printed, and what to change.

use super::ProfileKind;

/// Why a profile cannot be printed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// A text that is no URL of a gateway.
    #[error(
        "{url:?} {problem}; expected https://HOST/dns-query, or tls://HOST for apple and stamp"
    )]
    Url {
        /// The text.
        url: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// DNS over TLS where only DNS over HTTPS is known.
    #[error(
        "{kind} cannot use {url}: browsers know DNS over HTTPS only; name https://HOST/dns-query"
    )]
    Tls {
        /// What is printed.
        kind: ProfileKind,
        /// The URL.
        url: String,
    },
    /// DNS over TLS at a port that Apple's devices do not use.
    #[error(
        "apple cannot use {url}: Apple's devices use DNS over TLS at port 853 only; name https://HOST:PORT/dns-query"
    )]
    AppleTlsPort {
        /// The URL.
        url: String,
    },
    /// DNS over TLS without a host name.
    #[error(
        "apple cannot use {url}: Apple's devices want a host name for DNS over TLS; name one that is in the certificate, and its \
             address with --address"
    )]
    AppleTlsHost {
        /// The URL.
        url: String,
    },
    /// More addresses than there is room for.
    #[error("--address: a stamp has one address, and {0} are given")]
    Addresses(usize),
    /// A part that is too long for a stamp.
    #[error("{what} is too long for a stamp, with {octets} octets; at most {most}")]
    TooLong {
        /// The part.
        what: &'static str,
        /// Its length.
        octets: usize,
        /// The longest.
        most: usize,
    },
    /// An option that this kind does not have.
    #[error("{option} is not for {kind}, only for {}", listed(.kinds))]
    Unused {
        /// The option.
        option: &'static str,
        /// What is printed.
        kind: ProfileKind,
        /// What has the option.
        kinds: &'static [ProfileKind],
    },
    /// A file without certificates.
    #[error("contains no certificate; expected PEM with BEGIN CERTIFICATE")]
    NoCertificate,
    /// Octets in PEM that are no certificate.
    #[error("its certificate {0} cannot be read; expected a certificate of a CA in PEM")]
    Unreadable(usize),
    /// A certificate that signs no others.
    #[error(
        "`{0}` is the certificate of a server, not of the CA that signed it; name the CA's, such as certs-dev/ca.pem"
    )]
    NoCa(String),
    /// Neither a URL nor a listener.
    #[error(
        "which gateway? Name its URL, such as `nomadns profile {kind} https://dns.example.com/dns-query`, or a configuration \
             with {listeners} (--config)"
    )]
    NoListener {
        /// What is printed.
        kind: ProfileKind,
        /// The listeners that it can use.
        listeners: &'static str,
    },
    /// Listeners at different ports.
    #[error(
        "{listener} has several ports ({ports}): name the URL that clients use, such as `nomadns profile {kind} \
             https://dns.example.com/dns-query`"
    )]
    Ports {
        /// The listener.
        listener: &'static str,
        /// Its ports.
        ports: String,
        /// What is printed.
        kind: ProfileKind,
    },
    /// A certificate that does not say which name clients use.
    #[error(
        "tls.certificate is valid for {names}: name the URL that clients use, such as `nomadns profile {kind} \
             https://dns.example.com/dns-query`, or set designated_resolver"
    )]
    Names {
        /// What it is valid for.
        names: String,
        /// What is printed.
        kind: ProfileKind,
    },
}

fn listed(kinds: &[ProfileKind]) -> String {
    let words: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    words.join(" and ")
}
