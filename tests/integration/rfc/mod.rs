//! The rules of the RFCs, one file for each number; a test is named for the rule that it proves.

mod rfc1035;
mod rfc2181;
mod rfc2308;
mod rfc2782;
mod rfc6891;
mod rfc8020;
mod rfc8482;
mod rfc8914;
