//! What of a token, and of a key set, may be shown, and how much of it.

use serde_json::{Value, json};

use crate::json::Members;
use crate::keys::algorithm::Algorithm;
use crate::keys::jwk::Jwk;
use crate::keys::jwk_set::JwkSet;
use crate::token::binding::Confirmation;
use crate::token::claims::Claims;
use crate::token::required_claims::RequiredClaims;

/// The longest text of a stranger's that is shown, in characters.
const LONGEST: usize = 256;

/// The most entries of a stranger's list that are shown.
pub(super) const MOST: usize = 32;

/// Claims that are required: those that the token has, and the allowed values.
pub(super) fn claims_compared(claims: &Claims<'_>, required: &RequiredClaims) -> (Value, Value) {
    let found = required
        .iter()
        .take(MOST)
        .map(|(path, _)| (cut(path.as_str()), path.find(claims).map_or(Value::Null, shown)));
    let expected = required
        .iter()
        .take(MOST)
        .map(|(path, values)| (cut(path.as_str()), values.iter().take(MOST).cloned().collect()));
    (Value::Object(found.collect()), Value::Object(expected.collect()))
}

/// Each member of a JWKS document: what it may verify, or why it verifies nothing.
pub fn describe_keys(jwks: &str) -> Result<Vec<Value>, &'static str> {
    let entries = JwkSet::entries(jwks)?;
    let describe = |entry: &str| {
        let members = Members::parse(entry).unwrap_or_default();
        let member = |name| members.raw(name).map_or(Value::Null, shown);
        let (algorithms, skipped) = match Jwk::parse(entry) {
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
pub(super) fn described(confirmation: &Confirmation) -> Value {
    match confirmation {
        Confirmation::None => Value::Null,
        Confirmation::Other => json!("another proof than a certificate"),
        Confirmation::Certificate(thumbprint) => json!(cut(thumbprint)),
        Confirmation::Key(_) => json!("a DPoP key"),
        Confirmation::CertificateAndKey(both) => json!(cut(&both.0)),
        Confirmation::Unsupported { .. } => json!("a \"cnf\" that can't be read, or asks for more"),
    }
}

pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

pub(super) fn some<T: AsRef<str>>(list: impl Iterator<Item = T>) -> Value {
    list.take(MOST).map(|entry| cut(entry.as_ref())).collect()
}

/// A member's value as it may be shown: text, numbers and lists of text; of all else the type.
pub(super) fn shown(raw: &str) -> Value {
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
pub(super) fn kind_of(raw: &str) -> &'static str {
    match raw.as_bytes().first() {
        Some(b'"') => "a string",
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_shown_or_its_type() {
        let long = "é".repeat(LONGEST + 1);
        let shortened = format!("{}…", "é".repeat(LONGEST));
        for (raw, expected) in [
            (r#""a""#, json!("a")),
            (r#""""#, json!("")),
            (&format!("{long:?}"), json!(shortened)),
            (&format!("{:?}", &long[2..]), json!(&long[2..])),
            ("1.5", json!(1.5)),
            ("-1", json!(-1)),
            (r#"["a",1,true,null,{},[]]"#, {
                json!(["a", "a number", "a boolean", "null", "an object", "an array"])
            }),
            (&format!("[{long:?}]"), json!([shortened])),
            (&format!("[{}0]", "0,".repeat(MOST)), json!(vec!["a number"; MOST])),
            (r#"{"a":1}"#, json!("an object")),
            ("true", json!("a boolean")),
            ("false", json!("a boolean")),
            ("null", json!("null")),
            // Too much for a number.
            ("1e999", json!("a number")),
        ] {
            assert_eq!(shown(raw), expected, "{raw}");
        }
        assert_eq!(kind_of(r#""a""#), "a string");
        assert_eq!(kind_of("[1]"), "an array");
    }

    #[test]
    fn a_list_of_texts_is_cut() {
        assert_eq!(some(["a", "b"].iter()), json!(["a", "b"]));
        assert_eq!(some(std::iter::repeat_n("a", MOST + 1)), json!(vec!["a"; MOST]));
    }

    #[test]
    fn a_confirmation_is_described() {
        let of = |cnf: &str| {
            let text = format!(r#"{{"cnf":{cnf}}}"#);
            described(&Confirmation::read(&Claims::parse(&text).unwrap()))
        };
        for (cnf, expected) in [
            ("null", Value::Null),
            (r#"{"kid":"a"}"#, json!("another proof than a certificate")),
            (r#"{"x5t#S256":"a"}"#, json!("a")),
            (r#"{"jkt":"a"}"#, json!("a DPoP key")),
            (r#"{"x5t#S256":"a","jkt":"b"}"#, json!("a")),
            ("1", json!("a \"cnf\" that can't be read, or asks for more")),
        ] {
            assert_eq!(of(cnf), expected, "{cnf}");
        }
    }

    #[test]
    fn required_claims_are_compared() {
        let claims = r#"{"role":"admin","a":[{"b":true}]}"#;
        let required = RequiredClaims::parse(r#"{"role":["admin",1],"/a/0/b":true,"c":"d"}"#);
        assert_eq!(
            claims_compared(&Claims::parse(claims).unwrap(), &required.unwrap()),
            (
                json!({ "role": "admin", "/a/0/b": "a boolean", "c": null }),
                json!({ "role": ["admin", 1], "/a/0/b": [true], "c": ["d"] }),
            )
        );
    }
}
