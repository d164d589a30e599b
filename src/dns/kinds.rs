//! The numbers of DNS that have names: types, classes, codes (IANA "DNS Parameters").
//!
//! Only those that the code uses; the mnemonics of all types are in the text modules.

/// The type of a record or a query (RFC 1035 §3.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordType(pub u16);

/// The class of a record or a query (RFC 1035 §3.2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Class(pub u16);

/// The code of a response, all 12 bits of it (RFC 6895 §2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rcode(pub u16);

/// The kind of a message, 4 bits (RFC 6895 §2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Opcode(pub u8);

#[allow(missing_docs, reason = "the mnemonics of the registry say it all")]
impl RecordType {
    /// Whether it asks for a transfer of a zone (RFC 5936, RFC 1995).
    pub const fn is_transfer(self) -> bool {
        self.0 == Self::AXFR.0 || self.0 == Self::IXFR.0
    }

    pub const A: Self = Self(1);
    pub const NS: Self = Self(2);
    pub const CNAME: Self = Self(5);
    pub const SOA: Self = Self(6);
    pub const PTR: Self = Self(12);
    pub const HINFO: Self = Self(13);
    pub const MX: Self = Self(15);
    pub const TXT: Self = Self(16);
    pub const AAAA: Self = Self(28);
    pub const SRV: Self = Self(33);
    pub const OPT: Self = Self(41);
    pub const DS: Self = Self(43);
    pub const SVCB: Self = Self(64);
    pub const HTTPS: Self = Self(65);
    pub const TSIG: Self = Self(250);
    pub const IXFR: Self = Self(251);
    pub const AXFR: Self = Self(252);
    pub const ANY: Self = Self(255);
}

#[allow(missing_docs, reason = "the mnemonics of the registry say it all")]
impl Class {
    pub const IN: Self = Self(1);
    pub const CH: Self = Self(3);
    pub const ANY: Self = Self(255);
}

#[allow(missing_docs, reason = "the mnemonics of the registry say it all")]
impl Rcode {
    pub const NOERROR: Self = Self(0);
    pub const FORMERR: Self = Self(1);
    pub const SERVFAIL: Self = Self(2);
    pub const NXDOMAIN: Self = Self(3);
    pub const NOTIMP: Self = Self(4);
    pub const REFUSED: Self = Self(5);
    pub const NOTAUTH: Self = Self(9);
    pub const BADVERS: Self = Self(16);
}

#[allow(missing_docs, reason = "the mnemonics of the registry say it all")]
impl Opcode {
    pub const QUERY: Self = Self(0);
    pub const NOTIFY: Self = Self(4);
}
