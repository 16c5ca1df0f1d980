//! Claims that must be present with one of some values: `requiredClaims` of an issuer, `claims` of a route.

use serde::Deserialize;
use serde_json::Value;

use crate::json::Members;
use crate::token::claim_path::ClaimPath;
use crate::token::claims::Claims;

/// Claims by name or JSON Pointer, each with its allowed values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct RequiredClaims(Vec<(ClaimPath, Vec<Value>)>);

impl RequiredClaims {
    /// Reads `{ name: value or list of values }` from JSON. The error is the rule that it breaks.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const RULE: &str = "must be an object of strings, numbers, booleans, or lists of them";
        let members = Members::parse(text).map_err(|_| RULE)?;
        let mut required = Vec::new();
        for name in members.names() {
            let value = members.raw(name).and_then(|text| serde_json::from_str(text).ok());
            let values = match value.ok_or(RULE)? {
                Value::Array(values) => values,
                value => vec![value],
            };
            if values.is_empty() || values.iter().any(is_nested) {
                return Err(RULE);
            }
            required.push((ClaimPath::parse(name)?, values));
        }
        Ok(Self(required))
    }

    /// Whether nothing is required.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each claim, and its allowed values.
    pub fn iter(&self) -> impl Iterator<Item = (&ClaimPath, &[Value])> {
        self.0.iter().map(|(path, values)| (path, values.as_slice()))
    }

    /// Whether each claim is present with an allowed value. A value equals another of its own type only.
    #[must_use]
    pub fn are_met(&self, claims: &Claims<'_>) -> bool {
        self.are_met_by(|path| plain_value(path, claims))
    }

    /// The same for values that were read before.
    pub(super) fn are_met_by(&self, value: impl Fn(&ClaimPath) -> Option<Value>) -> bool {
        self.0.iter().all(|(path, allowed)| {
            value(path).is_some_and(|value| allowed.iter().any(|one| same(one, &value)))
        })
    }
}

fn is_nested(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Array(_) | Value::Object(_))
}

/// The value at a place, if it is a string, a number or a boolean.
pub(super) fn plain_value(path: &ClaimPath, claims: &Claims<'_>) -> Option<Value> {
    path.find(claims).and_then(read)
}

/// A string, number or boolean. Other values are not parsed.
fn read(text: &str) -> Option<Value> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Plain {
        Text(String),
        Flag(bool),
        Number(serde_json::Number),
    }
    if text.starts_with(['{', '[']) {
        return None;
    }
    Some(match serde_json::from_str(text).ok()? {
        Plain::Text(text) => Value::String(text),
        Plain::Flag(flag) => Value::Bool(flag),
        Plain::Number(number) => Value::Number(number),
    })
}

/// JSON has one kind of number: `1` and `1.0` are equal.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        // Integers are compared as integers: as floating-point numbers, different ones may be equal.
        (Value::Number(one), Value::Number(other)) if one.is_f64() || other.is_f64() => {
            one.as_f64().is_some_and(|one| other.as_f64() == Some(one))
        }
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(required: &str, claims: &str) -> bool {
        let required = RequiredClaims::parse(required).unwrap();
        required.are_met(&Claims::parse(claims).unwrap())
    }

    #[test]
    fn a_claim_has_one_of_its_values() {
        assert!(met(r#"{"token_use":"access"}"#, r#"{"token_use":"access"}"#));
        assert!(met(r#"{"level":[1,2]}"#, r#"{"level":2.0}"#));
        assert!(met(r#"{"mfa":true,"a":"x"}"#, r#"{"a":"x","mfa":true}"#));
        assert!(met("{}", "{}"));
        for claims in [
            "{}",
            r#"{"token_use":"id"}"#,
            r#"{"token_use":["access"]}"#,
            r#"{"token_use":null}"#,
            r#"{"token_use":{"access":true}}"#,
            r#"{"Token_use":"access"}"#,
        ] {
            assert!(!met(r#"{"token_use":"access"}"#, claims), "{claims}");
        }
    }

    #[test]
    fn a_number_with_a_fraction_part_is_compared_by_its_value() {
        assert!(met(r#"{"a":1}"#, r#"{"a":1.0}"#));
        assert!(met(r#"{"a":1.5}"#, r#"{"a":1.5}"#));
        assert!(!met(r#"{"a":1}"#, r#"{"a":2.0}"#));
        assert!(!met(r#"{"a":1.5}"#, r#"{"a":1}"#));
    }

    #[test]
    fn types_do_not_mix() {
        assert!(!met(r#"{"a":1}"#, r#"{"a":"1"}"#));
        assert!(!met(r#"{"a":"1"}"#, r#"{"a":1}"#));
        assert!(!met(r#"{"a":true}"#, r#"{"a":"true"}"#));
        assert!(!met(r#"{"a":1}"#, r#"{"a":true}"#));
        assert!(!met(r#"{"a":0}"#, r#"{"a":false}"#));
        assert!(!met(r#"{"a":1}"#, r#"{"a":1e999}"#));
        assert!(!met(r#"{"a":9007199254740993}"#, r#"{"a":9007199254740992}"#));
    }

    #[test]
    fn pointers_reach_members() {
        assert!(met(r#"{"/realm_access/roles/0":"a"}"#, r#"{"realm_access":{"roles":["a"]}}"#));
    }

    #[test]
    fn bad_ones_are_refused() {
        for bad in [
            "[]",
            "1",
            r#"{"a":null}"#,
            r#"{"a":{}}"#,
            r#"{"a":[]}"#,
            r#"{"a":[[1]]}"#,
            r#"{"a":[null]}"#,
            r#"{"/~":1}"#,
            "",
        ] {
            assert!(RequiredClaims::parse(bad).is_err(), "{bad}");
        }
    }
}
