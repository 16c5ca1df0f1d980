//! Why a token is refused: the variants, codes, reasons and messages of `MonoCloudTokenError`.

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
    /// A DPoP proof that is not valid (RFC 9449 §7.1): 401.
    InvalidDpopProof,
    /// A DPoP proof without a nonce that is good now (RFC 9449 §9): 401.
    UseDpopNonce,
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
            Self::InvalidDpopProof => "invalid_dpop_proof",
            Self::UseDpopNonce => "use_dpop_nonce",
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
    /// `cnf` has a `jkt`, and the request presents the token as a bearer token (RFC 9449 §7.2).
    DpopRequired = InvalidToken, "dpop_required", "Access token is bound to a DPoP key and can't be used as a bearer token";
    /// The token has no `jkt`, and the request or the configuration says that it is bound to a DPoP key.
    DpopTokenNotBound = InvalidToken, "dpop_token_not_bound", "Access token is not bound to a DPoP key";
    /// A `DPoP` header beside a token of the scheme `Bearer` (RFC 9449 §7.2).
    DpopSchemeMismatch = InvalidToken, "dpop_scheme_mismatch", "A DPoP proof must come with the scheme DPoP";
    /// The proof's key is not the token's `jkt` (RFC 9449 §7.1).
    DpopKeyMismatch = InvalidToken, "dpop_key_mismatch", "The key of the DPoP proof is not the one that the access token is bound to";
    /// The scheme is `DPoP`, and there is no `DPoP` header.
    DpopProofMissing = InvalidDpopProof, "dpop_proof_missing", "The request has no DPoP proof";
    /// There is more than one `DPoP` header (RFC 9449 §4.3 point 1).
    DpopProofRepeated = InvalidDpopProof, "dpop_proof_repeated", "The request has more than one DPoP proof";
    /// The proof is no JWT, names a member twice, has `crit`, or is too long (point 2).
    DpopProofMalformed = InvalidDpopProof, "dpop_proof_malformed", "The DPoP proof can't be read";
    /// `typ` is not `dpop+jwt` (point 4).
    DpopProofType = InvalidDpopProof, "dpop_proof_type", "The DPoP proof is another kind of token";
    /// `alg` is not one that is accepted (point 5).
    DpopProofAlgorithm = InvalidDpopProof, "dpop_proof_algorithm", "The DPoP proof has an unsupported signing algorithm";
    /// `jwk` is absent, private, weak, or not for `alg` (point 7).
    DpopProofKey = InvalidDpopProof, "dpop_proof_key", "The DPoP proof has no public key that can be used";
    /// `jti`, `htm`, `htu`, `iat` or `ath` is absent or of another type (point 3).
    DpopProofClaims = InvalidDpopProof, "dpop_proof_claims", "The DPoP proof lacks a claim";
    /// `htm` is not the request's method (point 8).
    DpopMethodMismatch = InvalidDpopProof, "dpop_method_mismatch", "The DPoP proof is for another method";
    /// `htu` is not the request's URL (point 9).
    DpopUrlMismatch = InvalidDpopProof, "dpop_url_mismatch", "The DPoP proof is for another URL";
    /// `iat` is too long ago (point 11).
    DpopProofExpired = InvalidDpopProof, "dpop_proof_expired", "The DPoP proof is too old";
    /// `iat` is in the future (point 11).
    DpopProofNotYetValid = InvalidDpopProof, "dpop_proof_not_yet_valid", "The DPoP proof is not valid yet";
    /// `ath` is not the SHA-256 of the access token (point 12).
    DpopTokenHashMismatch = InvalidDpopProof, "dpop_token_hash_mismatch", "The DPoP proof is for another access token";
    /// The signature is not that of the proof's key (point 6).
    DpopProofSignature = InvalidDpopProof, "dpop_proof_signature", "DPoP proof signature verification failed";
    /// The proof has been used before (RFC 9449 §11.1).
    DpopProofReplayed = InvalidDpopProof, "dpop_proof_replayed", "The DPoP proof has been used before";
    /// The proof has no `nonce` (point 10).
    DpopNonceMissing = UseDpopNonce, "dpop_nonce_missing", "The DPoP proof needs a nonce";
    /// `nonce` is not one that is good now (point 10).
    DpopNonceStale = UseDpopNonce, "dpop_nonce_stale", "The nonce of the DPoP proof is not good now";
    /// The token is bound to another certificate.
    CertificateMismatch = InvalidToken, "certificate_mismatch", "The certificate hash in the access token does not match the presented client certificate (certificate binding validation failed)";
    /// `cnf` can't be read, or asks for a proof that can't be given here.
    UnsupportedConfirmation = InvalidToken, "unsupported_confirmation", "Access token has a confirmation claim that cannot be satisfied";
}
