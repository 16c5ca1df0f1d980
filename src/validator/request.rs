//! What is validated: one token, what a route requires of it, and what came with it.

use std::fmt;
use std::sync::Arc;

pub use crate::token::claim_rules::Requirements;
use crate::token::dpop::{Presented, ProofRequest};

/// Which kind of token it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A JWT if it has exactly three parts and JWTs are not introspected, else opaque.
    Detect,
    /// A JWT (`validateJwtAccessToken`).
    Jwt,
    /// A token that the tenant is asked about (`introspectAccessToken`).
    Opaque,
}

/// One token to be validated. Neither the token nor the certificate is ever shown.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The token as received, trimmed.
    pub token: &'a str,
    /// Which kind of token it is.
    pub kind: Kind,
    /// What the route requires.
    pub requirements: &'a Arc<Requirements>,
    /// The client certificate of the request, in PEM.
    pub certificate: Option<&'a str>,
    /// How the request presents the token.
    pub presented: Presented<'a>,
    /// The caller's own JWKS document, in place of the tenant's keys.
    pub jwks: Option<&'a str>,
    /// Whether the verdict is for an explanation, which spends no DPoP proof.
    pub explains: bool,
    /// Seconds since 1970.
    pub now: f64,
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("bytes", &self.token.len()).finish_non_exhaustive()
    }
}

impl Request<'_> {
    /// A copy that can be sent to another thread.
    #[must_use]
    pub fn to_owned(&self) -> OwnedRequest {
        OwnedRequest {
            token: self.token.to_owned(),
            kind: self.kind,
            requirements: Arc::clone(self.requirements),
            certificate: self.certificate.map(ToOwned::to_owned),
            presented: match self.presented {
                Presented::Bearer => OwnedPresented::Bearer,
                Presented::BearerWithProof => OwnedPresented::BearerWithProof,
                Presented::Dpop(ProofRequest { proof, method, url }) => {
                    OwnedPresented::Dpop([proof, method, url].map(ToOwned::to_owned))
                }
            },
            jwks: self.jwks.map(ToOwned::to_owned),
            explains: self.explains,
            now: self.now,
        }
    }
}

/// [`Presented`], owned.
#[derive(Clone)]
#[allow(missing_docs, reason = "documented at Presented")]
pub enum OwnedPresented {
    Bearer,
    BearerWithProof,
    /// Proof, method and URL.
    Dpop([String; 3]),
}

/// Without the proof.
impl fmt::Debug for OwnedPresented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedPresented").finish_non_exhaustive()
    }
}

/// [`Request`], owned. The members are the same.
#[derive(Clone)]
#[allow(missing_docs, reason = "documented at Request")]
pub struct OwnedRequest {
    pub token: String,
    pub kind: Kind,
    pub requirements: Arc<Requirements>,
    pub certificate: Option<String>,
    pub presented: OwnedPresented,
    pub jwks: Option<String>,
    pub explains: bool,
    pub now: f64,
}

impl OwnedRequest {
    /// The request itself.
    #[must_use]
    pub fn view(&self) -> Request<'_> {
        Request {
            token: &self.token,
            kind: self.kind,
            requirements: &self.requirements,
            certificate: self.certificate.as_deref(),
            presented: match &self.presented {
                OwnedPresented::Bearer => Presented::Bearer,
                OwnedPresented::BearerWithProof => Presented::BearerWithProof,
                OwnedPresented::Dpop([proof, method, url]) => {
                    Presented::Dpop(ProofRequest { proof, method, url })
                }
            },
            jwks: self.jwks.as_deref(),
            explains: self.explains,
            now: self.now,
        }
    }
}

impl fmt::Debug for OwnedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}
