//! A document that lives for a while: read without a lock, fetched once however many wait, refreshed
//! before its time is over, and kept beyond it while its source can't be reached.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use url::Url;

use super::backoff::Backoff;
use super::flight::{Flights, Landed, Start};

/// However short the source says that a document lasts, it lasts this long.
const SHORTEST: Duration = Duration::from_secs(60);

/// A value with its age.
#[derive(Debug)]
pub struct Stamped<T> {
    /// The value.
    pub value: Arc<T>,
    /// When it came, by the cache's clock.
    pub at: Duration,
    /// How long its source says that it lasts (RFC 9111 §5.2.2.1, `max-age`).
    pub lasts: Option<Duration>,
    /// The version that its source named, and where that is (RFC 9110 §8.8.3, `ETag`).
    pub version: Option<(Url, String)>,
    /// The part of its time after which it is refreshed in the background.
    pub due: f64,
}

/// A client's own terms for a document that it may share with others.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// How long it is fresh.
    pub fresh: Duration,
    /// How long after that it serves while its source can't be reached.
    pub stale: Duration,
}

/// What a document is good for at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// As good as new.
    Fresh,
    /// Good, and about to be refreshed.
    Due,
    /// Past its time: serves only in an outage.
    Expired,
    /// Past any time.
    Dead,
}

impl<T> Stamped<T> {
    /// What it is good for.
    #[must_use]
    pub fn age(&self, now: Duration, terms: Terms) -> Age {
        let age = now.saturating_sub(self.at);
        let fresh = self.lasts.map_or(terms.fresh, |lasts| lasts.max(SHORTEST).min(terms.fresh));
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

/// The last good value, and the one fetch that may be under way for the next.
#[derive(Debug)]
pub struct Cached<T> {
    current: ArcSwapOption<Stamped<T>>,
    flight: Arc<Flights<(), T>>,
    backoff: Mutex<Backoff>,
    /// When the last fetch began.
    begun: Mutex<Instant>,
}

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Self {
            current: ArcSwapOption::empty(),
            flight: Arc::default(),
            backoff: Mutex::default(),
            begun: Mutex::new(Instant::now()),
        }
    }
}

impl<T: Send + Sync + 'static> Cached<T> {
    /// What is there, however old.
    #[must_use]
    pub fn current(&self) -> Option<Arc<Stamped<T>>> {
        self.current.load_full()
    }

    /// Puts a value in place.
    pub fn put(&self, stamped: Stamped<T>) {
        self.current.store(Some(Arc::new(stamped)));
        self.backoff().succeeded();
    }

    /// How the attempts to fetch it went.
    pub fn backoff(&self) -> MutexGuard<'_, Backoff> {
        self.backoff.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a fetch begins.
    pub fn begin(&self) {
        *self.begun.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// For how long a fetch has been under way.
    #[must_use]
    pub fn under_way(&self) -> Duration {
        if self.is_being_fetched() {
            self.begun.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
        } else {
            Duration::ZERO
        }
    }

    /// Whether a fetch is under way.
    #[must_use]
    pub fn is_being_fetched(&self) -> bool {
        self.flight.is_under_way(&())
    }

    /// Waits for the fetch that is under way, or for the one that this call starts, unless by then
    /// something has come that `will_do`. `fetch` puts what it brings in place itself.
    pub async fn join<F>(
        &self,
        will_do: impl Fn(&Stamped<T>) -> bool,
        fetch: impl FnOnce() -> F,
    ) -> Landed<T>
    where
        F: Future<Output = Landed<T>> + Send + 'static,
    {
        let at_hand = || {
            let current = self.current.load();
            current.as_ref().filter(|current| will_do(current)).map(|new| Arc::clone(&new.value))
        };
        self.flight.join((), at_hand, fetch).await
    }

    /// The same, where `start` decides whether a fetch is started at all.
    pub async fn join_if<F>(&self, start: impl FnOnce() -> Start<T, F>) -> Option<Landed<T>>
    where
        F: Future<Output = Landed<T>> + Send + 'static,
    {
        self.flight.join_if((), start).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_by_its_own_terms() {
        let minutes = |n: u64| Duration::from_secs(n * 60);
        let terms = Terms { fresh: minutes(5), stale: minutes(60) };
        let mut document =
            Stamped { value: Arc::new(()), at: minutes(10), lasts: None, version: None, due: 0.8 };
        let age = |document: &Stamped<()>, minute| document.age(minutes(minute), terms);
        assert_eq!(age(&document, 10), Age::Fresh);
        assert_eq!(age(&document, 13), Age::Fresh);
        assert_eq!(age(&document, 14), Age::Due);
        assert_eq!(age(&document, 15), Age::Expired);
        assert_eq!(age(&document, 74), Age::Expired);
        assert_eq!(age(&document, 75), Age::Dead);
        // The source may shorten, but not under a minute, and never lengthen.
        for (lasts, expired_after) in [(0, 1), (2, 2), (50, 5)] {
            document.lasts = Some(minutes(lasts));
            assert_eq!(age(&document, 10 + expired_after), Age::Expired, "{lasts}");
            assert_ne!(age(&document, 9 + expired_after), Age::Expired, "{lasts}");
        }
    }
}
