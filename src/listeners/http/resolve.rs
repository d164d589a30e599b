//! `/resolve`: a name and a type in the query string, the answer as JSON, for scripts.

use std::sync::Arc;

use axum::body::Body;
use http::Request;

use super::client::ClientInfo;
use super::gateway::{Gateway, Responding};
use super::negotiate::{FOR_RESOLVE, MediaType, ResponseFormat, choose};
use super::problem::Problem;
use crate::dns::json::{AnswerFormat as AskedForm, Parameters};
use crate::layers::Stack;

/// Answers the question in `name=` and `type=`.
#[expect(
    clippy::needless_pass_by_value,
    reason = "a route gives its request away; that of a POST is needed to read its body"
)]
pub(super) fn get<S: Stack>(gateway: &Arc<Gateway<S>>, request: Request<Body>) -> Responding {
    answer(gateway, &request, &FOR_RESOLVE).into()
}

/// The same, in one of the forms `offered`.
pub(super) fn answer<S: Stack>(
    gateway: &Gateway<S>,
    request: &Request<Body>,
    offered: &[MediaType],
) -> Result<Responding, Problem> {
    let client = ClientInfo::find(request)?;
    let query = request.uri().query().unwrap_or_default();
    let parameters = Parameters::read(query, Some(client.address()))?;
    let media_type = match parameters.form {
        AskedForm::Message => MediaType::DnsMessage,
        AskedForm::DnsJson => MediaType::DnsJson,
        AskedForm::Json => choose(request.headers(), offered)?,
    };
    let form = ResponseFormat {
        media_type,
        client_subnet: parameters.client_subnet,
    };
    Ok(gateway.answer_query(&parameters.query, client, form))
}
