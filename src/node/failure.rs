//! A native call returns a value and never throws. `js/core/failure.js` makes errors of the documented
//! classes of failures.

use std::collections::HashMap;

use napi::bindgen_prelude::Either;
use napi_derive::napi;
use serde_json::{Value, json};

use crate::error::{Error, Fault, Raw, Unspent};

/// Why a call failed: everything that JavaScript needs to make the error.
#[napi(object, object_from_js = false)]
pub struct Failure {
    /// The class: `validation`, `token`, `op`, `http` or `internal`; or `unspent`, with `unspent`.
    pub kind: &'static str,
    pub message: String,
    /// Of a token error.
    pub code: Option<&'static str>,
    pub reason: Option<&'static str>,
    /// Of an OAuth error.
    pub error: Option<String>,
    pub error_description: Option<String>,
    /// The tenant's answer.
    pub raw: Option<RawResponse>,
    /// Whole seconds.
    pub retry_after: Option<f64>,
    /// The exchange in which the caller's own function threw.
    pub cause_id: Option<f64>,
    /// What is to be done first; the other members are those of the verdict after that, if it is a refusal.
    pub unspent: Option<UnspentProof>,
}

#[napi(object, object_from_js = false)]
pub struct RawResponse {
    pub status: u32,
    pub status_text: String,
    pub headers: HashMap<String, String>,
    pub body: String,
}

/// A DPoP proof that `replayStore` has to remember before its verdict counts.
#[napi(object, object_from_js = false)]
pub struct UnspentProof {
    pub key: String,
    /// Seconds since 1970.
    pub expires_at: f64,
    /// The claims, as JSON, if the verdict admits; else `failure` is there.
    pub claims: Option<String>,
}

/// JSON text (claims, or a document), or a failure.
pub type Outcome = Either<String, Failure>;

impl From<&Raw> for RawResponse {
    fn from(raw: &Raw) -> Self {
        Self {
            status: u32::from(raw.status),
            status_text: raw.status_text.clone(),
            headers: raw.headers.iter().cloned().collect(),
            body: raw.body.clone(),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        let bare = Self {
            kind: "validation",
            message,
            code: None,
            reason: None,
            error: None,
            error_description: None,
            raw: None,
            retry_after: None,
            cause_id: None,
            unspent: None,
        };
        match error {
            Error::Unspent(proof) => {
                let Unspent { key, expires_at, verdict } = *proof;
                let expires_at = expires_at as f64;
                let (claims, then) = match verdict {
                    Ok(claims) => (Some(claims), bare),
                    Err(error) => (None, Self::from(error)),
                };
                let unspent = Some(UnspentProof { key, expires_at, claims });
                Self { kind: "unspent", unspent, ..then }
            }
            Error::Validation(_) => bare,
            Error::Token(error) => Self {
                kind: "token",
                code: Some(error.code().as_str()),
                reason: Some(error.reason()),
                ..bare
            },
            Error::Op(error) => Self {
                kind: "op",
                raw: Some(RawResponse::from(&*error.raw)),
                error: Some(error.error),
                error_description: error.description,
                ..bare
            },
            Error::Defect => Self { kind: "internal", ..bare },
            Error::Http(error) => Self {
                kind: "http",
                reason: Some(error.fault.reason()),
                raw: error.raw.as_deref().map(RawResponse::from),
                retry_after: error.retry_after.map(|seconds| seconds as f64),
                cause_id: match error.fault {
                    Fault::Caller { id, .. } => id.map(|id| id as f64),
                    _ => None,
                },
                ..bare
            },
        }
    }
}

impl Failure {
    /// The same as part of a document.
    pub fn json(&self) -> Value {
        let raw = self.raw.as_ref().map(|raw| {
            json!({
                "status": raw.status, "statusText": raw.status_text, "headers": raw.headers,
                "body": raw.body,
            })
        });
        json!({
            "kind": self.kind, "message": self.message, "code": self.code, "reason": self.reason,
            "error": self.error, "errorDescription": self.error_description, "raw": raw,
            "retryAfter": self.retry_after,
        })
    }
}

/// A verdict, or another result, as it crosses the boundary.
pub fn outcome(result: Result<String, Error>) -> Outcome {
    match result {
        Ok(text) => Either::A(text),
        Err(error) => Either::B(error.into()),
    }
}
