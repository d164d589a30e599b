//! TXT records that describe instances, one for each.
//!
//! Floor 2. The text is split into character strings so that it reads the same when a client joins them without a
//! separator, as Go, PHP and c-ares do.

use super::Context;
use crate::catalog::Instance;
use crate::dns::{AnswerBuilder, Rdata, RecordType, Section};

/// The longest character string, in octets (RFC 1035 §3.3).
const STRING_OCTETS: usize = 255;

/// Appends what describes the instances.
pub(super) fn push_txt(
    context: &Context<'_>,
    builder: &mut AnswerBuilder,
    instances: &[&Instance],
) {
    let ttl = context.settings.ttl_seconds;
    for instance in instances {
        let tags = instance.group.tags.iter().map(|tag| &**tag);
        let text = describe(instance, tags);
        builder.push(
            Section::Answer,
            context.owner(),
            RecordType::TXT,
            ttl,
            |rdata| push_text(rdata, &text),
        );
    }
}

/// Writes a text as the data of a record.
pub(super) fn push_text(rdata: &mut Rdata<'_>, text: &str) {
    strings(text).for_each(|string| rdata.text(string.as_bytes()));
}

/// Describes an instance with these of its tags, which come last, since they may have blanks in them.
pub(super) fn describe<'a>(instance: &Instance, tags: impl Iterator<Item = &'a str>) -> String {
    let group = &instance.group;
    format!(
        "id={} job={} alloc={} node={} dc={} port={} tags={}",
        instance.id(),
        group.job,
        instance.allocation(),
        instance.node,
        group.datacenter,
        instance.port,
        tags.collect::<Vec<_>>().join(",")
    )
}

/// Cuts a text behind blanks where it can, else between characters; nothing is left out or added.
fn strings(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut most = rest.len().min(STRING_OCTETS);
        while !rest.is_char_boundary(most) {
            most -= 1;
        }
        let end = match rest[..most].rfind(' ') {
            Some(blank) if most < rest.len() => blank + 1,
            _ => most,
        };
        let (string, after) = rest.split_at(end);
        rest = after;
        (!string.is_empty()).then_some(string)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_behind_blanks_or_else_between_characters_and_joins_to_itself() {
        let (blank, long) = (
            "job=a ".repeat(100),
            "tags=".to_owned() + &"\u{fc}".repeat(300),
        );
        let edge = "x".repeat(255);
        let behind = "x".repeat(255) + " y";
        for text in [
            &blank,
            &long,
            &edge,
            &behind,
            &format!("{blank}{long}"),
            "id=1",
        ] {
            let strings: Vec<&str> = strings(text).collect();
            assert_eq!(strings.concat(), *text);
            assert!(
                strings
                    .iter()
                    .all(|it| (1..=STRING_OCTETS).contains(&it.len()))
            );
        }
        assert!(strings(&blank).all(|string| string.ends_with("job=a ")));
        assert_eq!(strings(&edge).count(), 1);
        assert_eq!(strings("").count(), 0);
    }
}
