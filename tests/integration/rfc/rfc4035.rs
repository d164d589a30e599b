//! RFC 4035: what a server says that knows of DNSSEC and has no signed zone.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;

use crate::support::answers::{Answers, assert_denied};

#[tokio::test]
async fn ds_is_denied_by_the_parent() {
    // §3.1.4.1: the DS of an apex is the parent's, where the parent is served too.
    let answers = Answers::usual();
    let message = answers.ask("service.nomad", RecordType::DS);
    assert_denied(&message, ResponseCode::NoError, "nomad");
    let message = answers.ask("nomad", RecordType::DS);
    assert_denied(&message, ResponseCode::NoError, "nomad");
}
