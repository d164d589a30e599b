//! What is configured about the size of answers.

use super::Check;
use crate::config::ConfigError;
use crate::config::file::LimitsSection;
use crate::dns::wire::Bounds;

/// What is sent over UDP to a client without EDNS, in octets (RFC 1035 section 4.2.1).
const LEAST_UDP_OCTETS: usize = 512;
/// The longest answer over UDP, in octets: what clients take at most, and in how many fragments it may come.
const MOST_UDP_OCTETS: usize = 4096;
/// The most records of one set: as many as a message can count.
const MOST_SET_RECORDS: usize = 65_535;

impl Check<'_> {
    pub(super) fn bounds(&self, limits: &LimitsSection) -> Result<Bounds, ConfigError> {
        let number = |key: &str, value, least, most| {
            let value = self.within(key, value, least, most)?;
            Ok(u16::try_from(value).unwrap_or(u16::MAX))
        };
        let (udp_octets, records) = (limits.udp_answer_octets, limits.set_records);
        let key = "limits.udp_answer_octets";
        let udp_octets = number(key, udp_octets, LEAST_UDP_OCTETS, MOST_UDP_OCTETS)?;
        let records = number("limits.set_records", records, 0, MOST_SET_RECORDS)?;
        Ok(Bounds {
            udp_octets,
            set_records: (records > 0).then_some(records),
        })
    }
}
