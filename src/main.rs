//! The command.

use std::process::ExitCode;

fn main() -> ExitCode {
    nomadns::cli::run()
}
