//! Counters of what happens to a tenant's documents, and the events that observers are told.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use crate::config::TenantDomain;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A document was fetched, or found unchanged.
    Refreshed {
        /// `metadata` or `JWKS`.
        document: &'static str,
        /// How many keys can be used; 0 for the metadata.
        keys: usize,
        /// How many keys can't be used.
        skipped: usize,
        /// The tenant answered 304.
        unchanged: bool,
    },
    /// A document could not be fetched.
    RefreshFailed {
        /// `metadata` or `JWKS`.
        document: &'static str,
        /// The error's stable machine word.
        reason: &'static str,
        /// How long no other attempt is made.
        retry_in: Duration,
    },
    /// An expired key set served a token, because the tenant could not be reached.
    StaleUse {
        /// How old the set is.
        age: Duration,
    },
}

/// Somebody who is told of events.
pub trait Observer: Send + Sync {
    /// Called on the thread where it happened; must not block.
    fn observe(&self, tenant: &TenantDomain, event: &Event);
}

/// The counters of a tenant's documents. They only grow.
#[derive(Debug, Default)]
pub struct Counters {
    /// Requests for the metadata.
    pub metadata_requests: AtomicU64,
    /// Requests for the JWKS.
    pub jwks_requests: AtomicU64,
    /// Documents that were fetched, or found unchanged.
    refreshes: AtomicU64,
    /// Fetches that failed.
    failed_refreshes: AtomicU64,
    /// Tokens that an expired key set served.
    stale_uses: AtomicU64,
    /// Refreshes because of a `kid` that is not in the set.
    pub unknown_key_lookups: AtomicU64,
}

/// Adds one.
pub fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Counts what happens to a tenant's documents, and tells the observers.
pub struct Events {
    tenant: TenantDomain,
    /// What is counted.
    pub counters: Counters,
    /// Weak: an observer goes when its owner goes.
    observers: Mutex<Vec<Weak<dyn Observer>>>,
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.counters.fmt(f)
    }
}

impl Events {
    /// No events yet, and no observers.
    #[must_use]
    pub fn new(tenant: TenantDomain) -> Self {
        Self { tenant, counters: Counters::default(), observers: Mutex::default() }
    }

    /// Adds an observer, once.
    pub fn add_observer(&self, observer: &Arc<dyn Observer>) {
        let mut observers = self.observers.lock().unwrap_or_else(PoisonError::into_inner);
        observers.retain(|known| known.strong_count() > 0);
        let new = Arc::downgrade(observer);
        if !observers.iter().any(|known| known.ptr_eq(&new)) {
            observers.push(new);
        }
    }

    /// Counts an event, and tells all observers.
    pub fn tell(&self, event: &Event) {
        count(match event {
            Event::Refreshed { .. } => &self.counters.refreshes,
            Event::RefreshFailed { .. } => &self.counters.failed_refreshes,
            Event::StaleUse { .. } => &self.counters.stale_uses,
        });
        let observers = self.observers.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for observer in observers.iter().filter_map(Weak::upgrade) {
            observer.observe(&self.tenant, event);
        }
    }

    /// The counters' values by name.
    #[must_use]
    pub fn counted(&self) -> [(&'static str, u64); 6] {
        let counters = &self.counters;
        [
            ("metadataRequests", &counters.metadata_requests),
            ("jwksRequests", &counters.jwks_requests),
            ("refreshes", &counters.refreshes),
            ("failedRefreshes", &counters.failed_refreshes),
            ("staleUses", &counters.stale_uses),
            ("unknownKeyLookups", &counters.unknown_key_lookups),
        ]
        .map(|(name, counter)| (name, counter.load(Ordering::Relaxed)))
    }
}
