//! One JSON Web Key (RFC 7517) becomes one parsed key, or the reason why it can't be used. The work
//! is done once, when the set arrives; a token only picks a key and verifies.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::value::RawValue;

use super::verifier::{Kind, Material, Verifier};
use crate::error::TokenError;
use crate::json::Members;
use crate::token::jws::{Algorithm, Header, decode};

/// The most keys of one set that are looked at.
pub const MOST_KEYS: usize = 1024;

/// A public key that can verify signatures.
#[derive(Debug)]
pub struct Key {
    id: Option<String>,
    /// One for each algorithm that this key may be used with.
    verifiers: Vec<Verifier>,
    /// The key's own numbers: two entries of one key are one key.
    material: Vec<u8>,
}

/// Why a member of a key set is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unusable {
    /// No object, or a member is named twice or mistyped.
    Malformed,
    /// `kty` is none that verifies our algorithms: `oct`, post-quantum `AKP`, …
    KeyType,
    /// `crv` is none of P-256, P-384, P-521, Ed25519.
    Curve,
    /// `use` or `key_ops` say that it is for something else.
    Purpose,
    /// `alg` is none that is accepted, or does not go with the key.
    Algorithm,
    /// An RSA key under 2048 bits or over 8192, or with an exponent that is 1, even or huge; an Ed25519
    /// key of small order.
    Strength,
    /// Its numbers are no point of the curve, or no RSA key.
    Material,
}

impl Unusable {
    /// The stable machine word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::KeyType => "unsupported_key_type",
            Self::Curve => "unsupported_curve",
            Self::Purpose => "not_for_signatures",
            Self::Algorithm => "unsupported_algorithm",
            Self::Strength => "weak_or_oversized",
            Self::Material => "invalid_key",
        }
    }
}

impl Key {
    /// Reads one member of `keys`.
    pub fn parse(text: &str) -> Result<Self, Unusable> {
        let jwk = Members::parse(text).map_err(|_| Unusable::Malformed)?;
        let string = |name: &str| match jwk.get::<String>(name) {
            None => Ok(None),
            Some(value) => value.map(Some).map_err(|_| Unusable::Malformed),
        };
        let number = |name: &str| -> Result<Vec<u8>, Unusable> {
            decode(&string(name)?.ok_or(Unusable::Malformed)?).ok_or(Unusable::Malformed)
        };

        let key_type = string("kty")?.ok_or(Unusable::Malformed)?;
        let (kind, material) = match key_type.as_str() {
            "RSA" => (Kind::Rsa, Material::rsa(&number("n")?, &number("e")?)?),
            "EC" => {
                let kind = Kind::curve(&string("crv")?.ok_or(Unusable::Malformed)?)?;
                (kind, Material::point(kind, &number("x")?, &number("y")?)?)
            }
            "OKP" => {
                if string("crv")?.as_deref() != Some("Ed25519") {
                    return Err(Unusable::Curve);
                }
                (Kind::Ed25519, Material::ed25519(number("x")?)?)
            }
            _ => return Err(Unusable::KeyType),
        };

        if string("use")?.is_some_and(|purpose| purpose != "sig") {
            return Err(Unusable::Purpose);
        }
        if let Some(operations) = jwk.get::<Vec<String>>("key_ops") {
            let operations = operations.map_err(|_| Unusable::Malformed)?;
            if !operations.iter().any(|operation| operation == "verify") {
                return Err(Unusable::Purpose);
            }
        }
        let only = match string("alg")? {
            None => None,
            Some(name) => Some(Algorithm::parse(&name).ok_or(Unusable::Algorithm)?),
        };

        let verifiers = kind
            .algorithms()
            .iter()
            .filter(|algorithm| only.is_none_or(|only| only == **algorithm))
            .map(|algorithm| material.verifier(*algorithm))
            .collect::<Result<Vec<_>, Unusable>>()?;
        if verifiers.is_empty() {
            return Err(Unusable::Algorithm);
        }
        Ok(Self { id: string("kid")?, verifiers, material: material.identity() })
    }

