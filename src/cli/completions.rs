//! `nomadns completions`: what a shell needs to complete the commands and flags at the tab key.
//!
//! Floor 8. Packages install these; `clap_complete` makes them from the definitions of the commands.

use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::Shell;

use super::print;

/// For example, for bash: nomadns completions bash > ~/.local/share/bash-completion/completions/nomadns
#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Prints the completions of a command, which is nomadns itself.
pub(super) fn run(args: &CompletionsArgs, mut nomadns: Command) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut nomadns, "nomadns", &mut script);
    print(&script)
}
