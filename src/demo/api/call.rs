//! Parses a request: its route, its parameters and the query options that all of Nomad's reads share.

use std::time::Duration;

use http::request::Parts;
use http::{HeaderMap, header};

use super::reply::Reply;

const REGION: &str = "global";

/// The routes of the API that exist here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Services,
    Service(String),
    AllocationServices(String),
    AllocationChecks(String),
    ClientAllocationChecks(String),
    JobServices(String),
    Allocations,
    EventStream,
    Namespaces,
    Nodes,
    Regions,
    Leader,
    Health,
    AgentSelf,
}

impl Route {
    /// Finds the route of a path.
    pub(crate) fn of(path: &str) -> Option<Self> {
        let segments: Vec<String> = path.strip_prefix("/v1/")?.split('/').map(decoded).collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        Some(match segments.as_slice() {
            ["services"] => Self::Services,
            ["service", name] if !name.is_empty() => Self::Service((*name).to_owned()),
            ["allocation", id, "services"] => Self::AllocationServices((*id).to_owned()),
            ["allocation", id, "checks"] => Self::AllocationChecks((*id).to_owned()),
            ["client", "allocation", id, "checks"] => {
                Self::ClientAllocationChecks((*id).to_owned())
            }
            ["job", id, "services"] => Self::JobServices((*id).to_owned()),
            ["allocations"] => Self::Allocations,
            ["event", "stream"] => Self::EventStream,
            ["namespaces"] => Self::Namespaces,
            ["nodes"] => Self::Nodes,
            ["regions"] => Self::Regions,
            ["status", "leader"] => Self::Leader,
            ["agent", "health"] => Self::Health,
            ["agent", "self"] => Self::AgentSelf,
            _ => return None,
        })
    }

    /// Gives the path with placeholders, by which requests are counted.
    pub(crate) fn template(&self) -> &'static str {
        match self {
            Self::Services => "/v1/services",
            Self::Service(_) => "/v1/service/:name",
            Self::AllocationServices(_) => "/v1/allocation/:id/services",
            Self::AllocationChecks(_) => "/v1/allocation/:id/checks",
            Self::ClientAllocationChecks(_) => "/v1/client/allocation/:id/checks",
            Self::JobServices(_) => "/v1/job/:id/services",
            Self::Allocations => "/v1/allocations",
            Self::EventStream => "/v1/event/stream",
            Self::Namespaces => "/v1/namespaces",
            Self::Nodes => "/v1/nodes",
            Self::Regions => "/v1/regions",
            Self::Leader => "/v1/status/leader",
            Self::Health => "/v1/agent/health",
            Self::AgentSelf => "/v1/agent/self",
        }
    }
}

/// Whether a read needs the leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Consistency {
    Leader,
    Stale,
}

/// A read's options.
#[derive(Debug)]
pub(crate) struct Call {
    parameters: Vec<(String, String)>,
    pub(crate) secret: Option<String>,
    pub(crate) namespace: String,
    pub(crate) consistency: Consistency,
    /// The index that the client knows; 0 waits for nothing.
    pub(crate) known_index: u64,
    /// How long to wait for a later one; zero is Nomad's default.
    pub(crate) wait: Duration,
    pub(crate) filter: Option<String>,
    pub(crate) per_page: usize,
    pub(crate) next_token: Option<String>,
}

impl Call {
    /// Reads the options. An index or a wait that is no number, or another region, is answered at once.
    pub(crate) fn of(parts: &Parts) -> Result<Self, Reply> {
        let parameters = parameters(parts.uri.query().unwrap_or_default());
        let first = |name: &str| {
            parameters
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
        };
        let filled = |name: &str| first(name).filter(|value| !value.is_empty());
        let consistency = match first("stale") {
            None | Some("0" | "f" | "F" | "false" | "False" | "FALSE") => Consistency::Leader,
            Some(_) => Consistency::Stale,
        };
        let wait = match filled("wait") {
            None => Duration::ZERO,
            Some(text) => {
                go_duration(text).ok_or_else(|| Reply::error(400, "Invalid wait time"))?
            }
        };
        let known_index = match filled("index") {
            None => 0,
            Some(text) => text
                .parse()
                .map_err(|_| Reply::error(400, "Invalid index"))?,
        };
        if filled("region").is_some_and(|region| region != REGION) {
            return Err(Reply::error(500, "No path to region"));
        }
        Ok(Self {
            secret: secret(&parts.headers).map(str::to_owned),
            namespace: filled("namespace").unwrap_or("default").to_owned(),
            consistency,
            known_index,
            wait,
            filter: filled("filter").map(str::to_owned),
            per_page: filled("per_page")
                .and_then(|text| text.parse().ok())
                .unwrap_or(0),
            next_token: filled("next_token").map(str::to_owned),
            parameters,
        })
    }

    /// Gives a parameter's first value.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Gives all values of a parameter.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.parameters
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Gives the token of a request: `X-Nomad-Token`, else the bearer.
pub(crate) fn secret(headers: &HeaderMap) -> Option<&str> {
    let own = headers
        .get("x-nomad-token")
        .and_then(|value| value.to_str().ok());
    let bearer = || {
        let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, secret) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
    };
    own.or_else(bearer).filter(|secret| !secret.is_empty())
}

fn parameters(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| {
            (
                decoded(&name.replace('+', " ")),
                decoded(&value.replace('+', " ")),
            )
        })
        .collect()
}

/// Decodes percent escapes; what is no escape stays.
fn decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = (*first == b'%').then(|| after.get(..2)).flatten();
        let byte = escaped
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads a duration as Go writes it: `300s`, `5m`, `1m30.5s`, `250ms`. A negative one is zero.
fn go_duration(text: &str) -> Option<Duration> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let number: f64 = rest[..unit_at].parse().ok()?;
        let unit = &rest[unit_at..];
        let unit_end = unit
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(unit.len());
        seconds += number
            * match &unit[..unit_end] {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                "us" | "µs" | "μs" => 1e-6,
                "ns" => 1e-9,
                _ => return None,
            };
        rest = &unit[unit_end..];
    }
    if text.is_empty() {
        return None;
    }
    Duration::try_from_secs_f64((sign * seconds).max(0.0)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_decoded_and_slashes_in_them_are_kept() {
        let route = |path| Route::of(path);
        assert_eq!(
            route("/v1/service/illegal-bad_name.x%20y"),
            Some(Route::Service("illegal-bad_name.x y".to_owned()))
        );
        assert_eq!(
            route("/v1/service/a%2Fb"),
            Some(Route::Service("a/b".to_owned()))
        );
        assert_eq!(
            route("/v1/service/%zz%4"),
            Some(Route::Service("%zz%4".to_owned()))
        );
        assert_eq!(route("/v1/nothing"), None);
    }

    #[test]
    fn durations_are_parsed_as_go_does() {
        assert_eq!(go_duration("1m30.5s"), Some(Duration::from_millis(90_500)));
        assert_eq!(go_duration("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(go_duration("-1s"), Some(Duration::ZERO));
        for wrong in ["", "abc", "5", "5 s", "s", "1d"] {
            assert_eq!(go_duration(wrong), None, "{wrong}");
        }
    }
}
