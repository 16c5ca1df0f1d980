//! One token in, a verdict out: [`Validator::validate`] is the one composition of the steps of contract
//! §4 and §5, for the boundary, for `explain`, for the tests and for the fuzz targets.

pub mod dpop;
pub mod explain;
mod inline_budget;
mod introspected;
mod jwt;
mod pending;
pub mod replay;
pub mod request;
pub mod signature_cache;
mod trusted_issuer;
pub mod verify_pool;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use self::inline_budget::Spending;
pub use self::pending::{Pending, Wait};
use self::request::{Kind, Request, Requirements};
use self::signature_cache::{SignatureCache, TokenDigest};
pub use self::trusted_issuer::TrustedIssuer;
use self::verify_pool::VerifyPool;
use crate::config::Config;
use crate::error::{Error, TokenError, ValidationError};
use crate::issuer::Issuer;
use crate::issuer::single_flight::SingleFlight;
use crate::json::Members;
use crate::keys::verifying_key::Cost;
use crate::token::claim_rules::{ClaimValues, Demands, Expiration, Moment};
use crate::token::claims::Claims;
use crate::token::jws::Compact;

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
    /// The permission to verify a signature of this cost, if there is one to verify, on the calling thread.
    fn inline(self, cost: Option<Cost>) -> Option<Spending> {
        match (self, cost) {
            (_, None) | (Self::Inline, _) => Some(Spending::FREE),
            (Self::Adaptive, Some(cost)) => VerifyPool::get().inline(cost),
            (Self::Pool, Some(_)) => None,
        }
    }
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

/// How a token is validated.
enum Way<'a> {
    /// As a JWT.
    Jwt,
    /// By this issuer's introspection endpoint.
    Introspection(&'a TrustedIssuer),
}

/// Validates tokens for one API.
#[derive(Debug)]
pub struct Validator {
    first: TrustedIssuer,
    /// The other issuers of a list.
    others: Box<[TrustedIssuer]>,
    /// The index of each issuer, by `iss` to the byte.
    by_issuer: HashMap<Box<str>, usize>,
    placement: Placement,
    /// Introspections in progress.
    introspections: Arc<SingleFlight<TokenDigest, String>>,
    signatures: Option<Arc<SignatureCache>>,
    /// Bits of an `f64`: `setClockSkew` and `setClockTolerance` change them while requests run.
    clock_skew: AtomicU64,
    clock_tolerance: AtomicU64,
}

impl Validator {
    /// A validator for the tokens of one issuer. It makes no request before the first token.
    pub fn new(config: Config, issuer: Arc<Issuer>) -> Result<Self, ValidationError> {
        Self::for_issuers((config, issuer), vec![], Placement::Adaptive)
    }

    /// The same for several issuers, with a rule for which thread verifies signatures.
    pub fn for_issuers(
        first: (Config, Arc<Issuer>),
        others: Vec<(Config, Arc<Issuer>)>,
        placement: Placement,
    ) -> Result<Self, ValidationError> {
        let trust = |(config, issuer)| TrustedIssuer::new(config, issuer);
        let first = trust(first)?;
        let others: Box<[_]> = others.into_iter().map(trust).collect::<Result<_, _>>()?;
        let all = || std::iter::once(&first).chain(&others);
        let config = first.config();
        Ok(Self {
            by_issuer: all()
                .enumerate()
                .map(|(index, trusted)| (trusted.reading().issuer.as_str().into(), index))
                .collect(),
            placement,
            introspections: Arc::default(),
            signatures: SignatureCache::shared(
                config.verified_tokens_bytes,
                all().map(|trusted| trusted.reading().clone()).collect(),
                config.profile,
            ),
            clock_skew: AtomicU64::new(config.clock_skew.to_bits()),
            clock_tolerance: AtomicU64::new(config.clock_tolerance.to_bits()),
            first,
            others,
        })
    }

    /// The settings that are the same for all issuers, beside those of the first.
    #[must_use]
    pub fn config(&self) -> &Config {
        self.first.config()
    }

    /// Every issuer whose tokens are accepted.
    pub fn issuers(&self) -> impl Iterator<Item = &TrustedIssuer> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// The first issuer, which is the only one where there is no list.
    #[must_use]
    pub fn first(&self) -> &TrustedIssuer {
        &self.first
    }

    /// The issuer of this name, to the byte.
    #[must_use]
    pub fn issuer(&self, name: &str) -> Option<&TrustedIssuer> {
        self.by_index(*self.by_issuer.get(name)?)
    }

    /// The issuer of this name; the only one, where no name is given.
    pub fn issuer_or_only(&self, name: Option<&str>) -> Result<&TrustedIssuer, ValidationError> {
        match name {
            None if self.others.is_empty() => Ok(&self.first),
            None => Err(ValidationError::new("\"issuer\" is required: this client has several")),
            Some(name) => self.issuer(name).ok_or_else(|| {
                ValidationError::new("\"issuer\" must be one of the client's own, to the byte")
            }),
        }
    }

    /// Takes a metadata document that the caller supplies: that of the issuer that it names.
    pub fn adopt_metadata(&self, text: String) -> Result<(), Error> {
        let named = Members::parse(&text).ok().and_then(|members| {
            let name = members.text("issuer")?;
            self.issuer(&name)
        });
        named.unwrap_or(&self.first).adopt_metadata(text)
    }

    fn by_index(&self, index: usize) -> Option<&TrustedIssuer> {
        match index.checked_sub(1) {
            None => Some(&self.first),
            Some(other) => self.others.get(other),
        }
    }

