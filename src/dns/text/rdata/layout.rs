//! Which fields the data of each type has, in their order.

use super::super::super::{Class, RecordType};

/// One kind of field, and how it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// A number of 8 bits.
    U8,
    /// A number of 16 bits.
    U16,
    /// A number of 32 bits.
    U32,
    /// A domain name.
    Name,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// A character string in quotes.
    Text,
    /// A character string in quotes, or nothing.
    OptionalText,
    /// One or more character strings in quotes.
    Texts,
    /// All that is left, as one text in quotes.
    LongText,
    /// A character string of letters and digits, without quotes (RFC 8659 §4.1).
    Tag,
    /// All that is left, in hexadecimal capitals.
    Hex,
    /// All that is left, in hexadecimal behind `0x` (RFC 1706 §7).
    PrefixedHex,
    /// As many octets as the octet before them says, in hexadecimal capitals; `-` for none.
    Salt,
    /// As many octets as the octet before them says, in base 32 (RFC 5155 §3.3).
    Hash,
    /// All that is left, in base 64.
    Base64,
    /// A type of record.
    Type,
    /// A set of types (RFC 4034 §4.1.2).
    Types,
    /// Seconds since 1970 as a date (RFC 4034 §3.2).
    Timestamp,
    /// The kind of a certificate (RFC 4398 §2.1).
    CertificateKind,
    /// An algorithm of DNSSEC by its mnemonic (RFC 4398 §2.2).
    Algorithm,
    /// Six or eight octets with hyphens between them (RFC 7043).
    Eui,
    /// Four groups of four hexadecimal digits (RFC 6742 §2).
    Locator,
    /// A place on Earth (RFC 1876).
    Location,
    /// The parameters of a service (RFC 9460 §2.1).
    ServiceParameters,
}

/// The fields of a type's data; none for a type that is printed as unknown.
pub(super) fn fields(record_type: RecordType, class: Class) -> Option<&'static [Field]> {
    let place = LAYOUTS
        .binary_search_by_key(&record_type.0, |(number, _)| *number)
        .ok()?;
    let fields = LAYOUTS[place].1;
    // An address of another class has another form (RFC 1035 §3.4).
    let is_address = matches!(fields, [Field::Ipv4] | [Field::Ipv6]);
    (!is_address || class == Class::IN).then_some(fields)
}

const NAME: &[Field] = &[Field::Name];
const TWO_NAMES: &[Field] = &[Field::Name, Field::Name];
const NUMBERED_NAME: &[Field] = &[Field::U16, Field::Name];
const TEXTS: &[Field] = &[Field::Texts];
const DIGEST: &[Field] = &[Field::U16, Field::U8, Field::U8, Field::Hex];
const KEY: &[Field] = &[Field::U16, Field::U8, Field::U8, Field::Base64];
const NUMBERED_LOCATOR: &[Field] = &[Field::U16, Field::Locator];
const ASSOCIATION: &[Field] = &[Field::U8, Field::U8, Field::U8, Field::Hex];
const SERVICE: &[Field] = &[Field::U16, Field::Name, Field::ServiceParameters];
const SIGNATURE: &[Field] = &[
    Field::Type,
    Field::U8,
    Field::U8,
    Field::U32,
    Field::Timestamp,
    Field::Timestamp,
    Field::U16,
    Field::Name,
    Field::Base64,
];
const SOA: &[Field] = &[
    Field::Name,
    Field::Name,
    Field::U32,
    Field::U32,
    Field::U32,
    Field::U32,
    Field::U32,
];
const NAPTR: &[Field] = &[
    Field::U16,
    Field::U16,
    Field::Text,
    Field::Text,
    Field::Text,
    Field::Name,
];

