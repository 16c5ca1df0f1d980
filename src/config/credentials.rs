//! How a client authenticates itself to the tenant. Nothing here is ever shown.

use std::fmt;

use crate::secret::Secret;

/// How this API authenticates itself to the tenant (RFC 6749 §2.3, RFC 7523, RFC 8705 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the OAuth registry")]
pub enum ClientAuthMethod {
    ClientSecretBasic,
    ClientSecretPost,
    ClientSecretJwt,
    PrivateKeyJwt,
    TlsClientAuth,
    SelfSignedTlsClientAuth,
    SpiffeJwt,
    SpiffeX509,
}

impl ClientAuthMethod {
    /// Reads one of the words of [`super::options::CLIENT_AUTH_METHOD`].
    pub(super) fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "client_secret_basic" => Self::ClientSecretBasic,
            "client_secret_post" => Self::ClientSecretPost,
            "client_secret_jwt" => Self::ClientSecretJwt,
            "private_key_jwt" => Self::PrivateKeyJwt,
            "tls_client_auth" => Self::TlsClientAuth,
            "self_signed_tls_client_auth" => Self::SelfSignedTlsClientAuth,
            "spiffe_jwt" => Self::SpiffeJwt,
            "spiffe_x509" => Self::SpiffeX509,
            _ => return None,
        })
    }

    /// The name as it is configured.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::ClientSecretJwt => "client_secret_jwt",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::TlsClientAuth => "tls_client_auth",
            Self::SelfSignedTlsClientAuth => "self_signed_tls_client_auth",
            Self::SpiffeJwt => "spiffe_jwt",
            Self::SpiffeX509 => "spiffe_x509",
        }
    }
}

/// `clientSecret`: a string, or a JWK as JSON. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub enum ClientSecret {
    /// A shared secret.
    Text(Secret),
    /// A JSON object with `kty`.
    Jwk(Secret),
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret(…)")
    }
}

/// The native HTTP client's certificate and extra roots, in PEM. The key is never shown. Any of the texts may be a
/// file that holds the key, too.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Tls {
    /// The client's certificate, then its chain.
    pub cert: Option<Secret>,
    /// Its private key: PKCS#1, PKCS#8 or SEC1.
    pub key: Option<Secret>,
    /// Roots to trust beside the platform's.
    pub ca: Option<Secret>,
    /// Of an encrypted key.
    pub passphrase: Option<Secret>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls(…)")
    }
}
