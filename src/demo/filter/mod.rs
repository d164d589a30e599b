//! Nomad's filter expressions (go-bexpr), as far as they apply to services and allocations.
//!
//! `parse` parses the text, this module evaluates it. Error texts are Nomad's where a captured response shows them.

mod parse;

use regex::Regex;
use thiserror::Error;

pub(crate) use parse::parse;

/// A filter, ready to be asked.
#[derive(Debug)]
pub(crate) enum Expression {
    Or(Box<Self>, Box<Self>),
    And(Box<Self>, Box<Self>),
    Not(Box<Self>),
    Match(Vec<String>, Test),
}

/// What is asked of one field.
#[derive(Debug)]
pub(crate) enum Test {
    Equals(String),
    Contains(String),
    Matches(Regex),
    IsEmpty,
}

/// The value of a field.
#[derive(Debug)]
pub(crate) enum Field<'a> {
    Text(String),
    Number(i64),
    Bool(bool),
    List(Vec<&'a str>),
    Null,
}

/// Something with fields.
pub(crate) trait Datum {
    /// Finds the field that a path names.
    fn field(&self, path: &[String]) -> Result<Field<'_>, UnknownField>;
}

/// A path names no field.
#[derive(Debug, Error)]
#[error("error finding value in datum: /{} at part {part}: couldn't find key: struct field with name {:?}", path.join("/"), path.get(*part).map_or("", String::as_str))]
pub(crate) struct UnknownField {
    pub(crate) path: Vec<String>,
    pub(crate) part: usize,
}

impl Expression {
    /// Tells whether the expression holds for a datum.
    pub(crate) fn holds(&self, datum: &impl Datum) -> Result<bool, UnknownField> {
        Ok(match self {
            Self::Or(left, right) => left.holds(datum)? || right.holds(datum)?,
            Self::And(left, right) => left.holds(datum)? && right.holds(datum)?,
            Self::Not(inner) => !inner.holds(datum)?,
            Self::Match(path, test) => test.holds(&datum.field(path)?),
        })
    }
}

impl Test {
    fn holds(&self, field: &Field<'_>) -> bool {
        match (self, field) {
            (Self::Equals(value), Field::Text(text)) => text == value,
            (Self::Equals(value), Field::Number(number)) => value.parse() == Ok(*number),
            (Self::Equals(value), Field::Bool(is)) => value.parse() == Ok(*is),
            (Self::Contains(value), Field::List(items)) => items.contains(&value.as_str()),
            (Self::Contains(value), Field::Text(text)) => text.contains(value.as_str()),
            (Self::Matches(pattern), Field::Text(text)) => pattern.is_match(text),
            (Self::IsEmpty, Field::List(items)) => items.is_empty(),
            (Self::IsEmpty, Field::Text(text)) => text.is_empty(),
            (Self::IsEmpty, Field::Null) => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Redis;

    impl Datum for Redis {
        fn field(&self, path: &[String]) -> Result<Field<'_>, UnknownField> {
            match path[0].as_str() {
                "ServiceName" => Ok(Field::Text("redis".to_owned())),
                "Address" => Ok(Field::Text(String::new())),
                "Port" => Ok(Field::Number(6379)),
                "Tags" => Ok(Field::List(vec!["primary", "v7", "with space"])),
                _ => Err(UnknownField {
                    path: path.to_vec(),
                    part: 0,
                }),
            }
        }
    }

    #[track_caller]
    fn holds(filter: &str) -> bool {
        parse(filter).unwrap().holds(&Redis).unwrap()
    }

    #[test]
    fn operators_hold_as_in_go_bexpr() {
        for filter in [
            r#"ServiceName == redis"#,
            r#"ServiceName=="redis""#,
            r#"ServiceName != "web""#,
            r#"Port == 6379"#,
            r#"Tags contains "with space""#,
            r#"Tags not contains `v8`"#,
            r#"v7 in Tags"#,
            r#""v8" not in Tags"#,
            r#"ServiceName matches "^re.*s$""#,
            r#"ServiceName not matches "^web""#,
            r#"Address is empty"#,
            r#"Tags is not empty"#,
            r#"not Tags is empty and (Port == 1 or Port == 6379)"#,
            r#" ( Port == 6379 ) "#,
        ] {
            assert!(holds(filter), "{filter}");
        }
        assert!(!holds("Port == 1 or Tags contains v8"));
        assert!(!holds("Port == 6379 and Tags contains v8"));
    }

    #[test]
    fn a_wrong_operator_is_told_as_nomad_tells_it() {
        let error = parse("Tags contians x").unwrap_err().to_string();
        assert_eq!(
            error,
            r#"1:6 (5): no match found, expected: "!=", "==", "contains", "in", "is", "matches", "not" or [ \t\r\n]"#
        );
    }

    #[test]
    fn an_unknown_field_is_told_as_nomad_tells_it() {
        let error = parse(r#"Nope == "x""#)
            .unwrap()
            .holds(&Redis)
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            r#"error finding value in datum: /Nope at part 0: couldn't find key: struct field with name "Nope""#
        );
    }

    #[test]
    fn broken_filters_are_errors() {
        let deep = "(".repeat(5000);
        for filter in [
            "",
            "(",
            "Port ==",
            "Port == 1 and",
            "Port == 1 x",
            "(Port == 1",
            &deep,
            "\"a",
        ] {
            assert!(parse(filter).is_err(), "{filter}");
        }
    }
}
