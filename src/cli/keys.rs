//! `nomadns keys`: makes keys for zone transfer, and prints them as each name server wants them.
//!
//! Floor 8. Nothing is written to disk: who runs it decides where the secret goes.

use std::process::ExitCode;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use ring::rand::{SecureRandom, SystemRandom};

use super::{USAGE, fail, say};
use crate::dns::Name;
use crate::dns::tsig::Algorithm;

#[derive(Debug, Args)]
pub(super) struct KeysArgs {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Makes a TSIG key, and prints it for nomadns, NSD, Knot DNS, BIND and PowerDNS
    Tsig(TsigArgs),
}

/// Whoever has the secret can sign: both sides need it, and nobody else should see it.
#[derive(Debug, Args)]
struct TsigArgs {
    /// The name of the key, a domain name that both sides use for it, such as transfer.example
    name: String,
    /// The algorithm: hmac-sha256, hmac-sha384 or hmac-sha512
    #[arg(long, value_name = "ALGORITHM", default_value = "hmac-sha256")]
    algorithm: String,
}

pub(super) fn run(args: &KeysArgs) -> ExitCode {
    let KeysCommand::Tsig(args) = &args.command;
    let name = match key_name(&args.name) {
        Ok(name) => name,
        Err(problem) => return fail(USAGE, &problem),
    };
    let algorithm: Algorithm = match args.algorithm.parse() {
        Ok(algorithm) => algorithm,
        Err(error) => return fail(USAGE, &format!("--algorithm {:?} {error}", args.algorithm)),
    };
    let mut secret = vec![0; algorithm.output_octets()];
    if SystemRandom::new().fill(&mut secret).is_err() {
        return fail(1, "the system has no random numbers to make a key of");
    }
    say(&lines(&name, algorithm, &STANDARD.encode(secret)))
}

/// The name as every server understands it: without the dot at the end, and without what would have to be escaped.
fn key_name(text: &str) -> Result<String, String> {
    let wrong =
        |problem: &str| format!("the name {text:?} {problem}; use one such as transfer.example");
    let name: Name = text
        .parse()
        .map_err(|error| wrong(&format!("is none: {error}")))?;
    let is_plain = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
    if name.is_root() {
        return Err(wrong("is the root"));
    }
    if !name.labels().iter().all(|label| label.iter().all(is_plain)) {
        return Err(wrong(
            "has other characters than letters, digits, `-` and `_`",
        ));
    }
    let name = name.to_lower_case().to_string();
    Ok(name.trim_end_matches('.').to_owned())
}

/// The key for nomadns and for each server; what depends on the zone and on the gateway's address is a comment.
fn lines(name: &str, algorithm: Algorithm, secret: &str) -> String {
    format!(
        r#"# Keep this secret: whoever has it can sign. 192.0.2.1 stands for the address of nomadns, 1053 for its port.

# nomadns: into its configuration, behind all other sections. Safer: the secret alone in a file that only nomadns can
# read, and secret_file = "FILE" in place of secret.
[[transfer.keys]]
name = "{name}"
algorithm = "{algorithm}"
secret = "{secret}"

# NSD: into nsd.conf
key:
    name: "{name}"
    algorithm: {algorithm}
    secret: "{secret}"
#zone:
#    name: "nomad"
#    request-xfr: 192.0.2.1@1053 "{name}"
#    allow-notify: 192.0.2.1 "{name}"

# Knot DNS: into knot.conf
key:
  - id: {name}
    algorithm: {algorithm}
    secret: {secret}
#remote:
#  - id: nomadns
#    address: 192.0.2.1@1053
#    key: {name}
#acl:
#  - id: nomadns
#    address: 192.0.2.1
#    key: {name}
#    action: notify
#zone:
#  - domain: nomad
#    master: nomadns
#    acl: nomadns

# BIND: into named.conf
key "{name}" {{
    algorithm {algorithm};
    secret "{secret}";
}};
#zone "nomad" {{
#    type secondary;
#    primaries {{ 192.0.2.1 port 1053 key "{name}"; }};
#    file "nomad.zone";
#}};

# PowerDNS: in a shell
pdnsutil import-tsig-key {name} {algorithm} '{secret}'
#pdnsutil create-secondary-zone nomad 192.0.2.1:1053
#pdnsutil activate-tsig-key nomad {name} secondary"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_would_have_to_be_escaped_is_refused() {
        assert_eq!(
            key_name("Transfer.Example.").as_deref(),
            Ok("transfer.example")
        );
        for text in [".", "", "a b", "a\"b", "a;b", "x'y", "ü..a", "a\\.b", "a$b"] {
            let problem = key_name(text).unwrap_err();
            assert!(problem.contains("transfer.example"), "{problem}");
        }
    }
}
