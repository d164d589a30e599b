//! `/resolve`: a name and a type in the query string, the answer as JSON, for scripts.

use std::net::IpAddr;

use axum::body::Body;
use http::Request;

use super::form::{FOR_RESOLVE, Form, choose};
use super::gateway::Gateway;
use super::negotiate::MediaType;
use super::problem::Problem;
use super::responding::Responding;
use crate::dns::json::{Form as AskedForm, Parameters};
use crate::layers::Stack;

/// Answers the question in `name=` and `type=`.
pub(super) fn get<S: Stack>(
    gateway: &Gateway<S>,
    request: &Request<Body>,
    client: IpAddr,
) -> Result<Responding, Problem> {
    get_as(gateway, request, client, &FOR_RESOLVE)
}

/// The same, in one of the forms `offered`.
pub(super) fn get_as<S: Stack>(
    gateway: &Gateway<S>,
    request: &Request<Body>,
    client: IpAddr,
    offered: &[MediaType],
) -> Result<Responding, Problem> {
    let query = request.uri().query().unwrap_or_default();
    let parameters = Parameters::read(query, Some(client))?;
    let media_type = match parameters.form {
        AskedForm::Message => MediaType::DnsMessage,
        AskedForm::DnsJson => MediaType::DnsJson,
        AskedForm::Json => choose(request.headers(), offered)?,
    };
    let form = Form {
        media_type,
        client_subnet: parameters.client_subnet,
    };
    Ok(gateway.answer_query(parameters.query, form))
}
