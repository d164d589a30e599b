//! `/dns-query` (RFC 8484): a message in, a message out; with `name=` what `/resolve` does.

use std::sync::Arc;

use axum::extract::State;

use super::client::Client;
use super::extract::{Fetched, Posted};
use super::gateway::Gateway;
use super::problem::Problem;
use super::reply::Reply;
use super::resolve;
use crate::layers::Stack;

/// Answers the message in `dns=`, or the question in `name=`.
pub(super) async fn get<S: Stack>(
    gateway: State<Arc<Gateway<S>>>,
    client: Client,
    fetched: Fetched,
) -> Result<Reply, Problem> {
    match fetched {
        Fetched::Message {
            message,
            media_type,
        } => {
            let answered = gateway.answer_message(&message, client).await?;
            Reply::new(answered, media_type, None)
        }
        Fetched::Name(named) => resolve::get(gateway, named).await,
    }
}

/// Answers the message in the body.
pub(super) async fn post<S: Stack>(
    gateway: State<Arc<Gateway<S>>>,
    client: Client,
    Posted {
        message,
        media_type,
    }: Posted,
) -> Result<Reply, Problem> {
    let answered = gateway.answer_message(&message, client).await?;
    Reply::new(answered, media_type, None)
}
