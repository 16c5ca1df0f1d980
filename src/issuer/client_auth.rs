//! How this API proves to the tenant who it is: RFC 6749 §2.3.1, RFC 7523 §2.2, RFC 8705 §2.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::{SystemRandom, fill};
use aws_lc_rs::rsa::{KeyPairComponents, PublicKeyComponents};
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, RsaEncoding, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::discovery::Metadata;
use crate::config::{ClientAuthMethod, ClientSecret, Config, Flavour, TenantDomain};
use crate::error::{Error, ValidationError};
use crate::json::Members;
use crate::token::jws::{Algorithm, decode};

/// Assertions live this long, in seconds.
const LIFETIME: u64 = 60;

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const JWT_SPIFFE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe";

/// Credentials, complete and of the right kind for their method. Never shown.
pub struct ClientAuth {
    flavour: Flavour,
    id: String,
    trust_store: Option<String>,
    /// The issuer: whom assertions are for.
    audience: String,
    proof: Proof,
}

/// What a client can introspect with, or why it can't.
pub type Credible = Result<Arc<ClientAuth>, ValidationError>;

enum Proof {
    /// A public client: its `client_id` alone.
    None,
    Basic(String),
    Post(String),
    Assertion(Box<SigningKey>),
    /// The certificate is in the handshake.
    Certificate,
    Spiffe(String),
}

impl fmt::Debug for ClientAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientAuth(…)")
    }
}

