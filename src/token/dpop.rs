//! DPoP proofs (RFC 9449 §4.3): the holder of a token's key signs each request. The validator supplies the token
//! and the request, and remembers the proofs that it has seen.

pub mod nonce;
mod settings;
pub mod target_uri;

use std::borrow::Cow;
use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

pub use self::settings::{DEFAULT_ALGORITHMS, Mode, Settings};
use self::target_uri::TargetUri;
use crate::base64url::{decode, encode};
use crate::error::TokenError;
use crate::json::Members;
use crate::keys::algorithm::Algorithm;
use crate::keys::proof_key::ProofKey;
use crate::token::claim_rules::Moment;

/// The longest proof that is read, in bytes. One with an RSA key of 8192 bits has some 3,500.
pub const LONGEST_PROOF: usize = 8192;

/// The longest `jti`, in bytes.
const LONGEST_ID: usize = 256;

/// The most seconds that a proof may be from the future, whatever `clockTolerance` says.
pub const MOST_AHEAD: f64 = 60.0;

/// How a request presents its token.
#[derive(Clone, Copy)]
pub enum Presented<'a> {
    /// With the scheme `Bearer` (RFC 6750 §2.1).
    Bearer,
    /// The same, beside a `DPoP` header.
    BearerWithProof,
    /// With the scheme `DPoP` (RFC 9449 §7.1).
    Dpop(ProofRequest<'a>),
}

/// Without the proof.
impl fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bearer => "Bearer",
            Self::BearerWithProof => "BearerWithProof",
            Self::Dpop(_) => "Dpop(…)",
        })
    }
}

/// What a proof is compared with.
#[derive(Clone, Copy)]
pub struct ProofRequest<'a> {
    /// The `DPoP` header; empty where there is none.
    pub proof: &'a str,
    /// The request's method.
    pub method: &'a str,
    /// The URL that the client asked for.
    pub url: &'a str,
}

/// Without the proof and the URL.
impl fmt::Debug for ProofRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProofRequest").finish_non_exhaustive()
    }
}

/// One rule on a proof. The order is that of the checks: what costs least comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProofRule {
    /// There is one `DPoP` header, and it is one JWT (points 1 and 2).
    Form,
    /// `typ` (point 4).
    Type,
    /// `alg` (point 5).
    Algorithm,
    /// `jwk` is a public key (point 7).
    Key,
    /// The claims that a proof must have (point 3).
    Claims,
    /// `htm` (point 8).
    Method,
    /// `htu` (point 9).
    Url,
    /// `iat` (point 11), and `exp` and `nbf` where they are there.
    Time,
    /// `ath` (point 12).
    TokenHash,
    /// The key is the one that the token is bound to (point 12, RFC 9449 §6).
    Binding,
    /// `nonce` (point 10).
    Nonce,
    /// The signature (point 6).
    Signature,
}

impl ProofRule {
    /// All of them, in their order.
    pub const ALL: &[Self] = &[
        Self::Form,
        Self::Type,
        Self::Algorithm,
        Self::Key,
        Self::Claims,
        Self::Method,
        Self::Url,
        Self::Time,
        Self::TokenHash,
        Self::Binding,
        Self::Nonce,
        Self::Signature,
    ];
}

/// What a proof has to fit.
pub struct Demands<'a> {
    /// The client's settings.
    pub settings: &'a Settings,
    /// The present time.
    pub moment: Moment,
    /// The access token.
    pub token: &'a str,
    /// The thumbprint in the token's `cnf`.
    pub key: &'a str,
    /// The request.
    pub request: ProofRequest<'a>,
}

/// Without the token.
impl fmt::Debug for Demands<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Demands").field("moment", &self.moment).finish_non_exhaustive()
    }
}

/// The parts of a proof as text.
struct Parts<'a> {
    header: String,
    payload: String,
    signed: &'a [u8],
    signature: &'a str,
}

