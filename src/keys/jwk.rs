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
        let (kind, material) = Material::read(&jwk)?;
        if !is_for_signatures(&jwk)? {
            return Err(Unusable::Purpose);
        }
        let only = algorithm_of(&jwk)?;

        let verifying_keys = kind
            .algorithms()
            .iter()
            .filter(|algorithm| only.is_none_or(|only| only == **algorithm))
            .map(|algorithm| material.verifying_key(*algorithm))
            .collect::<Result<Vec<_>, Unusable>>()?;
        if verifying_keys.is_empty() {
            return Err(Unusable::Algorithm);
        }
        Ok(Self { id: text_of(&jwk, "kid")?, verifying_keys, material: material.bytes() })
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

/// A member that is a string, where it is present.
pub(super) fn text_of(jwk: &Members<'_>, name: &str) -> Result<Option<String>, Unusable> {
    jwk.get::<String>(name).transpose().map_err(|_| Unusable::Malformed)
}

/// `alg`, where it is present: the one algorithm that the key may be used with (RFC 7517 §4.4).
pub(super) fn algorithm_of(jwk: &Members<'_>) -> Result<Option<Algorithm>, Unusable> {
    let name = text_of(jwk, "alg")?;
    name.map(|name| Algorithm::parse(&name).ok_or(Unusable::Algorithm)).transpose()
}

/// Whether `use` and `key_ops`, where they are present, are for verification (RFC 7517 §4.2, §4.3).
pub(super) fn is_for_signatures(jwk: &Members<'_>) -> Result<bool, Unusable> {
    let operations = jwk.get::<Vec<String>>("key_ops").transpose();
    let operations = operations.map_err(|_| Unusable::Malformed)?;
    Ok(text_of(jwk, "use")?.is_none_or(|purpose| purpose == "sig")
        && operations.is_none_or(|operations| operations.iter().any(|it| it == "verify")))
}

impl Material {
    /// The key's type and its numbers.
    pub(super) fn read(jwk: &Members<'_>) -> Result<(Kind, Self), Unusable> {
        let string = |name: &str| text_of(jwk, name)?.ok_or(Unusable::Malformed);
        let number = |name: &str| decode(&string(name)?).ok_or(Unusable::Malformed);
        Ok(match string("kty")?.as_str() {
            "RSA" => (Kind::Rsa, Self::rsa(&number("n")?, &number("e")?)?),
            "EC" => {
                let kind = Kind::curve(&string("crv")?)?;
                (kind, Self::point(kind, &number("x")?, &number("y")?)?)
            }
            "OKP" if text_of(jwk, "crv")?.as_deref() == Some("Ed25519") => {
                (Kind::Ed25519, Self::ed25519(number("x")?)?)
            }
            "OKP" => return Err(Unusable::Curve),
            _ => return Err(Unusable::KeyType),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Algorithm, Jwk, Unusable};

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

    /// RFC 7515, appendix A.4.
    #[test]
    fn a_key_of_p_521_is_for_es512() {
        let key = Jwk::parse(
            r#"{"kty":"EC","crv":"P-521",
            "x":"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
            "y":"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"}"#,
        );
        let algorithms: Vec<_> = key.unwrap().algorithms().collect();
        assert_eq!(algorithms, [Algorithm::Es512]);
    }

    #[test]
    fn a_key_of_another_curve_is_none() {
        for curve in ["X25519", "Ed448", "P-256", ""] {
            let text = format!("{{{POINT}}}").replace("Ed25519", curve);
            assert_eq!(Jwk::parse(&text).err(), Some(Unusable::Curve), "{curve}");
        }
        let text = format!("{{{POINT}}}").replace("OKP", "oct");
        assert_eq!(Jwk::parse(&text).err(), Some(Unusable::KeyType));
    }
}
