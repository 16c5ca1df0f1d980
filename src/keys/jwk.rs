//! One JSON Web Key (RFC 7517): parsed, or the reason why it can't be used. It is parsed once, when its
//! set arrives; a token only selects a key and verifies.

use super::algorithm::Algorithm;
use super::unusable::Unusable;
use super::verifying_key::{Kind, Material, VerifyingKey};
use crate::base64url::decode;
use crate::json::Members;

/// A public key that can verify signatures.
#[derive(Debug)]
pub struct Jwk {
    pub(super) id: Option<String>,
    /// One for each algorithm that this key may be used with.
    verifying_keys: Vec<VerifyingKey>,
    /// The key's numbers: two entries with the same numbers are one key.
    material: Vec<u8>,
}

impl Jwk {
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

        let verifying_keys = kind
            .algorithms()
            .iter()
            .filter(|algorithm| only.is_none_or(|only| only == **algorithm))
            .map(|algorithm| material.verifying_key(*algorithm))
            .collect::<Result<Vec<_>, Unusable>>()?;
        if verifying_keys.is_empty() {
            return Err(Unusable::Algorithm);
        }
        Ok(Self { id: string("kid")?, verifying_keys, material: material.bytes() })
    }

    /// The algorithms that it may be used with.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.verifying_keys.iter().map(|key| key.algorithm)
    }

    pub(super) fn verifying_key(&self, algorithm: Algorithm) -> Option<&VerifyingKey> {
        self.verifying_keys.iter().find(|key| key.algorithm == algorithm)
    }

    /// Whether another entry of the set is for the same key.
    pub(super) fn same_as(&self, other: &Self) -> bool {
        self.id == other.id && self.material == other.material
    }

    /// Adds the algorithms of another entry for the same key: a set may list a key once for each of its
    /// algorithms.
    pub(super) fn absorb(&mut self, other: Self) {
        for key in other.verifying_keys {
            if self.verifying_key(key.algorithm).is_none() {
                self.verifying_keys.push(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Jwk, Unusable};

    const POINT: &str =
        r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;

    fn parse(more: &str) -> Result<Jwk, Unusable> {
        Jwk::parse(&format!("{{{POINT}{more}}}"))
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
