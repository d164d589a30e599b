//! Reads the body of a request within its time limit, and no more of it than needed.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body_util::BodyExt;
use tokio::time::timeout;

use super::problem::Problem;
use crate::dns::wire::{MESSAGE_OCTETS, QUERY_OCTETS};

/// What is kept of a body, in octets: with one more than a query may have, the gate refuses it by its header.
const KEPT_OCTETS: usize = QUERY_OCTETS + 1;

/// Reads a message; what is beyond the longest query is read and forgotten.
///
/// # Errors
/// 413 for more than a message can have, 408 when it takes too long, 400 when it breaks off.
pub(super) async fn read_message(body: Body, deadline: Duration) -> Result<Bytes, Problem> {
    if body.size_hint().lower() > MESSAGE_OCTETS as u64 {
        return Err(too_large());
    }
    timeout(deadline, collect(body)).await.unwrap_or_else(|_| {
        let detail = "the body took too long to arrive";
        Err(Problem::new(StatusCode::REQUEST_TIMEOUT, detail))
    })
}

async fn collect(mut body: Body) -> Result<Bytes, Problem> {
    let (mut message, mut more, mut length) = (Bytes::new(), BytesMut::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::bad_request("the body broke off"))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        length += data.len();
        if length > MESSAGE_OCTETS {
            return Err(too_large());
        }
        if message.is_empty() && more.is_empty() {
            message = data;
            continue;
        }
        if more.is_empty() {
            let kept = message.len().min(KEPT_OCTETS);
            more.extend_from_slice(&message[..kept]);
        }
        let room = KEPT_OCTETS.saturating_sub(more.len());
        more.extend_from_slice(&data[..data.len().min(room)]);
    }
    Ok(if more.is_empty() {
        message
    } else {
        more.freeze()
    })
}

fn too_large() -> Problem {
    let detail = format!("a message has at most {MESSAGE_OCTETS} octets");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
}
