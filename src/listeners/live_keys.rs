//! The keys that queries may be signed with (TSIG), while their files may be read again.
//!
//! Floor 4. They are looked for only when a query is signed.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::dns::tsig::KeyRing;

/// The keys as they are now. A copy has the same.
#[derive(Clone, Debug, Default)]
pub struct LiveKeys(Arc<ArcSwap<KeyRing>>);

impl LiveKeys {
    /// Has other keys used from now on.
    pub fn replace(&self, keys: KeyRing) {
        self.0.store(Arc::new(keys));
    }

    /// The keys that are used now.
    pub fn now(&self) -> Arc<KeyRing> {
        self.0.load_full()
    }
}

impl From<KeyRing> for LiveKeys {
    fn from(keys: KeyRing) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(keys)))
    }
}
