//! The rules on claims (contract §4, rules 5, 7 and 8), in their one order: for a validation, which stops at
//! the first that fails, and for an explanation, which asks them all.
//!
//! RFC 7519 §4.1, RFC 9068 §4, RFC 7662 §2.2, RFC 8705 §3. The time is an argument.

use serde_json::Value;

use crate::error::TokenError;
use crate::token::binding::{Binding, Confirmation};
use crate::token::claim_path::ClaimPath;
use crate::token::claim_reading::{ClaimReading, Scopes};
use crate::token::claims::{Claims, Time};
use crate::token::required_claims::{RequiredClaims, plain_value};

/// One rule on the claims of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimRule {
    /// `iss` is the tenant (RFC 9068 §4).
    Issuer,
    /// `sub`, where it is present, is a string (RFC 7519 §4.1.2).
    Subject,
    /// `aud` names this API (RFC 7519 §4.1.3).
    Audience,
    /// `exp` has not passed (RFC 7519 §4.1.4).
    Expiration,
    /// `nbf`, where it is present, has passed (RFC 7519 §4.1.5).
    NotBefore,
    /// `client_id`, or else `azp`, is one of `clientIds`.
    ClientId,
    /// `requiredClaims` are present with an allowed value.
    RequiredClaims,
    /// The scopes claim has the scopes that the route requires (RFC 6749 §3.3).
    Scopes,
    /// The groups claim has the groups that the route requires.
    Groups,
    /// The claims that the route requires are present with an allowed value.
    Claims,
    /// The user has logged in as, and as recently as, the route requires (RFC 9470).
    Authentication,
    /// The sender of the token holds the certificate that the token is bound to (RFC 8705 §3).
    Binding,
}

impl ClaimRule {
    /// The rules on the token itself (rule 5).
    pub const TOKEN: &[Self] = &[
        Self::Issuer,
        Self::Subject,
        Self::Audience,
        Self::Expiration,
        Self::NotBefore,
        Self::ClientId,
        Self::RequiredClaims,
    ];

    /// The rules that depend on the route and on the request (rules 7 and 8).
    pub const ROUTE: &[Self] =
        &[Self::Scopes, Self::Groups, Self::Claims, Self::Authentication, Self::Binding];
}

/// The present time, and the difference between clocks that is allowed. All in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    /// Whole seconds since 1970.
    pub now: f64,
    /// `clockSkew`: added to the present time.
    pub skew: f64,
    /// `clockTolerance`: allowed on either side.
    pub tolerance: f64,
}

impl Moment {
    /// Whether a token that expires at `exp` is still valid.
    #[must_use]
    pub fn before(&self, exp: f64) -> bool {
        exp > self.now + self.skew - self.tolerance
    }

    /// Whether a token that is valid from `nbf` on is valid already.
    #[must_use]
    pub fn since(&self, nbf: f64) -> bool {
        nbf <= self.now + self.skew + self.tolerance
    }
}

/// Whether a token may lack `exp`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiration {
    /// A JWT must have it.
    Required,
    /// An introspection response may lack it (RFC 7662 §2.2).
    Optional,
}

/// What a route requires of a token beyond its being valid. What is empty requires nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Requirements {
    /// All of these scopes.
    pub scopes: Vec<String>,
    /// One of these scopes.
    pub any_scope: Vec<String>,
    /// Any, or with `matchAll` all, of these groups.
    pub groups: Vec<String>,
    /// These claims.
    pub claims: RequiredClaims,
    /// One of these authentication context classes (`acr`).
    pub acr: Vec<String>,
    /// Seconds since the user's login (`auth_time`) at the most.
    pub max_age: Option<f64>,
    /// How binding is checked; `None` leaves that to the client's mode.
    pub binding: Option<Binding>,
    /// Whether a DPoP proof is needed; `None` leaves that to the client's mode.
    pub dpop: Option<bool>,
    /// Whether the token alone is of interest: neither a certificate nor a proof is looked at. Set by this
    /// package, for what it keeps in a cache; no route can ask for it.
    pub token_alone: bool,
}

/// What the rules compare the claims with.
#[derive(Clone, Copy)]
pub struct Demands<'a> {
    /// The time of the request.
    pub moment: Moment,
    /// Whether `exp` must be present.
    pub expiration: Expiration,
    /// What the route requires.
    pub requirements: &'a Requirements,
    /// Whether all of the required groups are needed, or any one.
    pub match_all: bool,
    /// How binding is checked for this request.
    pub binding: Binding,
    /// The client certificate of the request, in PEM.
    pub certificate: Option<&'a str>,
}

