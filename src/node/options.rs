//! JavaScript values become [`Sources`] and [`Requirements`]. `js/core/options.js` reads them from the
//! caller's objects, once, with the type of each.

use std::collections::HashMap;

use napi_derive::napi;

use crate::config::{Given, Sources};
use crate::token::binding::Binding;
use crate::validator::request::Requirements;

/// One option.
#[napi(object, object_to_js = false)]
pub struct GivenOption {
    /// Nested ones by their path: `groupOptions.matchAll`.
    pub name: String,
    /// What `typeof` says. An object that matters as a whole has its JSON in `text`.
    pub kind: String,
    pub text: Option<String>,
    pub number: Option<f64>,
    pub flag: Option<bool>,
}

/// What a route requires.
#[napi(object, object_to_js = false)]
pub struct GivenRequirements {
    pub scopes: Option<Vec<String>>,
    pub groups: Option<Vec<String>>,
    /// The name of a mode, or `undefined` for the client's own.
    pub binding: Option<String>,
}

impl From<GivenOption> for Given {
    fn from(option: GivenOption) -> Self {
        match (option.kind.as_str(), option.text, option.number, option.flag) {
            ("undefined", ..) => Self::Absent,
            ("string", Some(text), ..) => Self::Text(text),
            ("object", Some(text), ..) => Self::Json(text),
            ("object", None, ..) => Self::Object,
            ("number", _, Some(number), _) => Self::Number(number),
            ("boolean", _, _, Some(flag)) => Self::Bool(flag),
            ("function", ..) => Self::Function,
            _ => Self::Other,
        }
    }
}

pub fn sources(options: Vec<GivenOption>, environment: Vec<Vec<String>>) -> Sources {
    Sources {
        options: options.into_iter().map(|option| (option.name.clone(), option.into())).collect(),
        environment: environment
            .into_iter()
            .filter_map(|pair| {
                <[String; 2]>::try_from(pair).ok().map(|[name, value]| (name, value))
            })
            .collect::<HashMap<_, _>>(),
    }
}

impl From<GivenRequirements> for Requirements {
    fn from(given: GivenRequirements) -> Self {
        Self {
            scopes: given.scopes.unwrap_or_default(),
            groups: given.groups.unwrap_or_default(),
            binding: match given.binding.as_deref() {
                Some("required") => Some(Binding::Required),
                Some("not_checked") => Some(Binding::NotChecked),
                Some("when_present") => Some(Binding::WhenPresent),
                Some("dangerously_ignore") => Some(Binding::Ignored),
                _ => None,
            },
        }
    }
}
