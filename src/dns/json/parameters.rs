//! Parses the parameters of `/resolve` from the query string of a URL.
//!
//! A parameter given twice is an error, because only one of the two could be answered. Unknown parameters are
//! ignored.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use serde::Serialize;

use super::super::edns::UDP_PAYLOAD_OCTETS;
use super::super::text::shown;
use super::super::{
    Class, Edns, EdnsOptions, Name, Query, QueryFlags, RecordType, Signature, Transport,
};

/// What was asked, and how the answer is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// The query, with RD set and with EDNS, so that extended errors come with the answer.
    pub query: Query,
    /// The form of the answer.
    pub form: AnswerFormat,
    /// What the client says of where it is.
    pub client_subnet: Option<SubnetParameter>,
}

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerFormat {
    /// JSON, by which of its names the client is left to say elsewhere.
    Json,
    /// JSON by the name `application/dns-json`.
    DnsJson,
    /// A DNS message, as of `/dns-query`.
    Message,
}

/// Where a client says it is (RFC 7871); answers here are for everyone, so it prints with scope 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubnetParameter {
    address: IpAddr,
}

/// A parameter that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}; expected {expected}", self.summary())]
pub struct ParameterError {
    /// The name of the parameter.
    pub param: &'static str,
    /// What is wrong with it.
    pub fault: ParameterFault,
    /// What would have been right.
    pub expected: Cow<'static, str>,
}

/// What is wrong with a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParameterFault {
    /// It is not there.
    Missing,
    /// It is there more than once.
    Repeated,
    /// What was given, cut to a length that can be shown, is not understood.
    Invalid(String),
}

impl Parameters {
    /// Reads the part of a URL behind its question mark, asked by `client`.
    ///
    /// # Errors
    /// A parameter that is there twice; else the first, in the order of `name`, `type`, `cd`, `do` and the rest, that
    /// cannot be used.
    pub fn read(query_string: &str, client: Option<IpAddr>) -> Result<Self, ParameterError> {
        let given = Given::collect(query_string)?;
        let name = name(given.name.as_deref())?;
        let record_type = match given.record_type.as_deref() {
            Some(value) => record_type(value)?,
            None => RecordType::A,
        };
        let flags = QueryFlags {
            recursion_desired: true,
            checking_disabled: is_set("cd", given.checking_disabled.as_deref())?,
            // The form has a place for it, whoever asks.
            authentic_data: true,
        };
        let edns = Edns {
            payload_octets: UDP_PAYLOAD_OCTETS,
            version: 0,
            dnssec_ok: is_set("do", given.dnssec_ok.as_deref())?,
            options: EdnsOptions::default(),
        };
        Ok(Self {
            query: Query {
                id: 0,
                flags,
                name,
                record_type,
                class: Class::IN,
                edns: Some(edns),
                transport: Transport::Json,
                client,
                signature: Signature::Absent,
            },
            form: form(given.content_type.as_deref()),
            client_subnet: given
                .client_subnet
                .as_deref()
                .map(client_subnet)
                .transpose()?,
        })
    }
}

impl fmt::Display for SubnetParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/0", self.address)
    }
}

impl ParameterError {
    /// The error as the body of an HTTP answer.
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Body<'error> {
            error: String,
            param: &'error str,
            expected: &'error str,
        }
        let body = Body {
            error: self.summary(),
            param: self.param,
            expected: &self.expected,
        };
        // Nothing in it can fail.
        serde_json::to_string(&body).unwrap_or_default()
    }

    fn new(param: &'static str, value: &str, expected: impl Into<Cow<'static, str>>) -> Self {
        Self {
            param,
            fault: ParameterFault::Invalid(shown(value)),
            expected: expected.into(),
        }
    }

    fn summary(&self) -> String {
        match &self.fault {
            ParameterFault::Missing => format!("missing {}", self.param),
            ParameterFault::Repeated => format!("more than one {}", self.param),
            ParameterFault::Invalid(value) => format!("invalid {}: {value}", self.param),
        }
    }
}

