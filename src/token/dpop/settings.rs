//! How a client's proofs are checked.

use super::nonce::Nonces;
use super::target_uri::TargetUri;
use crate::keys::algorithm::Algorithm;

/// The algorithms of proofs where `algorithms` names none.
pub const DEFAULT_ALGORITHMS: [Algorithm; 9] = [
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::Ps256,
    Algorithm::Ps384,
    Algorithm::Ps512,
    Algorithm::Rs256,
    Algorithm::Rs384,
    Algorithm::Rs512,
    Algorithm::Ed25519,
];

/// Which tokens need a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `required`: every token must be bound to a key.
    Required,
    /// `when_present`: a token that is bound to a key must come with a proof.
    WhenPresent,
    /// `dangerously_ignore`: a bound token passes like a bearer token.
    Ignored,
}

impl Mode {
    /// The word of the option `dpop`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::WhenPresent => "when_present",
            Self::Ignored => "dangerously_ignore",
        }
    }
}

/// The option `dpop` of a client.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which tokens need a proof.
    pub mode: Mode,
    /// Whether the option is given at all.
    pub is_configured: bool,
    /// The algorithms that a proof may be signed with.
    pub algorithms: Vec<Algorithm>,
    /// How old a proof may be, in seconds.
    pub max_age: f64,
    /// Scheme, host and port of every request, where a proxy hides them.
    pub origin: Option<TargetUri>,
    /// The nonces that a proof must have.
    pub nonces: Option<Nonces>,
    /// Whether the caller has a `replayStore`.
    pub has_replay_store: bool,
}
