//! Proof of possession (RFC 9449 §7): between the rules on the token itself and those of the route.

use super::replay::{PROCESS, Spent};
use super::request::Request;
use super::{Validator, Verdict};
use crate::base64url::encode;
use crate::error::{Error, Fault, HttpError, TokenError, Unspent};
use crate::token::binding::Confirmation;
use crate::token::claim_rules::Demands as ClaimDemands;
use crate::token::claim_rules::{ClaimRule, ClaimValues};
use crate::token::dpop::{self, Demands, Mode, Presented, ProofRequest, Spending};

/// What a proof comes to, with the route's answer to the token.
pub(super) struct Judged {
    /// A proof that the caller's replay store has to remember first.
    unspent: Option<Spending>,
    route: Result<(), TokenError>,
}

impl Judged {
    /// The verdict; `text` makes the claims of what is admitted.
    pub(super) fn verdict<T>(
        self,
        admitted: T,
        text: impl FnOnce(T) -> Verdict,
    ) -> Result<T, Error> {
        let allowed = self.route.map(|()| admitted).map_err(Error::from);
        let Some(proof) = self.unspent else { return allowed };
        Err(Error::Unspent(Box::new(Unspent {
            key: encode(proof.key),
            expires_at: proof.expires_at.ceil() as u64,
            verdict: allowed.and_then(text),
        })))
    }
}

impl Validator {
    /// The rules that depend on the request, for a token that is good by itself: its proof of possession, then
    /// what the route requires.
    pub(super) fn judge(
        &self,
        values: &ClaimValues,
        request: &Request<'_>,
        demands: &ClaimDemands<'_>,
    ) -> Result<Judged, Error> {
        let proof = self.check_possession(values.confirmation(), request)?;
        let unspent = match proof {
            Some(proof) if !request.explains => self.spend(proof, request.now)?,
            _ => None,
        };
        Ok(Judged { unspent, route: values.check_all(ClaimRule::ROUTE, demands) })
    }

    /// The mode on a route.
    pub(super) fn dpop_mode(&self, request: &Request<'_>) -> Mode {
        if request.requirements.token_alone {
            return Mode::Ignored;
        }
        match (request.requirements.dpop, self.config().dpop.mode) {
            (Some(true), _) => Mode::Required,
            // Under a profile a route does not take proofs away.
            (Some(false), mode) if self.config().profile.is_some() => mode,
            (Some(false), _) => Mode::Ignored,
            (None, mode) => mode,
        }
    }

    fn check_possession(
        &self,
        confirmation: &Confirmation,
        request: &Request<'_>,
    ) -> Result<Option<Spending>, Error> {
        let key = self.proof_key(confirmation, request)?;
        let Some((key, proof)) = key else { return Ok(None) };
        Ok(Some(dpop::check(&self.proof_demands(request, key, proof))?))
    }

    /// The key that a proof is needed of, and the request that has it; `None` where none is needed.
    pub(super) fn proof_key<'a>(
        &self,
        confirmation: &'a Confirmation,
        request: &Request<'a>,
    ) -> Result<Option<(&'a str, ProofRequest<'a>)>, TokenError> {
        let mode = self.dpop_mode(request);
        if mode == Mode::Ignored {
            return Ok(None);
        }
        match (request.presented, confirmation.key()) {
            (Presented::BearerWithProof, _) => Err(TokenError::DpopSchemeMismatch),
            (Presented::Bearer, Some(_)) => Err(TokenError::DpopRequired),
            (Presented::Dpop(proof), Some(key)) => Ok(Some((key, proof))),
            (Presented::Dpop(_), None) => Err(TokenError::DpopTokenNotBound),
            (Presented::Bearer, None) if mode == Mode::Required => {
                Err(TokenError::DpopTokenNotBound)
            }
            (Presented::Bearer, None) => {
                match (self.config().profile, confirmation.certificate()) {
                    (Some(_), None) => Err(TokenError::NotBound),
                    _ => Ok(None),
                }
            }
        }
    }

    pub(super) fn proof_demands<'a>(
        &'a self,
        request: &Request<'a>,
        key: &'a str,
        proof: ProofRequest<'a>,
    ) -> Demands<'a> {
        Demands {
            settings: &self.config().dpop,
            moment: self.moment(request.now),
            token: request.token,
            key,
            request: proof,
        }
    }

    /// Remembers a proof in the process; hands it on where the caller has a store.
    fn spend(&self, proof: Spending, now: f64) -> Result<Option<Spending>, Error> {
        if self.config().dpop.has_replay_store {
            return Ok(Some(proof));
        }
        match PROCESS.spend(&proof, now) {
            Spent::Fresh => Ok(None),
            Spent::Replayed => Err(TokenError::DpopProofReplayed.into()),
            Spent::Full => Err(replay_store_unavailable()),
        }
    }

    /// The nonce to use from now on, where a proof has another one; `None` too where none is needed.
    #[must_use]
    pub fn next_nonce(&self, proof: Option<&str>, now: f64) -> Option<String> {
        let current = self.config().dpop.nonces.as_ref()?.current(now);
        let has_it = proof.and_then(dpop::nonce_of).is_some_and(|nonce| nonce == current);
        (!has_it).then_some(current)
    }
}

/// The refusal of a request whose proof can't be remembered.
#[must_use]
pub fn replay_store_unavailable() -> Error {
    let what = "DPoP replay store";
    let (url, fault) = (String::new(), Fault::ReplayStore);
    HttpError { what, url, fault, raw: None, retry_after: None }.into()
}
