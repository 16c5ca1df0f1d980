//! The claims of a token as they were received, and how the ones that matter are read.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::TokenError;
use crate::json::{JsonError, Members};

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

    /// `scope`, where it is a string.
    pub(super) fn scope(&self) -> Option<Box<str>> {
        Some(self.0.text("scope")?.into_owned().into_boxed_str())
    }

    /// Whether `iss` is this issuer, to the byte (RFC 9068 §4).
    pub(super) fn is_from(&self, issuer: &str) -> bool {
        self.0.text("iss").as_deref() == Some(issuer)
    }

    /// Whether `sub`, where it is present, is a string (RFC 7519 §4.1.2).
    pub(super) fn subject_is_valid(&self) -> bool {
        !self.0.has("sub") || self.0.text("sub").is_some()
    }

    /// Whether `aud` is this audience or an array that contains it (RFC 7519 §4.1.3).
    pub(super) fn is_for(&self, audience: &str) -> bool {
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

    /// The names of the groups claim, if it is an array.
    pub(crate) fn groups(&self, claim: &str) -> Option<Box<[Box<str>]>> {
        let entries = self.0.get::<Vec<&RawValue>>(claim)?.ok()?;
        let groups = entries.iter().filter_map(|entry| serde_json::from_str(entry.get()).ok());
        Some(groups.flat_map(Group::words).collect())
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
    /// What it goes by.
    fn words(self) -> impl Iterator<Item = Box<str>> {
        let words = match self {
            Self::Name(name) => [Some(name), None],
            Self::Object { id, name } => [id, name].map(|word| match word {
                Some(serde_json::Value::String(word)) => Some(word),
                _ => None,
            }),
        };
        words.into_iter().flatten().map(String::into_boxed_str)
    }
}

/// A point in time, as a claim says it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Time {
    Absent,
    /// Seconds since 1970.
    At(f64),
    Malformed,
}
