//! The steps of an explanation for how a request presents its token (RFC 9449 §7) and for its DPoP proof.

use serde_json::{Value, json};

use super::shown::{cut, shown, some};
use super::steps::{Answer, Rule, Step, Walk};
use crate::json::Members;
use crate::keys::algorithm::Algorithm;
use crate::token::binding::Confirmation;
use crate::token::dpop::target_uri::TargetUri;
use crate::token::dpop::{self, Demands, MOST_AHEAD, Mode, Presented, ProofRule};
use crate::validator::Validator;
use crate::validator::request::Request;

impl Validator {
    /// How the token is presented, then the rules on the proof, where there is one. A proof is not spent, and
    /// whether it has been is not asked.
    pub(super) fn walk_possession(
        &self,
        walk: &mut Walk,
        confirmation: &Confirmation,
        request: &Request<'_>,
    ) {
        let mode = self.dpop_mode(request);
        let scheme = match request.presented {
            Presented::Bearer => "Bearer",
            Presented::BearerWithProof => "Bearer, with a DPoP header",
            Presented::Dpop(_) => "DPoP",
        };
        let found = json!({ "scheme": scheme, "bound": confirmation.key().is_some() });
        let expected = json!(mode.as_str());
        let needed = self.proof_key(confirmation, request);
        // `proof_key` refuses every token without a DPoP key under `required`, and every one with another
        // scheme than Bearer, so `needed` is an error there.
        let is_asked = self.config().profile.is_some() || confirmation.key().is_some();
        if mode == Mode::Ignored || (needed.is_ok() && !is_asked) {
            let (rule, answer) = (Rule::Dpop, Answer::NotAsked);
            walk.steps.push(Step { rule, answer, found, expected });
            return;
        }
        let Some(Some((key, proof))) = walk.put(Rule::Dpop, needed, found, expected) else {
            return;
        };
        let demands = self.proof_demands(request, key, proof);
        dpop::check_each(&demands, |rule, result, header, payload| {
            let (found, expected) = compared(rule, &demands, header, payload);
            walk.put(Rule::Proof(rule), result, found, expected);
        });
    }
}

/// What a rule found in the proof, and what it compares that with. Neither keys nor hashes are shown.
fn compared(
    rule: ProofRule,
    demands: &Demands<'_>,
    header: &Members<'_>,
    payload: &Members<'_>,
) -> (Value, Value) {
    let of = |members: &Members<'_>, name| members.raw(name).map_or(Value::Null, shown);
    let Demands { settings, moment, request, .. } = demands;
    match rule {
        ProofRule::Type => (of(header, "typ"), json!("dpop+jwt")),
        ProofRule::Algorithm => {
            let accepted = settings.algorithms.iter().map(|algorithm| Algorithm::name(*algorithm));
            (of(header, "alg"), some(accepted))
        }
        ProofRule::Claims => (some(payload.names()), json!(["jti", "htm", "htu", "iat", "ath"])),
        ProofRule::Method => (of(payload, "htm"), json!(cut(request.method))),
        ProofRule::Url => {
            let asked = TargetUri::parse(request.url).map(|url| url.at(settings.origin.as_ref()));
            (of(payload, "htu"), json!(asked.map(|url| cut(&url.text()))))
        }
        ProofRule::Time => {
            let expected = json!({
                "now": moment.now, "clockSkew": moment.skew, "maxAge": settings.max_age,
                "clockTolerance": moment.tolerance.min(MOST_AHEAD),
            });
            (of(payload, "iat"), expected)
        }
        ProofRule::Form
        | ProofRule::Key
        | ProofRule::TokenHash
        | ProofRule::Binding
        | ProofRule::Nonce
        | ProofRule::Signature => (Value::Null, Value::Null),
    }
}
