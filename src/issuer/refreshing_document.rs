//! A document that is read without a lock, fetched once for all who wait for it, refreshed before its
//! time is over, and kept beyond its time while it can't be fetched.

use std::future::Future;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::time::Instant;
use url::Url;

use super::backoff::Backoff;
use super::document_age::{Age, Stamped, Terms};
use super::events::{Event, Events};
use super::single_flight::{Outcome, SingleFlight, Start};
use crate::clock::Clock;
use crate::error::{Error, Fault, HttpError};
use crate::runtime;
use crate::sync::{Mutex, MutexGuard, time};

/// How long a caller waits for the next document before an expired one serves. A tenant that takes longer
/// counts as out of reach.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a refreshing document holds.
pub trait Document: Send + Sync + 'static {
    /// Its name in messages and events.
    const NAME: &'static str;
    /// Whether tokens are validated with it, so that the use of an expired one is an event.
    const SERVES_TOKENS: bool;

    /// The document as it was received.
    fn text(&self) -> &str;
    /// How many of its keys can be used, and how many can't.
    fn keys(&self) -> (usize, usize);
}

/// How new a document has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// Within its cache duration.
    Fresh,
    /// Within its cache duration; else it is fetched without regard to the backoff.
    Try,
    /// Fetched after this call, or by a fetch that is in progress.
    New,
}

/// A document that was fetched.
#[derive(Debug)]
pub struct Fetched<T> {
    /// The document.
    pub value: Arc<T>,
    /// `max-age` of its response.
    pub max_age: Option<Duration>,
    /// `ETag` of its response, and the URL that it is for.
    pub version: Option<(Url, String)>,
    /// Whether it is the one that was there before.
    pub unchanged: bool,
}

/// The last good document, and the one fetch that may be in progress for the next.
#[derive(Debug)]
pub struct RefreshingDocument<T> {
    /// Where it comes from, for messages.
    origin: String,
    clock: Arc<dyn Clock>,
    events: Arc<Events>,
    current: ArcSwapOption<Stamped<T>>,
    fetches: Arc<SingleFlight<(), T>>,
    backoff: Mutex<Backoff>,
    /// When the last fetch began, by the clock of the timers that wait for it.
    began: Mutex<Instant>,
}

impl<T: Document> RefreshingDocument<T> {
    /// No document yet.
    pub fn new(origin: String, clock: Arc<dyn Clock>, events: Arc<Events>) -> Arc<Self> {
        Arc::new(Self {
            origin,
            clock,
            events,
            current: ArcSwapOption::empty(),
            fetches: Arc::default(),
            backoff: Mutex::default(),
            began: Mutex::new(Instant::now()),
        })
    }

    /// The last good document, however old.
    #[must_use]
    pub fn current(&self) -> Option<Arc<Stamped<T>>> {
        self.current.load_full()
    }

    /// Replaces the document.
    pub fn put(&self, Fetched { value, max_age, version, .. }: Fetched<T>) {
        // At 80 % of its time ± 10 %, so that a fleet of processes does not refresh at the same moment.
        let due = 0.8 * (0.9 + 0.2 * self.clock.chance());
        let at = self.clock.elapsed();
        self.current.store(Some(Arc::new(Stamped { value, at, max_age, version, due })));
        self.backoff().succeeded();
    }

    /// Whether a fetch is in progress.
    #[must_use]
    pub fn is_being_fetched(&self) -> bool {
        self.fetches.is_running(&())
    }

    /// Whether the backoff allows a fetch.
    #[must_use]
    pub fn may_fetch(&self) -> bool {
        self.backoff().may_try(self.clock.elapsed())
    }

    /// The last failure, where the last fetch failed, with the seconds after which to try again.
    #[must_use]
    pub fn last_failure(&self) -> Option<Error> {
        self.backoff().last_failure(self.clock.elapsed())
    }

    /// The document without waiting: fresh, or expired while it can't be fetched. Where it is due or
    /// expired, a refresh is started in the background.
    pub fn at_hand<F>(
        self: &Arc<Self>,
        terms: Terms,
        fetch: impl FnOnce() -> F + Send + 'static,
    ) -> Option<Arc<T>>
    where
        F: Future<Output = Result<Fetched<T>, Error>> + Send + 'static,
    {
        let current = self.current()?;
        let now = self.clock.elapsed();
        match current.age(now, terms) {
            Age::Fresh => {}
            Age::Due => self.refresh_in_background(&current, fetch),
            Age::Expired if self.backoff().is_troubled() => {
                self.refresh_in_background(&current, fetch);
                self.note_stale_use(now.saturating_sub(current.at));
            }
            Age::Expired | Age::Dead => return None,
        }
        Some(Arc::clone(&current.value))
    }

    /// The document, fetched where need be. `deadline`: how long one exchange may take for this client.
    pub async fn get<F>(
        self: &Arc<Self>,
        terms: Terms,
        want: Want,
        deadline: Duration,
        fetch: impl Fn() -> F + Clone + Send + Sync + 'static,
    ) -> Outcome<T>
    where
        F: Future<Output = Result<Fetched<T>, Error>> + Send + 'static,
    {
        let asked = self.clock.elapsed();
        if want == Want::New {
            return self.join(deadline, |current| current.at > asked, fetch).await;
        }
        if let Some(value) = self.at_hand(terms, fetch.clone()) {
            return Ok(value);
        }
        let serves = |current: &Stamped<T>| {
            matches!(current.age(self.clock.elapsed(), terms), Age::Fresh | Age::Due)
        };
        let fetched = if self.expired(terms).is_some() {
            // At most half the deadline: the caller must have time left for the expired document.
            let patience = PATIENCE.min(deadline / 2).saturating_sub(self.fetching_for());
            let joined = self.join(deadline, serves, fetch);
            let joined = time::timeout(patience, joined).await;
            joined.unwrap_or_else(|_| Err(self.failure("The tenant is slow")))
        } else if want == Want::Fresh && !self.may_fetch() && !self.is_being_fetched() {
            Err(self.failure("The tenant is away"))
        } else {
            self.join(deadline, serves, fetch).await
        };
        fetched.or_else(|error| match self.expired(terms) {
            Some((value, age)) => {
                self.note_stale_use(age);
                Ok(value)
            }
            None => Err(self.last_failure().unwrap_or(error)),
        })
    }

