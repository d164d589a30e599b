//! What a device, a program or a browser installs to have the gateway as its resolver: the profiles that `nomadns profile`
//! prints.
//!
//! Floor 6, not on a query's way. It reads no files, and knows neither the configuration nor whether the gateway runs.

mod apple;
mod ca;
mod configured;
mod error;
mod policy;
mod property_list;
mod stamp;
mod url;

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use crate::dns::Name;

pub use self::ca::CaCertificate;
pub use self::configured::ConfiguredGateway;
pub use self::error::ProfileError;
pub use self::url::{GatewayUrl, SecureTransport};

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileKind {
    /// A configuration profile of Apple's devices (`.mobileconfig`).
    Apple,
    /// A DNS stamp (`sdns://`).
    Stamp,
    /// A policy of Chromium, Chrome and Edge.
    ChromePolicy,
    /// A policy of Firefox.
    FirefoxPolicy,
}

/// A profile, and what is in it.
#[derive(Clone, Debug)]
pub struct ProfileOptions {
    /// What is printed.
    pub kind: ProfileKind,
    /// Where the gateway is.
    pub gateway: GatewayUrl,
    /// The addresses of its host, for clients without another resolver.
    pub addresses: Vec<IpAddr>,
    /// The domains that it is asked for; all names when empty.
    pub domains: Vec<Name>,
    /// The CAs of its certificate, for clients that do not trust them yet.
    pub authorities: Vec<CaCertificate>,
    /// The file that they come from, for profiles that name a file.
    pub ca_file: Option<PathBuf>,
    /// Whether the resolver of the system is used when the gateway fails.
    pub fallback: bool,
}

impl ProfileOptions {
    /// Writes the profile, without a newline at its end.
    ///
    /// # Errors
    /// An option that this kind of profile does not have, or a gateway that its clients cannot use.
    pub fn print(&self) -> Result<String, ProfileError> {
        self.unused_option()?;
        match self.kind {
            ProfileKind::Apple => apple::print(self),
            ProfileKind::Stamp => stamp::print(self),
            ProfileKind::ChromePolicy => policy::chrome(self),
            ProfileKind::FirefoxPolicy => policy::firefox(self),
        }
    }

    fn unused_option(&self) -> Result<(), ProfileError> {
        use ProfileKind::{Apple, ChromePolicy, FirefoxPolicy, Stamp};
        let options: [(_, _, &'static [ProfileKind]); 3] = [
            ("--address", !self.addresses.is_empty(), &[Apple, Stamp]),
            ("--domain", !self.domains.is_empty(), &[Apple]),
            ("--fallback", self.fallback, &[ChromePolicy, FirefoxPolicy]),
        ];
        let unused = options
            .into_iter()
            .find(|(_, is_given, kinds)| *is_given && !kinds.contains(&self.kind));
        match unused {
            None => Ok(()),
            Some((option, _, kinds)) => Err(ProfileError::Unused {
                option,
                kind: self.kind,
                kinds,
            }),
        }
    }
}

impl ProfileKind {
    /// Whether its clients know DNS over TLS too, beside DNS over HTTPS.
    pub const fn has_tls(self) -> bool {
        matches!(self, Self::Apple | Self::Stamp)
    }

    /// The word for it on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Apple => "apple",
            Self::Stamp => "stamp",
            Self::ChromePolicy => "chrome-policy",
            Self::FirefoxPolicy => "firefox-policy",
        }
    }
}

impl fmt::Display for ProfileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
