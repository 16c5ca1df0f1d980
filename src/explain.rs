//! Where a token stops, and what was found there: for the one who runs the API and asks why.
//!
//! The verdict is the validator's own. Beside it each rule is asked once more by itself, in the order
//! of contract §4 and past the first that fails, so that all that is wrong with a token is seen at
//! once. What is shown of the claims is what the rules look at, and cut to a length.

use serde_json::{Value, json};

use crate::check::{Check, OwnedCheck};
use crate::error::{Error, TokenError};
use crate::issuer::jwk::{Key, KeySet};
use crate::json::Members;
use crate::token::binding::{self, Binding, Confirmation};
use crate::token::claims::Claims;
use crate::token::facts::Expiration;
use crate::token::jws::{Algorithm, Compact};
use crate::validator::{Outcome, Validator};

/// The longest text of a stranger's that is shown, in characters.
const LONGEST: usize = 256;

/// The most entries of a stranger's list that are shown.
const MOST: usize = 32;

/// What is asked of a token, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// It is short enough, and in as many parts as it should be.
    Form,
    /// Its header can be read, and says what may be verified.
    Header,
    /// The tenant's keys are at hand.
    Keys,
    /// One of them is the token's.
    Key,
    /// It made the signature.
    Signature,
    /// This client may ask the tenant about tokens.
    Client,
    /// The tenant says that the token is active.
    Introspection,
    /// The claims can be read.
    Payload,
    /// `iss`.
    Issuer,
    /// `sub`.
    Subject,
    /// `aud`.
    Audience,
    /// `exp`.
    Expiration,
    /// `nbf`.
    NotBefore,
    /// What the route asks of `scope`.
    Scopes,
    /// What the route asks of the groups.
    Groups,
    /// The certificate.
    Binding,
}

impl Rule {
    /// The rules for a JWT.
    pub const JWT: &[Self] = &[
        Self::Form,
        Self::Header,
        Self::Keys,
        Self::Key,
        Self::Signature,
        Self::Payload,
        Self::Issuer,
        Self::Subject,
        Self::Audience,
        Self::Expiration,
        Self::NotBefore,
        Self::Scopes,
        Self::Groups,
        Self::Binding,
    ];

    /// The rules for a token that the tenant is asked about.
    pub const INTROSPECTED: &[Self] = &[
        Self::Client,
        Self::Form,
        Self::Introspection,
        Self::Payload,
        Self::Issuer,
        Self::Subject,
        Self::Audience,
        Self::Expiration,
        Self::NotBefore,
        Self::Scopes,
        Self::Groups,
        Self::Binding,
    ];

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
            Self::Issuer => "issuer",
            Self::Subject => "subject",
            Self::Audience => "audience",
            Self::Expiration => "expiration",
            Self::NotBefore => "not_before",
            Self::Scopes => "scopes",
            Self::Groups => "groups",
            Self::Binding => "binding",
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
struct Walk {
    rules: &'static [Rule],
    steps: Vec<Step>,
}

impl Walk {
    fn new(rules: &'static [Rule]) -> Self {
        Self { rules, steps: Vec::with_capacity(rules.len()) }
    }

    fn put<T, E: Into<Error>>(
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

    /// A rule that is met, or that nobody asks about.
    fn put_asked(
        &mut self,
        rule: Rule,
        asked: bool,
        result: Result<(), TokenError>,
        found: Value,
        expected: Value,
    ) {
        if asked {
            self.put(rule, result, found, expected);
        } else {
            self.steps.push(Step { rule, answer: Answer::NotAsked, found, expected });
        }
    }

    /// All rules, those that there was nothing to ask of among them.
    fn end(self, verdict: Outcome) -> Explanation {
        let missing = |rule: Rule| Step {
            rule,
            answer: Answer::NotReached,
            found: Value::Null,
            expected: Value::Null,
        };
        let steps = self.rules.iter().map(|rule| {
            let step = self.steps.iter().find(|step| step.rule == *rule);
            step.cloned().unwrap_or_else(|| missing(*rule))
        });
        Explanation {
            introspected: self.rules.contains(&Rule::Introspection),
            verdict: verdict.map(drop),
            steps: steps.collect(),
        }
    }
}

impl Validator {
    /// A JWT's way through the rules, with the tenant's keys, or with those that the caller has.
    pub async fn explain_jwt(&self, check: OwnedCheck, jwks: Option<String>) -> Explanation {
        let verdict = match &jwks {
            Some(jwks) => self.with_given_keys(check.view(), jwks),
            None => self.with_fetch(check.clone()).await,
        };
        let mut walk = Walk::new(Rule::JWT);
        let given = jwks.as_deref().map(KeySet::parse);
        let own = self.issuer().current_keys(self.terms());
        let set = match &given {
            Some(set) => set.as_ref().ok(),
            None => own.as_ref().map(|(keys, ..)| &keys.set),
        };
        let check = check.view();
        if let Some(token) = self.walk_form(&mut walk, check) {
            walk_signature(&mut walk, &token, set, &verdict);
            let payload = token.payload();
            let claims = payload.as_deref().map_err(|error| *error).and_then(Claims::parse);
            self.walk_claims(&mut walk, claims, check, Expiration::Required);
        }
        walk.end(verdict)
    }

