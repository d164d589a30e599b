//! Whether the name of a file matches a pattern with `*` and `?`.
//!
//! Floor 7. CoreDNS takes one of each in a pattern, and so does `import`; more work here too.

/// Whether `name` matches: `*` stands for any characters, `?` for one.
pub fn is_match(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut read) = (0, 0);
    // Where the last `*` is, and up to where it has matched: the work is at most one product of the lengths.
    let mut star: Option<(usize, usize)> = None;
    while read < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(letter) if *letter == '?' || *letter == name[read] => {
                (at, read) = (at + 1, read + 1)
            }
            _ => match star {
                Some((place, matched)) => {
                    star = Some((place, matched + 1));
                    (at, read) = (place + 1, matched + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|it| *it == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_names() {
        for (pattern, name) in [
            ("*", "a"),
            ("*.conf", "a.conf"),
            ("a?c", "abc"),
            ("a*b*c", "axxbyyc"),
            ("a*", "a"),
        ] {
            assert!(is_match(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("*.conf", "a.conf~"),
            ("a?c", "ac"),
            ("", "a"),
            ("a*b", "ac"),
        ] {
            assert!(!is_match(pattern, name), "{pattern} {name}");
        }
    }
}
