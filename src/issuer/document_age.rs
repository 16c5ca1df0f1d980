//! What a document of some age is good for.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

/// A document serves at least this long, however small its `max-age` is.
const SHORTEST: Duration = Duration::from_secs(60);

/// A document and its age.
#[derive(Debug)]
pub struct Stamped<T> {
    /// The document.
    pub value: Arc<T>,
    /// When it was fetched, by the injected clock.
    pub at: Duration,
    /// `max-age` of its response (RFC 9111 §5.2.2.1).
    pub max_age: Option<Duration>,
    /// `ETag` of its response (RFC 9110 §8.8.3), and the URL that it is for.
    pub version: Option<(Url, String)>,
    /// The part of its time after which it is refreshed in the background.
    pub due: f64,
}

/// One client's cache durations for a document that clients share.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// How long it is fresh.
    pub fresh: Duration,
    /// How long after that it serves while it can't be fetched.
    pub stale: Duration,
}

/// What a document of some age is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// It serves.
    Fresh,
    /// It serves, and is refreshed in the background.
    Due,
    /// It serves only while it can't be fetched.
    Expired,
    /// It does not serve.
    Dead,
}

impl<T> Stamped<T> {
    /// What it is good for.
    #[must_use]
    pub fn age(&self, now: Duration, terms: Terms) -> Age {
        let age = now.saturating_sub(self.at);
        let fresh = self.max_age.map_or(terms.fresh, |most| most.max(SHORTEST).min(terms.fresh));
        if age < fresh.mul_f64(self.due) {
            Age::Fresh
        } else if age < fresh {
            Age::Due
        } else if age < fresh + terms.stale {
            Age::Expired
        } else {
            Age::Dead
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_by_its_own_terms() {
        let minutes = |n: u64| Duration::from_secs(n * 60);
        let terms = Terms { fresh: minutes(5), stale: minutes(60) };
        let mut document = Stamped {
            value: Arc::new(()),
            at: minutes(10),
            max_age: None,
            version: None,
            due: 0.8,
        };
        let age = |document: &Stamped<()>, minute| document.age(minutes(minute), terms);
        assert_eq!(age(&document, 10), Age::Fresh);
        assert_eq!(age(&document, 13), Age::Fresh);
        assert_eq!(age(&document, 14), Age::Due);
        assert_eq!(age(&document, 15), Age::Expired);
        assert_eq!(age(&document, 74), Age::Expired);
        assert_eq!(age(&document, 75), Age::Dead);
        // The source may shorten, but not under a minute, and never lengthen.
        for (max_age, expired_after) in [(0, 1), (2, 2), (50, 5)] {
            document.max_age = Some(minutes(max_age));
            assert_eq!(age(&document, 10 + expired_after), Age::Expired, "{max_age}");
            assert_ne!(age(&document, 9 + expired_after), Age::Expired, "{max_age}");
        }
    }
}
