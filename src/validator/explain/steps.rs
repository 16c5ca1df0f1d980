//! The steps of a validation, as an explanation lists them.

use serde_json::Value;

use crate::error::Error;
use crate::token::claim_rules::ClaimRule;
use crate::token::dpop::ProofRule;
use crate::validator::Verdict;

/// One step of a validation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The token is short enough, and a JWT has three parts.
    Form,
    /// The header can be read, and its algorithm and type are accepted.
    Header,
    /// The tenant's keys are at hand.
    Keys,
    /// One of the keys is the token's.
    Key,
    /// The signature is that key's.
    Signature,
    /// This client has credentials for introspection.
    Client,
    /// The tenant says that the token is active.
    Introspection,
    /// The claims can be read.
    Payload,
    /// A rule on the claims.
    Claim(ClaimRule),
    /// The request presents the token as its binding and the configuration ask (RFC 9449 §7).
    Dpop,
    /// A rule on the DPoP proof.
    Proof(ProofRule),
}

impl Rule {
    const JWT: [Self; 6] =
        [Self::Form, Self::Header, Self::Keys, Self::Key, Self::Signature, Self::Payload];
    const INTROSPECTED: [Self; 4] = [Self::Client, Self::Form, Self::Introspection, Self::Payload];

    /// All steps for one kind of token, in their order; those on a DPoP proof only for a request that has one.
    pub fn all(introspected: bool, has_proof: bool) -> impl Iterator<Item = Self> {
        let first: &[Self] = if introspected { &Self::INTROSPECTED } else { &Self::JWT };
        let claims = |rules: &'static [ClaimRule]| rules.iter().map(|rule| Self::Claim(*rule));
        let proof = if has_proof { ProofRule::ALL } else { &[] };
        let steps = first.iter().copied().chain(claims(ClaimRule::TOKEN)).chain([Self::Dpop]);
        steps.chain(proof.iter().map(|rule| Self::Proof(*rule))).chain(claims(ClaimRule::ROUTE))
    }

    /// The stable machine word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Header => "header",
            Self::Keys => "keys",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Client => "client",
            Self::Introspection => "introspection",
            Self::Payload => "payload",
            Self::Claim(ClaimRule::Issuer) => "issuer",
            Self::Claim(ClaimRule::Subject) => "subject",
            Self::Claim(ClaimRule::Audience) => "audience",
            Self::Claim(ClaimRule::Expiration) => "expiration",
            Self::Claim(ClaimRule::NotBefore) => "not_before",
            Self::Claim(ClaimRule::ClientId) => "client_id",
            Self::Claim(ClaimRule::RequiredClaims) => "required_claims",
            Self::Claim(ClaimRule::Claims) => "claims",
            Self::Claim(ClaimRule::Authentication) => "authentication",
            Self::Claim(ClaimRule::Scopes) => "scopes",
            Self::Claim(ClaimRule::Groups) => "groups",
            Self::Claim(ClaimRule::Binding) => "binding",
            Self::Dpop => "dpop",
            Self::Proof(ProofRule::Form) => "dpop_form",
            Self::Proof(ProofRule::Type) => "dpop_type",
            Self::Proof(ProofRule::Algorithm) => "dpop_algorithm",
            Self::Proof(ProofRule::Key) => "dpop_key",
            Self::Proof(ProofRule::Claims) => "dpop_claims",
            Self::Proof(ProofRule::Method) => "dpop_method",
            Self::Proof(ProofRule::Url) => "dpop_url",
            Self::Proof(ProofRule::Time) => "dpop_time",
            Self::Proof(ProofRule::TokenHash) => "dpop_token_hash",
            Self::Proof(ProofRule::Binding) => "dpop_binding",
            Self::Proof(ProofRule::Nonce) => "dpop_nonce",
            Self::Proof(ProofRule::Signature) => "dpop_signature",
        }
    }
}

/// What came of one rule.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The token meets it.
    Passed,
    /// It does not.
    Failed(Error),
    /// Neither the route nor the token asks.
    NotAsked,
    /// What comes before it left nothing to ask.
    NotReached,
}

/// One rule, what came of it, and what it looked at.
#[derive(Clone)]
pub struct Step {
    /// Which.
    pub rule: Rule,
    /// What came of it.
    pub answer: Answer,
    /// What there was, and what is asked for. `Null` where there is nothing to show.
    pub found: Value,
    /// See `found`.
    pub expected: Value,
}

/// Claims do not belong into logs.
impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Step")
            .field("rule", &self.rule)
            .field("answer", &self.answer)
            .finish_non_exhaustive()
    }
}

/// A token's way through the rules.
#[derive(Debug)]
pub struct Explanation {
    /// Whether the tenant was, or would have been, asked.
    pub introspected: bool,
    /// What a validation comes to.
    pub verdict: Result<(), Error>,
    /// Every rule, in the order in which they are asked.
    pub steps: Vec<Step>,
}

/// The steps as they are made.
pub(super) struct Walk {
    introspected: bool,
    pub(super) steps: Vec<Step>,
}

impl Walk {
    pub(super) fn new(introspected: bool) -> Self {
        Self { introspected, steps: Vec::new() }
    }

    /// Notes what came of a step, and hands its value on.
    pub(super) fn put<T, E: Into<Error>>(
        &mut self,
        rule: Rule,
        result: Result<T, E>,
        found: Value,
        expected: Value,
    ) -> Option<T> {
        let (answer, value) = match result {
            Ok(value) => (Answer::Passed, Some(value)),
            Err(error) => (Answer::Failed(error.into()), None),
        };
        self.steps.push(Step { rule, answer, found, expected });
        value
    }

    /// All steps, those that were not reached included.
    pub(super) fn end(self, verdict: Verdict) -> Explanation {
        let not_reached = |rule: Rule| Step {
            rule,
            answer: Answer::NotReached,
            found: Value::Null,
            expected: Value::Null,
        };
        let has_proof = self.steps.iter().any(|step| matches!(step.rule, Rule::Proof(_)));
        let steps = Rule::all(self.introspected, has_proof).map(|rule| {
            let step = self.steps.iter().find(|step| step.rule == rule);
            step.cloned().unwrap_or_else(|| not_reached(rule))
        });
        Explanation {
            introspected: self.introspected,
            verdict: verdict.map(drop),
            steps: steps.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Rule;

    fn words(introspected: bool, has_proof: bool) -> String {
        Rule::all(introspected, has_proof).map(Rule::as_str).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn each_step_has_its_word() {
        assert_eq!(
            words(false, true),
            "form header keys key signature payload issuer subject audience expiration not_before \
             client_id required_claims dpop dpop_form dpop_type dpop_algorithm dpop_key dpop_claims \
             dpop_method dpop_url dpop_time dpop_token_hash dpop_binding dpop_nonce dpop_signature \
             scopes groups claims authentication binding"
        );
        assert_eq!(
            words(true, false),
            "client form introspection payload issuer subject audience expiration not_before \
             client_id required_claims dpop scopes groups claims authentication binding"
        );
    }
}
