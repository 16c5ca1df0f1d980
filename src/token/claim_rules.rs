//! The rules on claims (contract §4, rules 5 to 7), in their one order: for a validation, which stops at
//! the first that fails, and for an explanation, which asks them all.
//!
//! RFC 7519 §4.1, RFC 9068 §4, RFC 7662 §2.2, RFC 8705 §3. The time is an argument.

use serde_json::Value;

use crate::error::TokenError;
use crate::token::binding::{Binding, Confirmation};
use crate::token::claim_path::ClaimPath;
use crate::token::claims::{Claims, Time, group_names};
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
    /// The sender of the token holds what the token is bound to (RFC 8705 §3, RFC 9449 §6).
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

    /// The rules that depend on the route and on the request (rules 6 and 7).
    pub const ROUTE: &[Self] =
        &[Self::Scopes, Self::Groups, Self::Claims, Self::Authentication, Self::Binding];
}

/// The audiences of which a token needs one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Audience {
    /// One of these, byte for byte.
    AnyOf(Vec<String>),
    /// `audience: false`: the issuer's access tokens have no `aud`, and a token that has one is another.
    Absent,
}

/// The settings by which the claims of one issuer's tokens are read and compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClaimReading {
    /// `iss`, byte for byte.
    pub issuer: String,
    /// `audience`.
    pub audience: Audience,
    /// `clientIds`; `None` where any client will do.
    pub client_ids: Option<Vec<String>>,
    /// `scopesClaim`.
    pub scopes_claim: ClaimPath,
    /// `groupOptions.groupsClaim`.
    pub groups_claim: ClaimPath,
    /// `requiredClaims`.
    pub required_claims: RequiredClaims,
}

impl ClaimReading {
    fn audience_matches(&self, claims: &Claims<'_>) -> bool {
        match &self.audience {
            Audience::AnyOf(audiences) => claims.is_for(audiences),
            Audience::Absent => !claims.members().has("aud"),
        }
    }

    fn client_matches(&self, claims: &Claims<'_>) -> bool {
        let Some(allowed) = &self.client_ids else { return true };
        claims.client().is_some_and(|client| allowed.iter().any(|one| *one == client))
    }

    /// The scopes of a token. `scope` is a space-delimited string; another claim may be an array.
    #[must_use]
    pub fn scopes(&self, claims: &Claims<'_>) -> Scopes {
        let Some(text) = self.scopes_claim.find(claims) else { return Scopes::None };
        if let Ok(scopes) = serde_json::from_str::<Box<str>>(text) {
            return Scopes::Text(scopes);
        }
        if self.scopes_claim.as_str() == "scope" {
            return Scopes::None;
        }
        serde_json::from_str(text).map_or(Scopes::None, Scopes::List)
    }

    /// The groups of a token, if the groups claim is an array.
    #[must_use]
    pub fn groups(&self, claims: &Claims<'_>) -> Option<Box<[Box<str>]>> {
        group_names(self.groups_claim.find(claims)?)
    }
}

/// The scopes that a token has.
#[derive(Debug, Clone, PartialEq)]
pub enum Scopes {
    /// No claim, or one of another type.
    None,
    /// Scopes with spaces between them.
    Text(Box<str>),
    /// One scope in each element.
    List(Box<[Box<str>]>),
}

impl Scopes {
    /// Each scope.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let (text, list) = match self {
            Self::None => (None, None),
            Self::Text(text) => (Some(text), None),
            Self::List(list) => (None, Some(list)),
        };
        let words = text.into_iter().flat_map(|text| text.split(' '));
        let entries = list.into_iter().flat_map(|list| list.iter().map(|scope| &**scope));
        words.chain(entries).filter(|scope| !scope.is_empty())
    }

    fn has(&self, scope: &str) -> bool {
        self.iter().any(|granted| granted == scope)
    }

    fn heap_bytes(&self) -> usize {
        match self {
            Self::None => 0,
            Self::Text(text) => text.len(),
            Self::List(list) => list.iter().map(|scope| size_of_val(scope) + scope.len()).sum(),
        }
    }
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
mod tests {
    use super::*;

    const MOMENT: Moment = Moment { now: 1_000_000.0, skew: 10.0, tolerance: 300.0 };

    fn reading() -> ClaimReading {
        ClaimReading {
            issuer: "https://t.example".to_owned(),
            audience: Audience::AnyOf(vec!["https://api.example".to_owned()]),
            client_ids: None,
            scopes_claim: ClaimPath::parse("scope").unwrap(),
            groups_claim: ClaimPath::parse("groups").unwrap(),
            required_claims: RequiredClaims::default(),
        }
    }

