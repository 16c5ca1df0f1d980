//! One token in, claims or an error out. Decides what kind of token it is and in which order things
//! are asked of it; says nothing of HTTP and of cryptography.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};

use crate::config::Config;
use crate::error::{Error, TokenError, ValidationError};
use crate::issuer::client_auth::ClientAuth;
use crate::issuer::flight::Flights;
use crate::issuer::introspection::{introspect, not_configured};
use crate::issuer::jwk::KeySet;
use crate::issuer::{ClientTerms, Issuer, Want};
use crate::token::binding::{self, Binding};
use crate::token::claims::{Claims, Expected, Expiration, Moment};
use crate::token::jws::{Compact, Header};

/// What a route asks of a token, beyond its being genuine.
#[derive(Clone, Default)]
pub struct Requirements {
    /// All of these scopes.
    pub scopes: Vec<String>,
    /// Any, or with `matchAll` all, of these groups.
    pub groups: Vec<String>,
    /// Certificate binding; `None` leaves it to the client's mode.
    pub binding: Option<Binding>,
    /// The certificate of the request, in PEM.
    pub certificate: Option<String>,
}

/// A certificate does not belong into a log.
impl fmt::Debug for Requirements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Requirements")
            .field("scopes", &self.scopes)
            .field("groups", &self.groups)
            .field("binding", &self.binding)
            .finish_non_exhaustive()
    }
}

/// A token to be validated. Never shown.
#[derive(Clone)]
pub struct TokenCheck {
    /// The token as received, trimmed.
    pub token: String,
    /// What the route asks.
    pub requirements: Requirements,
    /// A JWKS document that the caller hands in, in place of the tenant's.
    pub jwks: Option<String>,
    /// Seconds since 1970.
    pub now: f64,
}

impl fmt::Debug for TokenCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCheck").field("bytes", &self.token.len()).finish_non_exhaustive()
    }
}

/// A JWT that is worth verifying: its header says that it can be.
struct Jwt<'a> {
    token: Compact<'a>,
    header: Header,
    check: &'a TokenCheck,
}

/// What a validation comes to: the claims as the JSON text that was checked.
pub type Outcome = Result<String, Error>;

/// Validates tokens for one API at one tenant.
#[derive(Debug)]
pub struct Validator {
    config: Config,
    issuer: Arc<Issuer>,
    /// In its place, once the caller has brought metadata in its own way: that is nobody else's.
    apart: OnceLock<Arc<Issuer>>,
    terms: ClientTerms,
    /// Who asks the tenant about tokens; without it nobody does.
    client_auth: Option<Arc<ClientAuth>>,
    /// Introspections under way, by the digest of their token.
    introspections: Arc<Flights<[u8; 32], String>>,
    /// `setClockSkew` and `setClockTolerance` change these while requests run: an `f64`'s bits.
    clock_skew: AtomicU64,
    clock_tolerance: AtomicU64,
}

impl Validator {
    /// A validator over a tenant; it asks nobody anything before the first token.
    pub fn new(config: Config, issuer: Arc<Issuer>) -> Result<Self, ValidationError> {
        Ok(Self {
            issuer,
            apart: OnceLock::new(),
            terms: ClientTerms::new(&config),
            client_auth: ClientAuth::new(&config)?.map(Arc::new),
            introspections: Arc::default(),
            clock_skew: AtomicU64::new(config.clock_skew.to_bits()),
            clock_tolerance: AtomicU64::new(config.clock_tolerance.to_bits()),
            config,
        })
    }

    /// What it was configured with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Its terms for the tenant's documents.
    #[must_use]
    pub fn terms(&self) -> ClientTerms {
        self.terms
    }

    /// The tenant.
    #[must_use]
    pub fn issuer(&self) -> &Arc<Issuer> {
        self.apart.get().unwrap_or(&self.issuer)
    }

    /// Takes a metadata document that the caller has got in its own way.
    pub fn adopt_metadata(&self, text: String) -> Result<(), Error> {
        Ok(self.apart.get_or_init(|| self.issuer.apart()).adopt_metadata(text)?)
    }

    /// `setClockSkew`: seconds, finite, not negative.
    pub fn set_clock_skew(&self, seconds: f64) {
        self.clock_skew.store(seconds.to_bits(), Ordering::Relaxed);
    }

    /// `setClockTolerance`: seconds, finite, not negative.
    pub fn set_clock_tolerance(&self, seconds: f64) {
        self.clock_tolerance.store(seconds.to_bits(), Ordering::Relaxed);
    }

    fn moment(&self, now: f64) -> Moment {
        Moment {
            now,
            skew: f64::from_bits(self.clock_skew.load(Ordering::Relaxed)),
            tolerance: f64::from_bits(self.clock_tolerance.load(Ordering::Relaxed)),
        }
    }

    /// Refuses what is no token at all, before any work is spent on it.
    pub fn check_size(&self, token: &str) -> Result<(), Error> {
        if token.is_empty() {
            let message = "Access token must be a valid non-empty string";
            return Err(ValidationError::new(message).into());
        }
        if token.len() > self.config.max_token_bytes {
            return Err(TokenError::TooLarge.into());
        }
        Ok(())
    }

