//! The rules on claims (contract §4, rules 5 to 7), in their one order: for a validation, which stops at
//! the first that fails, and for an explanation, which asks them all.
//!
//! RFC 7519 §4.1, RFC 9068 §4, RFC 7662 §2.2, RFC 8705 §3. The time is an argument.

use crate::error::TokenError;
use crate::token::binding::{Binding, Confirmation};
use crate::token::claims::{Claims, Expected, Time};

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
    /// `scope` has every scope that the route requires (RFC 6749 §3.3).
    Scopes,
    /// The groups claim has the groups that the route requires.
    Groups,
    /// The sender of the token holds what the token is bound to (RFC 8705 §3, RFC 9449 §6).
    Binding,
}

impl ClaimRule {
    /// The rules on the token itself (rule 5).
    pub const TOKEN: &[Self] =
        &[Self::Issuer, Self::Subject, Self::Audience, Self::Expiration, Self::NotBefore];

    /// The rules that depend on the route and on the request (rules 6 and 7).
    pub const ROUTE: &[Self] = &[Self::Scopes, Self::Groups, Self::Binding];
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

/// What the rules compare the claims with.
#[derive(Clone, Copy)]
pub struct Demands<'a> {
    /// The time of the request.
    pub moment: Moment,
    /// Whether `exp` must be present.
    pub expiration: Expiration,
    /// Scopes that the route requires, all of them.
    pub scopes: &'a [String],
    /// Groups that the route requires.
    pub groups: &'a [String],
    /// Whether all of `groups` are required, or any one.
    pub match_all: bool,
    /// How binding is checked for this request.
    pub binding: Binding,
    /// The client certificate of the request, in PEM.
    pub certificate: Option<&'a str>,
}

/// A certificate names a client, so it is not shown.
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
    exp: Time,
    nbf: Time,
    scope: Option<Box<str>>,
    /// Read only for a route that requires groups: a token may list hundreds.
    groups: Option<Option<Box<[Box<str>]>>>,
    confirmation: Confirmation,
}

/// Claims do not belong into logs.
impl std::fmt::Debug for ClaimValues {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClaimValues(…)")
    }
}

impl ClaimValues {
    /// Reads the values. `groups_claim` names the groups claim where the route requires groups.
    #[must_use]
    pub fn read(claims: &Claims<'_>, expected: Expected<'_>, groups_claim: Option<&str>) -> Self {
        Self {
            issuer_matches: claims.is_from(expected.issuer),
            subject_is_valid: claims.subject_is_valid(),
            audience_matches: claims.is_for(expected.audience),
            exp: claims.time("exp"),
            nbf: claims.time("nbf"),
            scope: claims.scope(),
            groups: groups_claim.map(|claim| claims.groups(claim)),
            confirmation: Confirmation::read(claims),
        }
    }

    /// Whether the groups were read.
    #[must_use]
    pub fn has_groups(&self) -> bool {
        self.groups.is_some()
    }

    /// The heap memory that the values take, in bytes, approximately.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let groups = self.groups.iter().flatten().flat_map(|groups| groups.iter());
        self.scope.as_deref().map_or(0, str::len)
            + groups.map(|group| size_of_val(group) + group.len()).sum::<usize>()
            + self.confirmation.heap_bytes()
    }

    /// Checks rules in their order. The first that fails is the answer.
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
            ClaimRule::Scopes => self.check_scopes(demands.scopes),
            ClaimRule::Groups => self.check_groups(demands.groups, demands.match_all),
            ClaimRule::Binding => self.confirmation.check(demands.certificate, demands.binding),
        }
    }

    /// Whether the route or the token asks for a rule at all.
    #[must_use]
    pub fn is_asked(&self, rule: ClaimRule, demands: &Demands<'_>) -> bool {
        match rule {
            ClaimRule::Scopes => !demands.scopes.is_empty(),
            ClaimRule::Groups => !demands.groups.is_empty(),
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

    fn check_scopes(&self, required: &[String]) -> Result<(), TokenError> {
        if required.is_empty() {
            return Ok(());
        }
        let granted = self.scope.as_deref().ok_or(TokenError::MissingScopes)?;
        let is_granted =
            |scope: &String| granted.split(' ').any(|g| !g.is_empty() && g == scope.as_str());
        met(required.iter().all(is_granted), TokenError::MissingScopes)
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

fn met(holds: bool, refusal: TokenError) -> Result<(), TokenError> {
    if holds { Ok(()) } else { Err(refusal) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Moment = Moment { now: 1_000_000.0, skew: 10.0, tolerance: 300.0 };
    const EXPECTED: Expected<'_> =
        Expected { issuer: "https://t.example", audience: "https://api.example" };

    fn values(json: &str) -> Result<ClaimValues, TokenError> {
        Ok(ClaimValues::read(&Claims::parse(json)?, EXPECTED, Some("groups")))
    }

    fn registered(json: &str, expiration: Expiration) -> Result<(), TokenError> {
        let demands = Demands {
            moment: MOMENT,
            expiration,
            scopes: &[],
            groups: &[],
            match_all: false,
            binding: Binding::WhenPresent,
            certificate: None,
        };
        values(json)?.check_all(ClaimRule::TOKEN, &demands)
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
        // Deeper down a duplicate means what JavaScript says it means.
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
        let required: Vec<String> = required.iter().map(ToString::to_string).collect();
        values(json)?.check_scopes(&required)
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
        let required: Vec<String> = required.iter().map(ToString::to_string).collect();
        values(json)?.check_groups(&required, match_all)
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
}
