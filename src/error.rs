//! The errors of a validation, with their codes, reasons and messages.
//!
//! No error contains a token, a claim or a secret.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

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
    /// `MonoCloudAuthBaseError`: a panic in this library, caught.
    Defect,
}

/// The message of [`Error::Defect`].
pub const DEFECT: &str = "The native core failed; this is a defect, please report it";

/// A bad option or argument. The message names the option and never has a secret value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidationError(pub String);

/// The `code` of a `MonoCloudTokenError`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenErrorCode {
    /// The token is not valid: 401.
    InvalidToken,
    /// A valid token without the scopes of this route: 403.
    InsufficientScope,
    /// A valid token without the groups of this route: 403.
    InsufficientGroups,
    /// The tenant says that the token is not active: 401.
    InactiveToken,
    /// A good token that the route's own rules do not allow: 403.
    AccessDenied,
    /// A login that is not as strong or as recent as the route requires (RFC 9470 §3): 401.
    InsufficientUserAuthentication,
}

impl TokenErrorCode {
    /// The value of `code` in JavaScript.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::InsufficientGroups => "insufficient_groups",
            Self::InactiveToken => "inactive_token",
            Self::AccessDenied => "access_denied",
            Self::InsufficientUserAuthentication => "insufficient_user_authentication",
        }
    }
}