/// What goes into one request.
pub struct Credentials {
    /// The `Authorization` header, where the method has one.
    pub authorization: Option<String>,
    /// Members of the form.
    pub form: Vec<(&'static str, String)>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

impl ClientAuth {
    /// What a client can introspect with, or why it can't introspect: it has no `clientId`, or its
    /// method needs a `clientSecret` that is missing, which is no error before there is a token to
    /// introspect. Credentials that are there and can't be used are an error at once.
    pub fn new(config: &Config) -> Result<Credible, ValidationError> {
        use ClientAuthMethod as Method;
        let flavour = config.flavour;
        let Some(id) = config.client_id.clone() else {
            return Ok(Err(ValidationError::new(format!(
                "clientId is required to introspect access tokens{}",
                flavour.advice("MONOCLOUD_BACKEND_CLIENT_ID")
            ))));
        };
        let method = config.client_auth_method;
        let lacking = |rule: &str| lacking(flavour, method, rule);
        let secret = config.client_secret.as_ref();
        let proof = match (method, secret) {
            (Method::ClientSecretBasic | Method::ClientSecretPost, None) => Proof::None,
            (Method::ClientSecretJwt | Method::SpiffeJwt, None) => {
                return Ok(Err(lacking("is required")));
            }
            (Method::PrivateKeyJwt, None) => {
                return Ok(Err(lacking("is required: a JWK with a private key")));
            }
            (
                Method::ClientSecretBasic | Method::ClientSecretPost | Method::SpiffeJwt,
                Some(ClientSecret::Jwk(_)),
            ) => return Err(lacking("must be a string")),
            (Method::PrivateKeyJwt, Some(ClientSecret::Text(_))) => {
                return Err(lacking("must be a valid JWK with a private key"));
            }
            (Method::ClientSecretBasic, Some(ClientSecret::Text(text))) => {
                Proof::Basic(text.clone())
            }
            (Method::ClientSecretPost, Some(ClientSecret::Text(text))) => Proof::Post(text.clone()),
            (Method::SpiffeJwt, Some(ClientSecret::Text(text))) => Proof::Spiffe(text.clone()),
            (Method::ClientSecretJwt, Some(ClientSecret::Text(text))) => {
                Proof::Assertion(Box::new(SigningKey::shared(text.as_bytes(), None, None)?))
            }
            (Method::ClientSecretJwt, Some(ClientSecret::Jwk(jwk))) => {
                Proof::Assertion(Box::new(SigningKey::symmetric_jwk(jwk)?))
            }
            (Method::PrivateKeyJwt, Some(ClientSecret::Jwk(jwk))) => {
                Proof::Assertion(Box::new(SigningKey::private_jwk(jwk)?))
            }
            (Method::TlsClientAuth | Method::SelfSignedTlsClientAuth | Method::SpiffeX509, _) => {
                // Whoever brings a fetcher brings the handshake.
                if config.tls.cert.is_none() && !config.has_fetcher {
                    return Err(ValidationError::new(format!(
                        "\"tls.cert\" is required with clientAuthMethod {}: the client certificate, \
                         in PEM",
                        method.as_str()
                    )));
                }
                Proof::Certificate
            }
        };
        let audience = config.tenant.as_str().to_owned();
        let trust_store = config.trust_store_id.clone();
        Ok(Ok(Arc::new(Self { flavour, id, trust_store, audience, proof })))
    }

    /// Whether the proof is in the TLS handshake, so that endpoints may differ (RFC 8705 §5).
    #[must_use]
    pub fn is_by_tls(&self) -> bool {
        matches!(self.proof, Proof::Certificate)
    }

    /// Where this client introspects tokens.
    pub fn introspection_endpoint(
        &self,
        metadata: &Metadata,
        tenant: &TenantDomain,
    ) -> Result<Url, Error> {
        metadata.introspection_endpoint(
            tenant,
            self.is_by_tls(),
            self.trust_store.as_deref(),
            self.flavour,
        )
    }

    /// The credentials of one request. `now`: seconds since 1970. `None` where the system has no
    /// randomness, or a key can't sign.
    #[must_use]
    pub fn credentials(&self, now: f64) -> Option<Credentials> {
        let id = ("client_id", self.id.clone());
        let mut authorization = None;
        let form = match &self.proof {
            Proof::Basic(secret) => {
                let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
                let pair = format!("{}:{}", encode(&self.id), encode(secret));
                authorization = Some(format!("Basic {}", STANDARD.encode(pair)));
                vec![]
            }
            Proof::Post(secret) => vec![id, ("client_secret", secret.clone())],
            Proof::None | Proof::Certificate => vec![id],
            Proof::Spiffe(assertion) => assertion_form(id, JWT_SPIFFE, assertion.clone()),
            Proof::Assertion(key) => {
                assertion_form(id, JWT_BEARER, key.assertion(&self.id, &self.audience, now)?)
            }
        };
        Some(Credentials { authorization, form })
    }
}

fn assertion_form(
    id: (&'static str, String),
    kind: &str,
    assertion: String,
) -> Vec<(&'static str, String)> {
    vec![id, ("client_assertion_type", kind.to_owned()), ("client_assertion", assertion)]
}

/// A form as it goes into a body.
#[must_use]
pub fn form(members: &[(&'static str, String)]) -> String {
    let mut form = Serializer::new(String::new());
    for (name, value) in members {
        form.append_pair(name, value);
    }
    form.finish()
}

fn lacking(flavour: Flavour, method: ClientAuthMethod, rule: &str) -> ValidationError {
    ValidationError::new(format!(
        "\"clientSecret\" {rule} with clientAuthMethod {}{}",
        method.as_str(),
        flavour.advice("MONOCLOUD_BACKEND_CLIENT_SECRET")
    ))
}

fn bad_jwk(why: &str) -> ValidationError {
    ValidationError::new(format!("\"clientSecret\" must be a JWK that can sign: {why}"))
}

/// A key, its algorithm and its name.
struct SigningKey {
    alg: &'static str,
    kid: Option<String>,
    key: Key,
}

enum Key {
    Hmac(Box<hmac::Key>),
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

/// The members of a JWK, as they are needed here.
struct Jwk<'a>(Members<'a>);

impl<'a> Jwk<'a> {
    fn parse(text: &'a str) -> Result<Self, ValidationError> {
        Members::parse(text).map(Self).map_err(|_| bad_jwk("it is no JSON object"))
    }

    fn text(&self, name: &str) -> Result<Option<String>, ValidationError> {
        match self.0.get::<String>(name) {
            None => Ok(None),
            Some(Ok(text)) => Ok(Some(text)),
            Some(Err(_)) => Err(bad_jwk(&format!("\"{name}\" must be a string"))),
        }
    }

    fn bytes(&self, name: &str) -> Result<Vec<u8>, ValidationError> {
        self.text(name)?
            .and_then(|text| decode(&text))
            .ok_or_else(|| bad_jwk(&format!("\"{name}\" is missing, or not base64url")))
    }
}

impl SigningKey {
    fn shared(
        secret: &[u8],
        alg: Option<&str>,
        kid: Option<String>,
    ) -> Result<Self, ValidationError> {
        let (alg, algorithm) = match alg {
            None | Some("HS256") => ("HS256", hmac::HMAC_SHA256),
            Some("HS384") => ("HS384", hmac::HMAC_SHA384),
            Some("HS512") => ("HS512", hmac::HMAC_SHA512),
            Some(_) => return Err(bad_jwk("\"alg\" must be HS256, HS384 or HS512")),
        };
        Ok(Self { alg, kid, key: Key::Hmac(Box::new(hmac::Key::new(algorithm, secret))) })
    }

    fn symmetric_jwk(text: &str) -> Result<Self, ValidationError> {
        let jwk = Jwk::parse(text)?;
        if jwk.text("kty")?.as_deref() != Some("oct") {
            return Err(bad_jwk("\"kty\" must be \"oct\" with clientAuthMethod client_secret_jwt"));
        }
        let secret = jwk.bytes("k")?;
        if secret.is_empty() {
            return Err(bad_jwk("\"k\" is not allowed to be empty"));
        }
        Self::shared(&secret, jwk.text("alg")?.as_deref(), jwk.text("kid")?)
    }

    fn private_jwk(text: &str) -> Result<Self, ValidationError> {
        let jwk = Jwk::parse(text)?;
        let kid = jwk.text("kid")?;
        let alg = jwk.text("alg")?;
        let rejected = |_| bad_jwk("its numbers are no valid private key");
        match jwk.text("kty")?.as_deref() {
            Some("RSA") => {
                let (alg, encoding) = rsa_encoding(alg.as_deref().unwrap_or("RS256"))
                    .ok_or_else(|| bad_jwk("\"alg\" does not go with an RSA key"))?;
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
                    _ => return Err(bad_jwk("\"crv\" must be P-256, P-384 or P-521")),
                };
                if alg.is_some_and(|alg| alg != own) {
                    return Err(bad_jwk("\"alg\" does not go with its curve"));
                }
                let point = [vec![4], jwk.bytes("x")?, jwk.bytes("y")?].concat();
                let d = jwk.bytes("d")?;
                let pair = EcdsaKeyPair::from_private_key_and_public_key(scheme, &d, &point)
                    .map_err(rejected)?;
                Ok(Self { alg: own, kid, key: Key::Ec(pair) })
            }
            Some("OKP") if jwk.text("crv")?.as_deref() == Some("Ed25519") => {
                let alg = match alg.as_deref() {
                    None | Some("EdDSA") => "EdDSA",
                    Some("Ed25519") => "Ed25519",
                    Some(_) => return Err(bad_jwk("\"alg\" does not go with an Ed25519 key")),
                };
                let (seed, public) = (jwk.bytes("d")?, jwk.bytes("x")?);
                let pair =
                    Ed25519KeyPair::from_seed_and_public_key(&seed, &public).map_err(rejected)?;
                Ok(Self { alg, kid, key: Key::Ed(pair) })
            }
            _ => Err(bad_jwk("\"kty\" must be RSA, EC or OKP (Ed25519)")),
        }
    }

    /// RFC 7523 §3.
    fn assertion(&self, client: &str, audience: &str, now: f64) -> Option<String> {
        let mut jti = [0; 16];
        fill(&mut jti).ok()?;
        let now = now as u64;
        let header = match &self.kid {
            Some(kid) => json!({ "alg": self.alg, "typ": "JWT", "kid": kid }),
            None => json!({ "alg": self.alg, "typ": "JWT" }),
        };
        let claims = json!({
            "iss": client,
            "sub": client,
            "aud": audience,
            "jti": URL_SAFE_NO_PAD.encode(jti),
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME,
        });
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = self.sign(signed.as_bytes())?;
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
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
    use std::collections::HashMap;

    use super::*;
    use crate::config::{Given, Sources};

    fn auth(flavour: Flavour, options: &[(&str, &str)]) -> Result<Credible, ValidationError> {
        let required = [("tenantDomain", "https://t.example"), ("audience", "https://api.example")];
        let options = required.iter().chain(options);
        let options =
            options.map(|(name, value)| ((*name).to_owned(), Given::Text((*value).into())));
        let sources = Sources { options: options.collect(), environment: HashMap::new() };
        ClientAuth::new(&Config::read(flavour, &sources).unwrap())
    }

    #[test]
    fn a_client_without_secret_is_a_public_client() {
        for flavour in [Flavour::BackendNode, Flavour::OidcBackend] {
            for method in ["client_secret_basic", "client_secret_post"] {
                let options = [("clientId", "me"), ("clientAuthMethod", method)];
                let credentials =
                    auth(flavour, &options).unwrap().unwrap().credentials(0.0).unwrap();
                assert_eq!(credentials.authorization, None);
                assert_eq!(credentials.form, [("client_id", "me".to_owned())]);
            }
        }
    }

    #[test]
    fn a_secret_that_a_method_needs_is_missed_at_the_first_introspection() {
        for method in ["client_secret_jwt", "private_key_jwt", "spiffe_jwt"] {
            let options = [("clientId", "me"), ("clientAuthMethod", method)];
            let error = auth(Flavour::BackendNode, &options).unwrap().unwrap_err().0;
            assert!(error.starts_with("\"clientSecret\" is required"), "{error}");
            assert!(error.contains("MONOCLOUD_BACKEND_CLIENT_SECRET"), "{error}");
            let error = auth(Flavour::OidcBackend, &options).unwrap().unwrap_err().0;
            assert!(!error.contains("MONOCLOUD"), "{error}");
        }
        let error = auth(Flavour::BackendNode, &[]).unwrap().unwrap_err().0;
        assert!(
            error.starts_with("clientId is required") && error.contains("_CLIENT_ID"),
            "{error}"
        );
        let error = auth(Flavour::OidcBackend, &[]).unwrap().unwrap_err().0;
        assert_eq!(error, "clientId is required to introspect access tokens");
        // What is there and can't be used is said at once.
        let options =
            [("clientId", "me"), ("clientAuthMethod", "private_key_jwt"), ("clientSecret", "x")];
        assert!(auth(Flavour::BackendNode, &options).is_err());
    }
}
