//! The steps for a JWT (contract §4).

use std::sync::Arc;
use std::time::Duration;

use super::pending::Wait;
use super::request::{Kind, Request};
use super::signature_cache::{SignatureCache, TokenDigest, VerifiedToken, next_number};
use super::{Admitted, Placement, Step, TrustedIssuer, Validator, Verdict, read_values};
use crate::error::{Error, TokenError, ValidationError};
use crate::issuer::Want;
use crate::keys::jwk_set::JwkSet;
use crate::keys::verifying_key::Cost;
use crate::token::claim_rules::{ClaimRule, ClaimValues, Expiration};
use crate::token::claims::Claims;
use crate::token::dpop::Presented;
use crate::token::jws::{Compact, Header};

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
pub(super) struct Remembered<'a> {
    cache: &'a SignatureCache,
    digest: TokenDigest,
    entry: Option<Arc<VerifiedToken>>,
}

/// One token on its way: what it is, and whose.
struct Candidate<'a> {
    jwt: Jwt<'a>,
    trusted: &'a TrustedIssuer,
    index: usize,
    request: &'a Request<'a>,
    remembered: Option<Remembered<'a>>,
}

impl Validator {
    /// The step for a token that was verified with a key of its issuer's current key set, if its entry has
    /// everything that the route asks about.
    pub(super) fn seen_before(
        &self,
        request: &Request<'_>,
        remembered: &Remembered<'_>,
        placement: Placement,
    ) -> Option<Step> {
        let entry = remembered.entry.as_deref()?;
        let trusted = self.by_index(entry.issuer)?;
        if trusted.config().introspect_jwt_tokens && request.kind != Kind::Jwt {
            return None;
        }
        let keys = trusted.issuer().keys_at_hand(trusted.terms())?;
        let is_current = entry.generation == keys.set.generation;
        if !is_current || !entry.values.suffice_for(request.requirements) {
            return None;
        }
        let Some(_spending) = placement.inline(proof_cost(request)) else {
            return Some(Step::Wait(Wait::Signature));
        };
        let demands = self.demands(trusted, request, Expiration::Required);
        let judged = entry.values.check_all(ClaimRule::TOKEN, &demands).map_err(Error::from);
        let judged = judged.and_then(|()| self.judge(&entry.values, request, &demands));
        Some(Step::Done(judged.and_then(|judged| {
            let seen = Admitted::Seen(entry.number);
            judged.verdict(seen, |_| self.claims_of(request.token))
        })))
    }

    /// Validates a JWT with the keys at hand, or with the caller's own.
    pub(super) fn validate_jwt(
        &self,
        request: &Request<'_>,
        remembered: Option<Remembered<'_>>,
        placement: Placement,
    ) -> Step {
        let candidate = match self.candidate(request, remembered) {
            Ok(candidate) => candidate,
            // No key would change this.
            Err(error) => return error.into(),
        };
        if let Some(jwks) = request.jwks {
            return Step::Done(self.validate_with_given_keys(&candidate, jwks));
        }
        let trusted = candidate.trusted;
        let Some(keys) = trusted.issuer().keys_at_hand(trusted.terms()) else {
            return Step::Wait(Wait::Keys);
        };
        match self.validate_with_keys(&candidate, &keys.set, placement) {
            Some(Err(Error::Token(TokenError::UnknownKey))) if candidate.may_be_new(&keys.set) => {
                Step::Wait(Wait::Keys)
            }
            Some(verdict) => Step::Done(verdict.map(Admitted::Claims)),
            None => Step::Wait(Wait::Signature),
        }
    }

    /// Validates a JWT for which keys have to be fetched: the set is too old, or lacks the token's key.
    /// `began`: since when the request waits.
    pub(super) async fn fetch_and_validate(
        &self,
        request: &Request<'_>,
        began: Duration,
    ) -> Verdict {
        let candidate = self.candidate(request, self.remembered(request))?;
        let (issuer, terms) = (candidate.trusted.issuer(), candidate.trusted.terms());
        let keys = issuer.keys(terms, Want::Fresh).await?;
        let later = self.after_waiting(request, began);
        let candidate = Candidate { request: &later, ..candidate };
        match self.validate_inline(&candidate, &keys.set) {
            Err(Error::Token(TokenError::UnknownKey)) if candidate.may_be_new(&keys.set) => {
                let keys = issuer.look_for(&candidate.jwt.header, terms).await?;
                let later = self.after_waiting(request, began);
                self.validate_inline(&Candidate { request: &later, ..candidate }, &keys.set)
            }
            verdict => verdict,
        }
    }

