//! Types of records as text: every mnemonic of the IANA registry, and `TYPEnnn` (RFC 3597 §5).

use std::fmt;
use std::str::FromStr;

use super::super::RecordType;
use super::escape::shown;

/// Why text is no type of record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a record type: a mnemonic such as `A` or `SRV`, or `TYPE1` to `TYPE65535`, is expected"
)]
pub struct TypeTextError(String);

impl RecordType {
    /// The mnemonic that the registry has for it; none when it is printed by number (RFC 3597 §5).
    pub(in super::super) fn mnemonic(self) -> Option<&'static str> {
        TYPES
            .binary_search_by_key(&self.0, |(number, _)| *number)
            .ok()
            .map(|place| TYPES[place].1)
    }
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mnemonic() {
            Some(mnemonic) => f.pad(mnemonic),
            None => f.pad(&format!("TYPE{}", self.0)),
        }
    }
}

impl FromStr for RecordType {
    type Err = TypeTextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        TYPES
            .iter()
            .find(|(_, mnemonic)| mnemonic.eq_ignore_ascii_case(text))
            .map(|(number, _)| *number)
            .or_else(|| (text == "*").then_some(Self::ANY.0))
            .or_else(|| numbered(text, "TYPE").filter(|number| *number != 0))
            .map(Self)
            .ok_or_else(|| TypeTextError(shown(text)))
    }
}

/// The number behind a prefix such as `TYPE`, in any letter case, without sign or spaces.
pub(super) fn numbered(text: &str, prefix: &str) -> Option<u16> {
    let (head, digits) = text.split_at_checked(prefix.len())?;
    let plain = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    (plain && head.eq_ignore_ascii_case(prefix)).then(|| digits.parse().ok())?
}

/// IANA "Resource Record (RR) TYPEs", by number.
#[rustfmt::skip]
const TYPES: &[(u16, &str)] = &[
    (1, "A"), (2, "NS"), (3, "MD"), (4, "MF"), (5, "CNAME"), (6, "SOA"), (7, "MB"), (8, "MG"),
    (9, "MR"), (10, "NULL"), (11, "WKS"), (12, "PTR"), (13, "HINFO"), (14, "MINFO"), (15, "MX"),
    (16, "TXT"), (17, "RP"), (18, "AFSDB"), (19, "X25"), (20, "ISDN"), (21, "RT"), (22, "NSAP"),
    (23, "NSAP-PTR"), (24, "SIG"), (25, "KEY"), (26, "PX"), (27, "GPOS"), (28, "AAAA"), (29, "LOC"),
    (30, "NXT"), (31, "EID"), (32, "NIMLOC"), (33, "SRV"), (34, "ATMA"), (35, "NAPTR"), (36, "KX"),
    (37, "CERT"), (38, "A6"), (39, "DNAME"), (40, "SINK"), (41, "OPT"), (42, "APL"), (43, "DS"),
    (44, "SSHFP"), (45, "IPSECKEY"), (46, "RRSIG"), (47, "NSEC"), (48, "DNSKEY"), (49, "DHCID"),
    (50, "NSEC3"), (51, "NSEC3PARAM"), (52, "TLSA"), (53, "SMIMEA"), (55, "HIP"), (56, "NINFO"),
    (57, "RKEY"), (58, "TALINK"), (59, "CDS"), (60, "CDNSKEY"), (61, "OPENPGPKEY"), (62, "CSYNC"),
    (63, "ZONEMD"), (64, "SVCB"), (65, "HTTPS"), (66, "DSYNC"), (67, "HHIT"), (68, "BRID"),
    (99, "SPF"), (100, "UINFO"), (101, "UID"), (102, "GID"), (103, "UNSPEC"), (104, "NID"),
    (105, "L32"), (106, "L64"), (107, "LP"), (108, "EUI48"), (109, "EUI64"), (128, "NXNAME"),
    (249, "TKEY"), (250, "TSIG"), (251, "IXFR"), (252, "AXFR"), (253, "MAILB"), (254, "MAILA"),
    (255, "ANY"), (256, "URI"), (257, "CAA"), (258, "AVC"), (259, "DOA"), (260, "AMTRELAY"),
    (261, "RESINFO"), (262, "WALLET"), (263, "CLA"), (264, "IPN"),
    (32768, "TA"), (32769, "DLV"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_it_can_be_searched() {
        assert!(TYPES.is_sorted_by(|(one, _), (next, _)| one < next));
    }

    #[test]
    fn every_type_reads_back_from_its_text_in_any_letter_case() {
        for record_type in (1..=u16::MAX).map(RecordType) {
            let text = record_type.to_string();
            assert_eq!(text.parse(), Ok(record_type));
            assert_eq!(text.to_lowercase().parse(), Ok(record_type));
            assert_eq!(format!("type{}", record_type.0).parse(), Ok(record_type));
        }
    }

    #[test]
    fn what_is_no_type_is_named_with_what_would_be_one() {
        for text in [
            "",
            "FOO",
            "TYPE",
            "TYPE0",
            "TYPE65536",
            "TYPE+1",
            "TYPE 1",
            "A ",
            "Ä",
            "1",
        ] {
            let error = text.parse::<RecordType>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}`")), "{error}");
        }
        let long = "x".repeat(10_000).parse::<RecordType>().unwrap_err();
        assert!(long.to_string().len() < 300);
    }
}
