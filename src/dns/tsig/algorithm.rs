//! The algorithms of signatures (RFC 8945 §6).

use std::fmt;
use std::str::FromStr;

use super::super::Name;

/// An algorithm that messages are signed with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// `hmac-sha256`.
    #[default]
    HmacSha256,
    /// `hmac-sha384`.
    HmacSha384,
    /// `hmac-sha512`.
    HmacSha512,
}

/// Why a text is no algorithm that is used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AlgorithmError {
    /// MD5 and SHA-1.
    #[error("is too weak to be used here; use hmac-sha256")]
    Weak,
    /// SHA-224, and what cuts signatures short.
    #[error("is not used here; use hmac-sha256")]
    NotUsed,
    /// Nothing that there is.
    #[error("is none of hmac-sha256, hmac-sha384 and hmac-sha512")]
    Unknown,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::HmacSha256, Self::HmacSha384, Self::HmacSha512];

    /// Its name, as configurations have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HmacSha256 => "hmac-sha256",
            Self::HmacSha384 => "hmac-sha384",
            Self::HmacSha512 => "hmac-sha512",
        }
    }

    /// The length of a signature, and of a good secret, in octets.
    pub const fn output_octets(self) -> usize {
        match self {
            Self::HmacSha256 => 32,
            Self::HmacSha384 => 48,
            Self::HmacSha512 => 64,
        }
    }

    /// Its name in wire form, in small letters.
    pub(super) const fn as_wire(self) -> &'static [u8] {
        match self {
            Self::HmacSha256 => b"\x0bhmac-sha256\0",
            Self::HmacSha384 => b"\x0bhmac-sha384\0",
            Self::HmacSha512 => b"\x0bhmac-sha512\0",
        }
    }

    /// The algorithm of this name, in any letter case.
    pub(super) fn of(name: &Name) -> Option<Self> {
        let is_named = |it: &Self| it.as_wire().eq_ignore_ascii_case(name.as_wire());
        Self::ALL.into_iter().find(is_named)
    }

    pub(super) fn hash(self) -> ring::hmac::Algorithm {
        match self {
            Self::HmacSha256 => ring::hmac::HMAC_SHA256,
            Self::HmacSha384 => ring::hmac::HMAC_SHA384,
            Self::HmacSha512 => ring::hmac::HMAC_SHA512,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Algorithm {
    type Err = AlgorithmError;

    /// Reads a name in any letter case, with the dot at its end or without.
    fn from_str(text: &str) -> Result<Self, AlgorithmError> {
        let text = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let found = Self::ALL.into_iter().find(|it| it.as_str() == text);
        found.ok_or(match &*text {
            "hmac-md5" | "hmac-md5.sig-alg.reg.int" | "md5" | "hmac-sha1" | "sha1" | "sha-1" => {
                AlgorithmError::Weak
            }
            "hmac-sha224" | "hmac-sha256-128" | "hmac-sha384-192" | "hmac-sha512-256"
            | "gss-tsig" => AlgorithmError::NotUsed,
            _ => AlgorithmError::Unknown,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_algorithm_has_the_same_name_as_text_and_on_the_wire() {
        for it in Algorithm::ALL {
            let name: Name = it.as_str().parse().unwrap();
            assert_eq!(
                (name.as_wire(), Algorithm::of(&name)),
                (it.as_wire(), Some(it))
            );
            assert_eq!(it.to_string().to_uppercase().parse(), Ok(it));
            assert_eq!(format!("{it}.").parse(), Ok(it));
        }
        let md5 = "hmac-md5.sig-alg.reg.int.".parse::<Name>().unwrap();
        assert_eq!(Algorithm::of(&md5), None);
    }

    #[test]
    fn md5_and_sha_1_are_refused_for_being_weak() {
        for text in ["HMAC-MD5.SIG-ALG.REG.INT.", "hmac-md5", "hmac-sha1", "md5"] {
            assert_eq!(
                text.parse::<Algorithm>(),
                Err(AlgorithmError::Weak),
                "{text}"
            );
        }
        assert_eq!(
            "hmac-sha224".parse::<Algorithm>(),
            Err(AlgorithmError::NotUsed)
        );
        assert_eq!(
            "hmac-sha265".parse::<Algorithm>(),
            Err(AlgorithmError::Unknown)
        );
    }
}
