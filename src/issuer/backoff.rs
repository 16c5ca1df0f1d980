//! Exponential backoff with full jitter.

use std::time::Duration;

use crate::error::Error;

const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);
/// Without a document every token is refused, so it is fetched again sooner.
const LONGEST_WITHOUT: Duration = Duration::from_secs(5);

/// How the last attempts went.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
    /// No attempt is made before this time.
    until: Duration,
    last: Option<Error>,
}

impl Backoff {
    /// An attempt has succeeded.
    pub fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// An attempt has failed. Returns the wait: `chance` (0 to 1) times a bound that doubles from 1 s to
    /// 30 s, or to 5 s `without` a document.
    pub fn failed(&mut self, error: Error, now: Duration, chance: f64, without: bool) -> Duration {
        let longest = if without { LONGEST_WITHOUT } else { LONGEST };
        let bound = longest.min(SHORTEST * 2_u32.saturating_pow(self.failures.min(8)));
        let wait = bound.mul_f64(chance.clamp(0.0, 1.0));
        self.failures = self.failures.saturating_add(1);
        self.until = now + wait;
        self.last = Some(error);
        wait
    }

    /// Whether the last attempt failed.
    #[must_use]
    pub fn is_troubled(&self) -> bool {
        self.last.is_some()
    }

    /// Whether an attempt may be made now.
    #[must_use]
    pub fn may_try(&self, now: Duration) -> bool {
        now >= self.until
    }

    /// The last failure, with the time after which to try again.
    #[must_use]
    pub fn last_failure(&self, now: Duration) -> Option<Error> {
        let mut error = self.last.clone()?;
        if let Error::Http(http) = &mut error {
            let wait = self.until.saturating_sub(now).as_secs_f64().ceil() as u64;
            http.retry_after = Some(http.retry_after.unwrap_or(0).max(wait).max(1));
        }
        Some(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::TokenError;

    #[test]
    fn waits_longer_each_time_up_to_half_a_minute() {
        let mut backoff = Backoff::default();
        let now = Duration::from_secs(100);
        let error = || Error::from(TokenError::Inactive);
        let waits: Vec<u64> =
            (0..8).map(|_| backoff.failed(error(), now, 1.0, false).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30, 30]);
        assert!(!backoff.may_try(now + Duration::from_secs(29)));
        assert!(backoff.may_try(now + Duration::from_secs(30)));
        assert_eq!(backoff.failed(error(), now, 0.5, false), Duration::from_secs(15));
        assert_eq!(backoff.failed(error(), now, 1.0, true), LONGEST_WITHOUT);
        assert!(backoff.is_troubled());
        backoff.succeeded();
        assert!(!backoff.is_troubled() && backoff.may_try(Duration::ZERO));
        assert_eq!(backoff.failed(error(), now, 1.0, false).as_secs(), 1);
    }
}
