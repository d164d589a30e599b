//! What is kept of names that are forwarded: GET lists it, DELETE forgets it.
//!
//! Floor 4. A page of another site cannot send a DELETE: a browser asks first, and is not allowed it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use http::{StatusCode, Uri};

use super::{Admin, Page, Problem, TEXT};
use crate::dns::Name;
use crate::forward::CachedNames;

const METHODS: &str = "DELETE, GET, HEAD";

/// What lists and forgets what is kept.
#[derive(Clone)]
pub struct CachePages {
    /// The list, as text.
    pub list: Arc<dyn Fn(&CachedNames) -> String + Send + Sync>,
    /// Forgets it; says of how many questions.
    pub flush: Arc<dyn Fn(&CachedNames) -> usize + Send + Sync>,
}

impl fmt::Debug for CachePages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachePages").finish_non_exhaustive()
    }
}

pub(super) fn methods() -> MethodRouter<Admin> {
    get(list)
        .delete(flush)
        .fallback(async || Problem::method_not_allowed(METHODS))
}

async fn list(State(admin): State<Admin>, uri: Uri) -> Response {
    // Without a name it is all.
    let all = CachedNames {
        name: Name::ROOT,
        below: true,
    };
    answer(&admin, &uri, Some(all), |pages, names| (pages.list)(names))
}

async fn flush(State(admin): State<Admin>, uri: Uri) -> Response {
    answer(&admin, &uri, None, |pages, names| {
        format!("{}\n", (pages.flush)(names))
    })
}

fn answer(
    admin: &Admin,
    uri: &Uri,
    default: Option<CachedNames>,
    text: impl FnOnce(&CachePages, &CachedNames) -> String,
) -> Response {
    let Some(pages) = (admin.cache)() else {
        return Problem::nothing_forwarded().into_response();
    };
    match names_of(uri.query().unwrap_or_default(), default) {
        Ok(names) => Page(StatusCode::OK, TEXT, text(&pages, &names)).into_response(),
        Err(detail) => Problem::bad_request(detail).into_response(),
    }
}

/// Reads `name=NAME` and `below=true`.
fn names_of(query: &str, default: Option<CachedNames>) -> Result<CachedNames, String> {
    let (mut name, mut below) = (None, None);
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*key {
            "name" => set(&mut name, &key, &value, "a domain name")?,
            "below" => set(&mut below, &key, &value, "true or false")?,
            _ => {
                return Err(format!(
                    "{key:?} is not a parameter: they are name and below"
                ));
            }
        }
    }
    match (name, default) {
        (Some(name), _) => Ok(CachedNames {
            name,
            below: below.unwrap_or(false),
        }),
        (None, Some(default)) if below.is_none() => Ok(default),
        (None, _) => Err("name=NAME is missing".to_owned()),
    }
}

fn set<Value: FromStr>(
    value: &mut Option<Value>,
    key: &str,
    text: &str,
    right: &str,
) -> Result<(), String> {
    let read = text
        .parse()
        .map_err(|_| format!("{key}={text:?} is not {right}"))?;
    match value.replace(read) {
        Some(_) => Err(format!("{key} is given twice")),
        None => Ok(()),
    }
}