    /// The cache of verified signatures, where there is one.
    #[must_use]
    pub fn signatures(&self) -> Option<&SignatureCache> {
        self.signatures.as_deref()
    }

    /// `setClockSkew`: seconds, finite, not negative.
    pub fn set_clock_skew(&self, seconds: f64) {
        self.clock_skew.store(seconds.to_bits(), Ordering::Relaxed);
    }

    /// `setClockTolerance`: seconds, finite, not negative.
    pub fn set_clock_tolerance(&self, seconds: f64) {
        self.clock_tolerance.store(seconds.to_bits(), Ordering::Relaxed);
    }

    /// Whether the tenant is asked about a token: it is opaque, or its issuer's JWTs are introspected, too.
    #[must_use]
    pub fn is_introspected(&self, token: &str) -> bool {
        matches!(self.way(token, Kind::Detect), Way::Introspection(_))
    }

    fn way(&self, token: &str, kind: Kind) -> Way<'_> {
        let introspects_jwts = |trusted: &TrustedIssuer| trusted.config().introspect_jwt_tokens;
        match kind {
            Kind::Jwt => Way::Jwt,
            Kind::Opaque => Way::Introspection(self.introspecting(token)),
            Kind::Detect if !is_compact(token) => Way::Introspection(self.introspecting(token)),
            Kind::Detect if self.issuers().any(introspects_jwts) => {
                let trusted = self.introspecting(token);
                if introspects_jwts(trusted) { Way::Introspection(trusted) } else { Way::Jwt }
            }
            Kind::Detect => Way::Jwt,
        }
    }

    /// Who is asked about a token: its issuer, where it is a JWT of one; else the one issuer at which this
    /// client has a `clientId`.
    fn introspecting(&self, token: &str) -> &TrustedIssuer {
        if self.others.is_empty() {
            return &self.first;
        }
        let of_jwt = if is_compact(token) { self.index_of(token).ok() } else { None };
        let with_client = || self.issuers().find(|it| it.config().client_id.is_some());
        of_jwt.and_then(|index| self.by_index(index)).or_else(with_client).unwrap_or(&self.first)
    }

    /// The issuer that a JWT names, before anything of it is verified.
    fn index_of(&self, token: &str) -> Result<usize, TokenError> {
        if self.others.is_empty() {
            return Ok(0);
        }
        let payload = Compact::split(token)?.payload()?;
        let claims = Claims::parse(&payload)?;
        let issuer = claims.members().text("iss").ok_or(TokenError::IssuerMismatch)?;
        self.by_issuer.get(&*issuer).copied().ok_or(TokenError::IssuerMismatch)
    }

    /// Validates a token: at once where nothing has to be waited for.
    #[must_use]
    pub fn validate(self: &Arc<Self>, request: Request<'_>) -> Validation {
        match self.first_step(&request) {
            Step::Done(result) => Validation::Done(result),
            Step::Wait(wait) => {
                Validation::Pending(Pending::new(Arc::clone(self), request.to_owned(), wait))
            }
        }
    }

    fn first_step(&self, request: &Request<'_>) -> Step {
        // Most tokens have come before, and an entry says that the token is a JWT.
        let remembered = self.remembered(request);
        let seen = |it| self.seen_before(request, it, self.placement);
        if let Some(step) = remembered.as_ref().and_then(seen) {
            return step;
        }
        match self.way(request.token, request.kind) {
            Way::Jwt => self.validate_jwt(request, remembered, self.placement),
            Way::Introspection(trusted) => match self.check_introspection(trusted, request.token) {
                Ok(()) => Step::Wait(Wait::Introspection),
                Err(error) => error.into(),
            },
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

    fn check_size(&self, token: &str) -> Result<(), Error> {
        if token.is_empty() {
            let message = "Access token must be a valid non-empty string";
            return Err(ValidationError::new(message).into());
        }
        if token.len() > self.config().max_token_bytes {
            return Err(TokenError::TooLarge.into());
        }
        Ok(())
    }

    fn moment(&self, now: f64) -> Moment {
        Moment {
            now,
            skew: f64::from_bits(self.clock_skew.load(Ordering::Relaxed)),
            tolerance: f64::from_bits(self.clock_tolerance.load(Ordering::Relaxed)),
        }
    }

    fn elapsed(&self) -> Duration {
        self.first.issuer().elapsed()
    }

    /// A request that has waited since `began` ([`Validator::elapsed`]), with the time that it is now: a token that has
    /// expired meanwhile does not pass. Whole seconds are added, as `now` of JavaScript has no others.
    fn after_waiting<'a>(&self, request: &Request<'a>, began: Duration) -> Request<'a> {
        let waited = self.elapsed().saturating_sub(began);
        Request { now: request.now + waited.as_secs_f64().floor(), ..*request }
    }

    fn demands<'a>(
        &self,
        trusted: &TrustedIssuer,
        request: &Request<'a>,
        expiration: Expiration,
    ) -> Demands<'a> {
        let requirements: &'a Requirements = request.requirements;
        Demands {
            moment: self.moment(request.now),
            expiration,
            requirements,
            match_all: trusted.config().groups_match_all,
            binding: trusted.binding(requirements),
            certificate: request.certificate,
        }
    }
}

/// Whether a token has the three parts of a JWT (RFC 7515 §7.1).
fn is_compact(token: &str) -> bool {
    Compact::split(token).is_ok()
}

/// The values of the claims that the rules look at.
fn read_values(
    claims: &Claims<'_>,
    trusted: &TrustedIssuer,
    requirements: &Requirements,
    known: Option<&ClaimValues>,
) -> ClaimValues {
    ClaimValues::read(claims, trusted.reading(), requirements, known)
}
