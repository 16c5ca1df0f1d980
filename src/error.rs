//! The errors of a validation, with their codes, reasons and messages.
//!
//! No error contains a token, a claim or a secret.

mod token;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use self::token::{TokenError, TokenErrorCode};

/// An error; one variant for each JavaScript class (contract §8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// `MonoCloudValidationError`: bad configuration or argument.
    Validation(ValidationError),
    /// `MonoCloudTokenError`: the token does not pass.
    Token(TokenError),
    /// `MonoCloudOPError`: the tenant answered with an OAuth error (RFC 6749 §5.2).
    Op(OpError),
    /// `MonoCloudHttpError`: network, status, or unreadable answer.
    Http(HttpError),
    /// The verdict once a DPoP proof is spent in the caller's replay store. A refusal until then.
    Unspent(Box<Unspent>),
    /// `MonoCloudAuthBaseError`: a panic in this library, caught.
    Defect,
}

/// A DPoP proof that has to be spent, and the verdict if it is fresh.
#[derive(Clone, PartialEq, Eq)]
pub struct Unspent {
    /// What the replay store remembers the proof by.
    pub key: String,
    /// Until when, seconds since 1970.
    pub expires_at: u64,
    /// The claims, as JSON, or why the route refuses them.
    pub verdict: Result<String, Error>,
}

/// Without the claims.
impl fmt::Debug for Unspent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unspent").finish_non_exhaustive()
    }
}

/// The message of [`Error::Defect`].
pub const DEFECT: &str = "The native core failed; this is a defect, please report it";

/// A bad option or argument. The message names the option and never has a secret value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidationError(pub String);

/// An OAuth error response (RFC 6749 §5.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpError {
    /// `error`, or the code that the status implies.
    pub error: String,
    /// `error_description`, where there is one.
    pub description: Option<String>,
    /// The response.
    pub raw: Arc<Raw>,
}

/// An exchange with the tenant that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpError {
    /// The document or endpoint: `metadata`, `JWKS`, `token introspection`.
    pub what: &'static str,
    /// Its URL, without query.
    pub url: String,
    /// Why it failed.
    pub fault: Fault,
    /// The response, where there was one.
    pub raw: Option<Arc<Raw>>,
    /// Whole seconds after which to try again.
    pub retry_after: Option<u64>,
}

impl Error {
    /// A request that was not made, or has no outcome, for a reason of this process.
    #[must_use]
    pub fn given_up(why: &'static str) -> Self {
        let fault = Fault::Local(why);
        let what = "tenant documents";
        HttpError { what, url: String::new(), fault, raw: None, retry_after: None }.into()
    }
}

/// Why an exchange failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// No complete response within the deadline.
    Timeout {
        /// `responseTimeout`, milliseconds.
        after_ms: u64,
    },
    /// No connection: DNS, refused, unreachable.
    Connect,
    /// The TLS handshake failed: certificate, name, protocol.
    Tls,
    /// The connection was lost before the response was complete.
    Interrupted,
    /// The response is longer than the limit.
    TooLarge {
        /// The limit, bytes.
        limit: usize,
    },
    /// A status that is not expected here.
    Status(u16),
    /// The body can't be read; why.
    Unreadable(&'static str),
    /// The metadata names a URL that must not be requested.
    ForbiddenUrl(&'static str),
    /// The caller's `fetcher` or resolver threw.
    Caller {
        /// The error's code or name.
        name: String,
        /// The id of the exchange, by which JavaScript finds the error.
        id: Option<u64>,
    },
    /// No place was free among the introspections in flight (`maxConcurrentIntrospections`).
    IntrospectionLimit,
    /// The DPoP proof could not be remembered.
    ReplayStore,
    /// The HTTP client could not be created, for example without free threads or file descriptors.
    Local(&'static str),
}

impl Fault {
    /// No complete response within this time.
    #[must_use]
    pub fn timeout(after: Duration) -> Self {
        Self::Timeout { after_ms: u64::try_from(after.as_millis()).unwrap_or(u64::MAX) }
    }

    /// The value of `reason` in JavaScript.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Timeout { .. } => "timeout",
            Self::Connect => "connection_failed",
            Self::Tls => "tls_failed",
            Self::Interrupted => "connection_lost",
            Self::TooLarge { .. } => "response_too_large",
            Self::Status(_) => "unexpected_status",
            Self::Unreadable(_) => "unreadable_response",
            Self::ForbiddenUrl(_) => "forbidden_url",
            Self::Caller { .. } => "fetcher_failed",
            Self::IntrospectionLimit => "introspection_limit",
            Self::ReplayStore => "replay_store_unavailable",
            Self::Local(_) => "client_failed",
        }
    }
}

/// A response, without the parts that an error must not have.
#[derive(Clone, PartialEq, Eq)]
pub struct Raw {
    /// HTTP status.
    pub status: u16,
    /// Its reason phrase.
    pub status_text: String,
    /// Headers, with names in lower case; never `set-cookie`.
    pub headers: Vec<(String, String)>,
    /// The first 4 KiB, as text.
    pub body: String,
}

/// Shows only the length of the body, which may contain claims.
impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Raw")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, url, .. } = self;
        match &self.fault {
            Fault::Status(status) => {
                write!(f, "Error while fetching {what}. Unexpected status code: {status} ({url})")
            }
            Fault::Timeout { after_ms } => {
                write!(f, "Error while fetching {what}. No answer within {after_ms} ms ({url})")
            }
            Fault::Connect => write!(f, "Error while fetching {what}. Could not connect ({url})"),
            Fault::Tls => write!(f, "Error while fetching {what}. TLS handshake failed ({url})"),
            Fault::Interrupted => {
                write!(f, "Error while fetching {what}. The connection was lost ({url})")
            }
            Fault::TooLarge { limit } => {
                write!(
                    f,
                    "Error while fetching {what}. The answer is longer than {limit} bytes ({url})"
                )
            }
            Fault::Unreadable(why) | Fault::ForbiddenUrl(why) => {
                write!(f, "Error while fetching {what}. {why} ({url})")
            }
            Fault::Caller { name, .. } => {
                write!(
                    f,
                    "Error while fetching {what}. The caller's function failed: {name} ({url})"
                )
            }
            Fault::IntrospectionLimit => {
                write!(
                    f,
                    "Error while fetching {what}. Too many introspections are in flight ({url})"
                )
            }
            Fault::ReplayStore => f.write_str(
                "The DPoP proof could not be remembered: the replay store is not available",
            ),
            Fault::Local(why) => write!(f, "Error while fetching {what}. {why} ({url})"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Validation(error) => f.write_str(&error.0),
            Self::Token(error) => f.write_str(error.message()),
            Self::Op(error) => f.write_str(&error.error),
            Self::Http(error) => error.fmt(f),
            Self::Unspent(_) => f.write_str("The DPoP proof has not been spent"),
            Self::Defect => f.write_str(DEFECT),
        }
    }
}

impl std::error::Error for Error {}

macro_rules! from_part {
    ($($part:ident => $variant:ident),+) => {$(
        impl From<$part> for Error {
            fn from(error: $part) -> Self {
                Self::$variant(error)
            }
        }
    )+};
}
from_part!(ValidationError => Validation, TokenError => Token, OpError => Op, HttpError => Http);

impl ValidationError {
    /// An error with this message, which must hold no secret.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}
