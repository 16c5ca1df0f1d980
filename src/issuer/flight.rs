//! One piece of work however many wait for it.

use std::fmt;
use std::future::Future;
use std::hash::Hash;
use std::sync::Arc;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use tokio::sync::watch;

use crate::error::{Error, Fault, HttpError};
use crate::runtime;

/// What a piece of work came to; shared by all who waited for it.
pub type Landed<T> = Result<Arc<T>, Error>;
type Answer<T> = watch::Receiver<Option<Landed<T>>>;

/// The work that is under way, by what it is for. Holds nothing once the work is done.
pub struct Flights<K: Eq + Hash, T>(DashMap<K, Answer<T>>);

impl<K: Eq + Hash, T> Default for Flights<K, T> {
    fn default() -> Self {
        // A handful of locks: a lookup is a fraction of the exchange that it is for.
        Self(DashMap::with_shard_amount(4))
    }
}

impl<K: Eq + Hash, T> fmt::Debug for Flights<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flights({})", self.0.len())
    }
}

impl<K, T> Flights<K, T>
where
    K: Eq + Hash + Clone + Send + Sync + 'static,
    T: Send + Sync + 'static,
{
    /// Whether there is work for `key` under way.
    #[must_use]
    pub fn is_under_way(&self, key: &K) -> bool {
        self.0.contains_key(key)
    }

    /// Waits for the work for `key`: that which is under way, or that which this call starts. Just
    /// before it starts any, it asks `at_hand` whether it has become unnecessary meanwhile.
    ///
    /// The work runs on its own: whoever waits may go, and the others still get their answer.
    pub async fn join<F>(
        self: &Arc<Self>,
        key: K,
        at_hand: impl FnOnce() -> Option<Arc<T>>,
        work: impl FnOnce() -> F,
    ) -> Landed<T>
    where
        F: Future<Output = Landed<T>> + Send + 'static,
    {
        let start = || match at_hand() {
            Some(value) => Start::Unnecessary(value),
            None => Start::Go(work()),
        };
        // `Start::Never` is not among its answers.
        self.join_if(key, start).await.unwrap_or_else(|| Err(given_up(PANICKED)))
    }

    /// The same where `start` may decide not to start anything: then there is no answer. It is
    /// asked while nobody else can start work for `key`.
    pub async fn join_if<F>(
        self: &Arc<Self>,
        key: K,
        start: impl FnOnce() -> Start<T, F>,
    ) -> Option<Landed<T>>
    where
        F: Future<Output = Landed<T>> + Send + 'static,
    {
        let Some(runtime) = runtime::handle() else {
            return Some(Err(given_up("No thread could be started")));
        };
        let mut answer = match self.0.entry(key.clone()) {
            Entry::Occupied(flight) => flight.get().clone(),
            Entry::Vacant(place) => {
                let work = match start() {
                    Start::Go(work) => work,
                    Start::Unnecessary(value) => return Some(Ok(value)),
                    Start::Never => return None,
                };
                let (send, answer) = watch::channel(None);
                let landing = Landing { flights: Arc::clone(self), key };
                runtime.spawn(async move {
                    // Held until the work is over, and let go also where it panics.
                    let landing = landing;
                    let landed = work.await;
                    drop(landing);
                    send.send_replace(Some(landed));
                });
                place.insert(answer.clone());
                answer
            }
        };
        Some(match answer.wait_for(Option::is_some).await {
            Ok(landed) => landed.clone().unwrap_or_else(|| Err(given_up(PANICKED))),
            Err(_) => Err(given_up(PANICKED)),
        })
    }
}

/// What to do where no work is under way.
#[derive(Debug)]
pub enum Start<T, F> {
    /// This.
    Go(F),
    /// Nothing: the result is there.
    Unnecessary(Arc<T>),
    /// Nothing: it is not to be done now.
    Never,
}

/// Frees the place of a piece of work when it ends, however it ends.
struct Landing<K: Eq + Hash, T> {
    flights: Arc<Flights<K, T>>,
    key: K,
}

impl<K: Eq + Hash, T> Drop for Landing<K, T> {
    fn drop(&mut self) {
        self.flights.0.remove(&self.key);
    }
}

const PANICKED: &str = "The request was given up; this is a defect, please report it";

fn given_up(why: &'static str) -> Error {
    let fault = Fault::Local(why);
    HttpError { what: "tenant documents", url: String::new(), fault, raw: None, retry_after: None }
        .into()
}
