//! JSON objects with unique member names. Two readers may take different values from a duplicate name, so an
//! object that has one is refused (RFC 8725 §2.4, RFC 8259 §4).

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members of one JSON object, in order, each still as the text that was received.
///
/// Values are not parsed until [`Members::get`]: serde_json skips them without recursion, whatever their depth.
#[derive(Clone, Default)]
pub struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// Why a text can't be read as an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonError {
    /// Not JSON, or a member is named twice.
    Malformed,
    /// JSON, but no object.
    NotObject,
}

impl<'a> Members<'a> {
    /// Reads a text that is one object.
    pub fn parse(text: &'a str) -> Result<Self, JsonError> {
        match serde_json::from_str::<Self>(text) {
            Ok(members) => Ok(members),
            // Well-formed JSON that is no object has an error of its own.
            Err(_) if is_other_kind(text) => Err(JsonError::NotObject),
            Err(_) => Err(JsonError::Malformed),
        }
    }

    /// The same for bytes, which must be UTF-8.
    pub fn parse_bytes(bytes: &'a [u8]) -> Result<Self, JsonError> {
        Self::parse(std::str::from_utf8(bytes).map_err(|_| JsonError::Malformed)?)
    }

    /// The text of a member's value.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.get())
    }

    /// A member as `T`: `None` where it is absent, an error where it is of another type.
    pub fn get<T: Deserialize<'a>>(&self, name: &str) -> Option<Result<T, JsonError>> {
        self.raw(name).map(|text| serde_json::from_str(text).map_err(|_| JsonError::Malformed))
    }

    /// A member that is a string; `None` for any other type.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.get::<Text<'a>>(name)?.ok().map(|text| text.0)
    }

    /// Whether a member is present, with any value.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// The members' names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_ref())
    }

    /// The object as text, with the members for which `keep` returns true (name, text of the value).
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

/// Shows the number of members only, because claims must not get into logs.
impl fmt::Debug for Members<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Members({})", self.0.len())
    }
}

/// Whether a text is JSON, but no object. A text that begins like an object is not read a second time, so that
/// a malformed token costs no more than a good one.
fn is_other_kind(text: &str) -> bool {
    !text.trim_start_matches([' ', '\t', '\n', '\r']).starts_with('{')
        && serde_json::from_str::<&RawValue>(text).is_ok()
}

/// A string, borrowed if it has no escapes.
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

/// The number of members up to which names are compared in pairs. With more, a set finds duplicates in linear
/// time.
const MOST_COMPARED: usize = 24;

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
                    let twice = if members.len() < MOST_COMPARED {
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
        for twice in 0..200 {
            let text = format!("{{{many},\"m{twice}\":0}}");
            assert_eq!(Members::parse(&text).unwrap_err(), JsonError::Malformed, "{twice}");
        }
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
