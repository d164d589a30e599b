//! The tables of settings, limits and RFCs in `docs/` say what the code says.

use proc_macro2::{TokenStream, TokenTree};
use toml::Value;

use crate::example::defaults;
use crate::sources::{Source, assert_none, read, sources};
use crate::tables::{code, differences, rows};

const SETTINGS: &str = "docs/configuration.md";
const LIMITS: &str = "docs/limits.md";
const RFCS: &str = "docs/rfcs.md";

#[test]
fn every_setting_and_its_default_is_documented() {
    let limits = |key: &str| key.starts_with("limits.") || key.starts_with("cache.");
    let (limits, others): (Vec<_>, Vec<_>) =
        defaults().into_iter().partition(|(key, _)| limits(key));
    let mut findings = wrong_defaults(SETTINGS, &rows(&read(SETTINGS), "Settings"), &others);
    findings.extend(wrong_defaults(
        LIMITS,
        &rows(&read(LIMITS), "Settings"),
        &limits,
    ));
    assert_none(&findings);
}

#[test]
fn the_documented_fixed_limits_are_those_of_the_code() {
    let wrong = rows(&read(LIMITS), "Fixed limits")
        .into_iter()
        .filter_map(|row| wrong_constant(&row));
    assert_none(&wrong.collect::<Vec<_>>());
}

#[test]
fn what_is_said_of_an_rfc_is_proven_by_tests_that_exist() {
    let tests: Vec<String> = sources("tests")
        .iter()
        .flat_map(|source| functions(source.tokens()))
        .collect();
    assert_none(&unproven(&rows(&read(RFCS), "RFCs"), &tests));
}

#[test]
fn every_rfc_that_has_a_test_file_is_documented() {
    let rows = rows(&read(RFCS), "RFCs");
    let number = |source: &Source| {
        let name = source
            .path
            .strip_prefix("tests/integration/rfc/rfc")?
            .strip_suffix(".rs")?;
        name.split('/').next().map(str::to_owned)
    };
    let numbers: Vec<String> = sources("tests").iter().filter_map(number).collect();
    assert!(numbers.len() > 5, "{numbers:?}");
    let missing = numbers
        .iter()
        .filter(|number| !rows.iter().any(|row| row[0].contains(*number)));
    assert_none(
        &missing
            .map(|it| format!("{RFCS}: no row for RFC {it}"))
            .collect::<Vec<_>>(),
    );
}

/// Keys that a table lacks or invents, and defaults that it has wrong.
fn wrong_defaults(document: &str, rows: &[Vec<String>], known: &[(String, Value)]) -> Vec<String> {
    let documented = |row: &Vec<String>| code(&row[0]).map(str::to_owned);
    let keys: Vec<String> = known.iter().map(|(key, _)| key.clone()).collect();
    let mut findings = differences(
        document,
        &rows.iter().filter_map(documented).collect::<Vec<_>>(),
        &keys,
    );
    for (key, value) in known {
        let row = rows.iter().find(|row| code(&row[0]) == Some(key));
        let shown = row.and_then(|row| code(&row[1])).unwrap_or_default();
        if row.is_some() && shown != value.to_string() {
            findings.push(format!(
                "{document}: the default of {key} is {value}, not {shown}"
            ));
        }
    }
    findings
}

/// What is wrong with a row of a constant: value in the second cell, name and file in the third.
fn wrong_constant(row: &[String]) -> Option<String> {
    let mut codes = row[2].split('`').skip(1).step_by(2);
    let (Some(name), Some(path)) = (codes.next(), codes.next()) else {
        return Some(format!("{LIMITS}: no `CONSTANT` in `file` in {row:?}"));
    };
    let digits: String = row[1]
        .chars()
        .take_while(|it| it.is_ascii_digit() || *it == ',')
        .filter(|it| *it != ',')
        .collect();
    let source = Source {
        path: path.into(),
        text: read(path),
    };
    match constant(source.tokens(), name) {
        None => Some(format!(
            "{LIMITS}: {path} has no constant {name} that is a plain number"
        )),
        Some(value) if digits.parse() == Ok(value) => None,
        Some(value) => Some(format!(
            "{LIMITS}: {name} in {path} is {value}, not {}",
            row[1]
        )),
    }
}

