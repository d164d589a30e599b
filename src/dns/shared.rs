//! A set of records that is shared by many questions, and what in it depends on a question's length.
//!
//! Floor 1. All pointers point to the beginning of the question, so the octets stay the same for every question; only
//! the number of octets that compression saves differs.

use super::answer::{AnswerParts, Saved};

impl AnswerParts {
    /// The same for a question whose name has so many octets.
    ///
    /// All records of the answer section belong to the question, those of others are named in full.
    pub(super) fn to_question(&self, question_octets: usize) -> Self {
        let (from, to) = (self.question_octets, question_octets);
        let moved = |saved: usize, count: usize| (saved + count * to).saturating_sub(count * from);
        let answers = self.answer_starts.len();
        Self {
            question_octets,
            saved: Saved {
                all: moved(self.saved.all, answers),
                in_set_record: moved(self.saved.in_set_record, answers.min(1)),
                ..self.saved
            },
            ..self.clone()
        }
    }
}
