//! Which queries are recorded: by name, by response code, by the class of the answer.
//!
//! Floor 2. It is asked where the answer is made, allocates nothing, and costs nothing where no filter is configured.

use super::ObservedQuery;
use crate::dns::wire::{Flag, HEADER_OCTETS, Header, Message};
use crate::dns::{Name, Rcode, Section};

/// Which queries are recorded; what is empty lets all through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryFilter {
    /// The names, each with all names below it.
    pub names: Vec<Name>,
    /// The response codes.
    pub rcodes: Vec<Rcode>,
    /// The classes of answers.
    pub classes: Vec<AnswerClass>,
    /// One of so many queries is recorded, of those that pass the filters.
    pub one_of: u64,
}

/// What an answer is, as CoreDNS's plugin `log` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerClass {
    /// NOERROR with records.
    Success,
    /// NXDOMAIN, and NOERROR without records (NODATA).
    Denial,
    /// All other codes, and no answer at all.
    Error,
}

impl Default for QueryFilter {
    fn default() -> Self {
        Self {
            names: Vec::new(),
            rcodes: Vec::new(),
            classes: Vec::new(),
            one_of: 1,
        }
    }
}

impl QueryFilter {
    /// Whether a query is recorded.
    pub(super) fn takes(&self, observed: &ObservedQuery<'_>) -> bool {
        self.takes_name(observed.query) && self.takes_answer(observed.response)
    }

    fn takes_name(&self, query: &[u8]) -> bool {
        if self.names.is_empty() {
            return true;
        }
        let question = query.get(HEADER_OCTETS..).map(Name::from_wire);
        question
            .and_then(Result::ok)
            .is_some_and(|name| self.names.iter().any(|apex| name.is_within(apex)))
    }

    fn takes_answer(&self, response: &[u8]) -> bool {
        if self.rcodes.is_empty() && self.classes.is_empty() {
            return true;
        }
        let (rcode, class) = AnswerClass::of(response);
        let is_rcode = |wanted: &Rcode| rcode.is_some_and(|rcode| rcode == *wanted);
        (self.rcodes.is_empty() || self.rcodes.iter().any(is_rcode))
            && (self.classes.is_empty() || self.classes.contains(&class))
    }
}

impl AnswerClass {
    /// The code and the class of a response; no code where there is none.
    pub(super) fn of(response: &[u8]) -> (Option<Rcode>, Self) {
        let Ok(header) = Header::read(response) else {
            return (None, Self::Error);
        };
        // The upper bits of the code are in the OPT.
        let message = Message::read(response);
        let rcode = message.map_or_else(|_| header.rcode(), |it| it.rcode());
        let is_empty = header.record_count(Section::Answer) == 0 && !header.has(Flag::Truncated);
        let class = match rcode {
            Rcode::NOERROR if is_empty => Self::Denial,
            Rcode::NOERROR => Self::Success,
            Rcode::NXDOMAIN => Self::Denial,
            _ => Self::Error,
        };
        (Some(rcode), class)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::dns::Transport;

    fn takes(filter: &QueryFilter, name: &str, rcode: u8, answers: u8) -> bool {
        let mut query = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        query.extend(name.parse::<Name>().unwrap().as_wire());
        query.extend([0, 1, 0, 1]);
        let mut response = query.clone();
        (response[2], response[3], response[7]) = (0x81, rcode, answers);
        filter.takes(&ObservedQuery {
            query: &query,
            response: &response,
            client: None,
            port: 0,
            transport: Transport::Udp,
            begun: Instant::now(),
        })
    }

    #[test]
    fn a_name_is_taken_with_all_below_it_in_any_letter_case() {
        let filter = QueryFilter {
            names: vec!["web.nomad".parse().unwrap(), "example".parse().unwrap()],
            ..QueryFilter::default()
        };
        for (name, expected) in [
            ("web.nomad", true),
            ("a.WEB.Nomad", true),
            ("example", true),
            ("xweb.nomad", false),
            ("nomad", false),
            (".", false),
        ] {
            assert_eq!(takes(&filter, name, 0, 1), expected, "{name}");
        }
        assert!(takes(&QueryFilter::default(), ".", 0, 1));
    }

    #[test]
    fn answers_are_taken_by_code_and_by_class() {
        let by = |rcodes: &[Rcode], classes: &[AnswerClass]| QueryFilter {
            rcodes: rcodes.into(),
            classes: classes.into(),
            ..QueryFilter::default()
        };
        use AnswerClass::{Denial, Error, Success};
        for (filter, expected) in [
            (by(&[], &[]), [true, true, true, true]),
            (by(&[Rcode::NOERROR], &[]), [true, true, false, false]),
            (
                by(&[Rcode::NXDOMAIN, Rcode::SERVFAIL], &[]),
                [false, false, true, true],
            ),
            (by(&[], &[Success]), [true, false, false, false]),
            (by(&[], &[Denial]), [false, true, true, false]),
            (by(&[], &[Error]), [false, false, false, true]),
            (
                by(&[Rcode::NOERROR], &[Denial, Error]),
                [false, true, false, false],
            ),
        ] {
            let answers = [(0, 1), (0, 0), (3, 0), (2, 0)];
            let taken = answers.map(|(rcode, count)| takes(&filter, "a.nomad", rcode, count));
            assert_eq!(taken, expected, "{filter:?}");
        }
    }
}
