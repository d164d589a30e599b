//! The token that the service manager hands over: systemd's `LoadCredential=` (systemd.exec(5), "CREDENTIALS").
//!
//! systemd reads the file as root and shows a copy to the service alone, in the folder that `CREDENTIALS_DIRECTORY` names.

use std::path::Path;

use super::reading::read_file;
use super::source::Source;

/// The folder with the credentials of this service.
const DIRECTORY: &str = "CREDENTIALS_DIRECTORY";
/// The name of the credential, as in `LoadCredential=nomad_token:PATH`.
const TOKEN: &str = "nomad_token";

/// Takes the credential `nomad_token` as the token file, unless a token or a token file is set.
///
/// The Debian package has an empty file there, for clusters without ACLs: that is no token.
pub fn apply(source: &mut Source, read: impl Fn(&str) -> Option<String>) {
    if source.has("nomad.token") || source.has("nomad.token_file") {
        return;
    }
    let Some(folder) = read(DIRECTORY).filter(|folder| !folder.is_empty()) else {
        return;
    };
    let path = Path::new(&folder).join(TOKEN);
    let is_there = path.exists();
    let is_empty = read_file(&path).is_ok_and(|text| text.trim_ascii().is_empty());
    // One that is there and cannot be read is an error, which names the file.
    if is_there && !is_empty {
        let path = path.to_string_lossy().into_owned();
        source.set("nomad.token_file", path, DIRECTORY);
    }
}
