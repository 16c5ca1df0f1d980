//! JavaScript values become [`Sources`] and [`Requirements`]. `js/core/options.js` reads them from the
//! caller's objects, once, with the type of each.

use std::collections::HashMap;
use std::sync::Arc;

use napi_derive::napi;

use crate::config::{Given, Sources};
use crate::error::ValidationError;
use crate::secret::Secret;
use crate::token::binding::Binding;
use crate::token::dpop::{Presented, ProofRequest};
use crate::token::required_claims::RequiredClaims;
use crate::validator::request::Requirements;

/// One option.
#[napi(object, object_to_js = false)]
pub struct GivenOption {
    /// Nested ones by their path: `groupOptions.matchAll`.
    pub name: String,
    /// What `typeof` says. An object that matters as a whole has its JSON in `text`.
    pub kind: String,
    #[napi(ts_type = "string")]
    pub text: Option<Secret>,
    pub number: Option<f64>,
    pub flag: Option<bool>,
}

/// What a route requires.
#[napi(object, object_to_js = false)]
pub struct GivenRequirements {
    pub scopes: Option<Vec<String>>,
    pub any_scope: Option<Vec<String>>,
    pub groups: Option<Vec<String>>,
    /// As JSON.
    pub claims: Option<String>,
    pub acr: Option<Vec<String>>,
    /// Seconds.
    pub max_age: Option<f64>,
    /// The name of a mode, or `undefined` for the client's own.
    pub binding: Option<String>,
    /// Whether a DPoP proof is needed, or `undefined` for the client's own mode.
    pub dpop: Option<bool>,
    /// Whether neither a certificate nor a proof is looked at.
    pub token_alone: Option<bool>,
}

/// What a request proves with that it holds its token. Absent members are not there, or not asked for.
#[napi(object, object_to_js = false)]
pub struct GivenPossession {
    /// The client certificate, in PEM.
    pub certificate: Option<String>,
    /// The DPoP proof.
    pub proof: Option<GivenProof>,
}

/// A `DPoP` header, or a request with the scheme `DPoP`.
#[napi(object, object_to_js = false)]
pub struct GivenProof {
    /// The header; empty where there is none.
    pub proof: String,
    pub method: String,
    pub url: String,
    /// Whether the scheme was `Bearer` all the same.
    pub beside_bearer: bool,
}

impl GivenPossession {
    /// The client certificate, and how the request presented its token.
    pub fn read(given: Option<&Self>) -> (Option<&str>, Presented<'_>) {
        let Some(given) = given else { return (None, Presented::Bearer) };
        let presented = match &given.proof {
            None => Presented::Bearer,
            Some(GivenProof { beside_bearer: true, .. }) => Presented::BearerWithProof,
            Some(GivenProof { proof, method, url, .. }) => {
                Presented::Dpop(ProofRequest { proof, method, url })
            }
        };
        (given.certificate.as_deref(), presented)
    }
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

pub fn sources(
    options: Vec<GivenOption>,
    issuers: Option<Vec<Vec<GivenOption>>>,
    environment: Vec<Vec<Secret>>,
) -> Sources {
    let by_name = |options: Vec<GivenOption>| {
        options.into_iter().map(|option| (option.name.clone(), option.into())).collect()
    };
    Sources {
        options: by_name(options),
        issuers: issuers.map(|issuers| issuers.into_iter().map(by_name).collect()),
        environment: environment
            .into_iter()
            .filter_map(|pair| {
                <[Secret; 2]>::try_from(pair).ok().map(|[name, value]| ((*name).to_owned(), value))
            })
            .collect::<HashMap<_, _>>(),
    }
}

impl GivenRequirements {
    /// The requirements, or what is wrong with them.
    pub fn read(self) -> Result<Arc<Requirements>, ValidationError> {
        let given = self;
        let claims = given.claims.as_deref().map(RequiredClaims::parse).transpose();
        Ok(Arc::new(Requirements {
            scopes: given.scopes.unwrap_or_default(),
            any_scope: given.any_scope.unwrap_or_default(),
            groups: given.groups.unwrap_or_default(),
            claims: claims
                .map_err(|rule| ValidationError::new(format!("\"claims\" {rule}")))?
                .unwrap_or_default(),
            acr: given.acr.unwrap_or_default(),
            max_age: given.max_age,
            binding: match given.binding.as_deref() {
                Some("required") => Some(Binding::Required),
                Some("not_checked") => Some(Binding::NotChecked),
                Some("when_present") => Some(Binding::WhenPresent),
                Some("dangerously_ignore") => Some(Binding::Ignored),
                _ => None,
            },
            dpop: given.dpop,
            token_alone: given.token_alone.unwrap_or_default(),
        }))
    }
}
