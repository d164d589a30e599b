//! Where entries are written: opened when it can be, and tried again with growing pauses when not.
//!
//! Floor 2. Only the writer's thread is here, so it may wait. What fails is logged once, and so is that it works again.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use socket2::SockAddr;
use tokio::time::Instant;

use super::frames::{self, ControlFrame};
use super::socket::CollectorConnection;
use super::unfinished::stream_octets;
use super::{QueryLogFormat, QueryLogTarget};

/// What others may do with a file that is made: the group may read it.
const FILE_MODE: u32 = 0o640;
/// The pause after the first failure, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long is waited for a pipe that takes nothing now.
const FULL_PAUSE: Duration = Duration::from_millis(10);

/// Where entries are written.
#[derive(Debug)]
pub(super) struct QueryLogOutput {
    target: QueryLogTarget,
    format: QueryLogFormat,
    sink: Option<QueryLogSink>,
    /// The pause after the last failure; none while all is well.
    pause: Option<Duration>,
    retry_at: Instant,
}

/// What is open.
#[derive(Debug)]
enum QueryLogSink {
    File(LogFile),
    Collector(CollectorConnection),
}

/// A file, a pipe or a terminal.
#[derive(Debug)]
struct LogFile {
    file: File,
    /// Whether what was written of an entry can be taken back.
    is_regular: bool,
    /// Whether an entry was cut and could not be taken back.
    is_torn: bool,
}

impl QueryLogOutput {
    pub(super) fn new(target: QueryLogTarget, format: QueryLogFormat) -> Self {
        Self {
            target,
            format,
            sink: None,
            pause: None,
            retry_at: Instant::now(),
        }
    }

    /// Whether it can be written to; opens it when it is time to.
    pub(super) fn is_open(&mut self) -> bool {
        if Instant::now() < self.retry_at {
            return false;
        }
        if self.sink.is_none() {
            match QueryLogSink::open(&self.target, self.format) {
                Ok(sink) => self.sink = Some(sink),
                Err(error) => self.failed(&error),
            }
        }
        self.sink.is_some()
    }

    /// Writes whole entries; tells whether all were written. It may wait for long, until `is_stopped`.
    pub(super) fn write(&mut self, octets: &[u8], is_stopped: &dyn Fn() -> bool) -> bool {
        let Some(sink) = &mut self.sink else {
            return false;
        };
        match sink.write(octets, is_stopped) {
            Ok(()) => {
                if self.pause.take().is_some() {
                    tracing::info!(target = %self.target, "the query log is written again");
                }
                true
            }
            Err(error) => {
                // A file stays as it is: the disk may have room again.
                if !sink.is_regular_file() {
                    self.sink = None;
                }
                self.failed(&error);
                false
            }
        }
    }

    /// Opens a file again, under its name.
    pub(super) fn reopen(&mut self) {
        if matches!(self.target, QueryLogTarget::File(_)) {
            self.end();
        }
        self.retry_at = Instant::now();
    }

    /// Ends what is written.
    pub(super) fn end(&mut self) {
        let ended = match self.sink.take() {
            Some(QueryLogSink::Collector(mut connection)) => connection.finish(),
            Some(QueryLogSink::File(mut file)) if self.format == QueryLogFormat::Dnstap => {
                file.file.write_all(&frames::STOP)
            }
            _ => Ok(()),
        };
        if let Err(error) = ended {
            tracing::debug!(target = %self.target, %error, "the query log was not ended in order");
        }
    }

    fn failed(&mut self, error: &io::Error) {
        if self.pause.is_none() {
            tracing::error!(
                target = %self.target, %error,
                "the query log cannot be written: it is tried again, and entries are dropped when its queue is full"
            );
        }
        let pause = self
            .pause
            .map_or(FIRST_PAUSE, |pause| (pause * 2).min(LONGEST_PAUSE));
        self.pause = Some(pause);
        self.retry_at = Instant::now() + pause;
    }
}

impl QueryLogSink {
    fn open(target: &QueryLogTarget, format: QueryLogFormat) -> io::Result<Self> {
        let address = match target {
            QueryLogTarget::Stdout => return LogFile::stdout().map(Self::File),
            QueryLogTarget::File(path) => {
                let opened = match format {
                    QueryLogFormat::Dnstap => LogFile::open_stream(path),
                    QueryLogFormat::Coredns | QueryLogFormat::Json => LogFile::open(path),
                };
                return opened.map(Self::File);
            }
            QueryLogTarget::Unix(path) => SockAddr::unix(path)?,
            QueryLogTarget::Tcp(address) => (*address).into(),
        };
        CollectorConnection::open(&address).map(Self::Collector)
    }

    fn is_regular_file(&self) -> bool {
        matches!(self, Self::File(file) if file.is_regular)
    }

    fn write(&mut self, octets: &[u8], is_stopped: &dyn Fn() -> bool) -> io::Result<()> {
        match self {
            Self::Collector(connection) => connection.write(octets),
            Self::File(file) => file.write(octets, is_stopped),
        }
    }
}

impl LogFile {
    fn stdout() -> io::Result<Self> {
        // Without the buffer of the standard library, which would hold back what is not a whole line.
        let file = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        Self::of(file)
    }

    fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        // A pipe that nobody reads is an error, and a full one takes nothing: neither may wait.
        let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
        options
            .append(true)
            .create(true)
            .mode(FILE_MODE)
            .custom_flags(flags);
        Self::of(options.open(path)?)
    }

    fn of(file: File) -> io::Result<Self> {
        let is_regular = file.metadata()?.is_file();
        Ok(Self {
            file,
            is_regular,
            is_torn: false,
        })
    }

    /// Opens a file of Frame Streams, to go on where it has ended; one that has no end is moved away, since nothing behind
    /// would be read.
    fn open_stream(path: &Path) -> io::Result<Self> {
        if let Some(octets) = stream_octets(path)? {
            let opened = Self::open(path)?;
            opened.file.set_len(octets)?;
            return Ok(opened);
        }
        let mut opened = Self::open(path)?;
        opened
            .file
            .write_all(&frames::with_content_type(ControlFrame::Start))?;
        Ok(opened)
    }

    fn write(&mut self, octets: &[u8], is_stopped: &dyn Fn() -> bool) -> io::Result<()> {
        let before = match self.is_regular {
            true => Some(self.file.metadata()?.len()),
            false => None,
        };
        if std::mem::take(&mut self.is_torn) {
            self.write_all(b"\n", is_stopped)?;
        }
        let written = self.write_all(octets, is_stopped);
        match (written, before) {
            (Ok(()), _) => Ok(()),
            (Err(error), Some(before)) => {
                // No entry is left in part, to which the next would be appended.
                self.file.set_len(before)?;
                Err(error)
            }
            (Err(error), None) => {
                self.is_torn = true;
                Err(error)
            }
        }
    }

    fn write_all(&mut self, mut octets: &[u8], is_stopped: &dyn Fn() -> bool) -> io::Result<()> {
        while !octets.is_empty() {
            match self.file.write(octets) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => octets = &octets[count..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock && !is_stopped() => {
                    thread::sleep(FULL_PAUSE);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
