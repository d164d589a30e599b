//! Content that was read from files, and is read again while the gateway runs.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::config::reading::read_file;

/// What was read from files, and how to read it again.
#[derive(Clone)]
pub struct Files<Content> {
    /// What they held.
    pub content: Content,
    /// Reads them again; the error is a line for the log.
    pub again: Arc<dyn Fn() -> Result<Content, String> + Send + Sync>,
}

/// Shows nothing: keys and passwords are among what is read.
impl<Content> fmt::Debug for Files<Content> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Files").finish_non_exhaustive()
    }
}

/// Reads one file again; the error names it.
pub(super) fn read(path: &str) -> Result<Vec<u8>, String> {
    read_file(Path::new(path)).map_err(|error| format!("{path}: {error}"))
}
