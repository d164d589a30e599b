//! The records of an answer in one message: all of them, or as many as fit.
//!
//! Only whole records, the most useful first: the CNAME chain, the queried set, the SOA of a negative answer. If one
//! of these is incomplete, TC is set. Records missing from the additional section do not matter (RFC 2181 §9).

use std::ops::Range;

use super::super::Answer;
use super::super::answer::AnswerParts;

/// What the records of one message may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct MessageRoom {
    /// Octets, as they are written here.
    pub(super) octets: usize,
    /// Octets, as they are when somebody who passes the message on writes all names in full.
    pub(super) plain_octets: usize,
    /// Records of the set that was asked for.
    pub(super) set_records: usize,
}

/// What was put into a message.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Put {
    /// How many records of each section.
    pub(super) counts: [u16; 3],
    /// Whether the message is cut short.
    pub(super) truncated: bool,
}

/// Appends the records that there is room for; the set begins with this turn's.
pub(super) fn put_records(answer: &Answer, turn: u32, room: MessageRoom, out: &mut Vec<u8>) -> Put {
    let parts = answer.parts();
    let chain = parts.chain_count;
    let set = parts.answer_starts.len() - chain;
    let first = chain + first_of_set(parts, set, turn);
    if set > room.set_records || !room.holds(parts.records.len(), parts.saved.all) {
        return put_part(parts, first, room, out);
    }
    let records = &parts.records;
    if first == chain {
        out.extend_from_slice(records);
    } else {
        let (set_start, turned_start) = (parts.answer_start(chain), parts.answer_start(first));
        out.extend_from_slice(&records[..set_start]);
        out.extend_from_slice(&records[turned_start..parts.answer_end]);
        out.extend_from_slice(&records[set_start..turned_start]);
        out.extend_from_slice(&records[parts.answer_end..]);
    }
    Put {
        counts: [
            count(chain + set),
            parts.authority_count,
            parts.additional_count,
        ],
        truncated: parts.is_part,
    }
}

fn put_part(parts: &AnswerParts, first: usize, room: MessageRoom, out: &mut Vec<u8>) -> Put {
    let mut part = PartialMessage { parts, room, out };
    let (answer, is_whole) = part.put_answer(first);
    if !is_whole || !part.put_authority() {
        return Put {
            counts: [count(answer), 0, 0],
            truncated: true,
        };
    }
    let additional = part.put_additional(first, answer - parts.chain_count);
    Put {
        counts: [count(answer), parts.authority_count, count(additional)],
        truncated: parts.is_part,
    }
}

/// A message that is filled as far as there is room.
struct PartialMessage<'a> {
    parts: &'a AnswerParts,
    room: MessageRoom,
    out: &'a mut Vec<u8>,
}

impl PartialMessage<'_> {
    /// Appends the chain and then the set; tells how many records, and whether they are all that was wanted.
    fn put_answer(&mut self, first: usize) -> (usize, bool) {
        let parts = self.parts;
        let (chain, all, saved) = (parts.chain_count, parts.answer_starts.len(), parts.saved);
        // Links are few: what they save counts for all of them at once.
        self.room.plain_octets = self.room.plain_octets.saturating_sub(saved.chain);
        let starts = |place| (parts.answer_start(place), 0);
        let links = self.put_run(0..chain, starts);
        if links < chain {
            return (links, false);
        }
        let starts = |place| (parts.answer_start(place), place * saved.in_set_record);
        let wanted = (all - chain).min(self.room.set_records);
        let mut given = self.put_run(first..all.min(first + wanted), starts);
        if first + given == all {
            given += self.put_run(chain..chain + wanted - given, starts);
        }
        (links + given, given == wanted)
    }

    /// Appends the authority section; tells whether there was room for it.
    fn put_authority(&mut self) -> bool {
        let parts = self.parts;
        let authority = &parts.records[parts.answer_end..parts.authority_end];
        let has_room = self.room.take(authority.len(), parts.saved.authority);
        if has_room {
            self.out.extend_from_slice(authority);
        }
        has_room
    }

    /// Appends additional records beside `given` records of the set from `first` on; tells how many.
    ///
    /// Their names come in the order in which the set speaks of them, so they are turned like the set.
    fn put_additional(&mut self, first: usize, given: usize) -> usize {
        let parts = self.parts;
        let names = parts.additional.len();
        let set = parts.answer_starts.len() - parts.chain_count;
        let first = ((first - parts.chain_count) * names)
            .checked_div(set)
            .unwrap_or(0);
        // With one name for each record of the set, those that are not given need none.
        let wanted = if names == set { given } else { names };
        let before = |place| parts.additional_start(place).1;
        let starts = |place| {
            let (start, before) = parts.additional_start(place);
            (start, before * parts.saved.in_additional_record)
        };
        let turned = self.put_run(first..names.min(first + wanted), starts);
        let mut records = before(first + turned) - before(first);
        if first + turned == names {
            records += before(self.put_run(0..wanted - turned, starts));
        }
        records
    }

    /// Appends neighbours that there is room for; tells how many.
    ///
    /// `starts` says where each begins, and how much compression saved before it at most.
    fn put_run(&mut self, range: Range<usize>, starts: impl Fn(usize) -> (usize, usize)) -> usize {
        let from = range.start;
        let (begin, saved_before) = starts(from);
        let taken = |count| {
            let (end, saved) = starts(from + count);
            (end - begin, saved - saved_before)
        };
        let (mut fitting, mut most) = (0, range.len());
        while fitting < most {
            let tried = (fitting + most).div_ceil(2);
            let (octets, saved) = taken(tried);
            if self.room.holds(octets, saved) {
                fitting = tried;
            } else {
                most = tried - 1;
            }
        }
        let (octets, saved) = taken(fitting);
        self.room.take(octets, saved);
        let octets = &self.parts.records[begin..begin + octets];
        self.out.extend_from_slice(octets);
        fitting
    }
}

