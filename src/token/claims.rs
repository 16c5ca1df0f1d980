//! The claims of a token, and the claims that the rules read.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::TokenError;
use crate::json::{JsonError, Members};

/// The claims of one token, each still as the text that was received.
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

    /// Whether `iss` is this issuer, to the byte (RFC 9068 §4).
    pub(super) fn is_from(&self, issuer: &str) -> bool {
        self.0.text("iss").as_deref() == Some(issuer)
    }

    /// Whether `sub`, where it is present, is a string (RFC 7519 §4.1.2).
    pub(super) fn subject_is_valid(&self) -> bool {
        !self.0.has("sub") || self.0.text("sub").is_some()
    }

    /// Whether `aud` is one of these audiences, or an array that contains one (RFC 7519 §4.1.3).
    pub(super) fn is_for(&self, audiences: &[String]) -> bool {
        let is_one = |text: &str| audiences.iter().any(|audience| audience == text);
        if let Some(text) = self.0.text("aud") {
            return is_one(&text);
        }
        let Some(Ok(members)) = self.0.get::<Vec<&RawValue>>("aud") else {
            return false;
        };
        members
            .iter()
            .any(|member| serde_json::from_str::<String>(member.get()).is_ok_and(|m| is_one(&m)))
    }

    pub(super) fn time(&self, name: &str) -> Time {
        match self.0.get::<f64>(name) {
            None => Time::Absent,
            Some(Ok(seconds)) => Time::At(seconds),
            Some(Err(_)) => Time::Malformed,
        }
    }

    /// `exp`, seconds since 1970.
    #[must_use]
    pub fn expiration(&self) -> Option<f64> {
        match self.time("exp") {
            Time::At(seconds) => Some(seconds),
            Time::Absent | Time::Malformed => None,
        }
    }

    /// `client_id` (RFC 9068 §2.2), or where that is absent `azp` (OpenID Connect Core §2).
    pub(super) fn client(&self) -> Option<Cow<'a, str>> {
        if self.0.has("client_id") { self.0.text("client_id") } else { self.0.text("azp") }
    }
}

/// The group names in the JSON text of a groups claim, if it is an array.
#[must_use]
pub fn group_names(claim: &str) -> Option<Box<[Box<str>]>> {
    let entries: Vec<&RawValue> = serde_json::from_str(claim).ok()?;
    let groups = entries.iter().filter_map(|entry| serde_json::from_str(entry.get()).ok());
    Some(groups.flat_map(Group::names).collect())
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
    /// The group's name, and its id.
    fn names(self) -> impl Iterator<Item = Box<str>> {
        let names = match self {
            Self::Name(name) => [Some(name), None],
            Self::Object { id, name } => [id, name].map(|value| match value {
                Some(serde_json::Value::String(text)) => Some(text),
                _ => None,
            }),
        };
        names.into_iter().flatten().map(String::into_boxed_str)
    }
}

/// The value of a claim that is a point in time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Time {
    Absent,
    /// Seconds since 1970.
    At(f64),
    Malformed,
}
