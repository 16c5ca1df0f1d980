//! Tokens that are bound to the client's TLS certificate (RFC 8705 §3).

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::error::TokenError;
use crate::json::Members;
use crate::token::claims::Claims;

/// How the binding of tokens is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// `required`: the request has a certificate, and the token is bound to it.
    Required,
    /// `when_present`: a token that is bound to a certificate must come with it.
    WhenPresent,
    /// A route's `validateCertificateBinding: false`: certificates are not read.
    NotChecked,
    /// `dangerously_ignore`: a bound token passes like a bearer token.
    Ignored,
}

impl Binding {
    /// The word of the option `validateCertificateBinding`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::WhenPresent => "when_present",
            Self::NotChecked => "not_checked",
            Self::Ignored => "dangerously_ignore",
        }
    }
}

/// What `certificateFromSocket` returns for a resumed TLS session without a certificate.
const RESUMED: &str = " ";

/// The longest text that is read as a certificate, in bytes. A chain of several fits.
const LONGEST_CERTIFICATE: usize = 64 * 1024;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// The base64 of PEM (RFC 7468 §3), with or without padding.
const PEM_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The confirmation of a token (RFC 7800 §3): its `cnf`, read once.
#[derive(Clone, PartialEq, Eq)]
pub enum Confirmation {
    /// The token is bound to nothing.
    None,
    /// A member that is not checked here, such as `kid`.
    Other,
    /// `x5t#S256` (RFC 8705 §3.1).
    Certificate(Box<str>),
    /// `jkt` (RFC 9449 §6.1). Empty, and nobody's, where it is no string.
    Key(Box<str>),
    /// Both, and each needs its own proof.
    CertificateAndKey(Box<(Box<str>, Box<str>)>),
    /// A `cnf` that can't be read, or that needs another proof.
    Unsupported {
        /// Whether it has a `jkt`.
        key: bool,
    },
}

impl Confirmation {
    /// Reads `cnf`: an object, or that object as a JSON string.
    #[must_use]
    pub fn read(claims: &Claims<'_>) -> Self {
        let Some(cnf) = claims.members().raw("cnf").filter(|text| *text != "null") else {
            return Self::None;
        };
        let inner = serde_json::from_str::<String>(cnf);
        let Ok(members) = Members::parse(inner.as_deref().unwrap_or(cnf)) else {
            return Self::Unsupported { key: false };
        };
        let text = |name| members.text(name).unwrap_or_default().into_owned().into_boxed_str();
        let (certificate, key) = (members.has("x5t#S256"), members.has("jkt"));
        // A confirmation more is a proof more, and these have none.
        if (certificate || key) && ["jwk", "jku", "jwe"].iter().any(|other| members.has(other)) {
            return Self::Unsupported { key };
        }
        match (certificate, key) {
            (false, false) => Self::Other,
            (false, true) => Self::Key(text("jkt")),
            (true, _) if text("x5t#S256").is_empty() => Self::Unsupported { key },
            (true, false) => Self::Certificate(text("x5t#S256")),
            (true, true) => Self::CertificateAndKey(Box::new((text("x5t#S256"), text("jkt")))),
        }
    }

    /// The thumbprint of the client's certificate.
    #[must_use]
    pub fn certificate(&self) -> Option<&str> {
        match self {
            Self::Certificate(certificate) => Some(certificate),
            Self::CertificateAndKey(both) => Some(&both.0),
            Self::None | Self::Other | Self::Key(_) | Self::Unsupported { .. } => None,
        }
    }

