//! Tokens whose signature was verified before.
//!
//! What is remembered is a verdict and what it rested on: this token, to the byte, was signed with
//! this key, which was found in this reading of the tenant's key set. Times, scopes, groups and
//! binding are asked anew each time; a key set that has changed since is asked for the key anew. The
//! token itself is not kept, only its digest: nothing in here could be used as one.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};

use crate::config::Config;
use crate::issuer::jwk::Generation;
use crate::issuer::verifier::VerifierId;
use crate::token::facts::Facts;

/// SHA-256 over a whole token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// Of this token. Two tokens with one digest would be a break of SHA-256.
    #[must_use]
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }
}

impl std::hash::Hash for TokenDigest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        state.write_u64(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
    }
}

/// A digest is as good a hash as any: its first bytes are taken as they are.
#[derive(Default)]
struct FirstBytes(u64);

impl Hasher for FirstBytes {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, bytes: u64) {
        self.0 = bytes;
    }
}

/// One verified token.
#[derive(Debug)]
pub struct Seen {
    /// Stands for this token and no other, for as long as the process lives.
    pub number: u64,
    /// The reading of the key set in which its key was found.
    pub generation: Generation,
    /// The key that verified it.
    pub verifier: VerifierId,
    /// What it says.
    pub facts: Facts,
}

/// The number of a token that is new.
#[must_use]
pub fn next_number() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}

#[derive(Clone)]
struct Weigh;

impl Weigh {
    /// An entry's places in the table, in the queue, and among the names of those just evicted, with
    /// what the allocator adds (`npm run bench -- --only memory`).
    const PLACES: usize = 128;
    /// Bounds the number of entries, too.
    const LEAST: usize = 256;
}

impl Weighter<TokenDigest, Arc<Seen>> for Weigh {
    fn weight(&self, digest: &TokenDigest, seen: &Arc<Seen>) -> u64 {
        let bytes = size_of_val(digest) + size_of::<Seen>() + seen.facts.heap_bytes();
        (bytes + Self::PLACES).max(Self::LEAST) as u64
    }
}

/// The verified tokens of one API at one tenant.
pub struct VerifiedTokens {
    cache: Cache<TokenDigest, Arc<Seen>, Weigh, BuildHasherDefault<FirstBytes>>,
}

impl fmt::Debug for VerifiedTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifiedTokens({})", self.len())
    }
}

/// All that facts are read by: tenant, audience, groups claim; and the bound.
type Name = (String, String, String, u64);

/// The process's. An entry is as good as gone once its last client is.
static SHARED: LazyLock<Mutex<HashMap<Name, Weak<VerifiedTokens>>>> = LazyLock::new(Mutex::default);

impl VerifiedTokens {
    /// A place for so many bytes.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        let entries = usize::try_from(bytes).unwrap_or(usize::MAX) / Weigh::LEAST;
        Self {
            cache: Cache::with(
                entries,
                bytes,
                Weigh,
                BuildHasherDefault::default(),
                Default::default(),
            ),
        }
    }

    /// The place that all clients of this configuration share, whichever thread they live on. `None`
    /// where none is wanted.
    #[must_use]
    pub fn shared(config: &Config) -> Option<Arc<Self>> {
        // The other half is for the claims that JavaScript keeps (js/templates.js).
        let bytes = config.verified_tokens_bytes / 2;
        if bytes == 0 {
            return None;
        }
        let name = (
            config.tenant.as_str().to_owned(),
            config.audience.clone(),
            config.groups.claim.clone(),
            bytes,
        );
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.retain(|_, place| place.strong_count() > 0);
        if let Some(place) = shared.get(&name).and_then(Weak::upgrade) {
            return Some(place);
        }
        let place = Arc::new(Self::new(bytes));
        shared.insert(name, Arc::downgrade(&place));
        Some(place)
    }

    /// What is known of a token.
    #[must_use]
    pub fn get(&self, digest: &TokenDigest) -> Option<Arc<Seen>> {
        self.cache.get(digest)
    }

    /// Remembers a token, in place of what was known of it.
    pub fn put(&self, digest: TokenDigest, seen: Seen) {
        self.cache.insert(digest, Arc::new(seen));
    }

    /// Forgets a token.
    pub fn forget(&self, digest: &TokenDigest) {
        self.cache.remove(digest);
    }

    /// How many tokens are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cache.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
