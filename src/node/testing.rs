//! Exports of the addon that the tests build, and of no release.

use napi_derive::napi;

use crate::error::{Fault, TokenError};
use crate::panics;

/// Makes the next call that passes `place` panic.
#[napi(catch_unwind)]
pub fn inject_panic(place: String, message: String) {
    panics::inject(place, message);
}

/// Every `reason` of an error.
#[napi(object, object_from_js = false)]
pub struct RefusalReasons {
    /// Of a `MonoCloudTokenError`.
    pub token: Vec<&'static str>,
    /// Of a `MonoCloudHttpError`.
    pub http: Vec<&'static str>,
}

/// Every `reason` that the core has.
#[napi(catch_unwind)]
pub fn refusal_reasons() -> RefusalReasons {
    let mut token: Vec<_> = TokenError::ALL.iter().map(|error| error.reason()).collect();
    token.sort_unstable();
    token.dedup();
    RefusalReasons { token, http: Fault::one_of_each().iter().map(Fault::reason).collect() }
}
