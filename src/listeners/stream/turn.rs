//! How much one connection does before others have their turn.

/// The answers after which others have theirs.
const ANSWERS: usize = 128;
/// The same by what they take, in octets: the largest answer over TCP, or a few hundred usual ones.
const OCTETS: usize = 64 * 1024;

/// What was answered in one turn.
#[derive(Debug, Default)]
pub(super) struct BatchSize {
    answers: usize,
    octets: usize,
}

impl BatchSize {
    /// Adds an answer.
    pub(super) fn add(&mut self, octets: usize) {
        self.answers += 1;
        self.octets += octets;
    }

    /// Whether it is enough.
    pub(super) fn is_over(&self) -> bool {
        self.answers >= ANSWERS || self.octets >= OCTETS
    }
}
