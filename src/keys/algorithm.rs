//! The signature algorithms that are accepted.

/// A signature algorithm that is accepted. Neither `none` nor symmetric ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of RFC 7518 §3.1 and RFC 9864")]
pub enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    Es512,
    Ed25519,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::Ed25519,
    ];

    /// Parses `alg` of a header or a JWK, case-sensitively (RFC 7515 §4.1.1). `EdDSA` is the same as
    /// `Ed25519`, the one curve that is accepted for it.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.names().contains(&name))
    }

    /// Every name that it has in `alg`.
    #[must_use]
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Rs256 => &["RS256"],
            Self::Rs384 => &["RS384"],
            Self::Rs512 => &["RS512"],
            Self::Ps256 => &["PS256"],
            Self::Ps384 => &["PS384"],
            Self::Ps512 => &["PS512"],
            Self::Es256 => &["ES256"],
            Self::Es384 => &["ES384"],
            Self::Es512 => &["ES512"],
            Self::Ed25519 => &["EdDSA", "Ed25519"],
        }
    }

    /// Its name; `EdDSA` for Ed25519.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.names() {
            [name, ..] => name,
            [] => "",
        }
    }
}
