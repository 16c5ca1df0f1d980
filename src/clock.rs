//! Time comes in from outside: a test lets hours pass in a line.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What a cache asks how old it is. Never goes backwards, whatever happens to the wall clock.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Time since some fixed moment.
    fn elapsed(&self) -> Duration;
}

/// The machine's monotonic clock.
#[derive(Debug)]
pub struct SystemClock(Instant);

impl Default for SystemClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Seconds since 1970, in whole seconds, as the times in a token are (RFC 7519 §2, NumericDate).
#[must_use]
pub fn epoch_seconds() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64().floor())
}