    fn answer(
        json: &str,
        reading: &ClaimReading,
        requirements: &Requirements,
        rules: &[ClaimRule],
    ) -> Result<(), TokenError> {
        let values = ClaimValues::read(&Claims::parse(json)?, reading, requirements, None);
        assert!(values.suffice_for(requirements));
        let demands = Demands {
            moment: MOMENT,
            expiration: Expiration::Required,
            requirements,
            match_all: false,
            binding: Binding::WhenPresent,
            certificate: None,
        };
        values.check_all(rules, &demands)
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(ToString::to_string).collect()
    }

    fn registered(json: &str, expiration: Expiration) -> Result<(), TokenError> {
        let requirements = Requirements::default();
        let values = ClaimValues::read(&Claims::parse(json)?, &reading(), &requirements, None);
        let demands = Demands {
            moment: MOMENT,
            expiration,
            requirements: &requirements,
            match_all: false,
            binding: Binding::WhenPresent,
            certificate: None,
        };
        values.check_all(ClaimRule::TOKEN, &demands)
    }

    fn with(changes: &str) -> Result<(), TokenError> {
        registered(
            &format!(r#"{{"iss":"https://t.example","aud":"https://api.example"{changes}}}"#),
            Expiration::Required,
        )
    }

    #[test]
    fn times_count_to_the_second() {
        // exp > now + skew − tolerance
        assert_eq!(with(r#","exp":999711"#), Ok(()));
        assert_eq!(with(r#","exp":999710"#), Err(TokenError::Expired));
        assert_eq!(with(r#","exp":999709"#), Err(TokenError::Expired));
        // nbf ≤ now + skew + tolerance
        assert_eq!(with(r#","exp":2000000,"nbf":1000310"#), Ok(()));
        assert_eq!(with(r#","exp":2000000,"nbf":1000311"#), Err(TokenError::NotYetValid));
    }

    #[test]
    fn times_are_numbers() {
        assert_eq!(with(""), Err(TokenError::MissingExpiration));
        for exp in ["null", "\"2000000\"", "[2000000]", "{}", "true", "1e999", "-1e999"] {
            assert_eq!(
                with(&format!(r#","exp":{exp}"#)),
                Err(TokenError::InvalidExpiration),
                "{exp}"
            );
        }
        for exp in ["0", "-0", "-1", "-9007199254740993", "1e3", "999710.5e0"] {
            let expected = if exp == "999710.5e0" { Ok(()) } else { Err(TokenError::Expired) };
            assert_eq!(with(&format!(r#","exp":{exp}"#)), expected, "{exp}");
        }
        assert_eq!(with(r#","exp":9007199254740993"#), Ok(()));
        for nbf in ["null", "\"0\"", "[]"] {
            assert_eq!(
                with(&format!(r#","exp":2000000,"nbf":{nbf}"#)),
                Err(TokenError::InvalidNotBefore),
                "{nbf}"
            );
        }
        assert_eq!(
            registered(
                r#"{"iss":"https://t.example","aud":"https://api.example"}"#,
                Expiration::Optional
            ),
            Ok(())
        );
    }

    #[test]
    fn issuer_and_audience_match_to_the_byte() {
        let check = |iss: &str, aud: &str| {
            registered(
                &format!(r#"{{"iss":{iss},"aud":{aud},"exp":2000000}}"#),
                Expiration::Required,
            )
        };
        let (iss, aud) = (r#""https://t.example""#, r#""https://api.example""#);
        assert_eq!(check(iss, aud), Ok(()));
        assert_eq!(check(iss, r#"["x", 1, null, "https://api.example"]"#), Ok(()));
        assert_eq!(check(iss, "\"https:\\/\\/api.example\""), Ok(()));
        for other in [
            r#""https://t.example/""#,
            r#"["https://t.example"]"#,
            "null",
            "{}",
            r#""HTTPS://t.example""#,
        ] {
            assert_eq!(check(other, aud), Err(TokenError::IssuerMismatch), "{other}");
        }
        for other in [
            r#""https://api.example/""#,
            r#""http://api.example""#,
            r#"[["https://api.example"]]"#,
            "[]",
            "null",
            r#"{"0":"https://api.example"}"#,
            r#""https://api.example https://x""#,
        ] {
            assert_eq!(check(iss, other), Err(TokenError::AudienceMismatch), "{other}");
        }
    }

    #[test]
    fn a_member_counts_once() {
        let twice = Some(TokenError::PayloadUnreadable);
        assert_eq!(Claims::parse(r#"{"iss":"a","iss":"a"}"#).err(), twice);
        assert_eq!(Claims::parse(r#"{"cnf":{"x5t#S256":"a","x5t#S256":"b"}}"#).err(), twice);
        // A duplicate deeper in the claims is not refused: JavaScript takes the last one.
        assert_eq!(Claims::parse(r#"{"x":{"a":1,"a":2}}"#).err(), None);
    }

    #[test]
    fn a_subject_is_a_string() {
        assert_eq!(with(r#","exp":2000000,"sub":"u""#), Ok(()));
        for sub in ["1", "null", "[]", "{}"] {
            assert_eq!(
                with(&format!(r#","exp":2000000,"sub":{sub}"#)),
                Err(TokenError::InvalidSubject)
            );
        }
    }

    fn scopes(json: &str, required: &[&str]) -> Result<(), TokenError> {
        let requirements = Requirements { scopes: words(required), ..Requirements::default() };
        answer(json, &reading(), &requirements, &[ClaimRule::Scopes])
    }

    #[test]
    fn every_required_scope_is_there() {
        let json = r#"{"scope":"a  b:c"}"#;
        assert_eq!(scopes(json, &[]), Ok(()));
        assert_eq!(scopes(json, &["a"]), Ok(()));
        assert_eq!(scopes(json, &["b:c", "a"]), Ok(()));
        for missing in [["a", "d"], ["A", "a"], ["b", "a"], ["", "a"], ["a  b:c", "a"]] {
            assert_eq!(scopes(json, &missing), Err(TokenError::MissingScopes), "{missing:?}");
        }
        assert_eq!(scopes(r#"{"scope":["a"]}"#, &["a"]), Err(TokenError::MissingScopes));
        assert_eq!(scopes("{}", &["a"]), Err(TokenError::MissingScopes));
        assert_eq!(scopes("{}", &[]), Ok(()));
    }

    fn groups(json: &str, required: &[&str], match_all: bool) -> Result<(), TokenError> {
        let requirements = Requirements { groups: words(required), ..Requirements::default() };
        let claims = Claims::parse(json)?;
        let values = ClaimValues::read(&claims, &reading(), &requirements, None);
        values.check_groups(&requirements.groups, match_all)
    }

    #[test]
    fn groups_are_names_or_objects() {
        let json = r#"{"groups":["a",{"id":"1","name":"b"},{"id":"2"},{"name":"c"},3,null]}"#;
        for held in ["a", "1", "b", "2", "c"] {
            assert_eq!(groups(json, &[held], false), Ok(()), "{held}");
        }
        assert_eq!(groups(json, &["x"], false), Err(TokenError::MissingGroups));
        assert_eq!(groups(json, &["x", "a"], false), Ok(()));
        assert_eq!(groups(json, &["x", "a"], true), Err(TokenError::MissingGroups));
        assert_eq!(groups(json, &["b", "a"], true), Ok(()));
        assert_eq!(groups(json, &[], true), Ok(()));
        assert_eq!(groups("{}", &["a"], false), Err(TokenError::MissingGroups));
        for other in [r#""a""#, "null", r#"{"a":true}"#, "7"] {
            assert_eq!(
                groups(&format!(r#"{{"groups":{other}}}"#), &["a"], false),
                Err(TokenError::MissingGroups),
                "{other}"
            );
        }
        for inherited in ["toString", "__proto__", "constructor", "length", "0"] {
            assert_eq!(groups(json, &[inherited], false), Err(TokenError::MissingGroups));
        }
    }

    #[test]
    fn another_scopes_claim_may_be_an_array() {
        let scp = ClaimReading { scopes_claim: ClaimPath::parse("scp").unwrap(), ..reading() };
        let requirements = Requirements { scopes: words(&["a"]), ..Requirements::default() };
        let check = |json| answer(json, &scp, &requirements, &[ClaimRule::Scopes]);
        assert_eq!(check(r#"{"scp":["b","a"]}"#), Ok(()));
        assert_eq!(check(r#"{"scp":"b a"}"#), Ok(()));
        for missing in [r#"{"scp":["a b"]}"#, r#"{"scp":["b",1,"a"]}"#, r#"{"scope":"a"}"#, "{}"] {
            assert_eq!(check(missing), Err(TokenError::MissingScopes), "{missing}");
        }
    }

    #[test]
    fn one_of_any_scope_is_enough() {
        let requirements = Requirements {
            scopes: words(&["a"]),
            any_scope: words(&["x", "y"]),
            ..Requirements::default()
        };
        let check = |json| answer(json, &reading(), &requirements, &[ClaimRule::Scopes]);
        assert_eq!(check(r#"{"scope":"y a"}"#), Ok(()));
        for missing in [r#"{"scope":"a"}"#, r#"{"scope":"x y"}"#, r#"{"scope":"a xy"}"#, "{}"] {
            assert_eq!(check(missing), Err(TokenError::MissingScopes), "{missing}");
        }
    }

    #[test]
    fn audiences_and_clients_are_those_that_are_configured() {
        let either = ClaimReading {
            audience: Audience::AnyOf(words(&["a", "b"])),
            client_ids: Some(words(&["c", "d"])),
            ..reading()
        };
        let nothing = Requirements::default();
        let rules = &[ClaimRule::Audience, ClaimRule::ClientId];
        let check = |json| answer(json, &either, &nothing, rules);
        assert_eq!(check(r#"{"aud":"b","client_id":"c"}"#), Ok(()));
        assert_eq!(check(r#"{"aud":["x","a"],"azp":"d"}"#), Ok(()));
        let client = Err(TokenError::ClientMismatch);
        for json in [
            r#"{"aud":"a"}"#,
            r#"{"aud":"a","client_id":"x","azp":"c"}"#,
            r#"{"aud":"a","client_id":null,"azp":"c"}"#,
            r#"{"aud":"a","azp":["c"]}"#,
        ] {
            assert_eq!(check(json), client, "{json}");
        }
        assert_eq!(check(r#"{"aud":"x","azp":"c"}"#), Err(TokenError::AudienceMismatch));
        let none = ClaimReading { audience: Audience::Absent, ..either };
        let check = |json: &str| answer(json, &none, &nothing, rules);
        assert_eq!(check(r#"{"client_id":"c"}"#), Ok(()));
        for aud in [r#""c""#, "null", "[]"] {
            let json = format!(r#"{{"client_id":"c","aud":{aud}}}"#);
            assert_eq!(check(&json), Err(TokenError::AudienceMismatch), "{aud}");
        }
    }

    #[test]
    fn a_login_is_recent_to_the_second_and_of_the_right_class() {
        let requirements = Requirements {
            acr: words(&["gold", "silver"]),
            max_age: Some(60.0),
            ..Requirements::default()
        };
        let check = |acr: &str, auth_time: &str| {
            let json = format!(r#"{{"acr":{acr},"auth_time":{auth_time}}}"#);
            answer(&json, &reading(), &requirements, &[ClaimRule::Authentication])
        };
        // now + skew is 1000010.
        assert_eq!(check(r#""silver""#, "999950"), Ok(()));
        assert_eq!(check(r#""gold""#, "999949"), Err(TokenError::LoginTooOld));
        assert_eq!(check(r#""gold""#, "1000310"), Ok(()));
        for bad in ["1000311", "null", r#""999950""#, "true", "1e999"] {
            assert_eq!(check(r#""gold""#, bad), Err(TokenError::MissingAuthTime), "{bad}");
        }
        for bad in ["null", "1", r#""GOLD""#, r#"["gold"]"#, r#""gold silver""#] {
            assert_eq!(check(bad, "999950"), Err(TokenError::AcrNotMet), "{bad}");
        }
        let absent = answer("{}", &reading(), &requirements, &[ClaimRule::Authentication]);
        assert_eq!(absent, Err(TokenError::AcrNotMet));
    }

    #[test]
    fn claims_that_other_routes_require_stay_read() {
        let claims = Claims::parse(r#"{"a":1,"b":"x","groups":["g"]}"#).unwrap();
        let requiring = |json| Requirements {
            claims: RequiredClaims::parse(json).unwrap(),
            ..Requirements::default()
        };
        let (first, second) = (requiring(r#"{"a":1}"#), requiring(r#"{"b":["x","y"]}"#));
        let groups = Requirements { groups: words(&["g"]), ..Requirements::default() };
        let values = ClaimValues::read(&claims, &reading(), &first, None);
        assert!(values.suffice_for(&first) && !values.suffice_for(&second));
        let values = ClaimValues::read(&claims, &reading(), &groups, Some(&values));
        let values = ClaimValues::read(&claims, &reading(), &second, Some(&values));
        for requirements in [&first, &second, &groups] {
            assert!(values.suffice_for(requirements));
        }
        assert_eq!(values.check_claims(&second.claims), Ok(()));
        let other = requiring(r#"{"a":2}"#);
        assert_eq!(values.check_claims(&other.claims), Err(TokenError::ClaimsMismatch));
    }
}
