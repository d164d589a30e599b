//! listeners.
