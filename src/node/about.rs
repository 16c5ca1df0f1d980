//! What the addon says of itself, of keys and of certificates: nothing here needs a client.

use napi_derive::napi;
use serde_json::Value;

use super::failure::{Outcome, outcome};
use crate::config::options;
use crate::error::ValidationError;
use crate::panics;
use crate::token::binding;
use crate::validator::explain::describe_keys as described;

/// The version of this addon. `js/core/load.js` accepts no other than its own.
#[napi]
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// One row of the table of options (src/config/options.rs).
#[napi(object, object_from_js = false)]
pub struct OptionRow {
    /// Nested options by their path.
    pub name: &'static str,
    pub variable: Option<&'static str>,
    /// What JavaScript calls a value of this kind.
    pub kind: &'static str,
    /// The default, where there is one.
    pub default: Option<String>,
    /// Whether it may stand in an entry of `issuers`.
    pub is_of_an_issuer: bool,
}

/// The table of options.
#[napi(catch_unwind)]
pub fn option_table() -> Vec<OptionRow> {
    panics::at("optionTable");
    let row = |option: options::OptionSpec| OptionRow {
        name: option.name,
        variable: option.variable,
        kind: option.rule.kind(),
        default: option.default_text(),
        is_of_an_issuer: option.is_of_an_issuer(),
    };
    options::table().map(row).collect()
}

/// The names of all environment variables that are read.
#[napi(catch_unwind)]
pub fn environment_names() -> Vec<&'static str> {
    panics::at("environmentNames");
    options::environment_names().collect()
}

/// The subject and validity of a certificate. Times are seconds since 1970.
#[napi(object, object_from_js = false)]
pub struct CertificateDescription {
    pub subject: String,
    pub not_before: i64,
    pub not_after: i64,
}

/// Describes a certificate in PEM; `null` where the text is none.
#[napi(catch_unwind)]
pub fn describe_certificate(pem: String) -> Option<CertificateDescription> {
    panics::at("describeCertificate");
    binding::describe(&pem).map(|found| CertificateDescription {
        subject: found.subject,
        not_before: found.not_before,
        not_after: found.not_after,
    })
}

/// Each member of a JWKS document, as JSON: what it may verify, or why it verifies nothing.
#[napi(catch_unwind)]
pub fn describe_keys(jwks: String) -> Outcome {
    panics::at("describeKeys");
    let keys = described(&jwks).map(|keys| Value::from(keys).to_string());
    outcome(keys.map_err(|why| ValidationError::new(why).into()))
}
