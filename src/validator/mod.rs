//! One token in, a verdict out: [`Validator::validate`] is the one composition of the steps of contract
//! §4 and §5, for the boundary, for `explain`, for the tests and for the fuzz targets.

pub mod explain;
mod pending;
pub mod request;
pub mod signature_cache;
pub mod verify_pool;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

pub use self::pending::{Pending, Wait};
use self::request::{Kind, OwnedRequest, Request, Requirements};
use self::signature_cache::{SignatureCache, TokenDigest, VerifiedToken, next_number};
use self::verify_pool::VerifyPool;
use crate::config::Config;
use crate::error::{Error, TokenError, ValidationError};
use crate::issuer::client_auth::{ClientAuth, Credible};
use crate::issuer::introspection;
use crate::issuer::single_flight::SingleFlight;
use crate::issuer::{ClientTerms, Issuer, Want};
use crate::keys::jwk_set::JwkSet;
use crate::keys::verifying_key::Cost;
use crate::token::binding::Binding;
use crate::token::claim_rules::{ClaimRule, ClaimValues, Demands, Expiration, Moment};
use crate::token::claims::{Claims, Expected};
use crate::token::jws::{Compact, Header};

/// A token that passes. Its claims are never shown.
#[derive(PartialEq, Eq)]
pub enum Admitted {
    /// The claims, as the JSON text that was checked.
    Claims(String),
    /// The token was admitted before under this number, and has the same claims as then
    /// ([`Validator::claims_of`]).
    Seen(u64),
}

impl std::fmt::Debug for Admitted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Claims(_) => f.write_str("Claims(…)"),
            Self::Seen(number) => write!(f, "Seen({number})"),
        }
    }
}

/// The claims of a token that passes, as the JSON text that was checked, or the reason why it does not.
pub type Verdict = Result<String, Error>;

/// The answer of [`Validator::validate`].
#[derive(Debug)]
pub enum Validation {
    /// The verdict.
    Done(Result<Admitted, Error>),
    /// The verdict comes later.
    Pending(Pending),
}

/// Which thread verifies a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// The calling thread or the pool, by the rule of [`verify_pool`].
    Adaptive,
    /// Always the calling thread.
    Inline,
    /// Always the pool.
    Pool,
}

impl Placement {
    fn is_inline(self, cost: Cost) -> bool {
        match self {
            Self::Adaptive => VerifyPool::get().is_inline(cost),
            Self::Inline => true,
            Self::Pool => false,
        }
    }
}

/// A JWT whose header can be accepted; nothing else of it is checked.
struct Jwt<'a> {
    token: Compact<'a>,
    header: Header,
}

impl<'a> Jwt<'a> {
    fn read(token: &'a str) -> Result<Self, TokenError> {
        let token = Compact::split(token)?;
        Ok(Self { header: token.header()?, token })
    }
}

/// The place of a token in the signature cache, and what is there.
struct Remembered<'a> {
    cache: &'a SignatureCache,
    digest: TokenDigest,
    entry: Option<Arc<VerifiedToken>>,
}

/// A step's result, or what has to be waited for first.
enum Step {
    Done(Result<Admitted, Error>),
    Wait(Wait),
}

impl<E: Into<Error>> From<E> for Step {
    fn from(error: E) -> Self {
        Self::Done(Err(error.into()))
    }
}

/// Validates tokens for one API at one tenant.
#[derive(Debug)]
pub struct Validator {
    config: Config,
    shared_issuer: Arc<Issuer>,
    /// Replaces the shared issuer once the caller has supplied metadata, which is this client's alone.
    own_issuer: OnceLock<Arc<Issuer>>,
    terms: ClientTerms,
    placement: Placement,
    /// The client's credentials, or the reason why it can't introspect.
    client_auth: Credible,
    /// Introspections under way.
    introspections: Arc<SingleFlight<TokenDigest, String>>,
    signatures: Option<Arc<SignatureCache>>,
    /// Bits of an `f64`: `setClockSkew` and `setClockTolerance` change them while requests run.
    clock_skew: AtomicU64,
    clock_tolerance: AtomicU64,
}

impl Validator {
    /// A validator that makes no request before the first token.
    pub fn new(config: Config, issuer: Arc<Issuer>) -> Result<Self, ValidationError> {
        Self::with_placement(config, issuer, Placement::Adaptive)
    }

