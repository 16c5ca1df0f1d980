//! One token in, claims or an error out. Decides what kind of token it is and in which order things
//! are asked of it; says nothing of HTTP and of cryptography.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::check::{Check, OwnedCheck, Route};
use crate::config::Config;
use crate::error::{Error, TokenError, ValidationError};
use crate::issuer::client_auth::{ClientAuth, Credible};
use crate::issuer::flight::Flights;
use crate::issuer::introspection::introspect;
use crate::issuer::jwk::KeySet;
use crate::issuer::verifier::Cost;
use crate::issuer::{ClientTerms, Issuer, Want};
use crate::token::claims::{Claims, Expected};
use crate::token::facts::{Expiration, Facts, Moment};
use crate::token::jws::{Compact, Header};
use crate::verified::{Seen, TokenDigest, VerifiedTokens, next_number};

/// A JWT that is worth verifying: its header says that it can be.
struct Jwt<'a> {
    token: Compact<'a>,
    header: Header,
    check: Check<'a>,
}

/// What is known of a token before it is looked at, and where what comes out is to be remembered.
struct Memory<'a> {
    place: &'a VerifiedTokens,
    digest: TokenDigest,
    seen: Option<Arc<Seen>>,
}

/// A token that passes.
#[derive(PartialEq, Eq)]
pub enum Accepted {
    /// Its claims, as the JSON text that was checked.
    Claims(String),
    /// It has passed before: its claims are those that went by this number then, which are still
    /// those of its payload ([`Validator::claims_of`]).
    Seen(u64),
}

/// Claims do not belong into logs.
impl fmt::Debug for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Claims(_) => "Claims(…)",
            Self::Seen(_) => "Seen",
        })
    }
}

/// How far a validation gets at once.
#[derive(Debug)]
pub enum Progress {
    /// To its end.
    Done(Result<Accepted, Error>),
    /// To a signature that is better verified elsewhere.
    Verify,
    /// To keys that have to be fetched.
    Fetch,
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
    /// What the tenant is asked about tokens with, or why it can't be asked.
    client_auth: Credible,
    /// Introspections under way.
    introspections: Arc<Flights<TokenDigest, String>>,
    /// Tokens that were verified before; `None` where none are to be remembered.
    verified: Option<Arc<VerifiedTokens>>,
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
            client_auth: ClientAuth::new(&config)?,
            introspections: Arc::default(),
            verified: VerifiedTokens::shared(&config),
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

