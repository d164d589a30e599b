//! Cuts a stream of bytes into lines, however it was cut on the way.
//!
//! Floor 1. A byte is looked at once; a line over the limit is an error before it fills memory.

use bytes::{Bytes, BytesMut};

/// A line is longer than the limit.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LineTooLong;

/// Bytes that came, and the lines they make.
#[derive(Debug)]
pub(super) struct Lines {
    buffer: BytesMut,
    searched: usize,
    limit_bytes: usize,
}

impl Lines {
    pub(super) fn new(limit_bytes: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            searched: 0,
            limit_bytes,
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Returns the next whole line without its end; `None` until more bytes come.
    pub(super) fn next_line(&mut self) -> Result<Option<Bytes>, LineTooLong> {
        let end = self.buffer[self.searched..]
            .iter()
            .position(|&byte| byte == b'\n');
        match end.map(|end| end + self.searched) {
            Some(end) if end <= self.limit_bytes => {
                let line = self.buffer.split_to(end + 1).freeze();
                self.searched = 0;
                Ok(Some(line.slice(..end)))
            }
            None if self.buffer.len() <= self.limit_bytes => {
                self.searched = self.buffer.len();
                Ok(None)
            }
            _ => Err(LineTooLong),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_the_same_wherever_the_bytes_are_cut() {
        let text = b"{}\n{\"Index\":7}\n\n{\"Index\":8}\n";
        for size in 1..text.len() {
            let mut lines = Lines::new(64);
            let mut found = Vec::new();
            for chunk in text.chunks(size) {
                lines.push(chunk);
                while let Some(line) = lines.next_line().unwrap() {
                    found.push(line);
                }
            }
            assert_eq!(found, ["{}", "{\"Index\":7}", "", "{\"Index\":8}"]);
        }
    }

    #[test]
    fn a_line_over_the_limit_is_an_error_before_its_end_comes() {
        let mut lines = Lines::new(4);
        lines.push(b"12345");
        assert_eq!(lines.next_line(), Err(LineTooLong));
    }
}