/// Without the certificate, which identifies a client.
impl std::fmt::Debug for Demands<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Demands").field("moment", &self.moment).finish_non_exhaustive()
    }
}

/// The values that the rules look at, read from the claims of one token once.
#[derive(Clone, PartialEq)]
pub struct ClaimValues {
    issuer_matches: bool,
    subject_is_valid: bool,
    audience_matches: bool,
    client_matches: bool,
    required_claims_are_met: bool,
    exp: Time,
    nbf: Time,
    auth_time: Time,
    acr: Option<Box<str>>,
    scopes: Scopes,
    /// Read only for a route that requires groups: a token may list hundreds.
    groups: Option<Option<Box<[Box<str>]>>>,
    /// The claims that routes have required so far, by their path.
    asked: Vec<(ClaimPath, Option<Value>)>,
    confirmation: Confirmation,
}

/// Without values: claims must not get into logs.
impl std::fmt::Debug for ClaimValues {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClaimValues(…)")
    }
}

impl ClaimValues {
    /// Reads the values that a route's requirements and the issuer's settings need; those that `known` has,
    /// too, so that routes with different requirements share an entry.
    #[must_use]
    pub fn read(
        claims: &Claims<'_>,
        reading: &ClaimReading,
        requirements: &Requirements,
        known: Option<&Self>,
    ) -> Self {
        let needs_groups = !requirements.groups.is_empty() || known.is_some_and(Self::has_groups);
        let kept = known.map(|known| &known.asked).filter(|asked| asked.len() < MOST_KEPT);
        let mut asked = kept.cloned().unwrap_or_default();
        for (path, _) in requirements.claims.iter() {
            if !asked.iter().any(|(known, _)| known == path) {
                asked.push((path.clone(), plain_value(path, claims)));
            }
        }
        Self {
            issuer_matches: claims.is_from(&reading.issuer),
            subject_is_valid: claims.subject_is_valid(),
            audience_matches: reading.audience_matches(claims),
            client_matches: reading.client_matches(claims),
            required_claims_are_met: reading.required_claims.are_met(claims),
            exp: claims.time("exp"),
            nbf: claims.time("nbf"),
            auth_time: claims.time("auth_time"),
            acr: claims.members().text("acr").map(|acr| acr.into_owned().into_boxed_str()),
            scopes: reading.scopes(claims),
            groups: needs_groups.then(|| reading.groups(claims)),
            asked,
            confirmation: Confirmation::read(claims),
        }
    }

    fn has_groups(&self) -> bool {
        self.groups.is_some()
    }

    /// Whether everything that a route's requirements need was read.
    #[must_use]
    pub fn suffice_for(&self, requirements: &Requirements) -> bool {
        let has = |path| self.asked.iter().any(|(known, _)| known == path);
        (requirements.groups.is_empty() || self.has_groups())
            && requirements.claims.iter().all(|(path, _)| has(path))
    }

    /// What the token is bound to.
    #[must_use]
    pub fn confirmation(&self) -> &Confirmation {
        &self.confirmation
    }

