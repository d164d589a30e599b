//! A recursive descent parser for filter expressions; `or` binds loosest and `not` tightest.

use regex::Regex;
use thiserror::Error;

use super::{Expression, Test};

/// How many terms, `not` and parentheses a filter may have; some descent goes with each.
const TERM_LIMIT: usize = 256;

const OPERATORS: &str = r#""!=", "==", "contains", "in", "is", "matches", "not" or [ \t\r\n]"#;
const OPERAND: &str = r#""(", "-", "0", "\"", "`", "not", [ \t\r\n], [1-9] or [a-zA-Z]"#;
const VALUE: &str = r#""-", "0", "\"", "`", [ \t\r\n], [1-9] or [a-zA-Z]"#;
const END: &str = r#""and", "or", [ \t\r\n] or EOF"#;

/// A filter that cannot be read, told as Nomad's parser tells it.
#[derive(Debug, Error)]
pub(crate) enum SyntaxError {
    #[error("{line}:{column} ({offset}): no match found, expected: {expected}")]
    NoMatch {
        line: usize,
        column: usize,
        offset: usize,
        expected: &'static str,
    },
    #[error("filter has more than {TERM_LIMIT} terms")]
    TooLong,
    #[error("failed to compile regular expression: {0}")]
    Pattern(#[from] regex::Error),
}

/// Reads a whole filter.
pub(crate) fn parse(filter: &str) -> Result<Expression, SyntaxError> {
    let mut parser = Parser {
        filter,
        at: 0,
        terms: 0,
    };
    let expression = parser.any_of()?;
    parser.skip_space();
    match parser.rest() {
        "" => Ok(expression),
        _ => Err(parser.no_match(END)),
    }
}

struct Parser<'a> {
    filter: &'a str,
    at: usize,
    terms: usize,
}

impl<'a> Parser<'a> {
    fn any_of(&mut self) -> Result<Expression, SyntaxError> {
        let mut left = self.all_of()?;
        while self.take_word("or") {
            left = Expression::Or(Box::new(left), Box::new(self.all_of()?));
        }
        Ok(left)
    }

    fn all_of(&mut self) -> Result<Expression, SyntaxError> {
        let mut left = self.single()?;
        while self.take_word("and") {
            left = Expression::And(Box::new(left), Box::new(self.single()?));
        }
        Ok(left)
    }

    fn single(&mut self) -> Result<Expression, SyntaxError> {
        self.terms += 1;
        if self.terms > TERM_LIMIT {
            return Err(SyntaxError::TooLong);
        }
        Ok(if self.take_word("not") {
            Expression::Not(Box::new(self.single()?))
        } else if self.take("(") {
            let inner = self.any_of()?;
            if !self.take(")") {
                return Err(self.no_match(END));
            }
            inner
        } else {
            self.matching()?
        })
    }

    fn matching(&mut self) -> Result<Expression, SyntaxError> {
        let first = self.operand(OPERAND)?;
        if self.take("==") {
            return self.test(&first, Test::Equals);
        }
        if self.take("!=") {
            return self.test(&first, Test::Equals).map(negated);
        }
        let is_negated = self.take_word("not");
        let expression = if self.take_word("contains") {
            self.test(&first, Test::Contains)?
        } else if self.take_word("matches") {
            let pattern = Regex::new(&self.operand(VALUE)?)?;
            Expression::Match(path(&first), Test::Matches(pattern))
        } else if self.take_word("in") {
            Expression::Match(path(&self.operand(VALUE)?), Test::Contains(first))
        } else if !is_negated && self.take_word("is") {
            let is_negated = self.take_word("not");
            if !self.take_word("empty") {
                return Err(self.no_match(r#""empty" or "not""#));
            }
            let expression = Expression::Match(path(&first), Test::IsEmpty);
            return Ok(if is_negated {
                negated(expression)
            } else {
                expression
            });
        } else {
            return Err(self.no_match(OPERATORS));
        };
        Ok(if is_negated {
            negated(expression)
        } else {
            expression
        })
    }

    fn test(
        &mut self,
        selector: &str,
        test: impl FnOnce(String) -> Test,
    ) -> Result<Expression, SyntaxError> {
        Ok(Expression::Match(
            path(selector),
            test(self.operand(VALUE)?),
        ))
    }

    /// Takes a field's name or a value: a word, a number or a quoted text.
    fn operand(&mut self, expected: &'static str) -> Result<String, SyntaxError> {
        self.skip_space();
        let rest = self.rest();
        if let Some(quote @ ('"' | '`')) = rest.chars().next() {
            let Some(length) = rest[1..].find(quote) else {
                return Err(self.no_match(expected));
            };
            self.at += length + 2;
            return Ok(rest[1..=length].to_owned());
        }
        let length = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || "_/.-".contains(c)))
            .unwrap_or(rest.len());
        if length == 0 {
            return Err(self.no_match(expected));
        }
        self.at += length;
        Ok(rest[..length].to_owned())
    }

    fn take_word(&mut self, word: &str) -> bool {
        self.skip_space();
        let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        self.rest().strip_prefix(word).is_some_and(ends) && self.take(word)
    }

    fn take(&mut self, token: &str) -> bool {
        self.skip_space();
        let is_there = self.rest().starts_with(token);
        if is_there {
            self.at += token.len();
        }
        is_there
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    fn rest(&self) -> &'a str {
        &self.filter[self.at..]
    }

    fn no_match(&self, expected: &'static str) -> SyntaxError {
        let before = &self.filter[..self.at];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        SyntaxError::NoMatch {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            offset: self.at,
            expected,
        }
    }
}

fn path(selector: &str) -> Vec<String> {
    selector.split('.').map(str::to_owned).collect()
}

fn negated(expression: Expression) -> Expression {
    Expression::Not(Box::new(expression))
}