/// The parameters as they came.
#[derive(Default)]
struct Given<'text> {
    name: Option<Cow<'text, str>>,
    record_type: Option<Cow<'text, str>>,
    checking_disabled: Option<Cow<'text, str>>,
    dnssec_ok: Option<Cow<'text, str>>,
    content_type: Option<Cow<'text, str>>,
    client_subnet: Option<Cow<'text, str>>,
}

impl<'text> Given<'text> {
    fn collect(query_string: &'text str) -> Result<Self, ParameterError> {
        let mut given = Self::default();
        for (param, value) in form_urlencoded::parse(query_string.as_bytes()) {
            let (param, place) = match &*param {
                "name" => ("name", &mut given.name),
                "type" => ("type", &mut given.record_type),
                "cd" => ("cd", &mut given.checking_disabled),
                "do" => ("do", &mut given.dnssec_ok),
                "ct" => ("ct", &mut given.content_type),
                "edns_client_subnet" => ("edns_client_subnet", &mut given.client_subnet),
                // `random_padding` among them: it only hides the length of the others.
                _ => continue,
            };
            if place.replace(value).is_some() {
                return Err(ParameterError {
                    param,
                    fault: ParameterFault::Repeated,
                    expected: Cow::Borrowed("it once; ask for each name and each type apart"),
                });
            }
        }
        Ok(given)
    }
}

fn name(value: Option<&str>) -> Result<Name, ParameterError> {
    let value = value.ok_or(ParameterError {
        param: "name",
        fault: ParameterFault::Missing,
        expected: Cow::Borrowed("the domain name to look up, such as `name=redis.default.nomad`"),
    })?;
    value.parse().map_err(|error| {
        let expected = format!("a domain name of 1 to 253 characters, but {error}");
        ParameterError::new("name", value, expected)
    })
}

fn record_type(value: &str) -> Result<RecordType, ParameterError> {
    let is_number = !value.is_empty() && value.bytes().all(|octet| octet.is_ascii_digit());
    let record_type = if is_number {
        value
            .parse()
            .ok()
            .filter(|number| *number != 0)
            .map(RecordType)
    } else {
        value.parse().ok()
    };
    record_type.ok_or_else(|| {
        let expected = "a number from 1 to 65535, or a record type such as `A` or `SRV`";
        ParameterError::new("type", value, expected)
    })
}

fn is_set(param: &'static str, value: Option<&str>) -> Result<bool, ParameterError> {
    match value {
        None | Some("" | "0") => Ok(false),
        Some("1") => Ok(true),
        Some(word) if word.eq_ignore_ascii_case("false") => Ok(false),
        Some(word) if word.eq_ignore_ascii_case("true") => Ok(true),
        Some(other) => {
            let expected = "nothing, or one of `0`, `1`, `false`, `true`";
            Err(ParameterError::new(param, other, expected))
        }
    }
}

fn form(value: Option<&str>) -> AnswerFormat {
    match value {
        Some(value) if value.eq_ignore_ascii_case("application/dns-message") => {
            AnswerFormat::Message
        }
        Some(value) if value.eq_ignore_ascii_case("application/dns-json") => AnswerFormat::DnsJson,
        // As Google has it: what is not known changes nothing.
        _ => AnswerFormat::Json,
    }
}

fn client_subnet(value: &str) -> Result<SubnetParameter, ParameterError> {
    let (address, prefix) = match value.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (value, None),
    };
    let address: Option<IpAddr> = address.parse().ok();
    address
        .filter(|address| {
            let most_bits = if address.is_ipv4() { 32 } else { 128 };
            let fits = |prefix: &str| prefix.parse().is_ok_and(|bits: u8| bits <= most_bits);
            prefix.is_none_or(fits)
        })
        .map(|address| SubnetParameter { address })
        .ok_or_else(|| {
            let expected = "an IP address, or one with a prefix length such as `192.0.2.0/24`";
            ParameterError::new("edns_client_subnet", value, expected)
        })
}
