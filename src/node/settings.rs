//! The settings of a client that JavaScript needs.

use napi_derive::napi;

use crate::token::binding::Binding;
use crate::token::claim_reading::Audience;
use crate::token::dpop::Mode;
use crate::validator::{TrustedIssuer, Validator};

/// The settings that JavaScript needs.
#[napi(object, object_from_js = false)]
pub struct Settings {
    pub tenant_domain: String,
    /// Seconds.
    pub introspection_cache_duration: Option<f64>,
    pub verified_tokens_bytes: f64,
    /// Milliseconds.
    pub cache_timeout: f64,
    /// The algorithms of DPoP proofs, by name.
    pub dpop_algorithms: Vec<&'static str>,
    /// Whether proofs are checked where a route does not say.
    pub dpop_is_checked: bool,
    /// Whether the option `dpop` is given.
    pub dpop_is_configured: bool,
    /// Whether a token must be bound to a DPoP key where a route does not say.
    pub dpop_is_required: bool,
    /// Whether a route may say that proofs are not checked.
    pub dpop_yields: bool,
    /// Whether proofs need a nonce.
    pub dpop_has_nonce: bool,
    /// The `iss` of every issuer.
    pub issuers: Vec<String>,
    /// Whether the audience of every token is checked: no `audience: false`.
    pub checks_audience: bool,
    /// Whether the certificate binding of tokens is checked where a route does not say.
    pub checks_certificates: bool,
}

impl Settings {
    /// Those of a client.
    pub fn of(validator: &Validator) -> Self {
        let config = validator.config();
        let configs = || validator.issuers().map(TrustedIssuer::config);
        Self {
            tenant_domain: config.tenant.as_str().to_owned(),
            introspection_cache_duration: config.introspection_cache_duration,
            verified_tokens_bytes: config.verified_tokens_bytes as f64,
            cache_timeout: config.cache_timeout,
            dpop_algorithms: config
                .dpop
                .algorithms
                .iter()
                .flat_map(|it| it.names())
                .copied()
                .collect(),
            dpop_is_checked: config.dpop.mode != Mode::Ignored,
            dpop_is_configured: config.dpop.is_configured,
            dpop_is_required: config.dpop.mode == Mode::Required,
            dpop_yields: config.profile.is_none(),
            dpop_has_nonce: config.dpop.nonces.is_some(),
            issuers: configs().map(|config| config.tenant.issuer().to_owned()).collect(),
            checks_audience: configs().all(|config| config.reading.audience != Audience::Absent),
            checks_certificates: configs().all(|config| config.binding != Binding::Ignored),
        }
    }
}