impl MessageRoom {
    /// Whether there is room for so many octets, of which compression saved more.
    fn holds(&self, octets: usize, saved: usize) -> bool {
        octets <= self.octets && octets + saved <= self.plain_octets
    }

    /// Takes the room for them, if it is there.
    fn take(&mut self, octets: usize, saved: usize) -> bool {
        let holds = self.holds(octets, saved);
        if holds {
            self.octets -= octets;
            self.plain_octets -= octets + saved;
        }
        holds
    }
}

/// Which record of the set comes first at this turn.
fn first_of_set(parts: &AnswerParts, set: usize, turn: u32) -> usize {
    if !parts.rotates || set < 2 {
        return 0;
    }
    usize::try_from(u64::from(turn) % set as u64).unwrap_or(0)
}

/// The builder takes no more records than a header can count.
fn count(records: usize) -> u16 {
    u16::try_from(records).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::super::{AnswerBuilder, Name, Owner, RecordType, Section};
    use super::*;

    /// An answer with an A record for each number.
    fn answer(numbers: u8) -> Answer {
        let mut builder = AnswerBuilder::new(&Name::ROOT);
        for number in 0..numbers {
            builder.push(
                Section::Answer,
                Owner::Question,
                RecordType::A,
                30,
                |data| {
                    data.octets(&[10, 0, 0, number]);
                },
            );
        }
        builder.finish()
    }

    #[test]
    fn each_turn_begins_the_set_one_record_further_and_comes_round() {
        for set in 0..6_u8 {
            let answer = answer(set);
            let parts = answer.parts();
            for turn in (0..20).chain([u32::MAX]) {
                let expected = match set {
                    0 | 1 => 0,
                    _ => turn % u32::from(set),
                };
                let first = first_of_set(parts, usize::from(set), turn);
                assert_eq!(first, expected as usize, "{set} records, turn {turn}");
            }
        }
    }

    #[test]
    fn as_many_neighbours_are_put_as_there_is_room_for() {
        const RECORD_OCTETS: usize = 16;
        let answer = answer(6);
        for (octets, fitting) in [
            (0, 0),
            (15, 0),
            (16, 1),
            (47, 2),
            (95, 5),
            (96, 6),
            (1000, 6),
        ] {
            let room = MessageRoom {
                octets,
                plain_octets: usize::MAX,
                set_records: usize::MAX,
            };
            let mut out = Vec::new();
            let put = put_records(&answer, 2, room, &mut out);
            assert_eq!((put.counts, put.truncated), ([fitting, 0, 0], fitting < 6));
            let firsts: Vec<u8> = out
                .chunks(RECORD_OCTETS)
                .map(|it| it[RECORD_OCTETS - 1])
                .collect();
            let expected = [2, 3, 4, 5, 0, 1];
            assert_eq!(firsts, expected[..usize::from(fitting)]);
        }
    }
}
