//! A document that lives for a while: read without a lock, fetched once however many wait.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;

use super::flight::Flights;
use crate::error::Error;

/// A value with its age.
#[derive(Debug)]
pub struct Stamped<T> {
    /// The value.
    pub value: Arc<T>,
    /// When it came, by the cache's clock.
    pub at: Duration,
}

/// The last good value, and the one fetch that may be under way for the next.
#[derive(Debug)]
pub struct Cached<T> {
    current: ArcSwapOption<Stamped<T>>,
    flight: Arc<Flights<(), T>>,
}

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Self {
            current: ArcSwapOption::empty(),
            flight: Arc::default(),
        }
    }
}

impl<T: Send + Sync + 'static> Cached<T> {
    /// What is there, where `will_do` says that it is new enough.
    #[must_use]
    pub fn at_hand(&self, will_do: impl FnOnce(&Stamped<T>) -> bool) -> Option<Arc<T>> {
        let current = self.current.load();
        current
            .as_ref()
            .filter(|stamped| will_do(stamped))
            .map(|stamped| Arc::clone(&stamped.value))
    }

    /// Puts a value in place.
    pub fn put(&self, value: Arc<T>, at: Duration) {
        self.current.store(Some(Arc::new(Stamped { value, at })));
    }

    /// What is there where it will do, else what the fetch brings that is under way or that this
    /// call starts.
    pub async fn get<F>(
        self: &Arc<Self>,
        will_do: impl Fn(&Stamped<T>) -> bool,
        fetch: impl FnOnce() -> F,
    ) -> Result<Arc<T>, Error>
    where
        F: Future<Output = Result<Stamped<T>, Error>> + Send + 'static,
    {
        if let Some(value) = self.at_hand(&will_do) {
            return Ok(value);
        }
        let work = || {
            let (cache, fetch) = (Arc::clone(self), fetch());
            async move {
                let stamped = fetch.await?;
                let value = Arc::clone(&stamped.value);
                // In place before the flight ends: who comes next finds the one or the other.
                cache.current.store(Some(Arc::new(stamped)));
                Ok(value)
            }
        };
        self.flight.join((), || self.at_hand(&will_do), work).await
    }
}