    /// The tokens that it remembers, where it does.
    #[must_use]
    pub fn verified(&self) -> Option<&VerifiedTokens> {
        self.verified.as_deref()
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

    /// The time, as this client's clock settings have it.
    pub(crate) fn moment(&self, now: f64) -> Moment {
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

    /// Validates a JWT with what is at hand. Where a signature has to be verified, `here` is asked
    /// whether that may be done by this call.
    #[must_use]
    pub fn at_once(&self, check: Check<'_>, here: impl FnOnce(Cost) -> bool) -> Progress {
        if let Err(error) = self.check_size(check.token) {
            return Progress::Done(Err(error));
        }
        let memory = self.remember(check);
        if let Some(outcome) = memory.as_ref().and_then(|memory| self.seen_before(check, memory)) {
            return Progress::Done(outcome);
        }
        let jwt = match read(check) {
            Ok(jwt) => jwt,
            // What no key could mend.
            Err(error) => return Progress::Done(Err(error)),
        };
        let Some(keys) = self.issuer().keys_at_hand(self.terms) else { return Progress::Fetch };
        match self.with_keys(&jwt, &keys.set, memory.as_ref(), here) {
            Some(Err(Error::Token(TokenError::UnknownKey))) if self.may_be_new(&jwt, &keys.set) => {
                Progress::Fetch
            }
            Some(outcome) => Progress::Done(outcome.map(Accepted::Claims)),
            None => Progress::Verify,
        }
    }

    /// Validates a JWT with keys that the caller hands in, as a JWKS document.
    pub fn with_given_keys(&self, check: Check<'_>, jwks: &str) -> Outcome {
        self.check_size(check.token)?;
        let jwt = read(check)?;
        let set = KeySet::parse(jwks)
            .map_err(|why| ValidationError::new(format!("\"jwks\" can't be used: {why}")))?;
        self.verified_with(&jwt, &set, None)
    }

    /// Validates a JWT for which keys have to be fetched first: the set has gone stale, or the
    /// token's key is not in it.
    pub async fn with_fetch(&self, check: OwnedCheck) -> Outcome {
        let check = check.view();
        self.check_size(check.token)?;
        let jwt = read(check)?;
        let memory = self.remember(check);
        let keys = self.issuer().keys(self.terms, Want::Fresh).await?;
        match self.verified_with(&jwt, &keys.set, memory.as_ref()) {
            Err(Error::Token(TokenError::UnknownKey)) if self.may_be_new(&jwt, &keys.set) => {
                let keys = self.issuer().look_for(&jwt.header, self.terms).await?;
                self.verified_with(&jwt, &keys.set, memory.as_ref())
            }
            outcome => outcome,
        }
    }

    /// The claims of a token that has passed.
    pub fn text_of(&self, accepted: Accepted, token: &str) -> Outcome {
        match accepted {
            Accepted::Claims(text) => Ok(text),
            Accepted::Seen(_) => self.claims_of(token),
        }
    }

    /// The claims of a token that has just been found to be one seen before.
    pub fn claims_of(&self, token: &str) -> Outcome {
        self.check_size(token)?;
        Ok(Compact::split(token)?.payload()?)
    }

    /// What is known of a token.
    fn remember(&self, check: Check<'_>) -> Option<Memory<'_>> {
        let place = self.verified.as_deref()?;
        let digest = TokenDigest::of(check.token);
        Some(Memory { place, digest, seen: place.get(&digest) })
    }

    /// The answer to a token that was verified with a key of the set as it is, where everything that
    /// the route asks about was read then.
    fn seen_before(
        &self,
        check: Check<'_>,
        memory: &Memory<'_>,
    ) -> Option<Result<Accepted, Error>> {
        let seen = memory.seen.as_deref()?;
        let keys = self.issuer().keys_at_hand(self.terms)?;
        let groups = check.route.groups.is_empty() || seen.facts.has_groups();
        if seen.generation != keys.set.generation || !groups {
            return None;
        }
        let passes = self.check_facts(&seen.facts, check, Expiration::Required);
        Some(passes.map(|()| Accepted::Seen(seen.number)))
    }

    /// Whether a key that is not in the set may have been published since, and is worth asking for.
    /// A key that is there, but for another algorithm, is not.
    fn may_be_new(&self, jwt: &Jwt<'_>, set: &KeySet) -> bool {
        !jwt.header.key_id.as_deref().is_some_and(|name| set.has_name(name))
            && self.issuer().is_worth_looking_for(&jwt.header)
    }

    /// What is wrong with asking about a token at all, before anybody is asked.
    pub fn check_introspection(&self, token: &str) -> Result<(), Error> {
        self.check_client()?;
        self.check_size(token)
    }

    /// Whether there is somebody who may ask.
    pub(crate) fn check_client(&self) -> Result<(), Error> {
        self.client_auth.as_ref().map(drop).map_err(|error| error.clone().into())
    }

    /// Asks the tenant about a token. However many ask about the same one, it is one request.
    pub async fn introspect(&self, check: OwnedCheck) -> Outcome {
        self.check_introspection(&check.token)?;
        let text = self.ask(&check).await?;
        self.recheck(&text, check.view(), Expiration::Optional)?;
        Ok(String::clone(&text))
    }

    /// What the tenant says of a token, if it is active; nothing of it is checked yet.
    pub(crate) async fn ask(&self, check: &OwnedCheck) -> Result<Arc<String>, Error> {
        let auth = self.client_auth.clone()?;
        let digest = TokenDigest::of(&check.token);
        let work = || {
            let (issuer, token) = (Arc::clone(self.issuer()), check.token.clone());
            introspect(issuer, auth, token, check.now, self.terms)
        };
        let answer = self.introspections.join(digest, || None, work).await;
        answer.map_err(|error| match error {
            Error::Token(TokenError::Inactive) if self.looks_alive(check.view()) => {
                TokenError::InactiveOrNotPermitted.into()
            }
            error => error,
        })
    }

    /// Whether a token is a JWT whose own words say that it has not expired.
    fn looks_alive(&self, check: Check<'_>) -> bool {
        let payload = Compact::split(check.token).and_then(|token| token.payload());
        payload.is_ok_and(|payload| {
            let exp = Claims::parse(&payload).ok().and_then(|claims| claims.expiration());
            exp.is_some_and(|exp| self.moment(check.now).before(exp))
        })
    }

    /// Checks claims that the tenant or a cache returned as those of a token that was just verified.
    pub fn recheck(
        &self,
        claims: &str,
        check: Check<'_>,
        expiration: Expiration,
    ) -> Result<(), Error> {
        let facts = self.read_facts(&Claims::parse(claims)?, check.route);
        self.check_facts(&facts, check, expiration)
    }

    /// `getMetadata`: the document as text.
    pub async fn metadata(&self, want: Want) -> Outcome {
        self.issuer().metadata(self.terms, want).await.map(|metadata| metadata.text.clone())
    }

    /// `getJwks`: the document as text.
    pub async fn jwks(&self, want: Want) -> Outcome {
        self.issuer().keys(self.terms, want).await.map(|keys| keys.text.clone())
    }

    /// The rules of contract §4 that come after the header, in their order; the first failure is the
    /// answer. `None` where the signature has to be verified, and not `here`.
    fn with_keys(
        &self,
        jwt: &Jwt<'_>,
        keys: &KeySet,
        memory: Option<&Memory<'_>>,
        here: impl FnOnce(Cost) -> bool,
    ) -> Option<Outcome> {
        let verifier = match keys.select(&jwt.header) {
            Ok(verifier) => verifier,
            Err(error) => {
                // Its key is gone, and the verdict with it.
                if let Some(Memory { place, digest, seen: Some(_) }) = memory {
                    place.forget(digest);
                }
                return Some(Err(error.into()));
            }
        };
        let seen = memory
            .and_then(|memory| memory.seen.as_deref())
            .filter(|seen| seen.verifier == verifier.identity);
        if seen.is_none() {
            if !here(verifier.cost) {
                return None;
            }
            let signature = jwt.token.signature();
            let verdict = signature.and_then(|it| verifier.verify(jwt.token.signing_input, &it));
            if let Err(error) = verdict {
                return Some(Err(error.into()));
            }
        }
        Some(self.with_signature(jwt, memory, |facts| Seen {
            number: seen.map_or_else(next_number, |seen| seen.number),
            generation: keys.generation,
            verifier: verifier.identity,
            facts,
        }))
    }

    /// The same, by this call in any case.
    fn verified_with(&self, jwt: &Jwt<'_>, keys: &KeySet, memory: Option<&Memory<'_>>) -> Outcome {
        // It was asked to verify, so there is an answer.
        self.with_keys(jwt, keys, memory, |_| true)
            .unwrap_or_else(|| Err(TokenError::InvalidSignature.into()))
    }

    /// The rules that come after the signature. A token whose own claims pass is remembered, whatever
    /// the route makes of it.
    fn with_signature(
        &self,
        jwt: &Jwt<'_>,
        memory: Option<&Memory<'_>>,
        seen: impl FnOnce(Facts) -> Seen,
    ) -> Outcome {
        let check = jwt.check;
        let payload = jwt.token.payload()?;
        let facts = self.read_facts(&Claims::parse(&payload)?, check.route);
        facts.check_registered(self.moment(check.now), Expiration::Required)?;
        let outcome = self.check_route(&facts, check);
        if let Some(Memory { place, digest, .. }) = memory {
            place.put(*digest, seen(facts));
        }
        outcome.map(|()| payload)
    }

    /// Whose tokens, and for whom.
    pub(crate) fn expected(&self) -> Expected<'_> {
        Expected { issuer: self.config.tenant.as_str(), audience: &self.config.audience }
    }

    pub(crate) fn read_facts(&self, claims: &Claims<'_>, route: &Route) -> Facts {
        let groups_claim = (!route.groups.is_empty()).then_some(self.config.groups.claim.as_str());
        Facts::read(claims, self.expected(), groups_claim)
    }

    /// Rules 5 to 7 of contract §4.
    fn check_facts(
        &self,
        facts: &Facts,
        check: Check<'_>,
        expiration: Expiration,
    ) -> Result<(), Error> {
        facts.check_registered(self.moment(check.now), expiration)?;
        self.check_route(facts, check)
    }

    /// Rules 6 and 7.
    fn check_route(&self, facts: &Facts, check: Check<'_>) -> Result<(), Error> {
        facts.check_scopes(&check.route.scopes)?;
        facts.check_groups(&check.route.groups, self.config.groups.match_all)?;
        let binding = check.route.binding.unwrap_or(self.config.binding);
        facts.check_binding(check.certificate, binding)?;
        Ok(())
    }
}

fn read(check: Check<'_>) -> Result<Jwt<'_>, Error> {
    let token = Compact::split(check.token)?;
    Ok(Jwt { header: token.header()?, token, check })
}
