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
mod tests {
    use super::*;

    // openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=client
    const PEM: &str = include_str!("../../__test__/fixtures/client.pem");

    fn bound_to(thumbprint: &str) -> String {
        format!(r#"{{"cnf":{{"x5t#S256":"{thumbprint}"}}}}"#)
    }

    fn own_thumbprint() -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(der(PEM).unwrap()))
    }

    fn answer(json: &str, certificate: Option<&str>, binding: Binding) -> Result<(), TokenError> {
        Confirmation::read(&Claims::parse(json).unwrap()).check(certificate, binding)
    }

    #[test]
    fn the_certificate_of_the_token_passes_however_it_is_written() {
        let json = bound_to(&own_thumbprint());
        let bare: String = PEM.lines().filter(|line| !line.starts_with('-')).collect();
        let chain = format!("text around it\n{PEM}\n{}", PEM.replace("MI", "MJ"));
        for written in [PEM.to_owned(), bare, PEM.replace('\n', "\r\n"), chain, format!(" {PEM} ")]
        {
            for binding in [Binding::Required, Binding::WhenPresent] {
                assert_eq!(answer(&json, Some(&written), binding), Ok(()));
            }
        }
        let as_string =
            serde_json::json!({ "cnf": format!(r#"{{"x5t#S256":"{}"}}"#, own_thumbprint()) });
        assert_eq!(answer(&as_string.to_string(), Some(PEM), Binding::Required), Ok(()));
    }

    #[test]
    fn another_thumbprint_does_not() {
        let own = own_thumbprint();
        for other in [
            URL_SAFE_NO_PAD.encode([0; 32]),
            format!("{own}="),
            own[..42].to_owned(),
            own.replace(['-', '_'], "+") + "x",
            own.to_ascii_uppercase(),
        ] {
            assert_eq!(
                answer(&bound_to(&other), Some(PEM), Binding::WhenPresent),
                Err(TokenError::CertificateMismatch)
            );
        }
    }

    #[test]
    fn each_failure_has_its_reason() {
        let bound = bound_to(&own_thumbprint());
        for missing in [None, Some(""), Some("  \n")] {
            assert_eq!(
                answer(&bound, missing, Binding::WhenPresent),
                Err(TokenError::CertificateMissing)
            );
            assert_eq!(
                answer("{}", missing, Binding::Required),
                Err(TokenError::CertificateMissing)
            );
            assert_eq!(answer("{}", missing, Binding::WhenPresent), Ok(()));
            assert_eq!(answer(&bound, missing, Binding::Ignored), Ok(()));
        }
        for malformed in
            ["x", "!!!!", BEGIN, "-----BEGIN CERTIFICATE----------END CERTIFICATE-----", "AAAA"]
        {
            assert_eq!(
                answer(&bound, Some(malformed), Binding::Required),
                Err(TokenError::CertificateMalformed),
                "{malformed}"
            );
        }
        assert_eq!(answer("{}", Some(PEM), Binding::Required), Err(TokenError::NotBound));
        assert_eq!(
            answer(r#"{"cnf":null}"#, Some(PEM), Binding::Required),
            Err(TokenError::NotBound)
        );
        for unknown in ["1", "[]", "\"x\"", "\"[]\"", r#"{"x5t#S256":""}"#, r#"{"x5t#S256":1}"#] {
            for binding in [Binding::Required, Binding::WhenPresent] {
                assert_eq!(
                    answer(&format!(r#"{{"cnf":{unknown}}}"#), Some(PEM), binding),
                    Err(TokenError::UnsupportedConfirmation),
                    "{unknown}"
                );
            }
        }
    }

    #[test]
    fn a_certificate_can_be_described() {
        let description = describe(PEM).unwrap();
        assert_eq!(description.subject, "CN=client");
        assert!(description.not_before < description.not_after);
        assert_eq!(describe("x"), None);
    }

    #[test]
    fn a_key_is_read_beside_a_certificate() {
        let read = |json: &str| Confirmation::read(&Claims::parse(json).unwrap());
        let alone = read(r#"{"cnf":{"jkt":"x"}}"#);
        assert_eq!((alone.certificate(), alone.key()), (None, Some("x")));
        let both = read(r#"{"cnf":{"jkt":"x","x5t#S256":"y"}}"#);
        assert_eq!((both.certificate(), both.key()), (Some("y"), Some("x")));
        // No key has an empty thumbprint.
        for mistyped in ["null", "1", "\"\"", "{}"] {
            let mistyped = read(&format!(r#"{{"cnf":{{"jkt":{mistyped}}}}}"#));
            assert_eq!(mistyped, Confirmation::Key("".into()));
        }
        let unknown = read(r#"{"cnf":{"jkt":"x","jwk":{}}}"#);
        assert_eq!(unknown, Confirmation::Unsupported { key: true });
        assert_eq!(unknown.key(), Some(""));
    }

    #[test]
    fn a_key_is_no_certificate() {
        let json = r#"{"cnf":{"jkt":"x"}}"#;
        assert_eq!(answer(json, Some(PEM), Binding::Required), Err(TokenError::NotBound));
        assert_eq!(answer(json, None, Binding::WhenPresent), Ok(()));
        let both = format!(r#"{{"cnf":{{"jkt":"x","x5t#S256":"{}"}}}}"#, own_thumbprint());
        assert_eq!(answer(&both, Some(PEM), Binding::Required), Ok(()));
        assert_eq!(answer(&both, None, Binding::WhenPresent), Err(TokenError::CertificateMissing));
    }

    #[test]
    fn a_route_that_does_not_check_certificates_looks_at_none() {
        let bound = bound_to(&own_thumbprint());
        for json in [bound.as_str(), "{}", r#"{"cnf":1}"#, r#"{"cnf":{"x5t#S256":1}}"#] {
            for certificate in [None, Some("x"), Some(PEM)] {
                assert_eq!(answer(json, certificate, Binding::NotChecked), Ok(()), "{json}");
            }
        }
    }

    #[test]
    fn a_resumed_session_without_a_certificate_has_its_own_reason() {
        let bound = bound_to(&own_thumbprint());
        for (json, binding) in [
            (bound.as_str(), Binding::WhenPresent),
            (&bound, Binding::Required),
            ("{}", Binding::Required),
        ] {
            let resumed = answer(json, Some(RESUMED), binding);
            assert_eq!(resumed, Err(TokenError::CertificateMissingResumedSession), "{json}");
        }
    }

    #[test]
    fn a_confirmation_of_another_kind_is_refused_where_a_certificate_is_required() {
        let other = r#"{"cnf":{"kid":"x"}}"#;
        let refusal = Err(TokenError::UnsupportedConfirmation);
        assert_eq!(answer(other, Some(PEM), Binding::Required), refusal);
        assert_eq!(answer(other, Some(PEM), Binding::WhenPresent), Ok(()));
        assert_eq!(answer(other, None, Binding::WhenPresent), Ok(()));
        // Beside a proof that is checked, each of these is a proof more.
        for more in ["jwk", "jku", "jwe"] {
            for own in ["x5t#S256", "jkt"] {
                let own_value = own_thumbprint();
                let json = format!(r#"{{"cnf":{{"{own}":"{own_value}","{more}":{{}}}}}}"#);
                for binding in [Binding::Required, Binding::WhenPresent] {
                    assert_eq!(answer(&json, Some(PEM), binding), refusal, "{json}");
                }
            }
        }
    }

    #[test]
    fn a_certificate_is_asked_for_by_the_mode_or_by_the_token() {
        let certificate = bound_to("x");
        for (json, when_present) in [
            ("{}", false),
            (r#"{"cnf":{"kid":"x"}}"#, false),
            (r#"{"cnf":{"jkt":"x"}}"#, false),
            (certificate.as_str(), true),
            (r#"{"cnf":{"jkt":"x","x5t#S256":"y"}}"#, true),
            (r#"{"cnf":1}"#, true),
        ] {
            let confirmation = Confirmation::read(&Claims::parse(json).unwrap());
            for (binding, expected) in [
                (Binding::Required, true),
                (Binding::WhenPresent, when_present),
                (Binding::NotChecked, false),
                (Binding::Ignored, false),
            ] {
                assert_eq!(confirmation.is_asked(binding), expected, "{json} {binding:?}");
            }
        }
    }

    #[test]
    fn a_certificate_has_64_kib_at_the_most() {
        let padded = |length: usize| der(&format!("{PEM}{}", "\n".repeat(length - PEM.len())));
        assert!(padded(LONGEST_CERTIFICATE).is_ok());
        assert_eq!(padded(LONGEST_CERTIFICATE + 1), Err(TokenError::CertificateMalformed));
        assert_eq!(padded(LONGEST_CERTIFICATE + 2), Err(TokenError::CertificateMalformed));
    }

    #[test]
    fn the_thumbprint_is_that_of_the_first_certificate() {
        assert_eq!(thumbprint(&format!(" {PEM}")), Some(own_thumbprint()));
        assert_eq!(thumbprint("x"), None);
    }

    /// The cache of signatures is bounded by this.
    #[test]
    fn the_memory_of_a_confirmation_is_that_of_its_texts() {
        let bytes = |json: &str| Confirmation::read(&Claims::parse(json).unwrap()).heap_bytes();
        let pair = size_of::<(Box<str>, Box<str>)>();
        assert_eq!(bytes("{}"), 0);
        assert_eq!(bytes(&bound_to("abc")), 3);
        assert_eq!(bytes(r#"{"cnf":{"jkt":"abcd"}}"#), 4);
        assert_eq!(bytes(r#"{"cnf":{"jkt":"abcd","x5t#S256":"abc"}}"#), pair + 7);
    }
}
