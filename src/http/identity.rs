//! The client certificate and key of mutual TLS, and other certificates in PEM.

use std::fmt;
use std::sync::Arc;

use pkcs8::{EncryptedPrivateKeyInfoRef, SecretDocument};
use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{Error as TlsError, InconsistentKeys};
use zeroize::{Zeroize, Zeroizing};

use crate::config::Tls;
use crate::error::ValidationError;

/// A certificate chain and its private key, which is in the cryptographic library's memory alone.
#[derive(Clone)]
pub struct Identity(Arc<SingleCertAndKey>);

/// Never shown.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(…)")
    }
}

impl Identity {
    /// Reads `tls.cert` and `tls.key`. `None` where they are absent.
    pub fn read(tls: &Tls) -> Result<Option<Self>, ValidationError> {
        let (Some(cert), Some(key)) = (&tls.cert, &tls.key) else { return Ok(None) };
        let chain = certificates("tls.cert", cert)?;
        let read = private_key(key, tls.passphrase.as_deref());
        overwrite_stack();
        let (kind, document) = read?;
        let mismatch =
            || ValidationError::new("\"tls.key\" must be the private key of \"tls.cert\"");
        let signing = any_supported_type(&kind.of(document.as_bytes())).map_err(|_| mismatch())?;
        let certified = CertifiedKey::new(chain, signing);
        match certified.keys_match() {
            Ok(()) | Err(TlsError::InconsistentKeys(InconsistentKeys::Unknown)) => {
                Ok(Some(Self(Arc::new(certified.into()))))
            }
            Err(_) => Err(mismatch()),
        }
    }

    /// What a TLS handshake asks for certificate and signature.
    #[must_use]
    pub fn resolver(&self) -> Arc<dyn ResolvesClientCert> {
        Arc::clone(&self.0) as _
    }
}

/// The certificates of an option in PEM: at least one.
pub fn certificates(
    option: &str,
    pem: &str,
) -> Result<Vec<CertificateDer<'static>>, ValidationError> {
    let read = || -> Option<Vec<CertificateDer<'static>>> {
        // Each by itself, because the text may also hold the private key.
        let own = sections(pem)?.into_iter().filter(|section| section.label == "CERTIFICATE");
        own.map(|section| CertificateDer::from_pem_slice(section.whole.as_bytes()).ok()).collect()
    };
    let good = |der: &CertificateDer<'_>| x509_parser::parse_x509_certificate(der).is_ok();
    read()
        .filter(|found| !found.is_empty() && found.iter().all(good))
        .ok_or_else(|| ValidationError::new(format!("\"{option}\" must be certificates in PEM")))
}

/// How a private key is encoded.
#[derive(Clone, Copy)]
enum Kind {
    Pkcs1,
    Sec1,
    Pkcs8,
}

impl Kind {
    fn of(self, der: &[u8]) -> PrivateKeyDer<'_> {
        match self {
            Self::Pkcs1 => PrivateKeyDer::Pkcs1(der.into()),
            Self::Sec1 => PrivateKeyDer::Sec1(der.into()),
            Self::Pkcs8 => PrivateKeyDer::Pkcs8(der.into()),
        }
    }
}

/// Overwrites what the functions before have left on the stack: the decryption works on copies there.
#[inline(never)]
fn overwrite_stack() {
    let mut room = [u8::MAX; 16 * 1024];
    room.zeroize();
    std::hint::black_box(&room);
}

/// The first private key of a text, in PKCS#1, PKCS#8 or SEC1, decrypted where it is encrypted.
#[inline(never)]
fn private_key(
    pem: &str,
    passphrase: Option<&str>,
) -> Result<(Kind, SecretDocument), ValidationError> {
    let rule = |why: &str| ValidationError::new(format!("\"tls.key\" {why}"));
    if pem.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(rule(
            "is encrypted in OpenSSL's old form: convert it with openssl pkcs8 -topk8",
        ));
    }
    let no_key = || rule("must be a private key in PEM");
    let kinds = [
        ("ENCRYPTED PRIVATE KEY", None),
        ("PRIVATE KEY", Some(Kind::Pkcs8)),
        ("RSA PRIVATE KEY", Some(Kind::Pkcs1)),
        ("EC PRIVATE KEY", Some(Kind::Sec1)),
    ];
    let kind_of = |section: &Section<'_>| kinds.iter().find(|(label, _)| *label == section.label);
    let (section, kind) = sections(pem)
        .unwrap_or_default()
        .into_iter()
        .find_map(|section| kind_of(&section).map(|(_, kind)| (section, *kind)))
        .ok_or_else(no_key)?;
    let document = section.decode().ok_or_else(no_key)?;
    if let Some(kind) = kind {
        return Ok((kind, document));
    }
    let passphrase = passphrase.ok_or_else(|| rule("is encrypted: set \"tls.passphrase\""))?;
    EncryptedPrivateKeyInfoRef::try_from(document.as_bytes())
        .and_then(|encrypted| encrypted.decrypt(passphrase))
        .map(|decrypted| (Kind::Pkcs8, decrypted))
        .map_err(|_| {
            rule(
                "can't be decrypted: \"tls.passphrase\" is not its passphrase, or it is not \
                 encrypted with PBES2 (openssl pkcs8 -topk8 -v2 aes-256-cbc)",
            )
        })
}

/// One section of a text in PEM (RFC 7468 §2).
struct Section<'a> {
    label: &'a str,
    body: &'a str,
    /// From the first dash to the last.
    whole: &'a str,
}

/// The sections of a text; `None` where one of them does not end.
fn sections(mut pem: &str) -> Option<Vec<Section<'_>>> {
    const DASHES: &str = "-----";
    let mut found = Vec::new();
    while let Some(start) = pem.find("-----BEGIN ") {
        let whole = pem.get(start..)?;
        let (label, rest) = whole.strip_prefix("-----BEGIN ")?.split_once(DASHES)?;
        let (body, rest) = rest.split_once("-----END ")?;
        pem = rest.strip_prefix(label)?.strip_prefix(DASHES)?;
        found.push(Section { label, body, whole: whole.strip_suffix(pem)? });
    }
    Some(found)
}

impl Section<'_> {
    /// The section's DER. The reader below takes lines of 64 characters only.
    fn decode(&self) -> Option<SecretDocument> {
        let length = self.body.len() + self.body.len() / 64 + 2 * self.label.len() + 64;
        let mut strict = Zeroizing::new(String::with_capacity(length));
        for part in ["-----BEGIN ", self.label, "-----"] {
            strict.push_str(part);
        }
        let characters = self.body.chars().filter(|c| !c.is_ascii_whitespace());
        for (index, character) in characters.enumerate() {
            if index % 64 == 0 {
                strict.push('\n');
            }
            strict.push(character);
        }
        for part in ["\n-----END ", self.label, "-----\n"] {
            strict.push_str(part);
        }
        SecretDocument::from_pem(&strict).ok().map(|(_, document)| document)
    }
}
