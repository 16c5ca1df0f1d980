//! JSON as a security protocol has to read it: an object that names a member twice means two things
//! to two readers, so it means nothing here (RFC 8725 §2.4, RFC 8259 §4).

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members of one JSON object, in order, each still as the text that was received.
///
/// Values are found but not built, whatever their depth: serde_json walks over them without
/// recursion. What a caller needs of them it reads with [`Members::get`].
#[derive(Clone, Default)]
pub struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// Why a text is no such object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonError {
    /// Not JSON, or a member is named twice.
    Malformed,
    /// JSON, but an array, a string, a number, `null`.
    NotObject,
}

impl<'a> Members<'a> {
    /// Reads one whole text.
    pub fn parse(text: &'a str) -> Result<Self, JsonError> {
        match serde_json::from_str::<Self>(text) {
            Ok(members) => Ok(members),
            // A well-formed text of another kind gets the answer that names its kind.
            Err(_) if is_other_kind(text) => Err(JsonError::NotObject),
            Err(_) => Err(JsonError::Malformed),
        }
    }

    /// Reads one whole text that must be UTF-8.
    pub fn parse_bytes(bytes: &'a [u8]) -> Result<Self, JsonError> {
        Self::parse(std::str::from_utf8(bytes).map_err(|_| JsonError::Malformed)?)
    }

    /// The text of a member, where it is there.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.get())
    }

    /// A member as `T`: `None` where it is absent, an error where it is of another type.
    pub fn get<T: Deserialize<'a>>(&self, name: &str) -> Option<Result<T, JsonError>> {
        self.raw(name).map(|text| serde_json::from_str(text).map_err(|_| JsonError::Malformed))
    }

    /// A member that counts only when it is a string.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.get::<Text<'a>>(name)?.ok().map(|text| text.0)
    }

    /// Whether the member is there, whatever it is.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// The members' names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_ref())
    }

    /// The object again as text, of those members that `keep` says, by their name and text.
    #[must_use]
    pub fn only(&self, keep: impl Fn(&str, &str) -> bool) -> String {
        let mut text = String::from("{");
        for (known, value) in self.0.iter().filter(|(name, value)| keep(name, value.get())) {
            if text.len() > 1 {
                text.push(',');
            }
            // A string always serialises.
            text.push_str(&serde_json::to_string(known).unwrap_or_default());
            text.push(':');
            text.push_str(value.get());
        }
        text.push('}');
        text
    }
}

/// Claims do not belong into logs: only how many there are is shown.
impl fmt::Debug for Members<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Members({})", self.0.len())
    }
}

/// What begins as an object is none of another kind, and is not walked over a second time: rubbish must
/// not cost more than what is good.
fn is_other_kind(text: &str) -> bool {
    !text.trim_start_matches([' ', '\t', '\n', '\r']).starts_with('{')
        && serde_json::from_str::<&RawValue>(text).is_ok()
}

/// A string, borrowed where it holds no escapes.
#[derive(PartialEq, Eq, Hash)]
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// Up to here members are compared one with another; past it a set finds the second of a name, so
/// that a header of a thousand members costs no million comparisons.
const COMPARED: usize = 24;

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;
        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object that names each member once")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members: Vec<(Cow<'de, str>, &'de RawValue)> = Vec::with_capacity(16);
                let mut seen: HashSet<Cow<'de, str>> = HashSet::new();
                while let Some(Text(name)) = map.next_key::<Text<'de>>()? {
                    let twice = if members.len() < COMPARED {
                        members.iter().any(|(known, _)| *known == name)
                    } else {
                        if seen.is_empty() {
                            seen.extend(members.iter().map(|(known, _)| known.clone()));
                        }
                        !seen.insert(name.clone())
                    };
                    if twice {
                        return Err(A::Error::custom("a member is named twice"));
                    }
                    members.push((name, map.next_value::<&'de RawValue>()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(MembersVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_members_and_their_text() {
        let members = Members::parse(r#" {"a": 1, "b" : {"c":[1, 2]}, "\u0063": "x"} "#).unwrap();
        assert_eq!(members.raw("b"), Some(r#"{"c":[1, 2]}"#));
        assert_eq!(members.text("c").as_deref(), Some("x"));
        assert_eq!(members.get::<f64>("a"), Some(Ok(1.0)));
        assert!(members.get::<f64>("b").unwrap().is_err());
        assert!(members.get::<f64>("d").is_none());
        assert_eq!(members.only(|name, _| name != "b"), r#"{"a":1,"c":"x"}"#);
        assert_eq!(members.only(|_, text| text == "1"), r#"{"a":1}"#);
    }

    #[test]
    fn refuses_a_member_named_twice_however_it_is_written() {
        assert_eq!(Members::parse(r#"{"a":1,"a":1}"#).unwrap_err(), JsonError::Malformed);
        assert_eq!(Members::parse(r#"{"a":1,"\u0061":1}"#).unwrap_err(), JsonError::Malformed);
        let many = (0..200).map(|n| format!("\"m{n}\":0")).collect::<Vec<_>>().join(",");
        assert!(Members::parse(&format!("{{{many}}}")).is_ok());
        assert_eq!(
            Members::parse(&format!("{{{many},\"m7\":0}}")).unwrap_err(),
            JsonError::Malformed
        );
    }

    #[test]
    fn tells_other_kinds_from_rubbish() {
        for other in ["[]", "null", "1", "\"x\"", " [1] ", "true"] {
            assert_eq!(Members::parse(other).unwrap_err(), JsonError::NotObject, "{other}");
        }
        for rubbish in [
            "",
            "{",
            "\n{}x",
            "\u{a0}[]",
            "{}x",
            "{a:1}",
            "nul",
            "\u{feff}{}",
            "{\"a\":1,}",
            "{\"a\":\u{1}}",
        ] {
            assert_eq!(Members::parse(rubbish).unwrap_err(), JsonError::Malformed, "{rubbish}");
        }
        assert_eq!(Members::parse_bytes(b"{\"a\":\"\xff\"}").unwrap_err(), JsonError::Malformed);
    }

    #[test]
    fn walks_over_any_depth() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Members::parse(&deep).unwrap().has("a"));
        assert_eq!(Members::parse(&"[".repeat(100_000)).unwrap_err(), JsonError::Malformed);
    }
}
