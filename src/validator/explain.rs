//! Where a token stops, and what was found there: for whoever runs the API and asks why.
//!
//! The verdict is that of [`Validator::validate`]. Beside it each rule is asked by itself, in the same
//! order and past the first that fails, so that everything that is wrong with a token shows at once. What
//! is shown of the claims is what the rules look at, cut to a length.

mod possession;
mod shown;
mod steps;

use std::sync::Arc;

use serde_json::{Value, json};

pub use self::shown::describe_keys;
use self::shown::{MOST, claims_compared, cut, described, kind_of, shown, some};
use self::steps::Walk;
pub use self::steps::{Answer, Explanation, Rule, Step};
use super::request::{OwnedRequest, Request};
use super::{TrustedIssuer, Validation, Validator, Verdict, Way, read_values};
use crate::error::{Error, TokenError};
use crate::json::Members;
use crate::keys::algorithm::Algorithm;
use crate::keys::jwk_set::JwkSet;
use crate::token::binding::{self, Confirmation};
use crate::token::claim_reading::{Audience, Scopes};
use crate::token::claim_rules::{ClaimRule, Demands, Expiration};
use crate::token::claims::Claims;
use crate::token::jws::Compact;

impl Validator {
    /// The way of a token through the steps.
    pub async fn explain(self: &Arc<Self>, request: OwnedRequest) -> Explanation {
        match self.way(&request.token, request.kind) {
            Way::Introspection(trusted) => self.explain_introspected(trusted, request).await,
            Way::Jwt => self.explain_jwt(request).await,
        }
    }

    async fn explain_jwt(self: &Arc<Self>, request: OwnedRequest) -> Explanation {
        let began = self.elapsed();
        let verdict = match self.validate(request.view()) {
            Validation::Done(result) => {
                result.and_then(|admitted| self.text_of(admitted, &request.token))
            }
            Validation::Pending(pending) => pending.verdict().await,
        };
        let mut walk = Walk::new(false);
        let given = request.jwks.as_deref().map(JwkSet::parse);
        let trusted = self.index_of(&request.token).ok().and_then(|index| self.by_index(index));
        let own = trusted.and_then(|it| it.issuer().current_keys(it.terms()));
        let set = match &given {
            Some(set) => set.as_ref().ok(),
            None => own.as_ref().map(|(keys, ..)| &keys.set),
        };
        let request = self.after_waiting(&request.view(), began);
        if let Some(token) = self.walk_form(&mut walk, &request) {
            match trusted {
                Some(_) => walk_signature(&mut walk, &token, set, &verdict),
                None => walk_unknown_issuer(&mut walk, &token),
            }
            let payload = token.payload();
            let claims = payload.as_deref().map_err(|error| *error).and_then(Claims::parse);
            let trusted = trusted.unwrap_or(self.first());
            self.walk_claims(&mut walk, trusted, claims, &request, Expiration::Required);
        }
        walk.end(verdict)
    }

    async fn explain_introspected(
        &self,
        trusted: &TrustedIssuer,
        request: OwnedRequest,
    ) -> Explanation {
        let mut walk = Walk::new(true);
        let client = trusted.config().client_id.as_deref().map(cut);
        let credentials = trusted.credentials().map(drop);
        walk.put(Rule::Client, credentials, json!(client), Value::Null);
        let (bytes, most) = (request.token.len(), self.config().max_token_bytes);
        let form = self.check_size(&request.token);
        walk.put(Rule::Form, form, json!({ "bytes": bytes }), json!({ "bytesAtMost": most }));
        if let Err(error) = self.check_introspection(trusted, &request.token) {
            return walk.end(Err(error));
        }
        let began = self.elapsed();
        let answer = self.ask_issuer(trusted, &request, began).await;
        let asked = answer.as_ref().map(drop).map_err(Error::clone);
        walk.put(Rule::Introspection, asked, Value::Null, Value::Null);
        let request = self.after_waiting(&request.view(), began);
        let verdict = answer.and_then(|text| {
            let claims = Claims::parse(&text);
            self.walk_claims(&mut walk, trusted, claims, &request, Expiration::Optional);
            let text = String::clone(&text);
            self.check_introspected(trusted, text, &request, Expiration::Optional)
        });
        walk.end(verdict)
    }