impl<'a> Parts<'a> {
    fn read(proof: &'a str) -> Result<Self, TokenError> {
        if proof.is_empty() {
            return Err(TokenError::DpopProofMissing);
        }
        // Node.js joins header fields of one name in this way, and no JWT has a comma.
        if proof.contains(',') {
            return Err(TokenError::DpopProofRepeated);
        }
        let malformed = TokenError::DpopProofMalformed;
        if proof.len() > LONGEST_PROOF {
            return Err(malformed);
        }
        let (signed, signature) = proof.rsplit_once('.').ok_or(malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(malformed)?;
        let text = |part| String::from_utf8(decode(part)?).ok();
        let (header, payload) = text(header).zip(text(payload)).ok_or(malformed)?;
        decode(signature).ok_or(malformed)?;
        Ok(Self { header, payload, signed: signed.as_bytes(), signature })
    }
}

/// The claims of a proof (RFC 9449 §4.2).
struct Claims<'a> {
    method: Cow<'a, str>,
    url: Cow<'a, str>,
    id: Cow<'a, str>,
    issued_at: f64,
    /// Not among the claims of a proof, but a JWT that has them is bound by them (RFC 7519 §4.1.4, §4.1.5).
    expires_at: Option<f64>,
    not_before: Option<f64>,
    token_hash: Cow<'a, str>,
}

impl<'a> Claims<'a> {
    fn read(payload: &Members<'a>) -> Option<Self> {
        let time = |name| payload.get::<f64>(name).transpose().ok();
        Some(Self {
            method: payload.text("htm")?,
            url: payload.text("htu")?,
            id: payload.text("jti").filter(|id| (1..=LONGEST_ID).contains(&id.len()))?,
            issued_at: time("iat")??,
            expires_at: time("exp")?,
            not_before: time("nbf")?,
            token_hash: payload.text("ath")?,
        })
    }
}

/// A proof as it was read; nothing of it has been compared with anything.
struct Proof<'a> {
    parts: &'a Parts<'a>,
    header: Members<'a>,
    payload: Members<'a>,
    algorithm: Option<Algorithm>,
    key: Result<ProofKey, TokenError>,
    claims: Option<Claims<'a>>,
    nonce: Option<Cow<'a, str>>,
}

impl<'a> Proof<'a> {
    fn read(parts: &'a Parts<'a>) -> Result<Self, TokenError> {
        let members = |text| Members::parse(text).map_err(|_| TokenError::DpopProofMalformed);
        let (header, payload) = (members(&parts.header)?, members(&parts.payload)?);
        // No extension is supported (RFC 7515 §4.1.11).
        if header.has("crit") {
            return Err(TokenError::DpopProofMalformed);
        }
        let key = header.raw("jwk").and_then(|jwk| ProofKey::parse(jwk).ok());
        Ok(Self {
            parts,
            algorithm: header.text("alg").and_then(|name| Algorithm::parse(&name)),
            key: key.ok_or(TokenError::DpopProofKey),
            claims: Claims::read(&payload),
            nonce: payload.text("nonce"),
            header,
            payload,
        })
    }

    fn key(&self) -> Result<&ProofKey, TokenError> {
        self.key.as_ref().map_err(|error| *error)
    }

