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

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str =
        r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;
    const B: &str =
        r#""kty":"OKP","crv":"Ed25519","x":"iR5_mXgC-8Xg2tPuXUJ6hp3rKN3rlWx1pnFGf3XzUZ0""#;

    fn set(keys: &[String]) -> Result<JwkSet, &'static str> {
        JwkSet::parse(&format!(r#"{{"keys":[{}]}}"#, keys.join(",")))
    }

    fn key(material: &str, more: &str) -> String {
        format!("{{{material}{more}}}")
    }

    #[test]
    fn an_entry_for_the_same_key_is_no_other_key() {
        let named = |name: &str| format!(r#","kid":"{name}""#);
        for (other, keys) in [
            (key(A, &named("a")), 1),
            (key(A, &format!(r#"{},"alg":"EdDSA""#, named("a"))), 1),
            (key(A, &named("b")), 2),
            (key(A, ""), 2),
            (key(B, &named("a")), 2),
        ] {
            let set = set(&[key(A, &named("a")), other.clone()]).unwrap();
            assert_eq!((set.len(), set.skipped.len()), (keys, 0), "{other}");
            let refusal = set.select(None, Algorithm::Ed25519).err();
            assert_eq!(refusal, (keys == 2).then_some(TokenError::AmbiguousKey), "{other}");
        }
    }

    #[test]
    fn a_name_is_that_of_a_usable_key() {
        let set = set(&[key(A, r#","kid":"a""#), key(B, r#","kid":"b","use":"enc""#)]).unwrap();
        assert_eq!((set.has_name("a"), set.has_name("b"), set.has_name("c")), (true, false, false));
        assert!(!set.is_empty());
        assert!(JwkSet::parse(r#"{"keys":[]}"#).unwrap().is_empty());
        let names: Vec<_> =
            set.usable().map(|(name, algorithms)| (name, algorithms.collect())).collect();
        assert_eq!(names, [(Some("a"), vec![Algorithm::Ed25519])]);
    }

    #[test]
    fn a_document_has_a_largest_number_of_keys() {
        let many = |count: usize| set(&vec!["{}".to_owned(); count]).map(|set| set.skipped.len());
        assert_eq!(many(MOST_KEYS), Ok(MOST_KEYS));
        assert!(many(MOST_KEYS + 1).is_err());
        assert!(many(MOST_KEYS + 2).is_err());
    }
}