    /// The thumbprint of the client's DPoP key; an empty one, which no key has, where the token needs another
    /// proof as well.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Key(key) => Some(key),
            Self::CertificateAndKey(both) => Some(&both.1),
            Self::Unsupported { key: true } => Some(""),
            Self::None | Self::Other | Self::Certificate(_) | Self::Unsupported { .. } => None,
        }
    }

    /// The heap memory of this value, in bytes.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let pair = if let Self::CertificateAndKey(both) = self { size_of_val(&**both) } else { 0 };
        pair + self.certificate().map_or(0, str::len) + self.key().map_or(0, str::len)
    }

    /// Whether the mode or the token asks for a certificate.
    #[must_use]
    pub fn is_asked(&self, binding: Binding) -> bool {
        match binding {
            Binding::Required => true,
            Binding::WhenPresent => {
                self.certificate().is_some() || matches!(self, Self::Unsupported { .. })
            }
            Binding::NotChecked | Binding::Ignored => false,
        }
    }

    /// Compares the confirmation with the certificate of the request.
    pub fn check(&self, certificate: Option<&str>, binding: Binding) -> Result<(), TokenError> {
        let required = match binding {
            Binding::Ignored | Binding::NotChecked => return Ok(()),
            Binding::Required => true,
            Binding::WhenPresent => false,
        };
        let missing = match certificate {
            Some(RESUMED) => TokenError::CertificateMissingResumedSession,
            _ => TokenError::CertificateMissing,
        };
        let certificate = certificate.map(str::trim).filter(|text| !text.is_empty());
        if required && certificate.is_none() {
            return Err(missing);
        }
        let thumbprint = match self {
            Self::None | Self::Key(_) if required => return Err(TokenError::NotBound),
            Self::Other if required => return Err(TokenError::UnsupportedConfirmation),
            Self::None | Self::Other | Self::Key(_) => return Ok(()),
            Self::Unsupported { .. } => return Err(TokenError::UnsupportedConfirmation),
            Self::Certificate(thumbprint) => thumbprint,
            Self::CertificateAndKey(both) => &both.0,
        };
        let certificate = certificate.ok_or(missing)?;
        let actual = thumbprint_of(certificate)?;
        if bool::from(actual.as_bytes().ct_eq(thumbprint.as_bytes())) {
            Ok(())
        } else {
            Err(TokenError::CertificateMismatch)
        }
    }
}

/// `x5t#S256` of a certificate in PEM (RFC 8705 §3.1).
fn thumbprint_of(pem: &str) -> Result<String, TokenError> {
    Ok(URL_SAFE_NO_PAD.encode(Sha256::digest(der(pem)?)))
}

/// The same; `None` if the text is no certificate.
#[must_use]
pub fn thumbprint(pem: &str) -> Option<String> {
    thumbprint_of(pem.trim()).ok()
}

/// Without the thumbprint, which identifies a client and must not get into logs.
impl std::fmt::Debug for Confirmation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Other => "Other",
            Self::Certificate(_) => "Certificate(…)",
            Self::Key(_) => "Key(…)",
            Self::CertificateAndKey(_) => "CertificateAndKey(…)",
            Self::Unsupported { .. } => "Unsupported",
        })
    }
}

/// A certificate in an explanation, by which an operator can tell clients apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The subject's distinguished name (RFC 4514), at most 256 bytes of it.
    pub subject: String,
    /// The start of its validity, seconds since 1970.
    pub not_before: i64,
    /// The end of its validity, seconds since 1970.
    pub not_after: i64,
}

/// Describes the certificate of a request; `None` if the text is no certificate.
#[must_use]
pub fn describe(certificate: &str) -> Option<Description> {
    const LONGEST_SUBJECT: usize = 256;
    let der = der(certificate.trim()).ok()?;
    let (_, certificate) = x509_parser::parse_x509_certificate(&der).ok()?;
    let subject = certificate.subject().to_string();
    let end =
        (0..=LONGEST_SUBJECT.min(subject.len())).rev().find(|at| subject.is_char_boundary(*at));
    Some(Description {
        subject: subject.get(..end.unwrap_or(0)).unwrap_or_default().to_owned(),
        not_before: certificate.validity().not_before.timestamp(),
        not_after: certificate.validity().not_after.timestamp(),
    })
}

/// The DER bytes of the first certificate in a text, with its delimiter lines or without.
fn der(text: &str) -> Result<Vec<u8>, TokenError> {
    let malformed = TokenError::CertificateMalformed;
    if text.len() > LONGEST_CERTIFICATE {
        return Err(malformed);
    }
    let encoded = match text.split_once(BEGIN) {
        Some((_, rest)) => rest.split_once(END).ok_or(malformed)?.0,
        None => text,
    };
    let packed: String = encoded.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bytes = PEM_BASE64.decode(packed).map_err(|_| malformed)?;
    // No bytes may follow the certificate.
    match x509_parser::parse_x509_certificate(&bytes) {
        Ok(([], _)) => Ok(bytes),
        _ => Err(malformed),
    }
}

#[cfg(test)]
mod tests;
