//! The public paths, as the operator configured them: each is one literal path, matched exactly.

/// Where messages and where names are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    dns: Vec<String>,
    json: Vec<String>,
}

/// What a path is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathUse {
    /// Messages (RFC 8484).
    Dns,
    /// Names, in the JSON form.
    Json,
}

/// Why a text is no path to be served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It does not begin as paths do.
    #[error("{0:?} does not begin with a \"/\"; such as {1:?}")]
    NotAbsolute(String, &'static str),
    /// It has a character that is not taken.
    #[error(
        "{0:?} has the character {1:?}; a path has letters, digits and \"-._~/\", no query, no \
         wildcards"
    )]
    Character(String, char),
    /// It has a segment that clients take away before they ask.
    #[error("{0:?} has a segment \".\" or \"..\", which no client asks for")]
    Dots(String),
    /// It is there already.
    #[error("{0:?} is listed twice; a path is in one place, of http.dns_paths and http.json_paths")]
    Twice(String),
}

impl Default for Paths {
    fn default() -> Self {
        Self {
            dns: vec![PathUse::Dns.usual().to_owned()],
            json: vec![PathUse::Json.usual().to_owned()],
        }
    }
}

impl Paths {
    /// Nothing is served.
    pub fn none() -> Self {
        Self {
            dns: Vec::new(),
            json: Vec::new(),
        }
    }

    /// Adds a path.
    ///
    /// # Errors
    /// What is no plain path, and what is there already.
    pub fn add(&mut self, path_use: PathUse, path: &str) -> Result<(), PathError> {
        let owned = || path.to_owned();
        if !path.starts_with('/') {
            return Err(PathError::NotAbsolute(owned(), path_use.usual()));
        }
        let taken = |it: &char| it.is_ascii_alphanumeric() || "-._~/".contains(*it);
        if let Some(other) = path.chars().find(|it| !taken(it)) {
            return Err(PathError::Character(owned(), other));
        }
        if path
            .split('/')
            .any(|segment| [".", ".."].contains(&segment))
        {
            return Err(PathError::Dots(owned()));
        }
        if self.dns.iter().chain(&self.json).any(|known| known == path) {
            return Err(PathError::Twice(owned()));
        }
        match path_use {
            PathUse::Dns => self.dns.push(owned()),
            PathUse::Json => self.json.push(owned()),
        }
        Ok(())
    }

    /// Makes the template of the first path of messages (RFC 8484 §4.1, RFC 9461 §5); none without one.
    pub fn message_template(&self) -> Option<String> {
        self.dns.first().map(|path| format!("{path}{{?dns}}"))
    }

    /// The paths of one use.
    pub fn of(&self, path_use: PathUse) -> &[String] {
        match path_use {
            PathUse::Dns => &self.dns,
            PathUse::Json => &self.json,
        }
    }
}

impl PathUse {
    /// The path that clients know without being told.
    pub const fn usual(self) -> &'static str {
        match self {
            Self::Dns => "/dns-query",
            Self::Json => "/resolve",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(path: &str) -> Result<(), PathError> {
        Paths::default().add(PathUse::Dns, path)
    }

    #[test]
    fn a_path_is_plain() {
        for path in [
            "/",
            "/dns-query/",
            "/Dns-Query",
            "/a/b.c_d~e/9",
            "//",
            "/resolve/x",
        ] {
            assert_eq!(added(path), Ok(()), "{path}");
        }
        for path in [
            "",
            "dns-query",
            "/a?b",
            "/a#b",
            "/{a}",
            "/*",
            "/:a",
            "/a b",
            "/a%20",
            "/ä",
            "/.",
            "/a/../b",
            "/a\0",
        ] {
            assert!(added(path).is_err(), "{path}");
        }
    }

    #[test]
    fn a_path_is_there_once() {
        assert!(matches!(added("/dns-query"), Err(PathError::Twice(_))));
        assert!(matches!(added("/resolve"), Err(PathError::Twice(_))));
        let mut paths = Paths::none();
        assert_eq!(paths.add(PathUse::Json, "/dns-query"), Ok(()));
        assert_eq!(paths.of(PathUse::Json), ["/dns-query"]);
        assert!(paths.of(PathUse::Dns).is_empty());
    }
}
