//! Runs commands as a shell does.

use std::process::{Command, Output};

/// Runs a command line; what it printed, or how it failed.
pub fn shell(command: &str) -> Result<String, String> {
    let output = octets(command)?;
    String::from_utf8(output).map_err(|error| format!("{command}: {error}"))
}

/// The same for output that is no text.
pub fn octets(command: &str) -> Result<Vec<u8>, String> {
    let output = Command::new("sh").arg("-c").arg(command).output();
    let Output {
        status,
        stdout,
        stderr,
    } = output.map_err(|error| format!("{command}: {error}"))?;
    if status.success() {
        return Ok(stdout);
    }
    let (stdout, stderr) = (
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr),
    );
    Err(format!("{command}: {status}\n{stdout}{stderr}"))
}

/// Whether a tool knows an option, by its help.
pub fn knows(help: &str, option: &str) -> bool {
    let output = Command::new("sh")
        .arg("-c")
        .arg(format!("{help} 2>&1"))
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).contains(option)
}
