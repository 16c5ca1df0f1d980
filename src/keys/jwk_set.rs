//! A JWKS document (RFC 7517 §5), parsed once when it arrives.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::value::RawValue;

use super::algorithm::Algorithm;
use super::jwk::Jwk;
use super::unusable::Unusable;
use super::verifying_key::VerifyingKey;
use crate::error::TokenError;
use crate::json::Members;

/// The most keys of one document that are read.
pub const MOST_KEYS: usize = 1024;

/// Identifies one parsed JWKS document: no two of a process are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generation(u64);

impl Generation {
    fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed))
    }
}

/// The usable keys of one JWKS document.
#[derive(Debug)]
pub struct JwkSet {
    /// Which parsed document this is.
    pub generation: Generation,
    keys: Vec<Jwk>,
    /// Why each of the other keys can't be used.
    pub skipped: Vec<Unusable>,
}

impl JwkSet {
    /// The members of a document's `keys`, each as it was received.
    pub fn entries(text: &str) -> Result<Vec<&RawValue>, &'static str> {
        let document = Members::parse(text).map_err(|_| "The JWKS is not a JSON object")?;
        let entries = document
            .get::<Vec<&RawValue>>("keys")
            .ok_or("The JWKS has no \"keys\"")?
            .map_err(|_| "The JWKS has no array of \"keys\"")?;
        if entries.len() > MOST_KEYS {
            return Err("The JWKS has too many keys");
        }
        Ok(entries)
    }

    /// Reads a document. A key that can't be used is skipped; the error is of a document that is no JWKS.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let entries = Self::entries(text)?;
        let mut set =
            Self { generation: Generation::next(), keys: Vec::new(), skipped: Vec::new() };
        for entry in entries {
            match Jwk::parse(entry.get()) {
                Ok(key) => match set.keys.iter_mut().find(|known| known.same_as(&key)) {
                    Some(known) => known.absorb(key),
                    None => set.keys.push(key),
                },
                Err(reason) => set.skipped.push(reason),
            }
        }
        Ok(set)
    }

    /// How many keys can be used.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no key can be used.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The `kid` of each usable key, and the algorithms that it may be used with.
    pub fn usable(&self) -> impl Iterator<Item = (Option<&str>, impl Iterator<Item = Algorithm>)> {
        self.keys.iter().map(|key| (key.id.as_deref(), key.algorithms()))
    }

    /// Whether a usable key has this `kid`.
    #[must_use]
    pub fn has_name(&self, name: &str) -> bool {
        self.keys.iter().any(|key| key.id.as_deref() == Some(name))
    }

    /// The key for a token's `kid` and `alg` (contract §4, rule 2). Without a `kid` exactly one key must
    /// be usable with the algorithm.
    pub fn select(
        &self,
        key_id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<&VerifyingKey, TokenError> {
        let mut candidates = self
            .keys
            .iter()
            .filter(|key| key_id.is_none() || key.id.as_deref() == key_id)
            .filter_map(|key| key.verifying_key(algorithm));
        let key = candidates.next().ok_or(TokenError::UnknownKey)?;
        if candidates.next().is_some() {
            return Err(TokenError::AmbiguousKey);
        }
        Ok(key)
    }
}