    /// Waits for the fetch that is in progress, or for a new one where `allowed`, which is called under
    /// the lock of the fetch. `None` where there is no fetch to wait for.
    pub async fn fetch_if<F>(
        self: &Arc<Self>,
        allowed: impl FnOnce() -> bool,
        fetch: impl FnOnce() -> F,
    ) -> Option<Outcome<T>>
    where
        F: Future<Output = Result<Fetched<T>, Error>> + Send + 'static,
    {
        let start = || if allowed() { Start::Go(self.run(fetch())) } else { Start::Never };
        self.fetches.join_if((), start).await
    }

    /// Waits for the fetch that is in progress, or for a new one, unless `will_do` accepts the document
    /// that is there by then. Where another client started the fetch with a shorter deadline and it timed
    /// out, a second one is started with this client's deadline.
    async fn join<F>(
        self: &Arc<Self>,
        deadline: Duration,
        will_do: impl Fn(&Stamped<T>) -> bool,
        fetch: impl Fn() -> F,
    ) -> Outcome<T>
    where
        F: Future<Output = Result<Fetched<T>, Error>> + Send + 'static,
    {
        let at_hand = || {
            let current = self.current()?;
            will_do(&current).then(|| Arc::clone(&current.value))
        };
        let start = || self.run(fetch());
        match self.fetches.join((), at_hand, start).await {
            Err(Error::Http(HttpError { fault: Fault::Timeout { after_ms }, .. }))
                if u128::from(after_ms) < deadline.as_millis() =>
            {
                self.fetches.join((), at_hand, start).await
            }
            joined => joined,
        }
    }

    /// A fetch, and what follows from its result.
    fn run<F>(
        self: &Arc<Self>,
        fetch: F,
    ) -> impl Future<Output = Outcome<T>> + Send + 'static + use<T, F>
    where
        F: Future<Output = Result<Fetched<T>, Error>> + Send + 'static,
    {
        let document = Arc::clone(self);
        async move {
            *document.began.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
            match fetch.await {
                Ok(fetched) => Ok(document.succeeded(fetched)),
                Err(error) => Err(document.failed(error)),
            }
        }
    }

    fn succeeded(&self, fetched: Fetched<T>) -> Arc<T> {
        let (value, unchanged) = (Arc::clone(&fetched.value), fetched.unchanged);
        let (keys, skipped) = value.keys();
        self.put(fetched);
        self.events.tell(&Event::Refreshed { document: T::NAME, keys, skipped, unchanged });
        value
    }

    fn failed(&self, error: Error) -> Error {
        let (now, chance) = (self.clock.elapsed(), self.clock.chance());
        let without = self.current().is_none();
        let retry_in = self.backoff().failed(error.clone(), now, chance, without);
        let reason = match &error {
            Error::Http(error) => error.fault.reason(),
            // A document is fetched without credentials, so that this does not happen.
            _ => "refused",
        };
        self.events.tell(&Event::RefreshFailed { document: T::NAME, reason, retry_in });
        error
    }

    fn refresh_in_background<F>(
        self: &Arc<Self>,
        seen: &Arc<Stamped<T>>,
        fetch: impl FnOnce() -> F + Send + 'static,
    ) where
        F: Future<Output = Result<Fetched<T>, Error>> + Send + 'static,
    {
        if self.is_being_fetched() || !self.may_fetch() {
            return;
        }
        if let Some(runtime) = runtime::handle() {
            let (document, seen) = (Arc::clone(self), Arc::clone(seen));
            runtime.spawn(async move {
                // Another fetch may have replaced it since it was looked at.
                let is_there = |current| Arc::ptr_eq(&current, &seen);
                let needed = || document.current().is_none_or(is_there);
                // The result is in the backoff and in the events; nobody waits for it.
                drop(document.fetch_if(needed, fetch).await);
            });
        }
    }

    /// An expired document that serves while it can't be fetched, and its age.
    fn expired(&self, terms: Terms) -> Option<(Arc<T>, Duration)> {
        let current = self.current()?;
        let now = self.clock.elapsed();
        let serves = current.age(now, terms) != Age::Dead;
        serves.then(|| (Arc::clone(&current.value), now.saturating_sub(current.at)))
    }

    /// How long the fetch has been in progress.
    fn fetching_for(&self) -> Duration {
        if self.is_being_fetched() {
            self.began.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
        } else {
            Duration::ZERO
        }
    }

    fn note_stale_use(&self, age: Duration) {
        if T::SERVES_TOKENS {
            self.events.tell(&Event::StaleUse { age });
        }
    }

    fn failure(&self, why: &'static str) -> Error {
        let (url, fault) = (self.origin.clone(), Fault::Local(why));
        HttpError { what: T::NAME, url, fault, raw: None, retry_after: None }.into()
    }

    fn backoff(&self) -> MutexGuard<'_, Backoff> {
        self.backoff.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
