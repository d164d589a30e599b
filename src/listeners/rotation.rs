//! Which record of an answer comes first, another one each time.
//!
//! Floor 4, a part of `exchange`.

/// Numbers that look random enough to share the load among records (xorshift).
#[derive(Clone, Debug)]
pub(super) struct RotationSource(u32);

impl RotationSource {
    /// Begins anywhere.
    pub(super) fn random() -> Self {
        Self(rand::random::<u32>() | 1)
    }

    #[inline]
    pub(super) fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }
}
