//! What goes on in a tenant's key set, for those who watch it: counters, and events as they happen.

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
        /// How many keys can be used; of a JWKS.
        keys: usize,
        /// How many can't.
        skipped: usize,
        /// The tenant said that it has not changed (304).
        unchanged: bool,
    },
    /// A document could not be fetched.
    RefreshFailed {
        /// `metadata` or `JWKS`.
        document: &'static str,
        /// The error's stable machine word.
        reason: &'static str,
        /// How long nobody will try again.
        retry_in: Duration,
    },
    /// A set past its time served a token, because the tenant could not be reached.
    StaleUse {
        /// How old the set is.
        age: Duration,
    },
}

/// Somebody who wants to know.
pub trait Observer: Send + Sync {
    /// Called on whichever thread it happened; must not take long.
    fn observe(&self, tenant: &TenantDomain, event: &Event);
}

/// The counters of a tenant's documents.
#[derive(Debug, Default)]
pub struct Counters {
    /// Requests for the metadata.
    pub metadata_requests: AtomicU64,
    /// Requests for the JWKS.
    pub jwks_requests: AtomicU64,
    /// Documents that came, or were found unchanged.
    pub refreshes: AtomicU64,
    /// Attempts that failed.
    pub failed_refreshes: AtomicU64,
    /// Tokens that were served by a set past its time.
    pub stale_uses: AtomicU64,
    /// Times that a key which nobody knows was looked for.
    pub unknown_key_lookups: AtomicU64,
}

/// Adds one.
pub fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Who watches. Each observer once, however many clients it has; it goes when its owner goes.
#[derive(Default)]
pub struct Observers(Mutex<Vec<Weak<dyn Observer>>>);

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observers")
    }
}

impl Observers {
    /// Adds one, unless it watches already.
    pub fn add(&self, observer: &Arc<dyn Observer>) {
        let mut watching = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        watching.retain(|known| known.strong_count() > 0);
        let new = Arc::downgrade(observer);
        if !watching.iter().any(|known| known.ptr_eq(&new)) {
            watching.push(new);
        }
    }

    /// Tells all.
    pub fn tell(&self, tenant: &TenantDomain, event: &Event) {
        let watching = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for observer in watching.iter().filter_map(Weak::upgrade) {
            observer.observe(tenant, event);
        }
    }
}