    fn walk_form<'a>(&self, walk: &mut Walk, request: &Request<'a>) -> Option<Compact<'a>> {
        let token = self
            .check_size(request.token)
            .and_then(|()| Compact::split(request.token).map_err(Error::from));
        let parts = request.token.split('.').count();
        let found = json!({ "bytes": request.token.len(), "parts": parts });
        let expected = json!({ "bytesAtMost": self.config().max_token_bytes, "parts": 3 });
        walk.put(Rule::Form, token, found, expected)
    }

    /// The rules on the claims; claims that can't be read leave nothing to ask.
    fn walk_claims(
        &self,
        walk: &mut Walk,
        trusted: &TrustedIssuer,
        claims: Result<Claims<'_>, TokenError>,
        request: &Request<'_>,
        expiration: Expiration,
    ) {
        let Some(claims) = walk.put(Rule::Payload, claims, Value::Null, Value::Null) else {
            return;
        };
        let values = read_values(&claims, trusted, request.requirements, None);
        let demands = self.demands(trusted, request, expiration);
        self.walk_possession(walk, values.confirmation(), request);
        for rule in [ClaimRule::TOKEN, ClaimRule::ROUTE].into_iter().flatten() {
            let (found, expected) = self.compared(*rule, trusted, &claims, &demands);
            if values.is_asked(*rule, trusted.reading(), &demands) {
                walk.put(Rule::Claim(*rule), values.check(*rule, &demands), found, expected);
            } else {
                let (rule, answer) = (Rule::Claim(*rule), Answer::NotAsked);
                walk.steps.push(Step { rule, answer, found, expected });
            }
        }
    }

    /// What a rule found in the claims, and what it compares that with.
    fn compared(
        &self,
        rule: ClaimRule,
        trusted: &TrustedIssuer,
        claims: &Claims<'_>,
        demands: &Demands<'_>,
    ) -> (Value, Value) {
        let found = |name| claims.members().raw(name).map_or(Value::Null, shown);
        let (moment, reading, route) = (demands.moment, trusted.reading(), demands.requirements);
        let clock = || {
            json!({
                "now": moment.now, "clockSkew": moment.skew, "clockTolerance": moment.tolerance,
            })
        };
        match rule {
            ClaimRule::Issuer => {
                let names = self.issuers().map(|it| it.reading().issuer.as_str());
                let expected = if self.issuers().count() == 1 {
                    json!(trusted.reading().issuer)
                } else {
                    some(names)
                };
                (found("iss"), expected)
            }
            // Who the subject is matters to no rule: only the type of the claim is shown.
            ClaimRule::Subject => {
                let kind = claims.members().raw("sub").map(kind_of);
                (json!(kind), json!("a string"))
            }
            ClaimRule::Audience => {
                let expected = match &reading.audience {
                    Audience::AnyOf(audiences) => match audiences.as_slice() {
                        [audience] => json!(audience),
                        audiences => some(audiences.iter()),
                    },
                    Audience::Absent => Value::Null,
                };
                (found("aud"), expected)
            }
            ClaimRule::ClientId => {
                let found = json!({ "client_id": found("client_id"), "azp": found("azp") });
                let allowed = reading.client_ids.as_deref().unwrap_or_default();
                (found, some(allowed.iter()))
            }
            ClaimRule::RequiredClaims => claims_compared(claims, &reading.required_claims),
            ClaimRule::Expiration => (json!({ "exp": found("exp"), "iat": found("iat") }), clock()),
            ClaimRule::NotBefore => (found("nbf"), clock()),
            ClaimRule::Scopes => {
                let granted = match reading.scopes(claims) {
                    Scopes::None => Value::Null,
                    scopes => some(scopes.iter()),
                };
                let scopes = some(route.scopes.iter());
                let expected = if route.any_scope.is_empty() {
                    scopes
                } else {
                    json!({ "scopes": scopes, "anyScope": some(route.any_scope.iter()) })
                };
                (granted, expected)
            }
            ClaimRule::Groups => {
                let held = if route.groups.is_empty() { None } else { reading.groups(claims) };
                let held = held.as_deref().map(|held| some(held.iter()));
                let wanted = json!({
                    "groups": some(route.groups.iter()), "matchAll": demands.match_all,
                    "groupsClaim": cut(reading.groups_claim.as_str()),
                });
                (json!(held), wanted)
            }
            ClaimRule::Claims => claims_compared(claims, &route.claims),
            ClaimRule::Authentication => {
                let found = json!({ "acr": found("acr"), "auth_time": found("auth_time") });
                let expected = json!({
                    "acr": some(route.acr.iter()), "maxAge": route.max_age,
                    "now": moment.now, "clockSkew": moment.skew,
                    "clockTolerance": moment.tolerance,
                });
                (found, expected)
            }
            ClaimRule::Binding => {
                let found = json!({
                    "token": described(&Confirmation::read(claims)),
                    "certificate": demands.certificate.and_then(binding::thumbprint),
                });
                (found, json!(demands.binding.as_str()))
            }
        }
    }
}