    fn candidate<'a>(
        &'a self,
        request: &'a Request<'a>,
        remembered: Option<Remembered<'a>>,
    ) -> Result<Candidate<'a>, Error> {
        self.check_size(request.token)?;
        let jwt = Jwt::read(request.token)?;
        let index = self.index_of(request.token)?;
        let trusted = self.by_index(index).ok_or(Error::Defect)?;
        if !self.config().accepts(jwt.header.algorithm) {
            return Err(TokenError::UnsupportedAlgorithm.into());
        }
        Ok(Candidate { jwt, trusted, index, request, remembered })
    }

    /// The place of a token in the cache. Keys that the caller hands in have none: a verdict by them says
    /// nothing about the tenant's.
    pub(super) fn remembered(&self, request: &Request<'_>) -> Option<Remembered<'_>> {
        let has_place = request.jwks.is_none()
            && request.kind != Kind::Opaque
            && self.check_size(request.token).is_ok();
        let cache = self.signatures.as_deref().filter(|_| has_place)?;
        let digest = TokenDigest::of(request.token);
        Some(Remembered { cache, digest, entry: cache.get(&digest) })
    }

    fn validate_with_given_keys(
        &self,
        candidate: &Candidate<'_>,
        jwks: &str,
    ) -> Result<Admitted, Error> {
        let set = JwkSet::parse(jwks)
            .map_err(|why| ValidationError::new(format!("\"jwks\" can't be used: {why}")))?;
        self.validate_inline(candidate, &set).map(Admitted::Claims)
    }

    /// The steps from the key on. `None` where the signature has to be verified on another thread.
    fn validate_with_keys(
        &self,
        candidate: &Candidate<'_>,
        keys: &JwkSet,
        placement: Placement,
    ) -> Option<Verdict> {
        let Candidate { jwt, remembered, .. } = candidate;
        let key = match keys.select(jwt.header.key_id.as_deref(), jwt.header.algorithm) {
            Ok(key) => key,
            Err(error) => {
                // The verdict goes with its key.
                if let Some(Remembered { cache, digest, entry: Some(_) }) = remembered {
                    cache.forget(digest);
                }
                return Some(Err(error.into()));
            }
        };
        let known = remembered
            .as_ref()
            .and_then(|it| it.entry.as_deref())
            .filter(|entry| entry.issuer == candidate.index && entry.verifier == key.identity);
        let cost = proof_cost(candidate.request).or_else(|| known.is_none().then_some(key.cost));
        let _spending = placement.inline(cost)?;
        if known.is_none() {
            let signature = jwt.token.signature();
            let verified = signature.and_then(|it| key.verify(jwt.token.signing_input, &it));
            if let Err(error) = verified {
                return Some(Err(error.into()));
            }
        }
        Some(self.validate_payload(candidate, known, |values| {
            if let Some(Remembered { cache, digest, .. }) = remembered {
                let entry = VerifiedToken {
                    number: known.map_or_else(next_number, |known| known.number),
                    issuer: candidate.index,
                    generation: keys.generation,
                    verifier: key.identity,
                    values,
                };
                cache.put(*digest, entry);
            }
        }))
    }

    /// The same on this thread in any case.
    fn validate_inline(&self, candidate: &Candidate<'_>, keys: &JwkSet) -> Verdict {
        self.validate_with_keys(candidate, keys, Placement::Inline).unwrap_or(Err(Error::Defect))
    }

    /// The steps after the signature. A token that is valid by itself is remembered, whatever the route
    /// requires.
    fn validate_payload(
        &self,
        candidate: &Candidate<'_>,
        known: Option<&VerifiedToken>,
        remember: impl FnOnce(ClaimValues),
    ) -> Verdict {
        let Candidate { jwt, trusted, request, .. } = candidate;
        let payload = jwt.token.payload()?;
        let known = known.map(|known| &known.values);
        let values = read_values(&Claims::parse(&payload)?, trusted, request.requirements, known);
        let demands = self.demands(trusted, request, Expiration::Required);
        values.check_all(ClaimRule::TOKEN, &demands)?;
        let judged = self.judge(&values, request, &demands);
        remember(values);
        judged?.verdict(payload, Ok)
    }
}

/// The cost of the signature of a request's DPoP proof, if it has one.
fn proof_cost(request: &Request<'_>) -> Option<Cost> {
    matches!(request.presented, Presented::Dpop(_)).then_some(Cost::Slow)
}

impl Candidate<'_> {
    /// Whether a key that is not in the set may have been published since, and is worth a request.
    /// A key that is there, but for another algorithm, is not.
    fn may_be_new(&self, set: &JwkSet) -> bool {
        let header = &self.jwt.header;
        !header.key_id.as_deref().is_some_and(|name| set.has_name(name))
            && self.request.jwks.is_none()
            && self.trusted.issuer().may_look_for(header)
    }
}
