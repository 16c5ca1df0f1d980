//! Tokens whose signature has been verified before.
//!
//! An entry is a verdict and what it rests on: the SHA-256 of the whole token, the key that verified it,
//! and the parse of the key set in which that key was found. Times, scopes, groups and binding are checked
//! for each request; after the key set has changed, the key is looked up again. The token itself is not
//! kept: nothing in here can be used as one.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};

use crate::config::Profile;
use crate::keys::jwk_set::Generation;
use crate::keys::verifying_key::VerifyingKeyId;
use crate::token::claim_reading::ClaimReading;
use crate::token::claim_rules::ClaimValues;

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

/// The hash of a digest is its first eight bytes.
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
pub struct VerifiedToken {
    /// Unique to this token for the life of the process.
    pub number: u64,
    /// The index of its issuer among those of the cache's clients.
    pub issuer: usize,
    /// The parse of the key set in which its key was found.
    pub generation: Generation,
    /// The key that verified it.
    pub verifier: VerifyingKeyId,
    /// What the claim rules look at.
    pub values: ClaimValues,
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
    /// What an entry takes in the table, in the queue and among the keys of entries just evicted, with
    /// the allocator's overhead (`npm run bench -- --only memory`).
    const PLACES: usize = 128;
    /// Bounds the number of entries, too.
    const LEAST: usize = 256;
}

impl Weighter<TokenDigest, Arc<VerifiedToken>> for Weigh {
    fn weight(&self, digest: &TokenDigest, token: &Arc<VerifiedToken>) -> u64 {
        let bytes = size_of_val(digest) + size_of::<VerifiedToken>() + token.values.heap_bytes();
        (bytes + Self::PLACES).max(Self::LEAST) as u64
    }
}

/// The verified tokens of one API at one tenant, bounded by their weight in bytes.
pub struct SignatureCache {
    cache: Cache<TokenDigest, Arc<VerifiedToken>, Weigh, BuildHasherDefault<FirstBytes>>,
}

impl fmt::Debug for SignatureCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignatureCache({})", self.len())
    }
}

/// Every setting that [`ClaimValues`] are read by, of each issuer in its order; the profile, which tokens are
/// accepted by; and the bound.
type Name = (Vec<ClaimReading>, Option<Profile>, u64);

/// Process-wide registry; entries are weak.
static SHARED: LazyLock<Mutex<HashMap<Name, Weak<SignatureCache>>>> = LazyLock::new(Mutex::default);

impl SignatureCache {
    /// An empty cache for this many bytes.
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

    /// The cache that all clients of this configuration share, on every thread. `None` where
    /// `verifiedTokensBytes` is 0.
    #[must_use]
    pub fn shared(
        verified_tokens_bytes: u64,
        readings: Vec<ClaimReading>,
        profile: Option<Profile>,
    ) -> Option<Arc<Self>> {
        // The other half is for the claims that JavaScript keeps (js/core/claims-copies.js).
        let bytes = verified_tokens_bytes / 2;
        if bytes == 0 {
            return None;
        }
        let name = (readings, profile, bytes);
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.retain(|_, place| place.strong_count() > 0);
        if let Some(place) = shared.get(&name).and_then(Weak::upgrade) {
            return Some(place);
        }
        let place = Arc::new(Self::new(bytes));
        shared.insert(name, Arc::downgrade(&place));
        Some(place)
    }

    /// The entry of a token.
    #[must_use]
    pub fn get(&self, digest: &TokenDigest) -> Option<Arc<VerifiedToken>> {
        self.cache.get(digest)
    }

    /// Stores a token's entry in place of an earlier one.
    pub fn put(&self, digest: TokenDigest, token: VerifiedToken) {
        self.cache.insert(digest, Arc::new(token));
    }

    /// Removes a token's entry.
    pub fn forget(&self, digest: &TokenDigest) {
        self.cache.remove(digest);
    }

    /// The number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cache.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use std::hash::BuildHasher;

    use super::*;
    use crate::keys::jwk_set::JwkSet;
    use crate::token::claim_path::ClaimPath;
    use crate::token::claim_reading::Audience;
    use crate::token::claim_rules::Requirements;
    use crate::token::claims::Claims;
    use crate::token::required_claims::RequiredClaims;

