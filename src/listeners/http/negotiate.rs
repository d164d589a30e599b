//! Content negotiation: the forms that each path offers, and the choice by `Accept` (RFC 9110 §12.5.1).
//!
//! As lenient as real clients need: a missing or empty `Accept` and a range are accepted like a media type.

use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_TYPE};

use super::problem::Problem;
use crate::dns::json::SubnetParameter;

/// A form that an answer can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MediaType {
    /// The message in wire form (RFC 8484 §6).
    DnsMessage,
    /// The JSON form, by the name that resolvers gave it.
    DnsJson,
    /// The JSON form.
    Json,
    /// The JSON form of RFC 8427, for whoever asks for it by name.
    Rfc8427,
}

impl MediaType {
    /// All of them, in the order of their numbers.
    pub(super) const ALL: [Self; 4] = [Self::DnsMessage, Self::DnsJson, Self::Json, Self::Rfc8427];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::DnsMessage => "application/dns-message",
            Self::DnsJson => "application/dns-json",
            Self::Json => "application/json",
            Self::Rfc8427 => "application/dns+json",
        }
    }

    /// The one that a parameter names; none when it names no form that can be made.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|media_type| name.eq_ignore_ascii_case(media_type.as_str()))
    }
}

/// Chooses what the client likes best, among equals the first offered; none when it likes none.
pub(super) fn negotiate(headers: &HeaderMap, offered: &[MediaType]) -> Option<MediaType> {
    if let Some(named) = only_named(headers).filter(|named| offered.contains(named)) {
        return Some(named);
    }
    let ranges = ranges(headers).collect::<Vec<_>>();
    if ranges.is_empty() {
        return offered.first().copied();
    }
    let mut best: Option<(u16, MediaType)> = None;
    for media_type in offered {
        let quality = quality(&ranges, *media_type);
        if quality > best.map_or(0, |(most, _)| most) {
            best = Some((quality, *media_type));
        }
    }
    best.map(|(_, media_type)| media_type)
}

/// The form that is all that the client wants, as most clients write it.
fn only_named(headers: &HeaderMap) -> Option<MediaType> {
    let mut values = headers.get_all(ACCEPT).iter();
    let only = values.next().filter(|_| values.next().is_none())?;
    MediaType::named(only.to_str().ok()?)
}

/// The most ranges of an `Accept` that are looked at.
const MOST_RANGES: usize = 32;

/// The ranges of `Accept`, in its order; none if it is missing or empty.
pub(in crate::listeners) fn ranges(headers: &HeaderMap) -> impl Iterator<Item = MediaRange<'_>> {
    let values = headers.get_all(ACCEPT).iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(MediaRange::parse)
        .take(MOST_RANGES)
}

/// One item of an `Accept`.
pub(in crate::listeners) struct MediaRange<'header> {
    pub(in crate::listeners) name: &'header str,
    /// The version of the format that is wanted, if one is.
    pub(in crate::listeners) version: Option<&'header str>,
    /// In thousandths.
    pub(in crate::listeners) quality: u16,
}

impl<'header> MediaRange<'header> {
    fn parse(item: &'header str) -> Option<Self> {
        let mut parts = item.split(';').map(str::trim);
        let name = parts.next().filter(|name| !name.is_empty())?;
        let (mut version, mut quality) = (None, None);
        for (key, value) in parts.filter_map(|parameter| parameter.split_once('=')) {
            let (key, value) = (key.trim(), value.trim());
            if key.eq_ignore_ascii_case("q") {
                quality.get_or_insert_with(|| thousandths(value));
            } else if key.eq_ignore_ascii_case("version") {
                version = Some(value.trim_matches('"'));
            }
        }
        Some(Self {
            name,
            version,
            quality: quality.unwrap_or(1000),
        })
    }

    /// How closely it names a media type; none when it does not.
    fn closeness(&self, media_type: &str) -> Option<u8> {
        if self.name.eq_ignore_ascii_case(media_type) {
            return Some(2);
        }
        match self.name {
            "*/*" | "*" => Some(0),
            name => name.eq_ignore_ascii_case("application/*").then_some(1),
        }
    }
}

