//! Keys that sign: the client's own, for client assertions.

use std::fmt;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPairComponents, PublicKeyComponents};
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, RsaEncoding, RsaKeyPair};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::algorithm::Algorithm;
use crate::base64url::{decode, encode};
use crate::json::Members;

/// Why a JWK can't sign. Holds none of its values.
#[derive(Debug, PartialEq, Eq)]
pub struct Unsuitable(pub String);

fn unsuitable(why: &str) -> Unsuitable {
    Unsuitable(why.to_owned())
}

/// A private or symmetric key, its algorithm and its `kid`.
pub struct SigningKey {
    alg: &'static str,
    kid: Option<String>,
    key: Key,
}

/// Never shown.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

enum Key {
    Hmac(Box<hmac::Key>),
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

/// The members of a private JWK. What is decoded of it is overwritten when it goes; the keys themselves are in
/// memory of aws-lc, which overwrites all that it frees.
struct PrivateJwk<'a>(Members<'a>);

impl<'a> PrivateJwk<'a> {
    fn parse(text: &'a str) -> Result<Self, Unsuitable> {
        Members::parse(text).map(Self).map_err(|_| unsuitable("it is no JSON object"))
    }

    fn text(&self, name: &str) -> Result<Option<String>, Unsuitable> {
        match self.0.get::<String>(name) {
            None => Ok(None),
            Some(Ok(text)) => Ok(Some(text)),
            Some(Err(_)) => Err(Unsuitable(format!("\"{name}\" must be a string"))),
        }
    }

    fn bytes(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, Unsuitable> {
        let text = self.text(name)?.map(Zeroizing::new);
        text.and_then(|text| decode(&text).map(Zeroizing::new))
            .ok_or_else(|| Unsuitable(format!("\"{name}\" is missing, or not base64url")))
    }
}

impl SigningKey {
    /// A shared secret, for HS256.
    #[must_use]
    pub fn shared(secret: &[u8]) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        Self { alg: "HS256", kid: None, key: Key::Hmac(Box::new(key)) }
    }

    fn hmac(secret: &[u8], alg: Option<&str>, kid: Option<String>) -> Result<Self, Unsuitable> {
        let (alg, algorithm) = match alg {
            None | Some("HS256") => ("HS256", hmac::HMAC_SHA256),
            Some("HS384") => ("HS384", hmac::HMAC_SHA384),
            Some("HS512") => ("HS512", hmac::HMAC_SHA512),
            Some(_) => return Err(unsuitable("\"alg\" must be HS256, HS384 or HS512")),
        };
        Ok(Self { alg, kid, key: Key::Hmac(Box::new(hmac::Key::new(algorithm, secret))) })
    }

    /// A JWK of type `oct`; HS256 where it has no `alg`.
    pub fn symmetric_jwk(text: &str) -> Result<Self, Unsuitable> {
        let jwk = PrivateJwk::parse(text)?;
        if jwk.text("kty")?.as_deref() != Some("oct") {
            return Err(unsuitable(
                "\"kty\" must be \"oct\" with clientAuthMethod client_secret_jwt",
            ));
        }
        let secret = jwk.bytes("k")?;
        if secret.is_empty() {
            return Err(unsuitable("\"k\" is not allowed to be empty"));
        }
        Self::hmac(&secret, jwk.text("alg")?.as_deref(), jwk.text("kid")?)
    }

