//! The rules of the RFCs, one file for each number; a test is named for the rule that it proves.

pub(crate) mod options;
mod rfc1034;
mod rfc1035;
mod rfc1996;
mod rfc2181;
mod rfc2308;
mod rfc2782;
mod rfc4035;
mod rfc5001;
mod rfc6303;
mod rfc6604;
mod rfc6761;
mod rfc6891;
mod rfc7828;
mod rfc7830;
mod rfc7871;
mod rfc7873;
mod rfc8020;
mod rfc8375;
mod rfc8427;
mod rfc8482;
mod rfc8906;
mod rfc8914;
mod rfc8945;
mod rfc9250;
mod rfc9460;
mod rfc9462;
