//! `nomadns import`: ten Corefiles of the shapes that people publish, what each becomes, and that `check` takes it.

mod access;
mod forwarding;
mod hosts_and_cache;
mod listening;
mod mistakes;
mod query_log;
mod random;
mod secrets;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use insta::assert_snapshot;

/// The Corefiles, and whether something of them is lost.
const COREFILES: [(&str, bool); 10] = [
    ("plain", false),
    ("cache_and_forward", false),
    ("several_zones", false),
    ("tls", false),
    ("acl", false),
    ("snippets", false),
    ("hosts", false),
    ("template", true),
    ("watched", false),
    ("environment", true),
];
const TOKEN: &str = "5ecret-5ecret-5ecret";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration/import/corefiles")
}

fn nomadns(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nomadns"));
    command.current_dir(folder).env_clear();
    command
        .env("IMPORT_ZONE", "nomad.example")
        .env("IMPORT_NOMAD", "http://127.0.0.1:4646");
    command.env("IMPORT_TOKEN", TOKEN);
    command.args(arguments).output().unwrap()
}

fn text(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).unwrap()
}

/// What the command makes of a Corefile.
struct ImportRun {
    code: i32,
    config: String,
    said: String,
}

impl ImportRun {
    /// Imports a Corefile in a folder with the file `hosts.txt`; it must become a configuration that `check` takes.
    fn of(corefile: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
        write("Corefile", corefile).unwrap();
        write("hosts.txt", "192.0.2.7 seven.corp.example\n").unwrap();
        let output = nomadns(folder.path(), &["import", "Corefile"]);
        let (config, said) = (text(&output.stdout), text(&output.stderr));
        let code = output.status.code().unwrap();
        assert!(code < 2, "{corefile}: {said}");
        write("nomadns.toml", &config).unwrap();
        let checked = nomadns(folder.path(), &["check", "--config", "nomadns.toml"]);
        assert!(checked.status.success(), "{config}\n{checked:?}");
        Self { code, config, said }
    }

    /// The value of a key, with its section.
    fn value(&self, key: &str) -> Option<toml::Value> {
        let table: toml::Table = self.config.parse().unwrap();
        match key.split_once('.') {
            Some((section, key)) => table.get(section)?.get(key).cloned(),
            None => table.get(key).cloned(),
        }
    }

    /// The strings of a list.
    fn texts(&self, key: &str) -> Vec<String> {
        let value = self.value(key);
        let values = value.as_ref().and_then(toml::Value::as_array);
        let texts = values.into_iter().flatten().filter_map(toml::Value::as_str);
        texts.map(str::to_owned).collect()
    }

    /// Whether one line of what is said has all of this.
    fn says(&self, parts: &[&str]) -> bool {
        let mut lines = self.said.lines();
        lines.any(|line| parts.iter().all(|part| line.contains(part)))
    }
}

#[test]
fn each_corefile_becomes_a_configuration_with_a_comment_for_each_line() {
    for (name, loses) in COREFILES {
        let output = nomadns(&folder(), &["import", name]);
        assert_eq!(
            output.status.code(),
            Some(i32::from(loses)),
            "{name}: {output:?}"
        );
        let shown = format!(
            "{}\n--- standard error\n{}",
            text(&output.stdout),
            text(&output.stderr)
        );
        assert_snapshot!(name, shown);
    }
}

#[test]
fn check_takes_what_each_corefile_becomes() {
    let made = tempfile::tempdir().unwrap();
    let certificates = nomadns(made.path(), &["certs", "."]);
    assert!(certificates.status.success(), "{certificates:?}");
    std::fs::rename(
        made.path().join("localhost.pem"),
        made.path().join("server.pem"),
    )
    .unwrap();
    std::fs::rename(
        made.path().join("localhost-key.pem"),
        made.path().join("server-key.pem"),
    )
    .unwrap();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), made.path().join(entry.file_name())).unwrap();
    }
    for (name, _) in COREFILES {
        let config = format!("{name}.toml");
        let output = nomadns(made.path(), &["import", name, "--output", &config]);
        let said = text(&output.stderr);
        assert!(!said.contains("needs a change"), "{name}: {said}");
        let checked = nomadns(made.path(), &["check", "--config", &config]);
        assert!(checked.status.success(), "{name}: {checked:?}");
    }
}

#[test]
fn a_token_is_in_the_configuration_and_nowhere_else() {
    let output = nomadns(&folder(), &["import", "environment"]);
    let config = text(&output.stdout);
    assert_eq!(config.matches(TOKEN).count(), 1, "{config}");
    assert!(
        config.contains(&format!("\ntoken = \"{TOKEN}\"\n")),
        "{config}"
    );
    assert!(!text(&output.stderr).contains(TOKEN), "{output:?}");
}

#[test]
fn a_configuration_is_written_to_a_new_file_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let made = tempfile::tempdir().unwrap();
    let path = made.path().join("nomadns.toml");
    let path = path.to_str().unwrap();
    assert!(
        nomadns(&folder(), &["import", "plain", "-o", path])
            .status
            .success()
    );
    let mode = std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = nomadns(&folder(), &["import", "plain", "-o", path]);
    assert_eq!(again.status.code(), Some(2));
    assert!(
        text(&again.stderr).contains("is there already; name a new file"),
        "{again:?}"
    );
}
