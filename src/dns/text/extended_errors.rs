//! The names of extended error codes (RFC 8914 §5.2, IANA "Extended DNS Error Codes").

/// The purpose that the registry gives to a code; none for a code that it has not.
pub fn extended_error_purpose(code: u16) -> Option<&'static str> {
    PURPOSES.get(usize::from(code)).copied()
}

/// By code, from 0 on.
const PURPOSES: [&str; 31] = [
    "Other",
    "Unsupported DNSKEY Algorithm",
    "Unsupported DS Digest Type",
    "Stale Answer",
    "Forged Answer",
    "DNSSEC Indeterminate",
    "DNSSEC Bogus",
    "Signature Expired",
    "Signature Not Yet Valid",
    "DNSKEY Missing",
    "RRSIGs Missing",
    "No Zone Key Bit Set",
    "NSEC Missing",
    "Cached Error",
    "Not Ready",
    "Blocked",
    "Censored",
    "Filtered",
    "Prohibited",
    "Stale NXDOMAIN Answer",
    "Not Authoritative",
    "Not Supported",
    "No Reachable Authority",
    "Network Error",
    "Invalid Data",
    "Signature Expired before Valid",
    "Too Early",
    "Unsupported NSEC3 Iterations Value",
    "Unable to conform to policy",
    "Synthesized",
    "Invalid Query Type",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_stand_at_their_codes() {
        assert_eq!(extended_error_purpose(14), Some("Not Ready"));
        assert_eq!(extended_error_purpose(22), Some("No Reachable Authority"));
        assert_eq!(extended_error_purpose(30), Some("Invalid Query Type"));
        assert_eq!(extended_error_purpose(31), None);
    }
}
