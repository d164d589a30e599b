//! Says of a key that there is none: which one may be meant, or where it belongs.

use toml::Value;

use super::lists::{LISTS, ListOfSections};
use super::words::{in_words, known};

/// How alike two keys have to be for the one to be a slip of the other, from 0 to 1.
const ALIKE: f64 = 0.8;

/// Says that a key is none, and which one may be meant: a section, where one was written.
pub(super) fn unknown_key(key: &str, value: Option<&Value>) -> String {
    let known = known();
    let (section, name) = key.rsplit_once('.').unwrap_or(("", key));
    let place = match section {
        "" => "of the file itself".to_owned(),
        section => format!("of [{section}]"),
    };
    let is_section = value.is_some_and(Value::is_table);
    let table = match known.get(section) {
        Some(Value::Table(table)) => table,
        _ => &known,
    };
    let alike = table.iter().filter(|(_, it)| it.is_table() == is_section);
    let beside: Vec<&String> = alike.map(|(name, _)| name).collect();
    match instead(name, &beside, section) {
        Some(instead) => format!("is not a key {place}; {instead}"),
        None if beside.is_empty() => format!("is not a key {place}, which has no sections"),
        None => {
            let names: Vec<&str> = beside.iter().map(|name| name.as_str()).collect();
            format!("is not a key {place}; the keys are {}", names.join(", "))
        }
    }
}

/// Which key a word is meant to be, of those `beside` it and of those elsewhere; a slip comes first, then the same word in
/// another place.
fn instead(name: &str, beside: &[&String], section: &str) -> Option<String> {
    let meant = |meant: &String| format!("did you mean `{meant}`?");
    let slip = beside
        .iter()
        .find(|it| strsim::osa_distance(name, it) == 1)
        .map(|it| meant(it));
    let elsewhere = || {
        let places = places(name, section);
        let (last, others) = places.split_last()?;
        let places = match others {
            [] => last.clone(),
            others => format!("{} or {last}", others.join(", ")),
        };
        Some(format!("`{name}` belongs {places}"))
    };
    slip.or_else(elsewhere)
        .or_else(|| likest(name, beside).map(meant))
}

/// Where there is a key or a section of that name, other than in a section.
fn places(name: &str, but: &str) -> Vec<String> {
    let (known, mut places) = (known(), Vec::new());
    match known.get(name) {
        Some(Value::Table(_)) if !but.is_empty() => {
            places.push(format!("into a section of its own, [{name}]"));
        }
        Some(Value::Array(_)) if !but.is_empty() && ListOfSections::of(name).is_some() => {
            places.push(format!("into sections of its own, [[{name}]]"));
        }
        Some(value) if !but.is_empty() && !value.is_table() => {
            places.push("before the first section".to_owned());
        }
        _ => {}
    }
    for (section, value) in &known {
        let has = value.as_table().is_some_and(|it| it.contains_key(name));
        if has && section != but {
            places.push(format!("under [{section}]"));
        }
    }
    let of_lists = LISTS.iter().filter(|list| list.key != but);
    let of_lists = of_lists.filter(|list| list.keys.iter().any(|key| key.name == name));
    places.extend(of_lists.map(|list| format!("under [[{}]]", list.key)));
    places
}

/// Whether a path leads into a section of a list, such as `[[forward]]`.
pub(super) fn is_of_list(path: &str) -> bool {
    let key = path.split_once('[').map(|(key, _)| key);
    key.and_then(ListOfSections::of).is_some()
}

/// Says what is wrong with a section of a list, without its values.
pub(super) fn of_list(path: &str, problem: &str) -> String {
    let (place, name) = path.split_once("].").unwrap_or((path, ""));
    let key = path.split('[').next().unwrap_or_default();
    let Some(list) = ListOfSections::of(key) else {
        return in_words(problem);
    };
    let names = list.names();
    let known = format!("the keys of [[{key}]] are {}", names.join(", "));
    // People count from 1.
    let number = place.split('[').nth(1).unwrap_or_default();
    let number = number.trim_end_matches(']').parse().unwrap_or(0_usize) + 1;
    if problem.starts_with("unknown field") {
        let beside: Vec<&String> = names.iter().collect();
        let instead = instead(name, &beside, key).unwrap_or(known);
        return format!("section {number}: `{name}` is not a key; {instead}");
    }
    match problem.strip_prefix("missing field ") {
        Some(missing) => format!("section {number} lacks {missing}; {known}"),
        None => format!(
            "section {number}: `{name}` is of the wrong type; expected {}",
            list.example
        ),
    }
}

/// The key that a word is a slip of, if there is one.
pub(super) fn likest<'a>(word: &str, keys: &[&'a String]) -> Option<&'a String> {
    // Short words with one slip have little in common otherwise.
    let alike = |key: &String| match strsim::osa_distance(word, key) {
        1 => 1.0,
        _ => strsim::jaro_winkler(word, key),
    };
    let likest = keys.iter().max_by(|a, b| alike(a).total_cmp(&alike(b)))?;
    (alike(likest) >= ALIKE).then_some(*likest)
}

#[cfg(test)]
mod tests {
    use toml::Table;

    use super::*;

    #[test]
    fn a_misspelt_key_gets_a_suggestion_and_a_misplaced_one_its_section() {
        let (text, section) = (Value::from("x"), Value::from(Table::new()));
        for (key, value, part) in [
            (
                "nomad.adress",
                &text,
                "of [nomad]; did you mean `addresses`?",
            ),
            ("zone", &text, "of the file itself; did you mean `zones`?"),
            ("nomd", &section, "did you mean `nomad`?"),
            ("tsl", &section, "did you mean `tls`?"),
            ("token_file", &text, "`token_file` belongs under [nomad]"),
            (
                "nomad.zones",
                &text,
                "`zones` belongs before the first section",
            ),
            ("tls.qqq", &text, "the keys are certificate, check_seconds"),
            // The same word elsewhere is likelier than one that is a little alike.
            ("http.dns", &text, "`dns` belongs under [listen]"),
            (
                "check_seconds",
                &text,
                "belongs under [forwarding], under [http], under [tls] or under [transfer]",
            ),
            ("upstreams", &text, "`upstreams` belongs under [[forward]]"),
            (
                "nomad.tls",
                &section,
                "`tls` belongs into a section of its own, [tls]",
            ),
            ("log.qqq", &section, "of [log], which has no sections"),
        ] {
            let message = unknown_key(key, Some(value));
            assert!(message.contains(part), "{key}: {message}");
        }
    }

    #[test]
    fn a_misspelt_key_of_a_section_in_a_list_gets_a_suggestion_too() {
        for (path, part) in [
            (
                "forward[0].upstream",
                "section 1: `upstream` is not a key; did you mean `upstreams`?",
            ),
            (
                "hosts[1].adress",
                "section 2: `adress` is not a key; did you mean `addresses`?",
            ),
            ("forward[0].ttl", "`ttl` belongs before the first section"),
            ("hosts[0].zone", "`zone` belongs under [[forward]]"),
            ("hosts[0].qqq", "the keys of [[hosts]] are name, addresses"),
        ] {
            let message = of_list(path, "unknown field `it`");
            assert!(message.contains(part), "{path}: {message}");
        }
    }
}