    /// The same with a fixed rule for which thread verifies signatures.
    pub fn with_placement(
        config: Config,
        issuer: Arc<Issuer>,
        placement: Placement,
    ) -> Result<Self, ValidationError> {
        Ok(Self {
            shared_issuer: issuer,
            own_issuer: OnceLock::new(),
            terms: ClientTerms::new(&config),
            placement,
            client_auth: ClientAuth::new(&config)?,
            introspections: Arc::default(),
            signatures: SignatureCache::shared(&config),
            clock_skew: AtomicU64::new(config.clock_skew.to_bits()),
            clock_tolerance: AtomicU64::new(config.clock_tolerance.to_bits()),
            config,
        })
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The cache of verified signatures, where there is one.
    #[must_use]
    pub fn signatures(&self) -> Option<&SignatureCache> {
        self.signatures.as_deref()
    }

    /// This client's terms for the tenant's documents.
    #[must_use]
    pub fn terms(&self) -> ClientTerms {
        self.terms
    }

    /// The tenant.
    #[must_use]
    pub fn issuer(&self) -> &Arc<Issuer> {
        self.own_issuer.get().unwrap_or(&self.shared_issuer)
    }

    /// Takes a metadata document that the caller supplies.
    pub fn adopt_metadata(&self, text: String) -> Result<(), Error> {
        Ok(self.own_issuer.get_or_init(|| self.shared_issuer.separate()).adopt_metadata(text)?)
    }

    /// `setClockSkew`: seconds, finite, not negative.
    pub fn set_clock_skew(&self, seconds: f64) {
        self.clock_skew.store(seconds.to_bits(), Ordering::Relaxed);
    }

    /// `setClockTolerance`: seconds, finite, not negative.
    pub fn set_clock_tolerance(&self, seconds: f64) {
        self.clock_tolerance.store(seconds.to_bits(), Ordering::Relaxed);
    }

    /// Whether the tenant is asked about a token: it is opaque, or JWTs are introspected, too.
    #[must_use]
    pub fn is_introspected(&self, token: &str) -> bool {
        self.config.introspect_jwt_tokens || token.bytes().filter(|byte| *byte == b'.').count() != 2
    }

    fn goes_to_tenant(&self, request: &Request<'_>) -> bool {
        match request.kind {
            Kind::Detect => self.is_introspected(request.token),
            Kind::Jwt => false,
            Kind::Opaque => true,
        }
    }

    /// Validates a token: at once where nothing has to be waited for.
    #[must_use]
    pub fn validate(self: &Arc<Self>, request: Request<'_>) -> Validation {
        let step = if self.goes_to_tenant(&request) {
            match self.check_introspection(request.token) {
                Ok(()) => Step::Wait(Wait::Introspection),
                Err(error) => error.into(),
            }
        } else {
            self.validate_jwt(&request, self.placement)
        };
        match step {
            Step::Done(result) => Validation::Done(result),
            Step::Wait(wait) => {
                Validation::Pending(Pending::new(Arc::clone(self), request.to_owned(), wait))
            }
        }
    }

    /// The claims of a token that [`Admitted::Seen`] was said of.
    pub fn claims_of(&self, token: &str) -> Verdict {
        self.check_size(token)?;
        Ok(Compact::split(token)?.payload()?)
    }

    fn text_of(&self, admitted: Admitted, token: &str) -> Verdict {
        match admitted {
            Admitted::Claims(text) => Ok(text),
            Admitted::Seen(_) => self.claims_of(token),
        }
    }

    /// The claims that came without a signature, from the caller's cache or from the caller's own
    /// introspection: read and checked as an introspection response is.
    pub fn check_claims(
        &self,
        claims: &str,
        request: &Request<'_>,
        expiration: Expiration,
    ) -> Verdict {
        let claims = introspection::without_nulls(claims)?;
        self.check_introspected(&claims, request, expiration)?;
        Ok(claims)
    }

    fn check_introspected(
        &self,
        claims: &str,
        request: &Request<'_>,
        expiration: Expiration,
    ) -> Result<(), Error> {
        let values = self.read_values(&Claims::parse(claims)?, request.requirements);
        let demands = self.demands(request, expiration);
        values.check_all(ClaimRule::TOKEN, &demands)?;
        values.check_all(ClaimRule::ROUTE, &demands)?;
        Ok(())
    }

    /// `getMetadata`: the document as text.
    pub async fn metadata(&self, want: Want) -> Verdict {
        self.issuer().metadata(self.terms, want).await.map(|metadata| metadata.text.clone())
    }

    /// `getJwks`: the document as text.
    pub async fn jwks(&self, want: Want) -> Verdict {
        self.issuer().keys(self.terms, want).await.map(|keys| keys.text.clone())
    }

    fn check_size(&self, token: &str) -> Result<(), Error> {
        if token.is_empty() {
            let message = "Access token must be a valid non-empty string";
            return Err(ValidationError::new(message).into());
        }
        if token.len() > self.config.max_token_bytes {
            return Err(TokenError::TooLarge.into());
        }
        Ok(())
    }

    /// Validates a JWT with the keys at hand, or with the caller's own.
    fn validate_jwt(&self, request: &Request<'_>, placement: Placement) -> Step {
        if let Err(error) = self.check_size(request.token) {
            return error.into();
        }
        if let Some(jwks) = request.jwks {
            return Step::Done(self.validate_with_given_keys(request, jwks));
        }
        let remembered = self.remembered(request.token);
        if let Some(verdict) = remembered.as_ref().and_then(|it| self.seen_before(request, it)) {
            return Step::Done(verdict);
        }
        let jwt = match Jwt::read(request.token) {
            Ok(jwt) => jwt,
            // No key would change this.
            Err(error) => return error.into(),
        };
        let Some(keys) = self.issuer().keys_at_hand(self.terms) else {
            return Step::Wait(Wait::Keys);
        };
        match self.validate_with_keys(&jwt, request, &keys.set, remembered.as_ref(), placement) {
            Some(Err(Error::Token(TokenError::UnknownKey))) if self.may_be_new(&jwt, &keys.set) => {
                Step::Wait(Wait::Keys)
            }
            Some(verdict) => Step::Done(verdict.map(Admitted::Claims)),
            None => Step::Wait(Wait::Signature),
        }
    }

    fn validate_with_given_keys(
        &self,
        request: &Request<'_>,
        jwks: &str,
    ) -> Result<Admitted, Error> {
        let jwt = Jwt::read(request.token)?;
        let set = JwkSet::parse(jwks)
            .map_err(|why| ValidationError::new(format!("\"jwks\" can't be used: {why}")))?;
        self.validate_inline(&jwt, request, &set, None).map(Admitted::Claims)
    }

    /// Validates a JWT for which keys have to be fetched: the set is too old, or lacks the token's key.
    async fn fetch_and_validate(&self, request: &Request<'_>) -> Verdict {
        self.check_size(request.token)?;
        let jwt = Jwt::read(request.token)?;
        let remembered = self.remembered(request.token);
        let keys = self.issuer().keys(self.terms, Want::Fresh).await?;
        match self.validate_inline(&jwt, request, &keys.set, remembered.as_ref()) {
            Err(Error::Token(TokenError::UnknownKey)) if self.may_be_new(&jwt, &keys.set) => {
                let keys = self.issuer().look_for(&jwt.header, self.terms).await?;
                self.validate_inline(&jwt, request, &keys.set, remembered.as_ref())
            }
            verdict => verdict,
        }
    }

    /// The token's entry in the signature cache.
    fn remembered(&self, token: &str) -> Option<Remembered<'_>> {
        let cache = self.signatures.as_deref()?;
        let digest = TokenDigest::of(token);
        Some(Remembered { cache, digest, entry: cache.get(&digest) })
    }