/// By number, so that it can be searched.
#[rustfmt::skip]
const LAYOUTS: &[(u16, &[Field])] = &[
    /* A          */ (1, &[Field::Ipv4]),
    /* NS         */ (2, NAME),
    /* MD         */ (3, NAME),
    /* MF         */ (4, NAME),
    /* CNAME      */ (5, NAME),
    /* SOA        */ (6, SOA),
    /* MB         */ (7, NAME),
    /* MG         */ (8, NAME),
    /* MR         */ (9, NAME),
    /* PTR        */ (12, NAME),
    /* HINFO      */ (13, &[Field::Text, Field::Text]),
    /* MINFO      */ (14, TWO_NAMES),
    /* MX         */ (15, NUMBERED_NAME),
    /* TXT        */ (16, TEXTS),
    /* RP         */ (17, TWO_NAMES),
    /* AFSDB      */ (18, NUMBERED_NAME),
    /* X25        */ (19, &[Field::Text]),
    /* ISDN       */ (20, &[Field::Text, Field::OptionalText]),
    /* RT         */ (21, NUMBERED_NAME),
    /* NSAP       */ (22, &[Field::PrefixedHex]),
    /* NSAP-PTR   */ (23, NAME),
    /* SIG        */ (24, SIGNATURE),
    /* KEY        */ (25, KEY),
    /* PX         */ (26, &[Field::U16, Field::Name, Field::Name]),
    /* GPOS       */ (27, &[Field::Text, Field::Text, Field::Text]),
    /* AAAA       */ (28, &[Field::Ipv6]),
    /* LOC        */ (29, &[Field::Location]),
    /* SRV        */ (33, &[Field::U16, Field::U16, Field::U16, Field::Name]),
    /* NAPTR      */ (35, NAPTR),
    /* KX         */ (36, NUMBERED_NAME),
    /* CERT       */ (37, &[Field::CertificateKind, Field::U16, Field::Algorithm, Field::Base64]),
    /* DNAME      */ (39, NAME),
    /* DS         */ (43, DIGEST),
    /* SSHFP      */ (44, &[Field::U8, Field::U8, Field::Hex]),
    /* RRSIG      */ (46, SIGNATURE),
    /* NSEC       */ (47, &[Field::Name, Field::Types]),
    /* DNSKEY     */ (48, KEY),
    /* DHCID      */ (49, &[Field::Base64]),
    /* NSEC3      */ (50, &[Field::U8, Field::U8, Field::U16, Field::Salt, Field::Hash, Field::Types]),
    /* NSEC3PARAM */ (51, &[Field::U8, Field::U8, Field::U16, Field::Salt]),
    /* TLSA       */ (52, ASSOCIATION),
    /* SMIMEA     */ (53, ASSOCIATION),
    /* NINFO      */ (56, TEXTS),
    /* RKEY       */ (57, KEY),
    /* TALINK     */ (58, TWO_NAMES),
    /* CDS        */ (59, DIGEST),
    /* CDNSKEY    */ (60, KEY),
    /* OPENPGPKEY */ (61, &[Field::Base64]),
    /* CSYNC      */ (62, &[Field::U32, Field::U16, Field::Types]),
    /* ZONEMD     */ (63, &[Field::U32, Field::U8, Field::U8, Field::Hex]),
    /* SVCB       */ (64, SERVICE),
    /* HTTPS      */ (65, SERVICE),
    /* SPF        */ (99, TEXTS),
    /* NID        */ (104, NUMBERED_LOCATOR),
    /* L32        */ (105, &[Field::U16, Field::Ipv4]),
    /* L64        */ (106, NUMBERED_LOCATOR),
    /* LP         */ (107, NUMBERED_NAME),
    /* EUI48      */ (108, &[Field::Eui]),
    /* EUI64      */ (109, &[Field::Eui]),
    /* URI        */ (256, &[Field::U16, Field::U16, Field::LongText]),
    /* CAA        */ (257, &[Field::U8, Field::Tag, Field::LongText]),
    /* AVC        */ (258, TEXTS),
    /* RESINFO    */ (261, TEXTS),
    /* WALLET     */ (262, TEXTS),
    /* TA         */ (32768, DIGEST),
    /* DLV        */ (32769, DIGEST),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_it_can_be_searched() {
        assert!(LAYOUTS.is_sorted_by(|(one, _), (next, _)| one < next));
    }
}
