//! What is asked of a token each time it is used (RFC 7519 §4.1, RFC 9068 §4, RFC 7662 §2.2, RFC 8705
//! §3). The time is an argument, so the same token gives the same answer at the same moment, today
//! and in a test.

use crate::error::TokenError;
use crate::token::binding::{Binding, Confirmation};
use crate::token::claims::{Claims, Expected, Time};

/// When it is, and how much clocks may differ. All in seconds.
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
    /// Whether something that ends at `exp` still counts.
    #[must_use]
    pub fn before(&self, exp: f64) -> bool {
        exp > self.now + self.skew - self.tolerance
    }

    /// Whether something that begins at `nbf` counts already.
    #[must_use]
    pub fn since(&self, nbf: f64) -> bool {
        nbf <= self.now + self.skew + self.tolerance
    }
}

/// Whether a token may lack `exp`: only one that the tenant itself has just called active.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiration {
    /// A JWT.
    Required,
    /// An introspection response.
    Optional,
}

/// What is asked of a token each time it is used, read out of its claims once.
#[derive(Clone, PartialEq)]
pub struct Facts {
    identity: Result<(), TokenError>,
    exp: Time,
    nbf: Time,
    scope: Option<Box<str>>,
    /// Read only for a route that asks: a token may list hundreds.
    groups: Option<Option<Box<[Box<str>]>>>,
    confirmation: Confirmation,
}

/// Claims do not belong into logs.
impl std::fmt::Debug for Facts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Facts(…)")
    }
}

impl Facts {
    /// Reads them. `groups_claim` names the groups claim, where a route asks for groups.
    #[must_use]
    pub fn read(claims: &Claims<'_>, expected: Expected<'_>, groups_claim: Option<&str>) -> Self {
        Self {
            identity: claims.check_identity(expected),
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

    /// Roughly what they take of memory beside themselves, in bytes.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let groups = self.groups.iter().flatten().flat_map(|groups| groups.iter());
        self.scope.as_deref().map_or(0, str::len)
            + groups.map(|group| size_of_val(group) + group.len()).sum::<usize>()
            + self.confirmation.heap_bytes()
    }

    /// Issuer, subject, audience and times (contract §4, rule 5).
    pub fn check_registered(
        &self,
        moment: Moment,
        expiration: Expiration,
    ) -> Result<(), TokenError> {
        self.identity?;
        self.check_expiration(moment, expiration)?;
        self.check_not_before(moment)
    }

    /// `exp` is to come (RFC 7519 §4.1.4).
    pub fn check_expiration(
        &self,
        moment: Moment,
        expiration: Expiration,
    ) -> Result<(), TokenError> {
        match self.exp {
            Time::Absent if expiration == Expiration::Optional => Ok(()),
            Time::Absent => Err(TokenError::MissingExpiration),
            Time::Malformed => Err(TokenError::InvalidExpiration),
            Time::At(exp) if moment.before(exp) => Ok(()),
            Time::At(_) => Err(TokenError::Expired),
        }
    }

    /// `nbf`, where it is there, has come (RFC 7519 §4.1.5).
    pub fn check_not_before(&self, moment: Moment) -> Result<(), TokenError> {
        match self.nbf {
            Time::Absent => Ok(()),
            Time::Malformed => Err(TokenError::InvalidNotBefore),
            Time::At(nbf) if moment.since(nbf) => Ok(()),
            Time::At(_) => Err(TokenError::NotYetValid),
        }
    }

    /// Every required scope is in the space-delimited `scope` (RFC 6749 §3.3).
    pub fn check_scopes(&self, required: &[String]) -> Result<(), TokenError> {
        if required.is_empty() {
            return Ok(());
        }
        let granted = self.scope.as_deref().ok_or(TokenError::MissingScopes)?;
        let missing =
            required.iter().any(|scope| !granted.split(' ').any(|g| !g.is_empty() && g == scope));
        if missing { Err(TokenError::MissingScopes) } else { Ok(()) }
    }

    /// Any one of the required groups, or all with `matchAll`, is in the groups claim.
    pub fn check_groups(&self, required: &[String], match_all: bool) -> Result<(), TokenError> {
        if required.is_empty() {
            return Ok(());
        }
        let held = self.groups.iter().flatten().flat_map(|groups| groups.iter());
        let holds = |group: &String| held.clone().any(|held| **held == **group);
        let met = if match_all { required.iter().all(holds) } else { required.iter().any(holds) };
        if met { Ok(()) } else { Err(TokenError::MissingGroups) }
    }

    /// The certificate of the request, where the token asks for one or the route does.
    pub fn check_binding(
        &self,
        certificate: Option<&str>,
        binding: Binding,
    ) -> Result<(), TokenError> {
        self.confirmation.check(certificate, binding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Moment = Moment { now: 1_000_000.0, skew: 10.0, tolerance: 300.0 };
    const EXPECTED: Expected<'_> =
        Expected { issuer: "https://t.example", audience: "https://api.example" };

    fn facts(json: &str) -> Result<Facts, TokenError> {
        Ok(Facts::read(&Claims::parse(json)?, EXPECTED, Some("groups")))
    }

    fn registered(json: &str, expiration: Expiration) -> Result<(), TokenError> {
        facts(json)?.check_registered(MOMENT, expiration)
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
        facts(json)?.check_scopes(&required)
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
        facts(json)?.check_groups(&required, match_all)
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
