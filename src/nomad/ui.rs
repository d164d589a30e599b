//! Nomad's own web UI: where it is, and the URLs of its pages, which the status page links to.
//!
//! Floor 1. Nothing is asked there. Whether a browser reaches it is not known.

use std::str::FromStr;

use reqwest::Url;

use super::address::{NomadAddress, without_user};
use super::queries::encode;

/// Where the web UI is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum NomadUi {
    /// Where Nomad is asked, unless that is a unix socket.
    #[default]
    AtAgent,
    /// At a URL.
    At(Url),
    /// Nowhere: nothing links to it.
    Absent,
}

/// Why a text does not say where the web UI is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{value:?} {why}; expected the URL of Nomad's web UI, such as \"https://nomad.example/ui\", \"none\" for no links, or \
     \"\" for the address where Nomad is asked"
)]
pub struct NomadUiError {
    value: String,
    why: String,
}

/// The URLs of the web UI's pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NomadUiPages {
    base: String,
    query: String,
}

impl FromStr for NomadUi {
    type Err = NomadUiError;

    /// Parses what the operator wrote; a URL without a path gets `/ui`.
    fn from_str(value: &str) -> Result<Self, NomadUiError> {
        match value {
            "" => return Ok(Self::AtAgent),
            "none" => return Ok(Self::Absent),
            _ => {}
        }
        let error = |why: String| NomadUiError {
            value: without_user(value),
            why,
        };
        let mut url =
            Url::parse(value).map_err(|problem| error(format!("is not a URL ({problem})")))?;
        let why = if !matches!(url.scheme(), "http" | "https") {
            "has a scheme other than http and https"
        } else if !url.username().is_empty() || url.password().is_some() || value.contains('@') {
            "has a user or a password, which browsers would be shown"
        } else if url.query().is_some() || url.fragment().is_some() {
            "has a query or a fragment"
        } else {
            if url.path() == "/" {
                url.set_path("/ui");
            }
            return Ok(Self::At(url));
        };
        Err(error(why.to_owned()))
    }
}

impl NomadUi {
    /// The pages, if there are any; `asked` is the agent that is asked, and `region` its region, if one is configured.
    #[must_use]
    pub fn pages(&self, asked: &NomadAddress, region: Option<&str>) -> Option<NomadUiPages> {
        let base = match self {
            Self::Absent => return None,
            Self::At(url) => url.as_str().trim_end_matches('/').to_owned(),
            Self::AtAgent if asked.socket().is_some() => return None,
            Self::AtAgent => format!("{}/ui", asked.base().as_str().trim_end_matches('/')),
        };
        let query = region.map(|it| format!("?region={}", encode(it)));
        Some(NomadUiPages {
            base,
            query: query.unwrap_or_default(),
        })
    }
}

impl NomadUiPages {
    /// The page of an allocation.
    #[must_use]
    pub fn allocation(&self, id: &str) -> String {
        let Self { base, query } = self;
        format!("{base}/allocations/{}{query}", encode(id))
    }

    /// The page of a job. The namespace is always there: the UI takes what is behind the last `@` for it.
    #[must_use]
    pub fn job(&self, job: &str, namespace: &str) -> String {
        let Self { base, query } = self;
        format!("{base}/jobs/{}@{}{query}", encode(job), encode(namespace))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(ui: &str, asked: &str, region: Option<&str>) -> Option<String> {
        let ui: NomadUi = ui.parse().unwrap();
        let pages = ui.pages(&asked.parse().unwrap(), region)?;
        Some(pages.job("a/b@c\"<", "my space"))
    }

    #[test]
    fn pages_are_beside_the_api_unless_they_are_elsewhere() {
        let path = "jobs/a%2Fb%40c%22%3C@my%20space";
        for (ui, asked, base) in [
            ("", "http://127.0.0.1:4646", "http://127.0.0.1:4646/ui/"),
            ("", "https://user:secret@a/b/", "https://a/b/ui/"),
            (
                "https://nomad.example",
                "unix:///s",
                "https://nomad.example/ui/",
            ),
            (
                "https://nomad.example/x/",
                "http://a",
                "https://nomad.example/x/",
            ),
        ] {
            assert_eq!(job(ui, asked, None), Some(format!("{base}{path}")));
        }
        let of_region = job("", "http://a", Some("eu&x")).unwrap();
        assert_eq!(of_region, format!("http://a/ui/{path}?region=eu%26x"));
        assert_eq!(job("none", "http://a", None), None);
        assert_eq!(job("", "unix:///secrets/api.sock", None), None);
    }

    #[test]
    fn what_is_no_page_for_a_browser_is_refused() {
        for (text, why) in [
            ("nomad.example/ui", "is not a URL"),
            ("javascript:alert(1)", "scheme other than"),
            ("https://user:hunter2@nomad.example", "a user or a password"),
            ("https://nomad.example/ui?token=hunter2", "a query"),
        ] {
            let error = text.parse::<NomadUi>().unwrap_err().to_string();
            assert!(error.contains(why) && !error.contains("hunter2"), "{error}");
        }
    }
}
