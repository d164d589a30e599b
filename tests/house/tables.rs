//! Reads tables out of Markdown.

/// The rows of the first table after a heading, without its head; cells trimmed.
pub(crate) fn rows(markdown: &str, heading: &str) -> Vec<Vec<String>> {
    let mut lines = markdown
        .lines()
        .skip_while(|line| line.trim_start_matches('#').trim() != heading);
    assert!(
        lines.next().is_some_and(|line| line.starts_with('#')),
        "no heading {heading:?}"
    );
    let section = lines.take_while(|line| !line.starts_with('#'));
    let table = section.skip_while(|line| !line.starts_with('|'));
    let rows: Vec<_> = table
        .take_while(|line| line.starts_with('|'))
        .map(cells)
        .collect();
    assert!(rows.len() > 2, "no table under {heading:?}");
    rows[2..].to_vec()
}

/// The first text between backticks in a cell.
pub(crate) fn code(cell: &str) -> Option<&str> {
    cell.split('`').nth(1)
}

/// What is in the one and not in the other, each way, as findings about `document`.
pub(crate) fn differences(document: &str, documented: &[String], known: &[String]) -> Vec<String> {
    let lacks = known.iter().filter(|it| !documented.contains(it));
    let invents = documented.iter().filter(|it| !known.contains(it));
    lacks
        .map(|it| format!("{document} lacks {it}"))
        .chain(invents.map(|it| format!("{document} has {it}, the code has not")))
        .collect()
}

fn cells(line: &str) -> Vec<String> {
    // A bar in a cell is written `\|`.
    let line = line.replace("\\|", "\u{0}");
    let line = line.trim().trim_start_matches('|').trim_end_matches('|');
    line.split('|')
        .map(|cell| cell.trim().replace('\u{0}', "|"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "# A\n\n## B\nText.\n\n| x | y |\n|---|---|\n| `a` \\| b | c |\n| d | e |\n\n## C\n";

    #[test]
    fn rows_are_those_below_the_heading() {
        assert_eq!(rows(TEXT, "B"), [["`a` | b", "c"], ["d", "e"]]);
        assert_eq!(code("see `a` or `b`"), Some("a"));
    }

    #[test]
    #[should_panic(expected = "no table under \"C\"")]
    fn a_table_that_is_gone_is_found() {
        rows(TEXT, "C");
    }

    #[test]
    fn what_is_told_too_much_or_too_little_is_found() {
        let (documented, known) = (["a".to_owned(), "b".into()], ["b".to_owned(), "c".into()]);
        assert_eq!(differences("T", &documented, &known).len(), 2);
        assert!(differences("T", &documented, &documented).is_empty());
    }
}
