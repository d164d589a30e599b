//! Frame Streams (the format of the library fstrm): frames behind their length, and the control frames around them.
//!
//! Floor 2. A file has START, data, STOP. With a collector both sides speak: READY, ACCEPT, START, data, STOP, FINISH.

use std::io::{self, Read, Write};

/// What the frames have.
const CONTENT_TYPE: &[u8] = b"protobuf:dnstap.Dnstap";
/// The field of a control frame that says so.
const CONTENT_TYPE_FIELD: u32 = 1;
/// The longest control frame, in octets.
const CONTROL_OCTETS: usize = 512;

/// What a control frame says; STOP has a constant of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum ControlFrame {
    Accept = 1,
    Start = 2,
    Ready = 4,
    Finish = 5,
}

/// How a stream ends: a STOP, which has no fields.
pub(super) const STOP: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 3];

/// Appends a frame of the octets that `fill` appends.
pub(super) fn append_data(out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    fill(out);
    let length = u32::try_from(out.len() - at - 4).unwrap_or(u32::MAX);
    out[at..at + 4].copy_from_slice(&length.to_be_bytes());
}

/// A control frame with the content type.
pub(super) fn with_content_type(control: ControlFrame) -> Vec<u8> {
    let content = u32::try_from(CONTENT_TYPE.len()).unwrap_or(u32::MAX);
    let mut out = vec![0; 4];
    for word in [12 + content, control as u32, CONTENT_TYPE_FIELD, content] {
        out.extend_from_slice(&word.to_be_bytes());
    }
    out.extend_from_slice(CONTENT_TYPE);
    out
}

/// Begins a stream to a collector.
///
/// # Errors
/// What the connection says, and a collector that takes no dnstap.
pub(super) fn begin(stream: &mut (impl Read + Write)) -> io::Result<()> {
    stream.write_all(&with_content_type(ControlFrame::Ready))?;
    let (control, fields) = read_control(stream)?;
    if control != ControlFrame::Accept as u32 {
        return Err(invalid("answers READY by something else than ACCEPT"));
    }
    // It names what it takes, or nothing if it takes everything.
    if !fields.is_empty() && !has_content_type(&fields) {
        return Err(invalid("does not accept protobuf:dnstap.Dnstap"));
    }
    stream.write_all(&with_content_type(ControlFrame::Start))
}

/// Ends a stream to a collector.
///
/// # Errors
/// What the connection says, and a collector that says something else than FINISH.
pub(super) fn finish(stream: &mut (impl Read + Write)) -> io::Result<()> {
    stream.write_all(&STOP)?;
    match read_control(stream)?.0 {
        it if it == ControlFrame::Finish as u32 => Ok(()),
        _ => Err(invalid("answers STOP by something else than FINISH")),
    }
}

/// Reads a control frame: its type, and its fields.
fn read_control(stream: &mut impl Read) -> io::Result<(u32, Vec<u8>)> {
    let (escape, length) = (read_word(stream)?, read_word(stream)?);
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if escape != 0 || !(4..=CONTROL_OCTETS).contains(&length) {
        return Err(invalid("sends no control frame of Frame Streams"));
    }
    let control = read_word(stream)?;
    let mut fields = vec![0; length - 4];
    stream.read_exact(&mut fields)?;
    Ok((control, fields))
}

fn has_content_type(mut fields: &[u8]) -> bool {
    while let Some((head, rest)) = fields.split_first_chunk::<8>() {
        let [field, length] = [&head[..4], &head[4..]].map(|it| u32::from_be_bytes(word(it)));
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let Some((content, behind)) = rest.split_at_checked(length) else {
            return false;
        };
        if field == CONTENT_TYPE_FIELD && content == CONTENT_TYPE {
            return true;
        }
        fields = behind;
    }
    false
}

fn read_word(stream: &mut impl Read) -> io::Result<u32> {
    let mut octets = [0; 4];
    stream.read_exact(&mut octets)?;
    Ok(u32::from_be_bytes(octets))
}

fn word(octets: &[u8]) -> [u8; 4] {
    octets.first_chunk().copied().unwrap_or_default()
}

fn invalid(problem: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("the collector {problem}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A collector that says this, and keeps what it is told.
    struct Collector(io::Cursor<Vec<u8>>, Vec<u8>);

    impl Read for Collector {
        fn read(&mut self, octets: &mut [u8]) -> io::Result<usize> {
            self.0.read(octets)
        }
    }

    impl Write for Collector {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            self.1.write(octets)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn collector(says: Vec<u8>) -> Collector {
        Collector(io::Cursor::new(says), Vec::new())
    }

    /// START as fstrm's documentation of the format has it, octet for octet.
    const START: &[u8] = b"\0\0\0\0\0\0\0\x22\0\0\0\x02\0\0\0\x01\0\0\0\x16protobuf:dnstap.Dnstap";

    #[test]
    fn a_collector_that_accepts_is_told_to_start() {
        for accept in [
            with_content_type(ControlFrame::Accept),
            b"\0\0\0\0\0\0\0\x04\0\0\0\x01".to_vec(),
        ] {
            let mut collector = collector(accept);
            begin(&mut collector).unwrap();
            assert!(collector.1.ends_with(START));
            assert_eq!(collector.1.len(), 2 * START.len());
        }
    }

    #[test]
    fn a_collector_that_wants_something_else_is_told_nothing_more() {
        for (says, part) in [
            (with_content_type(ControlFrame::Finish), "something else"),
            (
                b"\0\0\0\0\0\0\0\x0d\0\0\0\x01\0\0\0\x01\0\0\0\x01x".to_vec(),
                "does not accept",
            ),
            (
                b"\0\0\0\0\0\0\0\x0d\0\0\0\x01\0\0\0\x01\xff\xff\xff\xffx".to_vec(),
                "does not accept",
            ),
            (
                b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
                "no control frame",
            ),
            (
                b"\0\0\0\0\xff\xff\xff\xff\0\0\0\x01".to_vec(),
                "no control frame",
            ),
            (b"\0\0\0\0\0\0\0\x04".to_vec(), "fill whole buffer"),
        ] {
            let mut collector = collector(says);
            let error = begin(&mut collector).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
            assert_eq!(collector.1, with_content_type(ControlFrame::Ready));
        }
    }

    #[test]
    fn a_stream_ends_with_stop_and_finish() {
        let mut collector = collector(b"\0\0\0\0\0\0\0\x04\0\0\0\x05".to_vec());
        finish(&mut collector).unwrap();
        assert_eq!(collector.1, STOP);
    }

    #[test]
    fn a_frame_stands_behind_its_length() {
        let mut out = b"before".to_vec();
        append_data(&mut out, |out| out.extend_from_slice(&[7; 300]));
        assert_eq!(out[6..10], [0, 0, 1, 44]);
        assert_eq!(out.len(), 10 + 300);
    }
}
