//! `docs/commands.md` tells every command and every flag, the command lines of jobs and units are understood, and
//! `just check` is what CI runs.

use clap::CommandFactory;
use nomadns::cli::Cli;

use crate::sources::{assert_none, read};
use crate::tables::{code, differences, rows};

const DOCUMENT: &str = "docs/commands.md";

#[test]
fn every_command_is_documented() {
    let rows = rows(&read(DOCUMENT), "Commands");
    let first = |row: &Vec<String>| {
        code(&row[0])
            .and_then(|it| it.split(' ').nth(1))
            .map(str::to_owned)
    };
    let documented: Vec<String> = rows.iter().filter_map(first).collect();
    let known: Vec<String> = Cli::command()
        .get_subcommands()
        .map(|it| it.get_name().to_owned())
        .collect();
    assert_none(&differences(DOCUMENT, &documented, &known));
}

#[test]
fn every_flag_is_documented() {
    let documented: Vec<String> = rows(&read(DOCUMENT), "Flags")
        .iter()
        .flat_map(|row| flags_of(row))
        .collect();
    assert_none(&differences(DOCUMENT, &documented, &known()));
}

#[test]
fn the_command_lines_of_jobs_units_and_images_are_understood() {
    let jobs = ["nomadns", "nomadns-pair"].map(|it| format!("deploy/nomad/{it}.nomad.hcl"));
    for job in jobs {
        is_understood(&job, arguments(&read(&job)));
    }
    let unit = read("deploy/debian/nomadns.service");
    let (_, line) = unit.split_once("ExecStart=").expect("ExecStart");
    let words = line.lines().next().unwrap_or_default().split(' ').skip(1);
    is_understood("the unit", words.map(str::to_owned).collect());
    let image = read("deploy/docker/Dockerfile");
    let (_, health) = image
        .split_once("CMD [\"/nomadns\",")
        .expect("a health check");
    is_understood("the image", arguments(&format!("args = [{health}")));
}

fn is_understood(place: &str, arguments: Vec<String>) {
    assert!(arguments.len() > 2, "{place}: {arguments:?}");
    let line = ["nomadns".to_owned()].into_iter().chain(arguments);
    if let Err(error) = Cli::command().try_get_matches_from(line) {
        panic!("{place}: {error}");
    }
}

#[test]
fn what_just_check_runs_is_what_ci_runs() {
    let (just, ci) = (read("justfile"), read(".ci/run"));
    let recipe = just.lines().skip_while(|line| *line != "check:").skip(1);
    let steps: Vec<&str> = recipe.map_while(|line| line.strip_prefix("    ")).collect();
    assert!(steps.len() >= 4, "{steps:?}");
    let missing = steps
        .iter()
        .filter(|step| !ci.lines().any(|line| line.trim() == **step));
    assert_none(
        &missing
            .map(|step| format!(".ci/run does not run: {step}"))
            .collect::<Vec<_>>(),
    );
}

/// The strings in the list `args` of a job.
fn arguments(job: &str) -> Vec<String> {
    let (_, list) = job.split_once("args ").expect("args of a task");
    let list = list.split(']').next().unwrap_or_default();
    let strings = list.split('"').skip(1).step_by(2);
    strings.map(str::to_owned).collect()
}

/// `serve --ttl` for each command and flag of the program.
fn known() -> Vec<String> {
    let mut known = Vec::new();
    for command in Cli::command().get_subcommands() {
        let flags = command.get_arguments().filter_map(clap::Arg::get_long);
        known.extend(flags.map(|flag| format!("{} --{flag}", command.get_name())));
    }
    known
}

/// The same for a row: commands in the first cell, the flag in the second.
fn flags_of(row: &[String]) -> Vec<String> {
    let flag = code(&row[1]).and_then(|it| it.split(' ').find(|word| word.starts_with("--")));
    let flag = flag.unwrap_or_else(|| panic!("no flag in {row:?}"));
    let commands = row[0].split('`').skip(1).step_by(2);
    commands
        .map(|command| format!("{command} {flag}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_tells_its_flag_for_each_command() {
        let row = ["`serve`, `check`".to_owned(), "`-c --config FILE`".into()];
        assert_eq!(flags_of(&row), ["serve --config", "check --config"]);
    }

    #[test]
    fn the_arguments_of_a_job_are_seen() {
        let job = "config {\n args = [\n \"serve\",\n \"--dns\", \"${A}\",\n ]\n}\nname = \"b\"";
        assert_eq!(arguments(job), ["serve", "--dns", "${A}"]);
        let read = Cli::command().try_get_matches_from(["nomadns", "serve", "--no-such-flag"]);
        assert!(read.is_err());
    }

    #[test]
    fn the_flags_of_the_program_are_seen() {
        assert!(known().contains(&"demo --ports".to_owned()));
    }
}
