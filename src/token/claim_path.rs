//! The place of a claim: its name, or a JSON Pointer (RFC 6901) to a member of a claim.

use serde_json::value::RawValue;

use crate::json::Members;
use crate::token::claims::Claims;

/// The name of a claim, or a JSON Pointer where it begins with `/`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClaimPath {
    text: String,
    /// The reference tokens of a pointer, unescaped (RFC 6901 §4).
    steps: Option<Box<[String]>>,
}

impl ClaimPath {
    /// Reads a name or a pointer. The error says what a pointer must be.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let steps = match text.strip_prefix('/') {
            None => None,
            Some(rest) => Some(rest.split('/').map(unescape).collect::<Option<_>>().ok_or(
                "must be a JSON Pointer (RFC 6901) if it begins with \"/\": after \"~\" comes 0 or 1",
            )?),
        };
        Ok(Self { text: text.to_owned(), steps })
    }

    /// The name or pointer as it is configured.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The JSON text at this place. A claim whose name is the whole text comes before a pointer.
    #[must_use]
    pub fn find<'a>(&self, claims: &Claims<'a>) -> Option<&'a str> {
        let members = claims.members();
        if let Some(text) = members.raw(&self.text) {
            return Some(text);
        }
        let (first, rest) = self.steps.as_deref()?.split_first()?;
        rest.iter().try_fold(members.raw(first)?, |value, step| descend(value, step))
    }
}

fn unescape(step: &str) -> Option<String> {
    let mut text = String::with_capacity(step.len());
    let mut characters = step.chars();
    while let Some(character) = characters.next() {
        text.push(match character {
            '~' => match characters.next() {
                Some('0') => '~',
                Some('1') => '/',
                _ => return None,
            },
            other => other,
        });
    }
    Some(text)
}

/// A member of an object, or an element of an array. An object that names a member twice has none.
fn descend<'a>(value: &'a str, step: &str) -> Option<&'a str> {
    if value.starts_with('[') {
        let elements: Vec<&RawValue> = serde_json::from_str(value).ok()?;
        return elements.get(index(step)?).map(|element| element.get());
    }
    Members::parse(value).ok()?.raw(step)
}

/// An array index has no leading zero (RFC 6901 §4).
fn index(step: &str) -> Option<usize> {
    let plain = step == "0" || !step.starts_with('0') && step.bytes().all(|b| b.is_ascii_digit());
    if plain { step.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(path: &str, json: &str) -> Option<String> {
        let path = ClaimPath::parse(path).unwrap();
        path.find(&Claims::parse(json).unwrap()).map(ToOwned::to_owned)
    }

    fn found(path: &str, json: &str) -> String {
        find(path, json).unwrap_or_default()
    }

    #[test]
    fn a_name_is_a_name() {
        assert_eq!(found("scp", r#"{"scp":"a b"}"#), r#""a b""#);
        assert_eq!(find("realm/roles", r#"{"realm":{"roles":1}}"#), None);
        assert_eq!(found("https://x.example/roles", r#"{"https://x.example/roles":[1]}"#), "[1]");
    }

    #[test]
    fn a_pointer_goes_through_objects_and_arrays() {
        let json = r#"{"realm_access":{"roles":["a","b"]},"list":[[{"x":1}]],"":{"":2}}"#;
        assert_eq!(found("/realm_access/roles", json), r#"["a","b"]"#);
        assert_eq!(found("/realm_access/roles/1", json), r#""b""#);
        assert_eq!(found("/list/0/0/x", json), "1");
        assert_eq!(found("//", json), "2");
        for nowhere in
            ["/list/00", "/list/01", "/list/-", "/list/1", "/list/ 0", "/list/+0", "/no/x"]
        {
            assert_eq!(find(nowhere, json), None, "{nowhere}");
        }
        assert_eq!(find("/list/0/0/x/y", json), None);
        assert_eq!(find("/list/99999999999999999999", json), None);
    }

    #[test]
    fn escapes_are_those_of_the_rfc() {
        let json = r#"{"a/b":{"m~n":1},"~1":{"x":2}}"#;
        assert_eq!(found("/a~1b/m~0n", json), "1");
        assert_eq!(found("/~01/x", json), "2");
        for bad in ["/~", "/a~", "/~2", "/a/~/b", "/~~"] {
            assert!(ClaimPath::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_claim_of_just_that_name_comes_first() {
        assert_eq!(found("/a/b", r#"{"a":{"b":1},"/a/b":2}"#), "2");
    }

    #[test]
    fn a_member_that_is_named_twice_is_none() {
        assert_eq!(find("/a/b", r#"{"a":{"b":1,"b":2}}"#), None);
    }
}