    /// The verdict on a token that was verified with a key of the current key set, if its entry has
    /// all that the route asks about.
    fn seen_before(
        &self,
        request: &Request<'_>,
        remembered: &Remembered<'_>,
    ) -> Option<Result<Admitted, Error>> {
        let entry = remembered.entry.as_deref()?;
        let keys = self.issuer().keys_at_hand(self.terms)?;
        let has_groups = request.requirements.groups.is_empty() || entry.values.has_groups();
        if entry.generation != keys.set.generation || !has_groups {
            return None;
        }
        let demands = self.demands(request, Expiration::Required);
        let passes = entry
            .values
            .check_all(ClaimRule::TOKEN, &demands)
            .and_then(|()| entry.values.check_all(ClaimRule::ROUTE, &demands));
        Some(passes.map(|()| Admitted::Seen(entry.number)).map_err(Error::from))
    }

    /// Whether a key that is not in the set may have been published since, and is worth a request.
    /// A key that is there, but for another algorithm, is not.
    fn may_be_new(&self, jwt: &Jwt<'_>, set: &JwkSet) -> bool {
        !jwt.header.key_id.as_deref().is_some_and(|name| set.has_name(name))
            && self.issuer().may_look_for(&jwt.header)
    }

    /// The steps from the key on. `None` where the signature has to be verified on another thread.
    fn validate_with_keys(
        &self,
        jwt: &Jwt<'_>,
        request: &Request<'_>,
        keys: &JwkSet,
        remembered: Option<&Remembered<'_>>,
        placement: Placement,
    ) -> Option<Verdict> {
        let verifier = match keys.select(jwt.header.key_id.as_deref(), jwt.header.algorithm) {
            Ok(verifier) => verifier,
            Err(error) => {
                // The verdict goes with its key.
                if let Some(Remembered { cache, digest, entry: Some(_) }) = remembered {
                    cache.forget(digest);
                }
                return Some(Err(error.into()));
            }
        };
        let known = remembered
            .and_then(|it| it.entry.as_deref())
            .filter(|entry| entry.verifier == verifier.identity);
        if known.is_none() {
            if !placement.is_inline(verifier.cost) {
                return None;
            }
            let signature = jwt.token.signature();
            let verified = signature.and_then(|it| verifier.verify(jwt.token.signing_input, &it));
            if let Err(error) = verified {
                return Some(Err(error.into()));
            }
        }
        Some(self.validate_payload(jwt, request, |values| {
            if let Some(Remembered { cache, digest, .. }) = remembered {
                let entry = VerifiedToken {
                    number: known.map_or_else(next_number, |known| known.number),
                    generation: keys.generation,
                    verifier: verifier.identity,
                    values,
                };
                cache.put(*digest, entry);
            }
        }))
    }