    /// A JWK of type `RSA`, `EC` or `OKP` with its private members.
    pub fn private_jwk(text: &str) -> Result<Self, Unsuitable> {
        let jwk = PrivateJwk::parse(text)?;
        let kid = jwk.text("kid")?;
        let alg = jwk.text("alg")?;
        let rejected = |_| unsuitable("its numbers are no valid private key");
        match jwk.text("kty")?.as_deref() {
            Some("RSA") => {
                let (alg, encoding) = rsa_encoding(alg.as_deref().unwrap_or("RS256"))
                    .ok_or_else(|| unsuitable("\"alg\" does not go with an RSA key"))?;
                let components = KeyPairComponents {
                    public_key: PublicKeyComponents { n: jwk.bytes("n")?, e: jwk.bytes("e")? },
                    d: jwk.bytes("d")?,
                    p: jwk.bytes("p")?,
                    q: jwk.bytes("q")?,
                    dP: jwk.bytes("dp")?,
                    dQ: jwk.bytes("dq")?,
                    qInv: jwk.bytes("qi")?,
                };
                let pair = RsaKeyPair::from_components(&components).map_err(rejected)?;
                Ok(Self { alg, kid, key: Key::Rsa(pair, encoding) })
            }
            Some("EC") => {
                let (own, scheme) = match jwk.text("crv")?.as_deref() {
                    Some("P-256") => ("ES256", &signature::ECDSA_P256_SHA256_FIXED_SIGNING),
                    Some("P-384") => ("ES384", &signature::ECDSA_P384_SHA384_FIXED_SIGNING),
                    Some("P-521") => ("ES512", &signature::ECDSA_P521_SHA512_FIXED_SIGNING),
                    _ => return Err(unsuitable("\"crv\" must be P-256, P-384 or P-521")),
                };
                if alg.is_some_and(|alg| alg != own) {
                    return Err(unsuitable("\"alg\" does not go with its curve"));
                }
                let point = [&[4], &**jwk.bytes("x")?, &**jwk.bytes("y")?].concat();
                let d = jwk.bytes("d")?;
                let pair = EcdsaKeyPair::from_private_key_and_public_key(scheme, &d, &point)
                    .map_err(rejected)?;
                Ok(Self { alg: own, kid, key: Key::Ec(pair) })
            }
            Some("OKP") if jwk.text("crv")?.as_deref() == Some("Ed25519") => {
                let alg = match alg.as_deref() {
                    None | Some("EdDSA") => "EdDSA",
                    Some("Ed25519") => "Ed25519",
                    Some(_) => return Err(unsuitable("\"alg\" does not go with an Ed25519 key")),
                };
                let (seed, public) = (jwk.bytes("d")?, jwk.bytes("x")?);
                let pair =
                    Ed25519KeyPair::from_seed_and_public_key(&seed, &public).map_err(rejected)?;
                Ok(Self { alg, kid, key: Key::Ed(pair) })
            }
            _ => Err(unsuitable("\"kty\" must be RSA, EC or OKP (Ed25519)")),
        }
    }

    /// A JWT with these claims, in compact form. `None` where the system has no randomness.
    #[must_use]
    pub fn sign_jwt(&self, claims: &Value) -> Option<String> {
        let header = match &self.kid {
            Some(kid) => json!({ "alg": self.alg, "typ": "JWT", "kid": kid }),
            None => json!({ "alg": self.alg, "typ": "JWT" }),
        };
        let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let signature = self.sign(signed.as_bytes())?;
        Some(format!("{signed}.{}", encode(signature)))
    }

    fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        Some(match &self.key {
            Key::Hmac(key) => hmac::sign(key, message).as_ref().to_vec(),
            Key::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature).ok()?;
                signature
            }
            Key::Ec(pair) => pair.sign(&random, message).ok()?.as_ref().to_vec(),
            Key::Ed(pair) => pair.sign(message).as_ref().to_vec(),
        })
    }
}

fn rsa_encoding(alg: &str) -> Option<(&'static str, &'static dyn RsaEncoding)> {
    Some(match Algorithm::parse(alg)? {
        Algorithm::Rs256 => ("RS256", &signature::RSA_PKCS1_SHA256),
        Algorithm::Rs384 => ("RS384", &signature::RSA_PKCS1_SHA384),
        Algorithm::Rs512 => ("RS512", &signature::RSA_PKCS1_SHA512),
        Algorithm::Ps256 => ("PS256", &signature::RSA_PSS_SHA256),
        Algorithm::Ps384 => ("PS384", &signature::RSA_PSS_SHA384),
        Algorithm::Ps512 => ("PS512", &signature::RSA_PSS_SHA512),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::SigningKey;

    /// RFC 8037, appendix A.1.
    const KEY: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}"#;

    #[test]
    fn an_okp_key_is_one_of_ed25519() {
        assert!(SigningKey::private_jwk(KEY).is_ok());
        for other in [r#""X25519""#, r#""Ed448""#, r#""P-256""#, r#""""#] {
            let refused = SigningKey::private_jwk(&KEY.replace(r#""Ed25519""#, other)).unwrap_err();
            assert_eq!(refused.0, "\"kty\" must be RSA, EC or OKP (Ed25519)", "{other}");
        }
        assert!(SigningKey::private_jwk(&KEY.replace(r#""crv":"Ed25519","#, "")).is_err());
    }
}
