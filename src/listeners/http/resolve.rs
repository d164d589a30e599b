//! `/resolve`: a name and a type in the query string, the answer as JSON, for scripts.

use std::sync::Arc;

use axum::extract::State;

use super::extract::Named;
use super::gateway::Gateway;
use super::problem::Problem;
use super::reply::Reply;
use crate::layers::Stack;

/// Answers the question in `name=` and `type=`.
pub(super) async fn get<S: Stack>(
    State(gateway): State<Arc<Gateway<S>>>,
    Named {
        parameters,
        media_type,
    }: Named,
) -> Result<Reply, Problem> {
    let answered = gateway.answer_query(parameters.query).await?;
    Reply::new(answered, media_type, parameters.client_subnet.as_ref())
}
