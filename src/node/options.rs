//! JavaScript values become [`Sources`] and a [`Route`]; `js/options.js` reads them off the
//! caller's objects, once, and says of what type each is.

use std::collections::HashMap;

use napi_derive::napi;

use crate::check::Route;
use crate::config::{Given, Sources};
use crate::token::binding::Binding;

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

/// What a route asks.
#[napi(object, object_to_js = false)]
pub struct GivenRoute {
    pub scopes: Option<Vec<String>>,
    pub groups: Option<Vec<String>>,
    /// A mode's name, or `undefined` for the client's own.
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

pub fn sources(options: Vec<GivenOption>, environment: HashMap<String, String>) -> Sources {
    Sources {
        options: options.into_iter().map(|option| (option.name.clone(), option.into())).collect(),
        environment,
    }
}

impl From<GivenRoute> for Route {
    fn from(route: GivenRoute) -> Self {
        Self {
            scopes: route.scopes.unwrap_or_default(),
            groups: route.groups.unwrap_or_default(),
            binding: match route.binding.as_deref() {
                Some("required") => Some(Binding::Required),
                Some("when_present") => Some(Binding::WhenPresent),
                Some("dangerously_ignore") => Some(Binding::Ignored),
                _ => None,
            },
        }
    }
}