    /// The same on this thread in any case.
    fn validate_inline(
        &self,
        jwt: &Jwt<'_>,
        request: &Request<'_>,
        keys: &JwkSet,
        remembered: Option<&Remembered<'_>>,
    ) -> Verdict {
        self.validate_with_keys(jwt, request, keys, remembered, Placement::Inline)
            .unwrap_or(Err(Error::Defect))
    }

    /// The steps after the signature. A token that is valid by itself is remembered, whatever the route
    /// requires.
    fn validate_payload(
        &self,
        jwt: &Jwt<'_>,
        request: &Request<'_>,
        remember: impl FnOnce(ClaimValues),
    ) -> Verdict {
        let payload = jwt.token.payload()?;
        let values = self.read_values(&Claims::parse(&payload)?, request.requirements);
        let demands = self.demands(request, Expiration::Required);
        values.check_all(ClaimRule::TOKEN, &demands)?;
        let allowed = values.check_all(ClaimRule::ROUTE, &demands);
        remember(values);
        allowed?;
        Ok(payload)
    }

    /// Whether a token may be introspected at all.
    fn check_introspection(&self, token: &str) -> Result<(), Error> {
        self.check_client()?;
        self.check_size(token)
    }

    /// Whether this client has credentials for introspection.
    fn check_client(&self) -> Result<(), Error> {
        self.client_auth.as_ref().map(drop).map_err(|error| error.clone().into())
    }

    /// Asks the tenant about a token. Concurrent calls for one token share one request.
    async fn introspect(&self, request: &OwnedRequest) -> Verdict {
        self.check_introspection(&request.token)?;
        let text = self.ask_tenant(request).await?;
        self.check_introspected(&text, &request.view(), Expiration::Optional)?;
        Ok(String::clone(&text))
    }

    /// The tenant's claims for a token that is active; nothing else of them is checked.
    async fn ask_tenant(&self, request: &OwnedRequest) -> Result<Arc<String>, Error> {
        let auth = self.client_auth.clone()?;
        let digest = TokenDigest::of(&request.token);
        let work =
            || self.issuer().introspect(auth, request.token.clone(), request.now, self.terms);
        let answer = self.introspections.join(digest, || None, work).await;
        answer.map_err(|error| match error {
            Error::Token(TokenError::Inactive) if self.has_not_expired(&request.view()) => {
                TokenError::InactiveOrNotPermitted.into()
            }
            error => error,
        })
    }

    /// Whether a token is a JWT whose own `exp` has not passed.
    fn has_not_expired(&self, request: &Request<'_>) -> bool {
        let payload = Compact::split(request.token).and_then(|token| token.payload());
        payload.is_ok_and(|payload| {
            let exp = Claims::parse(&payload).ok().and_then(|claims| claims.expiration());
            exp.is_some_and(|exp| self.moment(request.now).before(exp))
        })
    }

    fn moment(&self, now: f64) -> Moment {
        Moment {
            now,
            skew: f64::from_bits(self.clock_skew.load(Ordering::Relaxed)),
            tolerance: f64::from_bits(self.clock_tolerance.load(Ordering::Relaxed)),
        }
    }

    fn expected(&self) -> Expected<'_> {
        Expected { issuer: self.config.tenant.as_str(), audience: &self.config.audience }
    }

    fn read_values(&self, claims: &Claims<'_>, requirements: &Requirements) -> ClaimValues {
        let claim = self.config.groups.claim.as_str();
        let groups_claim = (!requirements.groups.is_empty()).then_some(claim);
        ClaimValues::read(claims, self.expected(), groups_claim)
    }

    fn binding(&self, requirements: &Requirements) -> Binding {
        match (requirements.binding, self.config.binding) {
            // A route that checks no certificate does not undo what the client ignores.
            (Some(Binding::NotChecked), Binding::Ignored) => Binding::Ignored,
            (Some(binding), _) => binding,
            (None, binding) => binding,
        }
    }

    fn demands<'a>(&self, request: &Request<'a>, expiration: Expiration) -> Demands<'a> {
        let requirements: &'a Requirements = request.requirements;
        Demands {
            moment: self.moment(request.now),
            expiration,
            scopes: &requirements.scopes,
            groups: &requirements.groups,
            match_all: self.config.groups.match_all,
            binding: self.binding(requirements),
            certificate: request.certificate,
        }
    }
}