    fn reading(issuer: &str) -> ClaimReading {
        ClaimReading {
            issuer: issuer.to_owned(),
            audience: Audience::AnyOf(vec!["api".to_owned()]),
            client_ids: None,
            scopes_claim: ClaimPath::parse("scope").unwrap(),
            groups_claim: ClaimPath::parse("groups").unwrap(),
            required_claims: RequiredClaims::default(),
        }
    }

    fn verified(json: &str) -> VerifiedToken {
        const KEY: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
        let set = JwkSet::parse(KEY).unwrap();
        let key = set.select(None, crate::keys::algorithm::Algorithm::Ed25519).unwrap();
        let claims = Claims::parse(json).unwrap();
        VerifiedToken {
            number: next_number(),
            issuer: 0,
            generation: set.generation,
            verifier: key.identity,
            values: ClaimValues::read(&claims, &reading("a"), &Requirements::default(), None),
        }
    }

    #[test]
    fn an_entry_is_found_by_its_token_until_it_is_forgotten() {
        let cache = SignatureCache::new(1_000_000);
        assert!(cache.is_empty());
        let token = verified("{}");
        let number = token.number;
        assert_ne!(number, verified("{}").number);
        cache.put(TokenDigest::of("a"), token);
        assert_eq!(cache.get(&TokenDigest::of("a")).map(|entry| entry.number), Some(number));
        assert!(cache.get(&TokenDigest::of("b")).is_none());
        assert_eq!((cache.len(), cache.is_empty()), (1, false));
        cache.forget(&TokenDigest::of("a"));
        assert!(cache.get(&TokenDigest::of("a")).is_none());
        assert!(cache.is_empty());
    }

    #[test]
    fn an_entry_weighs_what_it_takes() {
        let digest = TokenDigest::of("a");
        let weight = |json: &str| Weigh.weight(&digest, &Arc::new(verified(json)));
        let empty = 32 + size_of::<VerifiedToken>() + Weigh::PLACES;
        assert_eq!(weight("{}"), empty as u64);
        let long = "s".repeat(1000);
        assert_eq!(weight(&format!(r#"{{"scope":"{long}"}}"#)), (empty + 1000) as u64);
    }

    #[test]
    fn a_digest_is_hashed_to_its_first_eight_bytes() {
        let hasher = BuildHasherDefault::<FirstBytes>::default();
        let digest = TokenDigest::of("a");
        let first = u64::from_le_bytes(digest.0[..8].try_into().unwrap());
        assert_eq!(hasher.hash_one(digest), first);
        let hash = |bytes: &[u8]| {
            let mut hasher = FirstBytes::default();
            hasher.write(bytes);
            hasher.finish()
        };
        assert_eq!(hash(&[1, 2]), 0x0102);
        assert_eq!(hash(&[1, 0, 0, 0, 0, 0, 0, 0, 1]), 0);
    }

    #[test]
    fn a_cache_is_that_of_its_settings_and_goes_with_its_clients() {
        // Bytes that no other test has.
        const BYTES: u64 = 7_654_320;
        let shared = |bytes, issuer, profile| {
            SignatureCache::shared(bytes, vec![reading(issuer)], profile).unwrap()
        };
        let first = shared(BYTES, "a", None);
        assert!(Arc::ptr_eq(&first, &shared(BYTES, "a", None)));
        assert!(!Arc::ptr_eq(&first, &shared(BYTES + 2, "a", None)));
        assert!(!Arc::ptr_eq(&first, &shared(BYTES, "b", None)));
        assert!(!Arc::ptr_eq(&first, &shared(BYTES, "a", Some(Profile::Fapi2))));
        assert!(SignatureCache::shared(1, vec![], None).is_none());
        // Of each of its parts a little more, because it is rounded up.
        let capacity = first.cache.capacity();
        assert!((BYTES / 2..BYTES / 2 + 10_000).contains(&capacity), "{capacity}");
        drop(first);
        drop(shared(BYTES + 4, "a", None));
        let other = shared(BYTES + 6, "a", None);
        let names = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(!names.contains_key(&(vec![reading("a")], None, BYTES / 2)));
        drop(names);
        drop(other);
    }
}