/// A token of an issuer that is not in the list: nobody's keys are asked about it.
fn walk_unknown_issuer(walk: &mut Walk, token: &Compact<'_>) {
    let header = token.header().map(drop);
    walk.put(Rule::Header, header, Value::Null, Value::Null);
    for rule in [Rule::Keys, Rule::Key, Rule::Signature] {
        let (found, expected) = (Value::Null, Value::Null);
        walk.steps.push(Step { rule, answer: Answer::NotAsked, found, expected });
    }
}

/// From the header to the signature.
fn walk_signature(walk: &mut Walk, token: &Compact<'_>, set: Option<&JwkSet>, verdict: &Verdict) {
    let text = token.header_text();
    let members = text.as_deref().and_then(|text| Members::parse(text).ok()).unwrap_or_default();
    let member = |name| members.raw(name).map_or(Value::Null, shown);
    let found = json!({ "alg": member("alg"), "typ": member("typ"), "kid": member("kid") });
    let names: Vec<_> = Algorithm::ALL.iter().map(|algorithm| algorithm.name()).collect();
    let expected = json!({ "alg": names, "typ": [null, "JWT", "at+jwt", "application/at+jwt"] });
    let Some(header) = walk.put(Rule::Header, token.header(), found, expected) else { return };

    // Without keys, there is an error that says why.
    let keys = match verdict {
        Err(error @ (Error::Http(_) | Error::Op(_) | Error::Validation(_))) => Err(error.clone()),
        _ => Ok(()),
    };
    let count = |set: &JwkSet| json!({ "usable": set.len(), "skipped": set.skipped.len() });
    let found = set.map_or(Value::Null, count);
    let Some((set, ())) = set.zip(walk.put(Rule::Keys, keys, found, Value::Null)) else { return };

    let wanted = json!({ "kid": member("kid"), "alg": member("alg") });
    let there = set.usable().take(MOST).map(|(name, algorithms)| {
        let algorithms: Vec<_> = algorithms.map(Algorithm::name).collect();
        json!({ "kid": name.map(cut), "algorithms": algorithms })
    });
    let there = Value::Array(there.collect());
    let Some(verifier) =
        walk.put(Rule::Key, set.select(header.key_id.as_deref(), header.algorithm), wanted, there)
    else {
        return;
    };

    let signature = token.signature();
    let verdict = signature.and_then(|it| verifier.verify(token.signing_input, &it));
    walk.put(Rule::Signature, verdict, Value::Null, Value::Null);
}