/// The closest range decides (RFC 9110 §12.5.1).
fn quality(ranges: &[MediaRange<'_>], media_type: MediaType) -> u16 {
    ranges
        .iter()
        .filter_map(|range| Some((range.closeness(media_type.as_str())?, range.quality)))
        .max()
        .map_or(0, |(_, quality)| quality)
}

fn thousandths(value: &str) -> u16 {
    let Some(rest) = value.strip_prefix('0') else {
        return 1000;
    };
    let digits = rest.strip_prefix('.').unwrap_or_default().bytes();
    let weights = [100, 10, 1];
    let digits = digits.map_while(|digit| digit.is_ascii_digit().then(|| u16::from(digit - b'0')));
    digits
        .zip(weights)
        .map(|(digit, weight)| digit * weight)
        .sum()
}

/// The forms that a message is answered in, the first to whoever has no wish.
pub(super) const FOR_MESSAGE: [MediaType; 4] = [
    MediaType::DnsMessage,
    MediaType::DnsJson,
    MediaType::Json,
    MediaType::Rfc8427,
];
/// The forms that `name=` is answered in on the path of messages.
pub(super) const FOR_NAME: [MediaType; 4] = [
    MediaType::DnsJson,
    MediaType::Json,
    MediaType::DnsMessage,
    MediaType::Rfc8427,
];
/// The forms of `/resolve`.
pub(super) const FOR_RESOLVE: [MediaType; 4] = [
    MediaType::Json,
    MediaType::DnsJson,
    MediaType::DnsMessage,
    MediaType::Rfc8427,
];

/// The form of an answer.
#[derive(Debug)]
pub(super) struct ResponseFormat {
    pub(super) media_type: MediaType,
    /// What the JSON form tells the client of itself.
    pub(super) client_subnet: Option<SubnetParameter>,
}

impl ResponseFormat {
    /// One that tells nothing but the answer.
    pub(super) const fn of(media_type: MediaType) -> Self {
        Self {
            media_type,
            client_subnet: None,
        }
    }
}

/// Whether the body is called a message, with or without parameters.
pub(super) fn is_dns_message(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| {
            let name = value.split_once(';').map_or(value, |(name, _)| name);
            MediaType::named(name.trim()) == Some(MediaType::DnsMessage)
        })
}

/// Chooses one of the forms `offered`.
///
/// # Errors
/// 406 when the client accepts none of them.
pub(super) fn choose(headers: &HeaderMap, offered: &[MediaType]) -> Result<MediaType, Problem> {
    negotiate(headers, offered).ok_or_else(|| {
        let names: Vec<_> = offered.iter().map(|it| it.as_str()).collect();
        Problem::not_acceptable(&names)
    })
}

#[cfg(test)]
mod tests {
    use super::MediaType::{DnsJson, DnsMessage, Json};
    use super::*;

    fn chosen(accept: &str) -> Option<MediaType> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, accept.parse().unwrap());
        negotiate(&headers, &[DnsMessage, DnsJson, Json])
    }

    #[test]
    fn without_a_preference_in_accept_the_first_format_is_chosen() {
        assert_eq!(
            negotiate(&HeaderMap::new(), &[DnsMessage, Json]),
            Some(DnsMessage)
        );
        for accept in [
            "",
            " , ",
            "*/*",
            "application/*",
            "*",
            "Application/DNS-Message",
            "*/*;v=b3;q=0.8",
        ] {
            assert_eq!(chosen(accept), Some(DnsMessage), "{accept}");
        }
    }

    #[test]
    fn the_closest_range_and_then_the_best_quality_decide() {
        assert_eq!(chosen("application/dns-json"), Some(DnsJson));
        assert_eq!(chosen("application/json, */*;q=0.1"), Some(Json));
        assert_eq!(
            chosen("application/dns-message;q=0.5, application/json;q=0.501"),
            Some(Json)
        );
        assert_eq!(chosen("application/dns-message;q=0, */*"), Some(DnsJson));
        assert_eq!(
            chosen("application/dns-json, application/dns-message"),
            Some(DnsMessage)
        );
    }

    #[test]
    fn only_an_accept_that_excludes_every_form_gets_none() {
        for accept in [
            "text/html",
            "image/*",
            "*/*;q=0",
            "application/*; q=0.000",
            "text/plain,",
        ] {
            assert_eq!(chosen(accept), None, "{accept}");
        }
    }
}