    fn claims(&self) -> Result<&Claims<'a>, TokenError> {
        self.claims.as_ref().ok_or(TokenError::DpopProofClaims)
    }

    fn check(&self, rule: ProofRule, demands: &Demands<'_>) -> Result<(), TokenError> {
        let Demands { settings, moment, request, .. } = demands;
        let (holds, refusal) = match rule {
            ProofRule::Form => return Ok(()),
            ProofRule::Type => {
                let kind = self.header.text("typ");
                let is_proof = kind.is_some_and(|kind| kind.eq_ignore_ascii_case("dpop+jwt"));
                (is_proof, TokenError::DpopProofType)
            }
            ProofRule::Algorithm => {
                let is_one = |algorithm| settings.algorithms.contains(&algorithm);
                (self.algorithm.is_some_and(is_one), TokenError::DpopProofAlgorithm)
            }
            ProofRule::Key => {
                let key = self.key()?;
                let fits = self.algorithm.is_some_and(|algorithm| key.is_for(algorithm));
                (fits, TokenError::DpopProofKey)
            }
            ProofRule::Claims => return self.claims().map(drop),
            ProofRule::Method => {
                (self.claims()?.method == request.method, TokenError::DpopMethodMismatch)
            }
            ProofRule::Url => {
                let asked =
                    TargetUri::parse(request.url).map(|url| url.at(settings.origin.as_ref()));
                let named = TargetUri::parse(&self.claims()?.url);
                (asked.is_some() && asked == named, TokenError::DpopUrlMismatch)
            }
            ProofRule::Time => {
                let &Claims { issued_at, expires_at, not_before, .. } = self.claims()?;
                let now = moment.now + moment.skew;
                let latest = now + moment.tolerance.min(MOST_AHEAD);
                if issued_at > latest || not_before.is_some_and(|start| start > latest) {
                    return Err(TokenError::DpopProofNotYetValid);
                }
                let has_ended = expires_at.is_some_and(|end| end <= now);
                (!has_ended && now - issued_at <= settings.max_age, TokenError::DpopProofExpired)
            }
            ProofRule::TokenHash => {
                let expected = encode(Sha256::digest(demands.token));
                let found = self.claims()?.token_hash.as_bytes();
                (bool::from(expected.as_bytes().ct_eq(found)), TokenError::DpopTokenHashMismatch)
            }
            ProofRule::Binding => {
                let found = self.key()?.thumbprint.as_bytes();
                (bool::from(demands.key.as_bytes().ct_eq(found)), TokenError::DpopKeyMismatch)
            }
            ProofRule::Nonce => {
                let Some(nonces) = &settings.nonces else { return Ok(()) };
                let nonce = self.nonce.as_deref().ok_or(TokenError::DpopNonceMissing)?;
                (nonces.is_good(nonce, moment.now), TokenError::DpopNonceStale)
            }
            ProofRule::Signature => {
                let Parts { signed, signature, .. } = self.parts;
                let key = self.key()?;
                let is_its = |algorithm| key.verifies(signed, signature, algorithm);
                (self.algorithm.is_some_and(is_its), TokenError::DpopProofSignature)
            }
        };
        if holds { Ok(()) } else { Err(refusal) }
    }

    fn spending(&self, settings: &Settings) -> Result<Spending, TokenError> {
        let (key, claims) = (self.key()?, self.claims()?);
        let digest = Sha256::new_with_prefix(key.thumbprint.as_bytes()).chain_update(&*claims.id);
        Ok(Spending {
            key: digest.finalize().into(),
            // Clocks of a fleet and of its store differ.
            expires_at: claims.issued_at + settings.max_age + MOST_AHEAD,
        })
    }
}

/// A proof that is good, and may be used once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spending {
    /// SHA-256 over the key's thumbprint, which has one length, and `jti`.
    pub key: [u8; 32],
    /// When the proof is too old for every process, seconds since 1970.
    pub expires_at: f64,
}

/// Checks a proof, up to the first rule that it does not meet.
pub fn check(demands: &Demands<'_>) -> Result<Spending, TokenError> {
    let parts = Parts::read(demands.request.proof)?;
    let proof = Proof::read(&parts)?;
    ProofRule::ALL.iter().try_for_each(|rule| proof.check(*rule, demands))?;
    proof.spending(demands.settings)
}

/// Every rule by itself, for an explanation, with the members of header and payload; those after
/// [`ProofRule::Form`] only where the proof can be read.
pub fn check_each(
    demands: &Demands<'_>,
    mut each: impl FnMut(ProofRule, Result<(), TokenError>, &Members<'_>, &Members<'_>),
) {
    let parts = Parts::read(demands.request.proof);
    let proof = parts.as_ref().map_err(|error| *error).and_then(Proof::read);
    match proof {
        Err(error) => each(ProofRule::Form, Err(error), &Members::default(), &Members::default()),
        Ok(proof) => {
            for rule in ProofRule::ALL {
                each(*rule, proof.check(*rule, demands), &proof.header, &proof.payload);
            }
        }
    }
}

/// The nonce in a proof, of which nothing is verified.
#[must_use]
pub fn nonce_of(proof: &str) -> Option<String> {
    let parts = Parts::read(proof).ok()?;
    Members::parse(&parts.payload).ok()?.text("nonce").map(Cow::into_owned)
}

#[cfg(test)]
mod tests;
