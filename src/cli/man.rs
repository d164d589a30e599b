//! `nomadns man`: manual pages, made from the definitions of the commands and flags.
//!
//! Floor 8. Packages install these pages; what they say of a flag is its help text.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::{USAGE, fail, print, say};

/// A page says what --help says. The page of nomadns itself also has exit codes, signals, files and environment.
#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// The command whose page is printed, such as serve or cache dump [default: nomadns itself]
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
    /// Write the pages of all commands to this folder, which is created if it does not exist
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    output: Option<PathBuf>,
}

/// What the page of nomadns itself has beside its commands: a heading, then terms and what they mean.
const SECTIONS: [(&str, &[(&str, &str)]); 5] = [
    (
        "EXIT STATUS",
        &[
            ("0", "Success."),
            ("1", "Any failure that is not named below."),
            (
                "2",
                "An error in flags, in the environment or in the configuration file.",
            ),
            (
                "78",
                "serve: an address cannot be used, or another gateway uses nomad.state_dir.",
            ),
        ],
    ),
    (
        "SIGNALS",
        &[
            (
                "SIGTERM",
                "/readyz turns to 503, everything is still answered for limits.lameduck_ms, then nomadns ends.",
            ),
            ("SIGINT", "The same without that wait."),
            (
                "SIGHUP",
                "Files that can change while nomadns runs are read again, such as certificates and tokens.",
            ),
        ],
    ),
    (
        "ENVIRONMENT",
        &[
            (
                "NOMAD_ADDR",
                "The address of Nomad's HTTP API. It wins over nomad.addresses in the file.",
            ),
            (
                "NOMAD_TOKEN",
                "The token. It wins over the file; a file with the token (nomad.token_file) is safer.",
            ),
            (
                "NOMAD_REGION, NOMAD_CACERT, NOMAD_CAPATH, NOMAD_CLIENT_CERT, NOMAD_CLIENT_KEY, NOMAD_TLS_SERVER_NAME",
                "As the Nomad CLI reads them.",
            ),
        ],
    ),
    (
        "FILES",
        &[
            (
                "/etc/nomadns/nomadns.toml",
                "The configuration of the packaged service. Other commands read it with --config.",
            ),
            (
                "/etc/nomadns/nomad_token",
                "The token of the packaged service.",
            ),
            (
                "/var/lib/nomadns",
                "The copy of the cluster's services with which the packaged service starts while Nomad is away.",
            ),
        ],
    ),
    (
        "SEE ALSO",
        &[("nomadns --help", "The same for the terminal.")],
    ),
];

/// Prints or writes the pages of a command, which is nomadns itself.
pub(super) fn run(args: &ManArgs, nomadns: Command) -> ExitCode {
    let nomadns = built(nomadns);
    if let Some(folder) = &args.output {
        return match write_all(&nomadns, folder) {
            Ok(count) => say(&format!("written: {count} pages to {}", folder.display())),
            Err(error) => fail(
                1,
                &format!(
                    "cannot write the manual pages to {}: {error}",
                    folder.display()
                ),
            ),
        };
    }
    match named(&nomadns, &args.command) {
        Ok(command) => match page(command) {
            Ok(page) => print(&page),
            Err(error) => fail(1, &format!("cannot make the manual page: {error}")),
        },
        Err(problem) => fail(USAGE, &problem),
    }
}

/// The command with all of its subcommands, each with its full name. `help` has no page.
fn built(command: Command) -> Command {
    let mut command = command.disable_help_subcommand(true);
    command.build();
    command
}

/// Finds a command by its words, or says which there are.
fn named<'all>(nomadns: &'all Command, words: &[String]) -> Result<&'all Command, String> {
    words.iter().try_fold(nomadns, |above, word| {
        above.find_subcommand(word).ok_or_else(|| {
            let known: Vec<&str> = above.get_subcommands().map(Command::get_name).collect();
            let path = above.get_bin_name().unwrap_or_else(|| above.get_name());
            match &*known {
                [] => format!("{path} has no subcommands, so there is no page for {word:?}"),
                known => format!(
                    "{path} has no command {word:?}; expected one of {}",
                    known.join(", ")
                ),
            }
        })
    })
}

fn page(command: &Command) -> io::Result<Vec<u8>> {
    let manual = Man::new(command.clone())
        .source(format!("nomadns {}", env!("CARGO_PKG_VERSION")))
        .manual("nomadns Manual")
        // None; clap_mangen leaves an empty one out, and the next one would be taken for it.
        .date("\"\"");
    let mut page = Vec::new();
    manual.render(&mut page)?;
    if command.get_name() == "nomadns" {
        let mut roff = Roff::new();
        for (heading, terms) in SECTIONS {
            roff.control("SH", [heading]);
            for (term, meaning) in terms {
                roff.control("TP", []);
                roff.text([bold(*term)]);
                roff.text([roman(*meaning)]);
            }
        }
        roff.to_writer(&mut page)?;
    }
    Ok(page)
}

/// Writes the page of each command below this one too; gives how many.
fn write_all(command: &Command, folder: &Path) -> io::Result<usize> {
    std::fs::create_dir_all(folder)?;
    let name = command
        .get_display_name()
        .unwrap_or_else(|| command.get_name());
    std::fs::write(folder.join(format!("{name}.1")), page(command)?)?;
    let below = command.get_subcommands().map(|it| write_all(it, folder));
    below.sum::<io::Result<usize>>().map(|count| count + 1)
}
