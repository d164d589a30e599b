//! The command.

use std::process::ExitCode;

/// The allocator of the system keeps what many connections have used at once, in an arena for each thread; this one gives
/// it back, and takes a tenth fewer instructions for a request over HTTP. Without transparent huge pages (`no_thp`), which
/// would double the memory of a small cluster.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    nomadns::cli::run()
}