    /// The heap memory that the values take, in bytes, approximately.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let groups = self.groups.iter().flatten().flat_map(|groups| groups.iter());
        let asked = self.asked.iter().map(|entry| {
            let text = entry.1.as_ref().and_then(Value::as_str).map_or(0, str::len);
            size_of_val(entry) + 2 * entry.0.as_str().len() + text
        });
        self.scopes.heap_bytes()
            + self.acr.as_deref().map_or(0, str::len)
            + asked.sum::<usize>()
            + groups.map(|group| size_of_val(group) + group.len()).sum::<usize>()
            + self.confirmation.heap_bytes()
    }

    /// Checks rules in order, up to the first that fails.
    pub fn check_all(&self, rules: &[ClaimRule], demands: &Demands<'_>) -> Result<(), TokenError> {
        rules.iter().try_for_each(|rule| self.check(*rule, demands))
    }

    /// Checks one rule.
    pub fn check(&self, rule: ClaimRule, demands: &Demands<'_>) -> Result<(), TokenError> {
        match rule {
            ClaimRule::Issuer => met(self.issuer_matches, TokenError::IssuerMismatch),
            ClaimRule::Subject => met(self.subject_is_valid, TokenError::InvalidSubject),
            ClaimRule::Audience => met(self.audience_matches, TokenError::AudienceMismatch),
            ClaimRule::Expiration => self.check_expiration(demands.moment, demands.expiration),
            ClaimRule::NotBefore => self.check_not_before(demands.moment),
            ClaimRule::ClientId => met(self.client_matches, TokenError::ClientMismatch),
            ClaimRule::RequiredClaims => {
                met(self.required_claims_are_met, TokenError::RequiredClaimsMismatch)
            }
            ClaimRule::Scopes => self.check_scopes(demands.requirements),
            ClaimRule::Groups => self.check_groups(&demands.requirements.groups, demands.match_all),
            ClaimRule::Claims => self.check_claims(&demands.requirements.claims),
            ClaimRule::Authentication => self.check_authentication(demands),
            ClaimRule::Binding => self.confirmation.check(demands.certificate, demands.binding),
        }
    }

    /// Whether the settings, the route or the token ask for a rule at all.
    #[must_use]
    pub fn is_asked(&self, rule: ClaimRule, reading: &ClaimReading, demands: &Demands<'_>) -> bool {
        let route = demands.requirements;
        match rule {
            ClaimRule::ClientId => reading.client_ids.is_some(),
            ClaimRule::RequiredClaims => !reading.required_claims.is_empty(),
            ClaimRule::Scopes => !route.scopes.is_empty() || !route.any_scope.is_empty(),
            ClaimRule::Groups => !route.groups.is_empty(),
            ClaimRule::Claims => !route.claims.is_empty(),
            ClaimRule::Authentication => !route.acr.is_empty() || route.max_age.is_some(),
            ClaimRule::Binding => self.confirmation.is_asked(demands.binding),
            _ => true,
        }
    }

    fn check_expiration(&self, moment: Moment, expiration: Expiration) -> Result<(), TokenError> {
        match self.exp {
            Time::Absent if expiration == Expiration::Optional => Ok(()),
            Time::Absent => Err(TokenError::MissingExpiration),
            Time::Malformed => Err(TokenError::InvalidExpiration),
            Time::At(exp) if moment.before(exp) => Ok(()),
            Time::At(_) => Err(TokenError::Expired),
        }
    }

    fn check_not_before(&self, moment: Moment) -> Result<(), TokenError> {
        match self.nbf {
            Time::Absent => Ok(()),
            Time::Malformed => Err(TokenError::InvalidNotBefore),
            Time::At(nbf) if moment.since(nbf) => Ok(()),
            Time::At(_) => Err(TokenError::NotYetValid),
        }
    }

    fn check_scopes(&self, requirements: &Requirements) -> Result<(), TokenError> {
        let Requirements { scopes, any_scope, .. } = requirements;
        let has_all = scopes.iter().all(|scope| self.scopes.has(scope));
        let has_any = any_scope.is_empty() || any_scope.iter().any(|scope| self.scopes.has(scope));
        met(has_all && has_any, TokenError::MissingScopes)
    }

    fn check_claims(&self, required: &RequiredClaims) -> Result<(), TokenError> {
        let value = |path: &ClaimPath| {
            let (_, value) = self.asked.iter().find(|(known, _)| known == path)?;
            value.clone()
        };
        met(required.are_met_by(value), TokenError::ClaimsMismatch)
    }

    fn check_authentication(&self, demands: &Demands<'_>) -> Result<(), TokenError> {
        let Requirements { acr, max_age, .. } = demands.requirements;
        if !acr.is_empty() {
            let is_one = |own: &str| acr.iter().any(|allowed| allowed == own);
            met(self.acr.as_deref().is_some_and(is_one), TokenError::AcrNotMet)?;
        }
        let Some(max_age) = max_age else { return Ok(()) };
        match self.auth_time {
            // A login in the future has no age. Clocks may differ by the tolerance.
            Time::At(at) if demands.moment.since(at) => {
                let age = demands.moment.now + demands.moment.skew - at;
                met(age <= *max_age, TokenError::LoginTooOld)
            }
            _ => Err(TokenError::MissingAuthTime),
        }
    }

    fn check_groups(&self, required: &[String], match_all: bool) -> Result<(), TokenError> {
        if required.is_empty() {
            return Ok(());
        }
        let held = self.groups.iter().flatten().flat_map(|groups| groups.iter());
        let holds = |group: &String| held.clone().any(|held| **held == **group);
        let matches =
            if match_all { required.iter().all(holds) } else { required.iter().any(holds) };
        met(matches, TokenError::MissingGroups)
    }
}

/// With more claims, an entry keeps only those that the route at hand requires.
const MOST_KEPT: usize = 64;

fn met(holds: bool, refusal: TokenError) -> Result<(), TokenError> {
    if holds { Ok(()) } else { Err(refusal) }
}

#[cfg(test)]
mod tests;
