//! The clock of a Nomad server, by the `Date` of its answers (RFC 9110 §6.6.1).
//!
//! Only `doctor` asks: nothing that is answered depends on it.

use std::time::{Duration, SystemTime};

use http::header::DATE;

use super::client::Client;
use super::error::NomadError;

/// What every address answers at once, whatever the token may read.
const PATH: &str = "/v1/status/leader";
const MOST_BYTES: usize = 4096;

impl Client {
    /// By how many seconds the server's clock is ahead of this host's; none if the answer has no date.
    ///
    /// # Errors
    /// Any [`Cause`](super::error::Cause).
    pub async fn clock_offset(&self) -> Result<Option<i64>, NomadError> {
        let call = self.call(PATH.into(), MOST_BYTES);
        self.decoded(call, |answer| {
            let date = answer.headers.get(DATE).and_then(|it| it.to_str().ok());
            Ok(date.and_then(|date| offset(date, SystemTime::now())))
        })
        .await
    }
}

/// How far `date` is ahead of `now`, in seconds. A date has no parts of a second: it stands for the middle of its second.
fn offset(date: &str, now: SystemTime) -> Option<i64> {
    let date = httpdate::parse_http_date(date).ok()? + Duration::from_millis(500);
    let (sign, apart) = match date.duration_since(now) {
        Ok(ahead) => (1, ahead),
        Err(behind) => (-1, behind.duration()),
    };
    Some(sign * i64::try_from(apart.as_secs()).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_ahead_or_behind_by_whole_seconds() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        for (date, expected) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(0)),
            ("Sun, 06 Nov 1994 08:49:36 GMT", Some(0)),
            ("Sun, 06 Nov 1994 08:59:37 GMT", Some(600)),
            ("Sun, 06 Nov 1994 08:39:37 GMT", Some(-599)),
            ("yesterday", None),
        ] {
            assert_eq!(offset(date, now), expected, "{date}");
        }
    }
}
