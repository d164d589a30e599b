//! Puts environment variables into words: `{$NAME}` and `{%NAME%}`. A word stays one word, whatever its variables have.
//!
//! Floor 7.

/// The names of variables that are not set.
pub(super) type Unset = Vec<String>;

/// A word with the values of its variables; those that are not set are empty.
pub(super) fn expand(
    word: &str,
    variable: &dyn Fn(&str) -> Option<String>,
    unset: &mut Unset,
) -> String {
    let word = expand_form(word, ("{%", "%}"), variable, unset);
    expand_form(&word, ("{$", "}"), variable, unset)
}

/// What a value has is not looked through again, so that no variable can make others without end.
fn expand_form(
    word: &str,
    (open, close): (&str, &str),
    variable: &dyn Fn(&str) -> Option<String>,
    unset: &mut Unset,
) -> String {
    let (mut expanded, mut rest) = (String::new(), word);
    while let Some((before, after)) = rest.split_once(open) {
        let Some((name, behind)) = after.split_once(close).filter(|(name, _)| !name.is_empty())
        else {
            break;
        };
        expanded.push_str(before);
        match variable(name) {
            Some(value) => expanded.push_str(&value),
            None => unset.push(name.to_owned()),
        }
        rest = behind;
    }
    expanded + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(word: &str) -> (String, Unset) {
        let variable = |name: &str| match name {
            "A" => Some("one two".to_owned()),
            "LOOP" => Some("{$LOOP}".to_owned()),
            _ => None,
        };
        let mut unset = Vec::new();
        (expand(word, &variable, &mut unset), unset)
    }

    #[test]
    fn both_forms_are_replaced_wherever_they_stand() {
        assert_eq!(expanded("x{$A}y{%A%}z").0, "xone twoyone twoz");
        assert_eq!(expanded("{$LOOP}").0, "{$LOOP}");
    }

    #[test]
    fn what_is_not_set_is_empty_and_told() {
        assert_eq!(
            expanded("{$B}:{$C}"),
            (":".into(), vec!["B".into(), "C".into()])
        );
    }

    #[test]
    fn what_is_no_variable_stays() {
        for word in ["{$}", "{$A", "{}", "{%%}"] {
            assert_eq!(expanded(word).0, word);
        }
    }
}