    /// What it may verify.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.verifiers.iter().map(|verifier| verifier.algorithm)
    }

    fn verifier(&self, algorithm: Algorithm) -> Option<&Verifier> {
        self.verifiers.iter().find(|verifier| verifier.algorithm == algorithm)
    }

    fn same_as(&self, other: &Self) -> bool {
        self.id == other.id && self.material == other.material
    }

    /// Takes over what another entry for the same key adds: the same key may be listed once for
    /// each of its algorithms.
    fn absorb(&mut self, other: Self) {
        for verifier in other.verifiers {
            if self.verifier(verifier.algorithm).is_none() {
                self.verifiers.push(verifier);
            }
        }
    }
}

/// Tells one reading of a JWKS document from every other: no two in a process are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generation(u64);

impl Generation {
    fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed))
    }
}

/// The keys of one JWKS document that can be used.
#[derive(Debug)]
pub struct KeySet {
    /// Which reading of a document this is.
    pub generation: Generation,
    keys: Vec<Key>,
    /// Why each of the others can't.
    pub skipped: Vec<Unusable>,
}

impl KeySet {
    /// The members of a document's `keys`, each as it came.
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

    /// Reads a document (RFC 7517 §5). Only a document that is none is an error; an unusable key is
    /// passed over and the rest of the set still serves.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let entries = Self::entries(text)?;
        let mut set =
            Self { generation: Generation::next(), keys: Vec::new(), skipped: Vec::new() };
        for entry in entries {
            match Key::parse(entry.get()) {
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

    /// Whether none can.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The name of each key that can be used, and what it may verify.
    pub fn usable(&self) -> impl Iterator<Item = (Option<&str>, impl Iterator<Item = Algorithm>)> {
        self.keys.iter().map(|key| (key.id.as_deref(), key.algorithms()))
    }

    /// Whether a key of this name is there, whatever it can be used for.
    #[must_use]
    pub fn has_name(&self, name: &str) -> bool {
        self.keys.iter().any(|key| key.id.as_deref() == Some(name))
    }

    /// The one key that a header asks for (contract §4, rule 2). A token without `kid` is served only
    /// where a single key could have signed it.
    pub fn select(&self, header: &Header) -> Result<&Verifier, TokenError> {
        let mut candidates = self
            .keys
            .iter()
            .filter(|key| header.key_id.is_none() || key.id == header.key_id)
            .filter_map(|key| key.verifier(header.algorithm));
        let verifier = candidates.next().ok_or(TokenError::UnknownKey)?;
        if candidates.next().is_some() {
            return Err(TokenError::AmbiguousKey);
        }
        Ok(verifier)
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, Unusable};

    const POINT: &str =
        r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;

    fn parse(more: &str) -> Result<Key, Unusable> {
        Key::parse(&format!("{{{POINT}{more}}}"))
    }

    #[test]
    fn a_key_for_no_algorithm_of_its_kind_is_none() {
        assert!(parse("").is_ok());
        for known in ["EdDSA", "Ed25519"] {
            assert!(parse(&format!(r#","alg":"{known}""#)).is_ok(), "{known}");
        }
        for foreign in ["ES256", "RS256", "PS512", "HS256", "none", ""] {
            let key = parse(&format!(r#","alg":"{foreign}""#));
            assert_eq!(key.err(), Some(Unusable::Algorithm), "{foreign}");
        }
    }

    #[test]
    fn a_member_that_is_no_string_makes_a_key_malformed() {
        for member in ["kid", "use", "alg"] {
            for value in ["1", "null", "true", "[]", r#"["sig"]"#, "{}"] {
                let key = parse(&format!(r#","{member}":{value}"#));
                assert_eq!(key.err(), Some(Unusable::Malformed), "{member}: {value}");
            }
        }
        assert_eq!(parse(r#","kid":"a","kid":"b""#).err(), Some(Unusable::Malformed));
    }
}
