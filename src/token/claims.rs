//! What the claims of a token must say (RFC 7519 §4.1, RFC 9068 §4, RFC 7662 §2.2). The time is an
//! argument, so the same token gives the same answer at the same moment, today and in a test.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::TokenError;
use crate::json::{JsonError, Members};

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

/// Whom a token must come from and be meant for.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// `iss`, to the byte.
    pub issuer: &'a str,
    /// The member of `aud`, to the byte.
    pub audience: &'a str,
}

/// Which group requirement counts as met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupOptions {
    /// The claim that lists the groups.
    pub claim: String,
    /// All of the required groups instead of any one.
    pub match_all: bool,
}

/// Whether a token may lack `exp`: only one that the tenant itself has just called active.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiration {
    /// A JWT.
    Required,
    /// An introspection response.
    Optional,
}

/// The claims of one token.
#[derive(Debug, Clone)]
pub struct Claims<'a>(Members<'a>);

impl<'a> Claims<'a> {
    /// Reads a payload. No member may be named twice at its top level or in `cnf`.
    pub fn parse(text: &'a str) -> Result<Self, TokenError> {
        let members = Members::parse(text).map_err(|error| match error {
            JsonError::NotObject => TokenError::PayloadNotObject,
            JsonError::Malformed => TokenError::PayloadUnreadable,
        })?;
        if let Some(cnf) = members.raw("cnf")
            && Members::parse(cnf).is_err_and(|error| error == JsonError::Malformed)
        {
            return Err(TokenError::PayloadUnreadable);
        }
        Ok(Self(members))
    }

    /// The members themselves.
    #[must_use]
    pub fn members(&self) -> &Members<'a> {
        &self.0
    }

    /// Issuer, subject, audience and times (contract §4, rule 5).
    pub fn check_registered(
        &self,
        expected: Expected<'_>,
        moment: Moment,
        expiration: Expiration,
    ) -> Result<(), TokenError> {
        if self.0.text("iss").as_deref() != Some(expected.issuer) {
            return Err(TokenError::IssuerMismatch);
        }
        if self.0.has("sub") && self.0.text("sub").is_none() {
            return Err(TokenError::InvalidSubject);
        }
        if !self.is_for(expected.audience) {
            return Err(TokenError::AudienceMismatch);
        }
        match self.0.get::<f64>("exp") {
            None if expiration == Expiration::Optional => {}
            None => return Err(TokenError::MissingExpiration),
            Some(Err(_)) => return Err(TokenError::InvalidExpiration),
            Some(Ok(exp)) if moment.before(exp) => {}
            Some(Ok(_)) => return Err(TokenError::Expired),
        }
        match self.0.get::<f64>("nbf") {
            None => Ok(()),
            Some(Err(_)) => Err(TokenError::InvalidNotBefore),
            Some(Ok(nbf)) if moment.since(nbf) => Ok(()),
            Some(Ok(_)) => Err(TokenError::NotYetValid),
        }
    }

    /// `exp`, seconds since 1970.
    #[must_use]
    pub fn expiration(&self) -> Option<f64> {
        self.0.get::<f64>("exp")?.ok()
    }

    fn is_for(&self, audience: &str) -> bool {
        if let Some(text) = self.0.text("aud") {
            return text == audience;
        }
        let Some(Ok(members)) = self.0.get::<Vec<&RawValue>>("aud") else {
            return false;
        };
        members
            .iter()
            .any(|member| serde_json::from_str::<String>(member.get()).is_ok_and(|m| m == audience))
    }

    /// Every required scope is in the space-delimited `scope` (RFC 6749 §3.3).
    pub fn check_scopes(&self, required: &[String]) -> Result<(), TokenError> {
        if required.is_empty() {
            return Ok(());
        }
        let granted = self.0.text("scope").ok_or(TokenError::MissingScopes)?;
        let missing =
            required.iter().any(|scope| !granted.split(' ').any(|g| !g.is_empty() && g == scope));
        if missing { Err(TokenError::MissingScopes) } else { Ok(()) }
    }

    /// Any one of the required groups, or all with `matchAll`, is in the groups claim.
    pub fn check_groups(
        &self,
        required: &[String],
        options: &GroupOptions,
    ) -> Result<(), TokenError> {
        if required.is_empty() {
            return Ok(());
        }
        let Some(Ok(entries)) = self.0.get::<Vec<&RawValue>>(&options.claim) else {
            return Err(TokenError::MissingGroups);
        };
        let held: Vec<Group> =
            entries.iter().filter_map(|entry| serde_json::from_str(entry.get()).ok()).collect();
        let holds = |group: &String| held.iter().any(|entry| entry.is(group));
        let met =
            if options.match_all { required.iter().all(holds) } else { required.iter().any(holds) };
        if met { Ok(()) } else { Err(TokenError::MissingGroups) }
    }
}

/// One entry of the groups claim.
#[derive(Deserialize)]
#[serde(untagged)]
enum Group {
    Name(String),
    Object {
        #[serde(default)]
        id: Option<serde_json::Value>,
        #[serde(default)]
        name: Option<serde_json::Value>,
    },
}

impl Group {
    fn is(&self, wanted: &str) -> bool {
        match self {
            Self::Name(name) => name == wanted,
            Self::Object { id, name } => {
                [id, name].into_iter().flatten().any(|word| word.as_str() == Some(wanted))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Moment = Moment { now: 1_000_000.0, skew: 10.0, tolerance: 300.0 };
    const EXPECTED: Expected<'_> =
        Expected { issuer: "https://t.example", audience: "https://api.example" };

    fn registered(json: &str, expiration: Expiration) -> Result<(), TokenError> {
        Claims::parse(json)?.check_registered(EXPECTED, MOMENT, expiration)
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
        Claims::parse(json)?.check_scopes(&required)
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
        let options = GroupOptions { claim: "groups".into(), match_all };
        Claims::parse(json)?.check_groups(&required, &options)
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
