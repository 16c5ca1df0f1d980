//! The time at the tenant, by which a wrong clock is found.

use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use crate::http::Response;

/// The time at the tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantTime {
    /// The `Date` header of a response (RFC 9110 §6.6.1), not parsed.
    pub date: String,
    /// The time here when that response came, milliseconds since 1970.
    pub at_ms: f64,
}

/// The time that the tenant last named.
#[derive(Debug, Default)]
pub struct TenantClock(Mutex<Option<TenantTime>>);

impl TenantClock {
    /// The last time that was noted.
    #[must_use]
    pub fn last(&self) -> Option<TenantTime> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes the `Date` of a response. A response with `Age` comes from a cache (RFC 9111 §5.1), and its
    /// `Date` is of another moment.
    pub fn note(&self, response: &Response) {
        let date = response.header("date").filter(|date| date.len() <= 64);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        if let (Some(date), Ok(now), None) = (date, now, response.header("age")) {
            let time = TenantTime { date: date.to_owned(), at_ms: now.as_secs_f64() * 1000.0 };
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(time);
        }
    }
}
