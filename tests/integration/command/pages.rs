//! `nomadns man` and `nomadns completions`: a page for each command that `man` and `mandoc` read without a warning, and
//! completions that their shells load.
//!
//! The programs are tried where they are at hand; `.ci/install` installs them, and tries the pages of the package.

use std::path::Path;

use super::*;

fn printed(arguments: &[&str]) -> String {
    let (code, out, error) = run(arguments);
    assert_eq!((code, &*error), (0, ""), "{arguments:?}");
    out
}

/// What a program says of `text` at its standard input: whether it succeeded, and what it printed.
fn said_by(program: &str, arguments: &[&str], text: &str) -> Option<(bool, String)> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let mut input = child.stdin.take().unwrap();
    let text = text.to_owned();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let done = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    Some((
        done.status.success(),
        said + &String::from_utf8_lossy(&done.stdout),
    ))
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = TempDir::new().unwrap();
    let pages = folder.path().join("man1");
    let said = printed(&["man", "--output", pages.to_str().unwrap()]);
    let count = std::fs::read_dir(&pages).unwrap().count();
    assert!(said.contains(&format!("{count} pages")), "{said}");
    for page in [
        "nomadns.1",
        "nomadns-serve.1",
        "nomadns-cache-flush.1",
        "nomadns-man.1",
    ] {
        let text = std::fs::read_to_string(pages.join(page)).unwrap();
        assert!(text.contains(".SH SYNOPSIS"), "{page}: {text}");
        no_complaint(page, &text);
    }
    assert!(!Path::new(&pages.join("nomadns-help.1")).exists());
}

/// groff with all warnings finds nothing in a page.
fn no_complaint(page: &str, text: &str) {
    if let Some((succeeded, said)) = said_by("groff", &["-man", "-Tutf8", "-ww", "-z"], text) {
        assert!(succeeded && said.is_empty(), "{page}: {said}");
    }
}

#[test]
fn a_manual_page_says_what_help_says_and_how_it_exits() {
    let page = printed(&["man"]);
    for part in [
        "nomadns\\-serve(1)",
        "EXIT STATUS",
        "SIGNALS",
        "/etc/nomadns/nomadns.toml",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let serve = printed(&["man", "serve"]);
    assert!(serve.contains("\\-\\-token\\-file"), "{serve}");
    let flush = printed(&["man", "cache", "flush"]);
    assert!(flush.contains("nomadns cache flush"), "{flush}");
}

#[test]
fn a_page_of_no_command_is_an_error_that_names_the_commands() {
    let (code, out, error) = run(&["man", "sevre"]);
    assert_eq!((code, &*out), (2, ""));
    assert!(
        error.contains("\"sevre\"") && error.contains("serve"),
        "{error}"
    );
    let (code, _, error) = run(&["man", "serve", "more"]);
    assert_eq!(code, 2, "{error}");
}

#[test]
fn pages_that_cannot_be_written_are_an_error_that_names_the_folder() {
    let (code, _, error) = run(&["man", "--output", "/dev/null/pages"]);
    assert_eq!(code, 1);
    assert!(error.contains("/dev/null/pages"), "{error}");
}

#[test]
fn completions_know_every_command_and_their_shells_load_them() {
    for (shell, syntax) in [
        ("bash", vec!["-n"]),
        ("zsh", vec!["-n"]),
        ("fish", vec!["--no-execute"]),
        ("elvish", vec!["-compileonly"]),
        ("powershell", vec![]),
    ] {
        let script = printed(&["completions", shell]);
        for word in ["serve", "lookup", "completions", "token-file"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
        // What a shell takes as a script it reads from its standard input.
        if !syntax.is_empty()
            && let Some((succeeded, said)) = said_by(shell, &syntax, &script)
        {
            assert!(succeeded && said.is_empty(), "{shell}: {said}");
        }
    }
}

#[test]
fn bash_completes_a_command_from_its_first_letters() {
    let script = printed(&["completions", "bash"]);
    let asking = "\nCOMP_WORDS=(nomadns loo); COMP_CWORD=1; _nomadns nomadns loo nomadns; echo \"got ${COMPREPLY[*]}\"\n";
    if let Some((succeeded, said)) = said_by("bash", &["--norc"], &(script + asking)) {
        assert!(succeeded && said.ends_with("got lookup\n"), "{said}");
    }
}

#[test]
fn a_shell_that_is_not_known_is_an_error_that_names_those_that_are() {
    let (code, _, error) = run(&["completions", "tcsh"]);
    assert_eq!(code, 2);
    assert!(error.contains("tcsh") && error.contains("fish"), "{error}");
}
