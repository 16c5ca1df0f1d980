//! The public key in the header of a DPoP proof (RFC 9449 §4.2).

use jsonwebtoken::{Algorithm as Name, DecodingKey, crypto};
use sha2::{Digest, Sha256};

use super::algorithm::Algorithm;
use super::jwk::{algorithm_of, is_for_signatures, text_of};
use super::unusable::Unusable;
use super::verifying_key::{Kind, Material};
use crate::base64url::encode;
use crate::json::Members;

/// Members that only private and symmetric keys have (RFC 7518 §6.2.2, §6.3.2, §6.4.1).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A key that came with a proof. It is used once.
pub struct ProofKey {
    kind: Kind,
    key: DecodingKey,
    /// `alg`, where the key has one.
    only: Option<Algorithm>,
    /// Its JWK thumbprint (RFC 7638 §3.1).
    pub thumbprint: String,
}

/// Without the thumbprint, which identifies a client.
impl std::fmt::Debug for ProofKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ProofKey(…)")
    }
}

impl ProofKey {
    /// Reads a public JWK, by the rules that a tenant's keys are read by.
    pub fn parse(text: &str) -> Result<Self, Unusable> {
        let jwk = Members::parse(text).map_err(|_| Unusable::Malformed)?;
        if PRIVATE.iter().any(|member| jwk.has(member)) {
            return Err(Unusable::Private);
        }
        let (kind, material) = Material::read(&jwk)?;
        if !is_for_signatures(&jwk)? {
            return Err(Unusable::Purpose);
        }
        let only = algorithm_of(&jwk)?;
        let key = match (kind, &material) {
            (_, Material::Rsa { n, e }) => DecodingKey::from_rsa_raw_components(n, e),
            (Kind::Ed25519, Material::Raw(point)) => DecodingKey::from_ed_der(point),
            (_, Material::Raw(point)) => DecodingKey::from_ec_der(point),
        };
        Ok(Self { kind, key, only, thumbprint: thumbprint(kind, &jwk)? })
    }

    /// Whether signatures of this algorithm can be this key's.
    #[must_use]
    pub fn is_for(&self, algorithm: Algorithm) -> bool {
        self.kind.algorithms().contains(&algorithm)
            && self.only.is_none_or(|only| only == algorithm)
            && name_of(algorithm).is_some()
    }

    /// Whether a signature, in base64url, over exactly these bytes is this key's.
    #[must_use]
    pub fn verifies(&self, signed: &[u8], signature: &str, algorithm: Algorithm) -> bool {
        self.is_for(algorithm)
            && name_of(algorithm).is_some_and(|name| {
                crypto::verify(signature, signed, &self.key, name).unwrap_or(false)
            })
    }
}

/// The members and their order are those of RFC 7638 §3.2 and RFC 8037 §2. Their values have been decoded
/// as base64url, which leaves nothing to escape.
fn thumbprint(kind: Kind, jwk: &Members<'_>) -> Result<String, Unusable> {
    let names: &[&str] = match kind {
        Kind::Rsa => &["e", "kty", "n"],
        Kind::Ed25519 => &["crv", "kty", "x"],
        Kind::P256 | Kind::P384 | Kind::P521 => &["crv", "kty", "x", "y"],
    };
    let mut members = Vec::with_capacity(names.len());
    for name in names {
        let value = text_of(jwk, name)?.ok_or(Unusable::Malformed)?;
        members.push(format!("\"{name}\":\"{value}\""));
    }
    Ok(encode(Sha256::digest(format!("{{{}}}", members.join(",")))))
}

/// `None` for ES512, which `jsonwebtoken` does not have.
fn name_of(algorithm: Algorithm) -> Option<Name> {
    Some(match algorithm {
        Algorithm::Rs256 => Name::RS256,
        Algorithm::Rs384 => Name::RS384,
        Algorithm::Rs512 => Name::RS512,
        Algorithm::Ps256 => Name::PS256,
        Algorithm::Ps384 => Name::PS384,
        Algorithm::Ps512 => Name::PS512,
        Algorithm::Es256 => Name::ES256,
        Algorithm::Es384 => Name::ES384,
        Algorithm::Ed25519 => Name::EdDSA,
        Algorithm::Es512 => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key and its thumbprint in RFC 7638 §3.1.
    const RSA: &str = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;
    /// The key of RFC 8037 appendix A, and its thumbprint in A.3.
    const ED25519: &str =
        r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

    #[test]
    fn thumbprints_are_those_of_the_rfcs() {
        let of = |text: &str| ProofKey::parse(text).unwrap().thumbprint;
        assert_eq!(of(RSA), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        assert_eq!(of(ED25519), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn a_key_with_a_private_member_is_refused() {
        for member in PRIVATE {
            let text = ED25519.replace("{", &format!("{{\"{member}\":\"AA\","));
            assert_eq!(ProofKey::parse(&text).err(), Some(Unusable::Private), "{member}");
        }
        let symmetric = r#"{"kty":"oct","alg":"HS256"}"#;
        assert_eq!(ProofKey::parse(symmetric).err(), Some(Unusable::KeyType));
    }

    #[test]
    fn a_key_serves_the_algorithms_of_its_type_only() {
        let key = ProofKey::parse(RSA).unwrap();
        // Its own `alg`.
        assert!(key.is_for(Algorithm::Rs256));
        for other in [Algorithm::Ps256, Algorithm::Es256, Algorithm::Ed25519] {
            assert!(!key.is_for(other), "{other:?}");
            assert!(!key.verifies(b"", "", other));
        }
        let p521 = format!(
            r#"{{"kty":"EC","crv":"P-521","x":"{}","y":"{}"}}"#,
            encode([1; 66]),
            encode([1; 66])
        );
        assert!(!ProofKey::parse(&p521).unwrap().is_for(Algorithm::Es512));
    }
}