/// The value of a constant that is a number, a product or a shift of two, or made of one by a call.
fn constant(tokens: TokenStream, name: &str) -> Option<u64> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let start = tokens
        .windows(2)
        .position(|pair| pair[0].to_string() == "const" && pair[1].to_string() == name);
    let Some(start) = start else {
        let groups = tokens.into_iter().filter_map(|token| match token {
            TokenTree::Group(group) => Some(group.stream()),
            _ => None,
        });
        return groups.filter_map(|stream| constant(stream, name)).next();
    };
    let value = tokens[start..]
        .iter()
        .skip_while(|token| token.to_string() != "=")
        .skip(1);
    let value: TokenStream = value
        .take_while(|token| token.to_string() != ";")
        .cloned()
        .collect();
    let text = value.to_string().replace([' ', '_'], "");
    let text = text
        .rsplit_once('(')
        .map_or(&*text, |(_, inner)| inner.trim_end_matches(')'));
    let two =
        |(left, right): (&str, &str)| Some((left.parse::<u64>().ok()?, right.parse::<u64>().ok()?));
    if let Some((left, right)) = text.split_once('*').and_then(two) {
        return left.checked_mul(right);
    }
    if let Some((left, right)) = text.split_once("<<").and_then(two) {
        return Some(left << right);
    }
    text.parse().ok()
}

/// Rows that claim a test that is not there, or claim without one.
fn unproven(rows: &[Vec<String>], tests: &[String]) -> Vec<String> {
    let mut findings = Vec::new();
    for row in rows {
        let [rfc, _, done, proof] = &row[..] else {
            findings.push(format!("{RFCS}: {row:?} has not four cells"));
            continue;
        };
        let is_name = |it: &&str| it.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_'));
        let named: Vec<&str> = proof
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(is_name)
            .collect();
        if done != "no" && named.is_empty() {
            findings.push(format!(
                "{RFCS}: {rfc} is said to be done, and no test is named"
            ));
        }
        let missing = named
            .iter()
            .filter(|name| !tests.iter().any(|test| test == *name));
        findings.extend(
            missing.map(|name| format!("{RFCS}: {rfc} names a test {name}, which is none")),
        );
    }
    findings
}

/// The functions with `#[test]` or such an attribute before them.
pub(crate) fn functions(tokens: TokenStream) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_test = false;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(ident) if ident == "fn" => {
                let name = tokens.next().map(|name| name.to_string());
                found.extend(name.filter(|_| is_test));
                is_test = false;
            }
            TokenTree::Punct(punct) if punct.as_char() == '#' => {
                let attribute = tokens.peek().map(ToString::to_string).unwrap_or_default();
                is_test |= attribute.contains("test") && !attribute.contains("cfg");
            }
            TokenTree::Group(group) => found.extend(functions(group.stream())),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_default_is_found() {
        let rows = [
            vec!["`ttl`".to_owned(), "`31`".into()],
            vec!["`tll`".into(), "`1`".into()],
        ];
        assert_eq!(
            wrong_defaults("T", &rows, &[("ttl".into(), Value::Integer(30))]).len(),
            2
        );
    }

    #[test]
    fn constants_are_read_in_their_usual_forms() {
        let tokens: TokenStream =
            "const A: u8 = 64 * 1_024; mod m { pub const B: D = D::from_secs(9); } \
                                   const C: usize = 1 << 20; const D: u8 = f(A) + 1;"
                .parse()
                .expect("tokens");
        let value = |name| constant(tokens.clone(), name);
        assert_eq!(
            ["A", "B", "C", "D", "E"].map(value),
            [Some(65_536), Some(9), Some(1 << 20), None, None]
        );
    }

    #[test]
    fn a_wrong_constant_is_found() {
        let row = |value: &str| {
            [
                "header".to_owned(),
                value.into(),
                "`HEADER_OCTETS` in `src/dns/wire/mod.rs`".into(),
            ]
        };
        assert!(wrong_constant(&row("12 octets")).is_none());
        assert!(wrong_constant(&row("13 octets")).is_some_and(|it| it.contains("is 12")));
    }

    #[test]
    fn a_claim_without_a_test_is_found() {
        let row = |done: &str, proof: &str| {
            vec![
                "RFC 1".into(),
                "x".into(),
                done.to_owned(),
                proof.to_owned(),
            ]
        };
        let rows = [
            row("yes", "`a`"),
            row("yes", "`b`"),
            row("partly", ""),
            row("no", "later"),
        ];
        assert_eq!(unproven(&rows, &["a".into()]).len(), 2);
    }

    #[test]
    fn tests_are_told_from_other_functions() {
        let text =
            "#[tokio::test] async fn a() {} fn b() {} #[cfg(test)] mod m { #[test] fn c() {} }";
        assert_eq!(functions(text.parse().expect("tokens")), ["a", "c"]);
    }
}