macro_rules! token_errors {
    ($( $(#[doc = $doc:literal])+ $variant:ident = $code:ident, $reason:literal, $message:literal; )+) => {
        /// Why a token was refused. `reason` is stable: programs may match on it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum TokenError {
            $( $(#[doc = $doc])+ $variant, )+
        }

        impl TokenError {
            /// Every variant, for tests and for the documentation.
            pub const ALL: &[Self] = &[ $( Self::$variant, )+ ];

            /// The `code` of the documented class.
            #[must_use]
            pub const fn code(self) -> TokenErrorCode {
                match self { $( Self::$variant => TokenErrorCode::$code, )+ }
            }

            /// The value of `reason` in JavaScript.
            #[must_use]
            pub const fn reason(self) -> &'static str {
                match self { $( Self::$variant => $reason, )+ }
            }

            /// The error's message. Programs match on some of them (contract §8).
            #[must_use]
            pub const fn message(self) -> &'static str {
                match self { $( Self::$variant => $message, )+ }
            }
        }
    };
}

token_errors! {
    /// Longer than `maxTokenBytes`.
    TooLarge = InvalidToken, "token_too_large", "Access token is longer than maxTokenBytes allows";
    /// Not three parts (RFC 7515 §7.1).
    NotCompact = InvalidToken, "malformed_token", "JWT access token must have a header, payload and signature";
    /// The header is not base64url, UTF-8 or JSON, or names a member twice.
    HeaderUnreadable = InvalidToken, "malformed_header", "Failed to parse JWT Header";
    /// The header is JSON, but not an object.
    HeaderNotObject = InvalidToken, "malformed_header", "JWT Header must be a top level object";
    /// `crit` is present; no extension is supported (RFC 7515 §4.1.11).
    CriticalHeader = InvalidToken, "unsupported_critical_header", "Unexpected JWT \"crit\" header parameter";
    /// `alg` is missing, or not one that is accepted (RFC 8725 §3.1).
    UnsupportedAlgorithm = InvalidToken, "unsupported_algorithm", "Unsupported JWT signing algorithm";
    /// `typ` names another kind of token (RFC 9068 §2.1, RFC 8725 §3.11).
    UnexpectedType = InvalidToken, "unexpected_token_type", "Invalid token type";
    /// No usable key of the tenant has the token's `kid` and fits its `alg`.
    UnknownKey = InvalidToken, "unknown_key", "No matching signing key found in the JWKS";
    /// Several usable keys of the tenant fit the token's `kid` and `alg`.
    AmbiguousKey = InvalidToken, "ambiguous_key", "More than one signing key in the JWKS matches the token";
    /// The signature is not base64url, or the key does not verify it.
    InvalidSignature = InvalidToken, "invalid_signature", "JWT signature verification failed";
    /// The payload is not base64url, UTF-8 or JSON, or names a member twice.
    PayloadUnreadable = InvalidToken, "malformed_payload", "Failed to parse JWT Payload";
    /// The payload is JSON, but not an object.
    PayloadNotObject = InvalidToken, "malformed_payload", "JWT Payload must be a top level object";
    /// `iss` is not the tenant (RFC 9068 §4).
    IssuerMismatch = InvalidToken, "issuer_mismatch", "Invalid Issuer";
    /// `sub` is present and no string.
    InvalidSubject = InvalidToken, "invalid_subject", "Invalid subject";
    /// `aud` does not name this API, byte for byte.
    AudienceMismatch = InvalidToken, "audience_mismatch", "Invalid audience claim";
    /// A JWT without `exp`.
    MissingExpiration = InvalidToken, "missing_expiration", "Missing \"exp\" (expiration time) claim";
    /// `exp` is no number.
    InvalidExpiration = InvalidToken, "invalid_expiration", "Unexpected \"exp\" (expiration time) claim type";
    /// `exp` has passed, with skew and tolerance.
    Expired = InvalidToken, "expired", "Token has expired";
    /// `nbf` is no number.
    InvalidNotBefore = InvalidToken, "invalid_not_before", "Unexpected \"nbf\" (not before) claim type";
    /// `nbf` has not been reached, with skew and tolerance.
    NotYetValid = InvalidToken, "not_yet_valid", "Token is not valid yet";
    /// `client_id`, or else `azp`, is none of `clientIds`.
    ClientMismatch = InvalidToken, "client_mismatch", "Invalid client";
    /// A claim of `requiredClaims` is absent, or has another value.
    RequiredClaimsMismatch = InvalidToken, "required_claims_mismatch", "Token lacks a required claim";
    /// A claim of the route's `claims` is absent, or has another value.
    ClaimsMismatch = AccessDenied, "claims_mismatch", "Token lacks a claim that the route requires";
    /// `acr` is none of those that the route requires.
    AcrNotMet = InsufficientUserAuthentication, "acr_not_met", "The user's login is not as strong as the route requires";
    /// `auth_time` is absent, no number, or in the future.
    MissingAuthTime = InsufficientUserAuthentication, "missing_auth_time", "The time of the user's login is missing or invalid";
    /// `auth_time` is longer ago than the route's `maxAge`.
    LoginTooOld = InsufficientUserAuthentication, "login_too_old", "The user's login is longer ago than the route allows";
    /// A scope of the route is not in the scopes claim.
    MissingScopes = InsufficientScope, "missing_scopes", "Token is missing required scopes";
    /// A group of the route is not in the groups claim.
    MissingGroups = InsufficientGroups, "missing_groups", "Token is missing required groups";
    /// Introspection did not answer `"active": true` (RFC 7662 §2.2).
    Inactive = InactiveToken, "inactive", "Token is not active";
    /// The same for a JWT that has not expired: it may be revoked, or this client may not introspect tokens
    /// for this audience.
    InactiveOrNotPermitted = InactiveToken, "inactive_or_client_not_permitted", "Token is not active";
    /// The token is bound, or must be, and the request has no client certificate.
    CertificateMissing = InvalidToken, "certificate_missing", "Client certificate is not present";
    /// The same on a resumed TLS session that began without a certificate.
    CertificateMissingResumedSession = InvalidToken, "certificate_missing_resumed_session", "Client certificate is not present";
    /// The client certificate can't be parsed.
    CertificateMalformed = InvalidToken, "certificate_malformed", "Client certificate is malformed";
    /// Binding is required and the token has no `cnf`.
    NotBound = InvalidToken, "token_not_bound", "Access token is not bound to a client certificate";
    /// `cnf` has a `jkt`, and the request has no DPoP proof (RFC 9449 §7.1).
    DpopRequired = InvalidToken, "dpop_required", "Access token is bound to a DPoP key and can't be used as a bearer token";
    /// The token is bound to another certificate.
    CertificateMismatch = InvalidToken, "certificate_mismatch", "The certificate hash in the access token does not match the presented client certificate (certificate binding validation failed)";
    /// `cnf` can't be read, or asks for a proof that can't be given here.
    UnsupportedConfirmation = InvalidToken, "unsupported_confirmation", "Access token has a confirmation claim that cannot be satisfied";
}

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
