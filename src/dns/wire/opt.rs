//! The OPT record of a received answer (RFC 6891), with its extended errors (RFC 8914).

use std::borrow::Cow;

use super::super::Class;

/// The code of an extended error, in the registry of options (RFC 8914 §2).
pub(super) const EXTENDED_ERROR: u16 = 15;

/// An OPT record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opt<'octets> {
    /// The UDP payload that its sender can take, in octets.
    pub payload_octets: u16,
    /// The upper eight bits of the code of the response.
    pub extended_rcode: u8,
    /// The version of EDNS.
    pub version: u8,
    /// The bits behind the version, DO being the highest.
    pub flags: u16,
    options: &'octets [u8],
}

/// An extended error of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadExtendedError<'octets> {
    /// The code of the registry.
    pub code: u16,
    /// More about it; empty when the answer says no more.
    pub text: Cow<'octets, str>,
}

impl<'octets> Opt<'octets> {
    /// Reads the parts of the record; none when the options do not fill its data exactly.
    pub(super) fn read(class: Class, ttl: u32, options: &'octets [u8]) -> Option<Self> {
        let [extended_rcode, version, f0, f1] = ttl.to_be_bytes();
        let opt = Self {
            payload_octets: class.0,
            extended_rcode,
            version,
            flags: u16::from_be_bytes([f0, f1]),
            options,
        };
        let read: usize = opt.options().map(|(_, data)| 4 + data.len()).sum();
        (read == opt.options.len()).then_some(opt)
    }

    /// Whether DNSSEC records are wanted (RFC 3225).
    pub fn dnssec_ok(&self) -> bool {
        self.flags & 0x8000 != 0
    }

    /// The options with their codes, in their order.
    pub fn options(&self) -> impl Iterator<Item = (u16, &'octets [u8])> + use<'octets> {
        let mut rest = self.options;
        std::iter::from_fn(move || {
            let (&[c0, c1, l0, l1], data) = rest.split_first_chunk::<4>()?;
            let (data, behind) =
                data.split_at_checked(usize::from(u16::from_be_bytes([l0, l1])))?;
            rest = behind;
            Some((u16::from_be_bytes([c0, c1]), data))
        })
    }

    /// The extended errors among the options.
    pub fn extended_errors(
        &self,
    ) -> impl Iterator<Item = ReadExtendedError<'octets>> + use<'octets> {
        self.options().filter_map(|(code, data)| {
            let (&info_code, text) = data.split_first_chunk::<2>()?;
            (code == EXTENDED_ERROR).then(|| ReadExtendedError {
                code: u16::from_be_bytes(info_code),
                text: String::from_utf8_lossy(text),
            })
        })
    }
}
