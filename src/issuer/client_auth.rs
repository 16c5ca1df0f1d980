//! Client authentication at the tenant: RFC 6749 §2.3.1, RFC 7523 §2.2, RFC 8705 §2.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand::fill;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use url::Url;
use url::form_urlencoded::Serializer;

use super::discovery::Metadata;
use crate::base64url::encode;
use crate::config::{ClientAuthMethod, ClientSecret, Config, Flavour, TenantDomain, options};
use crate::error::{Error, ValidationError};
use crate::keys::signing_key::{SigningKey, Unsuitable};
use crate::secret::{Secret, form_length};

/// The lifetime of an assertion, in seconds.
const LIFETIME: u64 = 60;

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const JWT_SPIFFE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe";

/// A client's credentials, checked against its method. Never shown.
pub struct ClientAuth {
    flavour: Flavour,
    id: String,
    trust_store: Option<String>,
    /// `aud` of assertions: the issuer.
    audience: String,
    proof: Proof,
}

/// The credentials for introspection, or why there are none.
pub type Credible = Result<Arc<ClientAuth>, ValidationError>;

enum Proof {
    /// A public client: its `client_id` alone.
    None,
    Basic(Secret),
    Post(Secret),
    Assertion(Box<SigningKey>),
    /// The client certificate of the TLS handshake.
    Certificate,
    Spiffe(Secret),
}

impl fmt::Debug for ClientAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientAuth(…)")
    }
}

/// The credentials of one request.
pub struct Credentials {
    /// The `Authorization` header, where the method has one.
    pub authorization: Option<Secret>,
    /// Members of the form.
    pub form: Vec<(&'static str, Secret)>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

impl ClientAuth {
    /// The credentials for introspection, or the error of each introspection: without `clientId`, or
    /// without a `clientSecret` that the method needs. The outer error is of credentials that are given
    /// and can't be used.
    pub fn new(config: &Config) -> Result<Credible, ValidationError> {
        use ClientAuthMethod as Method;
        let flavour = config.flavour;
        let Some(id) = config.client_id.clone() else {
            return Ok(Err(ValidationError::new(format!(
                "clientId is required to introspect access tokens{}",
                options::CLIENT_ID.advice(flavour)
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
                Proof::Assertion(Box::new(SigningKey::shared(text.as_bytes())))
            }
            (Method::ClientSecretJwt, Some(ClientSecret::Jwk(jwk))) => {
                Proof::Assertion(Box::new(SigningKey::symmetric_jwk(jwk).map_err(unsuitable)?))
            }
            (Method::PrivateKeyJwt, Some(ClientSecret::Jwk(jwk))) => {
                Proof::Assertion(Box::new(SigningKey::private_jwk(jwk).map_err(unsuitable)?))
            }
            (Method::TlsClientAuth | Method::SelfSignedTlsClientAuth | Method::SpiffeX509, _) => {
                // With a `fetcher` the TLS handshake is the caller's.
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
        let audience = config.tenant.issuer().to_owned();
        let trust_store = config.trust_store_id.clone();
        Ok(Ok(Arc::new(Self { flavour, id, trust_store, audience, proof })))
    }

    /// Whether the client authenticates by TLS, for which endpoints may differ (RFC 8705 §5).
    #[must_use]
    pub fn is_by_tls(&self) -> bool {
        matches!(self.proof, Proof::Certificate)
    }

    /// The introspection endpoint for this client.
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
        let id = ("client_id", self.id.as_str().into());
        let mut authorization = None;
        let form = match &self.proof {
            Proof::Basic(secret) => {
                let (id, secret) = (Secret::form_encoded(&self.id), Secret::form_encoded(secret));
                let pair = STANDARD.encode(Secret::concat(&[&id, ":", &secret]));
                authorization = Some(Secret::concat(&["Basic ", &Secret::from(pair)]));
                vec![]
            }
            Proof::Post(secret) => vec![id, ("client_secret", secret.clone())],
            Proof::None | Proof::Certificate => vec![id],
            Proof::Spiffe(assertion) => assertion_form(id, JWT_SPIFFE, assertion.clone()),
            Proof::Assertion(key) => {
                assertion_form(id, JWT_BEARER, key.sign_jwt(&self.assertion(now)?)?.into())
            }
        };
        Some(Credentials { authorization, form })
    }

    /// The claims of a client assertion (RFC 7523 §3). `None` where the system has no randomness.
    fn assertion(&self, now: f64) -> Option<Value> {
        let mut jti = [0; 16];
        fill(&mut jti).ok()?;
        let now = now as u64;
        Some(json!({
            "iss": self.id,
            "sub": self.id,
            "aud": self.audience,
            "jti": encode(jti),
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME,
        }))
    }
}

fn assertion_form(
    id: (&'static str, Secret),
    kind: &str,
    assertion: Secret,
) -> Vec<(&'static str, Secret)> {
    vec![id, ("client_assertion_type", kind.into()), ("client_assertion", assertion)]
}

/// Form-encodes members.
#[must_use]
pub fn form(members: &[(&'static str, Secret)]) -> Secret {
    let length = members.iter().map(|(name, value)| name.len() + form_length(value) + "=&".len());
    let mut form = Serializer::new(String::with_capacity(length.sum()));
    for (name, value) in members {
        form.append_pair(name, value);
    }
    form.finish().into()
}

fn lacking(flavour: Flavour, method: ClientAuthMethod, rule: &str) -> ValidationError {
    let rule = format!("{rule} with clientAuthMethod {}", method.as_str());
    options::CLIENT_SECRET.error(flavour, &rule)
}

fn unsuitable(Unsuitable(why): Unsuitable) -> ValidationError {
    ValidationError::new(format!("\"clientSecret\" must be a JWK that can sign: {why}"))
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
        let sources =
            Sources { options: options.collect(), issuers: None, environment: HashMap::new() };
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
                assert_eq!(credentials.form, [("client_id", "me".into())]);
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
        // A secret that can't be used is an error at construction.
        let options =
            [("clientId", "me"), ("clientAuthMethod", "private_key_jwt"), ("clientSecret", "x")];
        assert!(auth(Flavour::BackendNode, &options).is_err());
    }
}