    /// Validates a JWT with what is at hand; `None` where keys have to be fetched first.
    #[must_use]
    pub fn jwt_at_hand(&self, check: &TokenCheck) -> Option<Outcome> {
        let jwt = match self.read(check) {
            Ok(jwt) => jwt,
            // What no key could mend.
            Err(error) => return Some(Err(error)),
        };
        if let Some(jwks) = &check.jwks {
            let given = KeySet::parse(jwks).map_err(|why| {
                ValidationError::new(format!("\"jwks\" can't be used: {why}")).into()
            });
            return Some(given.and_then(|set| self.with_keys(&jwt, &set)));
        }
        let keys = self.issuer().keys_at_hand(self.terms)?;
        match self.with_keys(&jwt, &keys.set) {
            Err(Error::Token(TokenError::UnknownKey)) if self.may_be_new(&jwt, &keys.set) => None,
            outcome => Some(outcome),
        }
    }

    /// Validates a JWT for which keys have to be fetched first: the set has gone stale, or the
    /// token's key is not in it.
    pub async fn jwt_with_fetch(&self, check: TokenCheck) -> Outcome {
        let jwt = self.read(&check)?;
        let keys = self.issuer().keys(self.terms, Want::Fresh).await?;
        match self.with_keys(&jwt, &keys.set) {
            Err(Error::Token(TokenError::UnknownKey)) if self.may_be_new(&jwt, &keys.set) => {
                let keys = self.issuer().look_for(&jwt.header, self.terms).await?;
                self.with_keys(&jwt, &keys.set)
            }
            outcome => outcome,
        }
    }

    /// Whether a key that is not in the set may have been published since, and is worth asking for.
    /// A key that is there, but for another algorithm, is not.
    fn may_be_new(&self, jwt: &Jwt<'_>, set: &KeySet) -> bool {
        !jwt.header.key_id.as_deref().is_some_and(|name| set.has_name(name))
            && self.issuer().is_worth_looking_for(&jwt.header)
    }

    /// What is wrong with asking about a token at all, before anybody is asked.
    pub fn check_introspection(&self, token: &str) -> Result<(), Error> {
        if self.client_auth.is_none() {
            return Err(not_configured().into());
        }
        self.check_size(token)
    }

    /// Asks the tenant about a token. However many ask about the same one, it is one request.
    pub async fn introspect(&self, check: TokenCheck) -> Outcome {
        self.check_introspection(&check.token)?;
        let auth = self.client_auth.clone().ok_or_else(not_configured)?;
        let digest: [u8; 32] = Sha256::digest(check.token.as_bytes()).into();
        let trust_store = self.config.trust_store_id.clone();
        let work = || {
            let (issuer, token) = (Arc::clone(self.issuer()), check.token.clone());
            introspect(issuer, auth, trust_store, token, check.now, self.terms)
        };
        let answer = self.introspections.join(digest, || None, work).await;
        let text = answer.map_err(|error| match error {
            Error::Token(TokenError::Inactive) if self.looks_alive(&check) => {
                TokenError::InactiveOrNotPermitted.into()
            }
            error => error,
        })?;
        let claims = Claims::parse(&text)?;
        self.check_claims(&claims, &check.requirements, check.now, Expiration::Optional)?;
        Ok(String::clone(&text))
    }

    /// Whether a token is a JWT whose own words say that it has not expired.
    fn looks_alive(&self, check: &TokenCheck) -> bool {
        let payload = Compact::split(&check.token).and_then(|token| token.payload());
        payload.is_ok_and(|payload| {
            let exp = Claims::parse(&payload).ok().and_then(|claims| claims.expiration());
            exp.is_some_and(|exp| self.moment(check.now).before(exp))
        })
    }

    /// Checks claims that a cache returned as those of a token that was just verified.
    pub fn recheck(
        &self,
        claims: &str,
        requirements: &Requirements,
        now: f64,
        expiration: Expiration,
    ) -> Result<(), Error> {
        self.check_claims(&Claims::parse(claims)?, requirements, now, expiration)
    }

    /// `getMetadata`: the document as text.
    pub async fn metadata(&self, want: Want) -> Outcome {
        self.issuer().metadata(self.terms, want).await.map(|metadata| metadata.text.clone())
    }

    /// `getJwks`: the document as text.
    pub async fn jwks(&self, want: Want) -> Outcome {
        self.issuer().keys(self.terms, want).await.map(|keys| keys.text.clone())
    }

    fn read<'a>(&self, check: &'a TokenCheck) -> Result<Jwt<'a>, Error> {
        self.check_size(&check.token)?;
        let token = Compact::split(&check.token)?;
        Ok(Jwt { header: token.header()?, token, check })
    }

    /// The rules of contract §4 that come after the header, in their order; the first failure is the
    /// answer.
    fn with_keys(&self, jwt: &Jwt<'_>, keys: &KeySet) -> Outcome {
        let Jwt { token, header, check } = jwt;
        keys.select(header)?.verify(token.signing_input, &token.signature()?)?;
        let payload = token.payload()?;
        let claims = Claims::parse(&payload)?;
        self.check_claims(&claims, &check.requirements, check.now, Expiration::Required)?;
        Ok(payload)
    }

    fn check_claims(
        &self,
        claims: &Claims<'_>,
        requirements: &Requirements,
        now: f64,
        expiration: Expiration,
    ) -> Result<(), Error> {
        let expected =
            Expected { issuer: self.config.tenant.as_str(), audience: &self.config.audience };
        claims.check_registered(expected, self.moment(now), expiration)?;
        claims.check_scopes(&requirements.scopes)?;
        claims.check_groups(&requirements.groups, &self.config.groups)?;
        binding::check(
            claims,
            requirements.certificate.as_deref(),
            requirements.binding.unwrap_or(self.config.binding),
        )?;
        Ok(())
    }
}
