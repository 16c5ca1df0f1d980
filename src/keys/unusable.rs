//! Why a key of a JWKS document is not used.

/// Why a member of `keys` is skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unusable {
    /// No object, or a member is named twice or mistyped.
    Malformed,
    /// `kty` is not supported: `oct`, post-quantum `AKP`, …
    KeyType,
    /// `crv` is not one of P-256, P-384, P-521, Ed25519.
    Curve,
    /// `use` or `key_ops` say that the key is not for verifying signatures.
    Purpose,
    /// `alg` is not accepted, or does not fit the key.
    Algorithm,
    /// An RSA key under 2048 bits or over 8192, or with an exponent that is 1, even or huge; an Ed25519
    /// key of small order.
    Strength,
    /// It has a member that only private and symmetric keys have. Proofs only (RFC 9449 §4.3).
    Private,
    /// Its numbers are not on the curve, or make no RSA key.
    Material,
}

impl Unusable {
    /// The stable machine word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::KeyType => "unsupported_key_type",
            Self::Curve => "unsupported_curve",
            Self::Purpose => "not_for_signatures",
            Self::Algorithm => "unsupported_algorithm",
            Self::Strength => "weak_or_oversized",
            Self::Private => "private_key",
            Self::Material => "invalid_key",
        }
    }
}
