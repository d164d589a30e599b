//! The query string of the status page: `q`, `namespace`, `health`, `page`, `name`, `type`.

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
    /// The namespace that they are in, in lower case; any if none.
    pub namespace: Option<String>,
    /// What is known of their health; anything if none.
    pub health: Option<HealthFilter>,
    /// The page, from 1.
    pub page: usize,
}

/// Services by what is known of the health of their instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthFilter {
    /// Every instance is healthy.
    Healthy,
    /// Some instances are of no use, and not all.
    Degraded,
    /// No instance is of use.
    Failing,
    /// None is known to be of no use, and some were not read.
    Unread,
}

impl HealthFilter {
    /// All of them, in the order in which they are offered.
    pub(super) const ALL: [Self; 4] = [Self::Failing, Self::Degraded, Self::Healthy, Self::Unread];

    /// Which of them a service is: so many instances, so many of them healthy, and so many of no use.
    #[must_use]
    pub fn of(instances: usize, healthy: usize, failing: usize) -> Self {
        match (instances - failing, instances - healthy) {
            (0, _) => Self::Failing,
            _ if failing > 0 => Self::Degraded,
            (_, 0) => Self::Healthy,
            _ => Self::Unread,
        }
    }

    /// The word for it in a query string.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Failing => "failing",
            Self::Unread => "unread",
        }
    }

    /// The words for it on the page.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Healthy => "all healthy",
            Self::Degraded => "some failing",
            Self::Failing => "none healthy",
            Self::Unread => "not read",
        }
    }
}

/// What a page was asked for.
#[derive(Debug, Default)]
pub(super) struct PageParameters {
    /// The words to search for.
    pub(super) q: String,
    pub(super) health: Option<HealthFilter>,
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
                // What a form sends for any.
                "health" if value.is_empty() => parameters.health = None,
                "health" => {
                    let mut all = HealthFilter::ALL.into_iter();
                    let known = all.find(|it| it.as_str() == value);
                    let wrong = || {
                        let detail = format!(
                            "health={value:.40?} is none of failing, degraded, healthy and unread"
                        );
                        Problem::bad_request(detail)
                    };
                    parameters.health = Some(known.ok_or_else(wrong)?);
                }
                "page" => {
                    let wrong =
                        || Problem::bad_request(format!("page={value:?} is not a number from 1"));
                    parameters.page = value.parse().ok().filter(|it| *it > 0).ok_or_else(wrong)?;
                }
                _ => {
                    let detail = format!(
                        "{key:.40?} is not a parameter: they are q, namespace, health, page, name and type"
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
            namespace: (!self.namespace.is_empty()).then(|| self.namespace.to_lowercase()),
            health: self.health,
            page: self.page,
        }
    }

    /// Whether less than all services is wanted.
    pub(super) fn is_search(&self) -> bool {
        !self.q.is_empty() || !self.namespace.is_empty() || self.health.is_some()
    }

    /// The query string of a page of the same search.
    pub(super) fn to_page(&self, page: usize) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let health = self.health.map_or("", HealthFilter::as_str);
        for (key, value) in [
            ("q", &*self.q),
            ("namespace", &self.namespace),
            ("health", health),
        ] {
            if !value.is_empty() {
                query.append_pair(key, value);
            }
        }
        query.append_pair("page", &page.to_string()).finish()
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