    /// The same for a token that the tenant is asked about.
    pub async fn explain_introspected(&self, check: OwnedCheck) -> Explanation {
        let mut walk = Walk::new(Rule::INTROSPECTED);
        let client = self.config().client_id.as_deref().map(cut);
        walk.put(Rule::Client, self.check_client(), json!(client), Value::Null);
        let (bytes, most) = (check.token.len(), self.config().max_token_bytes);
        let form = self.check_size(&check.token);
        walk.put(Rule::Form, form, json!({ "bytes": bytes }), json!({ "bytesAtMost": most }));
        if let Err(error) = self.check_introspection(&check.token) {
            return walk.end(Err(error));
        }
        let answer = self.ask(&check).await;
        let asked = answer.as_ref().map(drop).map_err(Error::clone);
        walk.put(Rule::Introspection, asked, Value::Null, Value::Null);
        let check = check.view();
        let verdict = answer.and_then(|text| {
            self.walk_claims(&mut walk, Claims::parse(&text), check, Expiration::Optional);
            self.recheck(&text, check, Expiration::Optional)?;
            Ok(String::new())
        });
        walk.end(verdict)
    }

    fn walk_form<'a>(&self, walk: &mut Walk, check: Check<'a>) -> Option<Compact<'a>> {
        let token = self
            .check_size(check.token)
            .and_then(|()| Compact::split(check.token).map_err(Error::from));
        let found = json!({ "bytes": check.token.len(), "parts": check.token.split('.').count() });
        let expected = json!({ "bytesAtMost": self.config().max_token_bytes, "parts": 3 });
        walk.put(Rule::Form, token, found, expected)
    }

    /// The rules about claims, of which those that can't be read leave none to ask.
    fn walk_claims(
        &self,
        walk: &mut Walk,
        claims: Result<Claims<'_>, TokenError>,
        check: Check<'_>,
        expiration: Expiration,
    ) {
        let Some(claims) = walk.put(Rule::Payload, claims, Value::Null, Value::Null) else {
            return;
        };
        let config = self.config();
        let (expected, moment) = (self.expected(), self.moment(check.now));
        let facts = self.read_facts(&claims, check.route);
        let found = |name| claims.members().raw(name).map_or(Value::Null, shown);

        let issuer = json!(expected.issuer);
        walk.put(Rule::Issuer, claims.check_issuer(expected), found("iss"), issuer);
        // Who it is matters to no rule: only of what type the claim is.
        let subject = claims.members().raw("sub").map_or(Value::Null, |sub| json!(kind_of(sub)));
        walk.put(Rule::Subject, claims.check_subject(), subject, json!("a string"));
        let audience = json!(expected.audience);
        walk.put(Rule::Audience, claims.check_audience(expected), found("aud"), audience);

        let clock = json!({
            "now": moment.now, "clockSkew": moment.skew, "clockTolerance": moment.tolerance,
        });
        let times = json!({ "exp": found("exp"), "iat": found("iat") });
        let expires = facts.check_expiration(moment, expiration);
        walk.put(Rule::Expiration, expires, times, clock.clone());
        walk.put(Rule::NotBefore, facts.check_not_before(moment), found("nbf"), clock);

        let scopes = &check.route.scopes;
        let granted = claims.members().text("scope");
        let granted = granted.as_deref().map(|granted| some(granted.split_ascii_whitespace()));
        let met = facts.check_scopes(scopes);
        let asked = !scopes.is_empty();
        walk.put_asked(Rule::Scopes, asked, met, json!(granted), some(scopes.iter()));

        let groups = &check.route.groups;
        let claim = config.groups.claim.as_str();
        let held = if groups.is_empty() { None } else { claims.groups(claim) };
        let held = held.as_deref().map(|held| some(held.iter()));
        let met = facts.check_groups(groups, config.groups.match_all);
        let wanted = json!({
            "groups": some(groups.iter()), "matchAll": config.groups.match_all,
            "groupsClaim": cut(claim),
        });
        walk.put_asked(Rule::Groups, !groups.is_empty(), met, json!(held), wanted);

        let mode = check.route.binding.unwrap_or(config.binding);
        let confirmation = Confirmation::read(&claims);
        let asked = match mode {
            Binding::Required => true,
            Binding::Ignored => false,
            Binding::WhenPresent => {
                !matches!(confirmation, Confirmation::None | Confirmation::Other)
            }
        };
        let met = facts.check_binding(check.certificate, mode);
        let found = json!({
            "token": described(&confirmation),
            "certificate": check.certificate.and_then(binding::thumbprint),
        });
        walk.put_asked(Rule::Binding, asked, met, found, json!(mode.as_str()));
    }
}

