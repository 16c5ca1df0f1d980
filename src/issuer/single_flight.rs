//! One piece of work for all callers that wait for the same thing.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, PoisonError};

use tokio::sync::watch;

use crate::error::Error;
use crate::runtime;
use crate::sync::{Mutex, MutexGuard};

/// The result of a piece of work, shared by all callers that waited for it.
pub type Outcome<T> = Result<Arc<T>, Error>;
type Pending<T> = watch::Receiver<Option<Outcome<T>>>;

/// The work in progress, by key. Holds nothing once the work is done.
pub struct SingleFlight<K: Eq + Hash, T>(Mutex<HashMap<K, Pending<T>>>);

impl<K: Eq + Hash, T> Default for SingleFlight<K, T> {
    fn default() -> Self {
        Self(Mutex::new(HashMap::new()))
    }
}

impl<K: Eq + Hash, T> fmt::Debug for SingleFlight<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SingleFlight({})", self.pending().len())
    }
}

impl<K: Eq + Hash, T> SingleFlight<K, T> {
    fn pending(&self) -> MutexGuard<'_, HashMap<K, Pending<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, T> SingleFlight<K, T>
where
    K: Eq + Hash + Clone + Send + Sync + 'static,
    T: Send + Sync + 'static,
{
    /// Whether work for `key` is in progress.
    #[must_use]
    pub fn is_running(&self, key: &K) -> bool {
        self.pending().contains_key(key)
    }

    /// Waits for the work for `key` that is in progress, or starts it. Just before starting it calls
    /// `at_hand`, whose value makes the work unnecessary.
    ///
    /// The work is a task of its own: dropping this future does not stop it.
    pub async fn join<F>(
        self: &Arc<Self>,
        key: K,
        at_hand: impl FnOnce() -> Option<Arc<T>>,
        work: impl FnOnce() -> F,
    ) -> Outcome<T>
    where
        F: Future<Output = Outcome<T>> + Send + 'static,
    {
        let start = || match at_hand() {
            Some(value) => Start::Unnecessary(value),
            None => Start::Go(work()),
        };
        // `start` never returns `Start::Never`.
        self.join_if(key, start).await.unwrap_or_else(|| Err(Error::given_up(PANICKED)))
    }

    /// The same, where `start` decides whether work is started; `None` where it decides against. It is
    /// called under the lock of all keys.
    pub async fn join_if<F>(
        self: &Arc<Self>,
        key: K,
        start: impl FnOnce() -> Start<T, F>,
    ) -> Option<Outcome<T>>
    where
        F: Future<Output = Outcome<T>> + Send + 'static,
    {
        let Some(runtime) = runtime::handle() else {
            return Some(Err(Error::given_up(runtime::NO_THREAD)));
        };
        let mut answer = match self.pending().entry(key.clone()) {
            Entry::Occupied(pending) => pending.get().clone(),
            Entry::Vacant(place) => {
                let work = match start() {
                    Start::Go(work) => work,
                    Start::Unnecessary(value) => return Some(Ok(value)),
                    Start::Never => return None,
                };
                let (send, answer) = watch::channel(None);
                let running = Running { flights: Arc::clone(self), key };
                runtime.spawn(async move {
                    // Dropped when the work is over, also where it panics.
                    let running = running;
                    let outcome = work.await;
                    drop(running);
                    send.send_replace(Some(outcome));
                });
                place.insert(answer.clone());
                answer
            }
        };
        Some(match answer.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone().unwrap_or_else(|| Err(Error::given_up(PANICKED))),
            Err(_) => Err(Error::given_up(PANICKED)),
        })
    }
}

/// What to do where no work is in progress.
#[derive(Debug)]
pub enum Start<T, F> {
    /// Start this work.
    Go(F),
    /// Start nothing: this is the result.
    Unnecessary(Arc<T>),
    /// Start nothing: it may not be done now.
    Never,
}

/// Removes the key of a piece of work when it ends, however it ends.
struct Running<K: Eq + Hash, T> {
    flights: Arc<SingleFlight<K, T>>,
    key: K,
}

impl<K: Eq + Hash, T> Drop for Running<K, T> {
    fn drop(&mut self) {
        self.flights.pending().remove(&self.key);
    }
}

const PANICKED: &str = "The request was given up; this is a defect, please report it";
