//! The query string of the status page: `q`, `page`, `namespace`, `name`, `type`.

use http::Uri;

use crate::dns::{Name, RecordType};
use crate::listeners::http::Problem;

/// How long a parameter may be, in octets.
const PARAMETER_OCTETS: usize = 1024;
/// How many words a search may have.
const SEARCH_WORDS: usize = 8;
/// The namespace that Nomad takes when none is given.
const DEFAULT_NAMESPACE: &str = "default";

/// Which services are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceSearch {
    /// Words that are all in the service's name, namespace or tags; letter case does not count.
    pub words: Vec<String>,
    /// The page, from 1.
    pub page: usize,
}

/// What a page was asked for.
#[derive(Debug, Default)]
pub(super) struct PageParameters {
    /// The words to search for.
    pub(super) q: String,
    pub(super) page: usize,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) record_type: String,
}

impl PageParameters {
    /// Reads them.
    ///
    /// # Errors
    /// A parameter that is too long, a page that is no number, or a parameter that is not known.
    pub(super) fn read(uri: &Uri) -> Result<Self, Problem> {
        let mut parameters = Self {
            page: 1,
            ..Self::default()
        };
        for (key, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            if value.len() > PARAMETER_OCTETS {
                let detail = format!("{key:.20?} has more than {PARAMETER_OCTETS} octets");
                return Err(Problem::bad_request(detail));
            }
            match &*key {
                "q" => parameters.q = value.into_owned(),
                "namespace" => parameters.namespace = value.into_owned(),
                "name" => parameters.name = value.into_owned(),
                "type" => parameters.record_type = value.into_owned(),
                "page" => {
                    let wrong =
                        || Problem::bad_request(format!("page={value:?} is not a number from 1"));
                    parameters.page = value.parse().ok().filter(|it| *it > 0).ok_or_else(wrong)?;
                }
                _ => {
                    let detail = format!(
                        "{key:.40?} is not a parameter: they are q, page, namespace, name and type"
                    );
                    return Err(Problem::bad_request(detail));
                }
            }
        }
        Ok(parameters)
    }

    /// The search.
    pub(super) fn search(&self) -> ServiceSearch {
        let words = self.q.split_whitespace().take(SEARCH_WORDS);
        ServiceSearch {
            words: words.map(str::to_lowercase).collect(),
            page: self.page,
        }
    }

    /// The service that is asked for: namespace and name.
    ///
    /// # Errors
    /// There is no name.
    pub(super) fn service(&self) -> Result<(String, String), Problem> {
        if self.name.is_empty() {
            return Err(Problem::bad_request("name=SERVICE is missing"));
        }
        let namespace = match &*self.namespace {
            "" => DEFAULT_NAMESPACE,
            namespace => namespace,
        };
        Ok((namespace.to_owned(), self.name.clone()))
    }

    /// The question that is asked; none without a name, and words if it is wrong.
    pub(super) fn question(&self) -> Option<Result<(Name, RecordType), String>> {
        let text = self.name.trim();
        (!text.is_empty()).then(|| {
            let name = text
                .parse::<Name>()
                .map_err(|error| format!("{text:.100?} is not a domain name: {error}"))?;
            let record_type = match &*self.record_type {
                "" => RecordType::A,
                text => text.parse().map_err(|_| {
                    format!("{text:.40?} is not a record type, such as A, SRV or TYPE65")
                })?,
            };
            Ok((name, record_type))
        })
    }
}
