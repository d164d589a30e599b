//! Response codes and opcodes as text (RFC 6895 §2).

use std::fmt;

use super::super::{Opcode, Rcode};

impl fmt::Display for Rcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match RCODES.iter().find(|(number, _)| *number == self.0) {
            Some((_, mnemonic)) => f.pad(mnemonic),
            None => f.pad(&format!("RCODE{}", self.0)),
        }
    }
}

impl fmt::Display for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match OPCODES.iter().find(|(number, _)| *number == self.0) {
            Some((_, mnemonic)) => f.pad(mnemonic),
            None => f.pad(&format!("OPCODE{}", self.0)),
        }
    }
}

/// IANA "DNS RCODEs"; 16 is BADSIG in TSIG only, which is not spoken here.
const RCODES: [(u16, &str); 20] = [
    (0, "NOERROR"),
    (1, "FORMERR"),
    (2, "SERVFAIL"),
    (3, "NXDOMAIN"),
    (4, "NOTIMP"),
    (5, "REFUSED"),
    (6, "YXDOMAIN"),
    (7, "YXRRSET"),
    (8, "NXRRSET"),
    (9, "NOTAUTH"),
    (10, "NOTZONE"),
    (11, "DSOTYPENI"),
    (16, "BADVERS"),
    (17, "BADKEY"),
    (18, "BADTIME"),
    (19, "BADMODE"),
    (20, "BADNAME"),
    (21, "BADALG"),
    (22, "BADTRUNC"),
    (23, "BADCOOKIE"),
];

/// IANA "DNS `OpCodes`".
const OPCODES: [(u8, &str); 6] = [
    (0, "QUERY"),
    (1, "IQUERY"),
    (2, "STATUS"),
    (4, "NOTIFY"),
    (5, "UPDATE"),
    (6, "DSO"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_a_mnemonic_or_a_number() {
        assert_eq!(Rcode::NXDOMAIN.to_string(), "NXDOMAIN");
        assert_eq!(Rcode(23).to_string(), "BADCOOKIE");
        assert_eq!(Rcode(3841).to_string(), "RCODE3841");
        assert_eq!(Opcode(4).to_string(), "NOTIFY");
        assert_eq!(Opcode(15).to_string(), "OPCODE15");
    }
}