/// From the header to the signature.
fn walk_signature(walk: &mut Walk, token: &Compact<'_>, set: Option<&KeySet>, verdict: &Outcome) {
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
    let count = |set: &KeySet| json!({ "usable": set.len(), "skipped": set.skipped.len() });
    let found = set.map_or(Value::Null, count);
    let Some((set, ())) = set.zip(walk.put(Rule::Keys, keys, found, Value::Null)) else { return };

    let wanted = json!({ "kid": member("kid"), "alg": member("alg") });
    let there = set.usable().take(MOST).map(|(name, algorithms)| {
        let algorithms: Vec<_> = algorithms.map(Algorithm::name).collect();
        json!({ "kid": name.map(cut), "algorithms": algorithms })
    });
    let there = Value::Array(there.collect());
    let Some(verifier) = walk.put(Rule::Key, set.select(&header), wanted, there) else { return };

    let signature = token.signature();
    let verdict = signature.and_then(|it| verifier.verify(token.signing_input, &it));
    walk.put(Rule::Signature, verdict, Value::Null, Value::Null);
}

/// Each member of a JWKS document: what it may verify, or why it verifies nothing.
pub fn describe_keys(jwks: &str) -> Result<Vec<Value>, &'static str> {
    let entries = KeySet::entries(jwks)?;
    let describe = |entry: &str| {
        let members = Members::parse(entry).unwrap_or_default();
        let member = |name| members.raw(name).map_or(Value::Null, shown);
        let (algorithms, skipped) = match Key::parse(entry) {
            Ok(key) => (key.algorithms().map(Algorithm::name).collect(), None),
            Err(why) => (Vec::new(), Some(why.as_str())),
        };
        json!({
            "kid": member("kid"), "kty": member("kty"), "crv": member("crv"), "use": member("use"),
            "alg": member("alg"), "algorithms": algorithms, "skipped": skipped,
        })
    };
    Ok(entries.into_iter().map(|entry| describe(entry.get())).collect())
}

/// What a token says of the certificate that it is bound to.
fn described(confirmation: &Confirmation) -> Value {
    match confirmation {
        Confirmation::None => Value::Null,
        Confirmation::Other => json!("another proof than a certificate"),
        Confirmation::Certificate(thumbprint) => json!(cut(thumbprint)),
        Confirmation::Unsupported => json!("a \"cnf\" that can't be read, or asks for more"),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn some<T: AsRef<str>>(list: impl Iterator<Item = T>) -> Value {
    list.take(MOST).map(|entry| cut(entry.as_ref())).collect()
}

/// A member's value as it may be shown: text, numbers and lists of text; of all else the type.
fn shown(raw: &str) -> Value {
    match serde_json::from_str(raw) {
        Ok(Value::String(text)) => json!(cut(&text)),
        Ok(Value::Number(number)) => Value::Number(number),
        Ok(Value::Array(list)) => {
            let entry = |entry: &Value| match entry {
                Value::String(text) => json!(cut(text)),
                other => json!(kind_of(&other.to_string())),
            };
            list.iter().take(MOST).map(entry).collect()
        }
        _ => json!(kind_of(raw)),
    }
}

/// What JSON calls a value.
fn kind_of(raw: &str) -> &'static str {
    match raw.as_bytes().first() {
        Some(b'"') => "a string",
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}
