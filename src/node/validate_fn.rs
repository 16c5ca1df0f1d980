//! The JavaScript function that validates the tokens of one route.

use std::mem::MaybeUninit;
use std::sync::Arc;

use super::failure::{Failure, outcome};
use super::js_bridge::JsBridge;
use super::kept_claims::KeptClaims;
use super::options::GivenPossession;
use super::raw::{Call, Callee, ON_STACK, Returned};
use crate::error::{Error, TokenError};
use crate::panics;
use crate::validator::request::{Kind, Request, Requirements};
use crate::validator::{Admitted, Validation, Validator};

/// Becomes `(token, now, ticket, possession?) => number | string | Failure | null`:
///
/// - a number stands for the claims of a token that was admitted before under it, which JavaScript keeps or
///   asks for ([`KeptClaims`]);
/// - a string is the claims, as JSON;
/// - a failure is the refusal;
/// - `null`: the verdict comes later, for `ticket`.
pub struct ValidateFn {
    pub validator: Arc<Validator>,
    pub bridge: Arc<JsBridge>,
    pub kept: Arc<KeptClaims>,
    pub requirements: Arc<Requirements>,
}

impl Callee for ValidateFn {
    fn call(&self, call: &Call) -> Option<Returned> {
        panics::at("validate, called");
        let mut buffer = [MaybeUninit::<u8>::uninit(); ON_STACK];
        let long: String;
        let token = match call.short_string(0, &mut buffer) {
            Some(token) => token,
            None => {
                if call.string_length(0) > self.validator.config().max_token_bytes {
                    return call.give(Failure::from(Error::from(TokenError::TooLarge)));
                }
                long = call.get(0)?;
                &long
            }
        };
        let now = call.get(1)?;
        let possession: Option<GivenPossession> = call.get(3)?;
        let (certificate, presented) = GivenPossession::read(possession.as_ref());
        let request = Request {
            token,
            kind: Kind::Detect,
            requirements: &self.requirements,
            certificate,
            presented,
            jwks: None,
            explains: false,
            now,
        };
        match self.validator.validate(request) {
            Validation::Done(Ok(Admitted::Seen(number))) => {
                if self.kept.stands_for(number) {
                    return call.give(number as f64);
                }
                call.give(outcome(self.validator.claims_of(token)))
            }
            Validation::Done(Ok(Admitted::Claims(text))) => call.give(text),
            Validation::Done(Err(error)) => call.give(Failure::from(error)),
            Validation::Pending(pending) => {
                let (bridge, ticket) = (Arc::clone(&self.bridge), call.get(2)?);
                pending.run(move |verdict| bridge.settle(ticket, outcome(verdict)));
                call.give(napi::bindgen_prelude::Null)
            }
        }
    }

    fn failed(call: &Call) -> Option<Returned> {
        call.give(Failure::from(Error::Defect))
    }
}
