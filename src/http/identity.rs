//! The client certificate and key of mutual TLS, and other certificates in PEM.

use std::fmt;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::Tls;
use crate::error::ValidationError;

/// A certificate chain and its private key.
pub struct Identity {
    /// The client's certificate, then its issuers.
    pub chain: Vec<CertificateDer<'static>>,
    /// The private key of the first one.
    pub key: PrivateKeyDer<'static>,
}

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
        Ok(Some(Self {
            chain: certificates("tls.cert", cert)?,
            key: private_key(key, tls.passphrase.as_deref())?,
        }))
    }
}

/// The certificates of an option in PEM: at least one.
pub fn certificates(
    option: &str,
    pem: &str,
) -> Result<Vec<CertificateDer<'static>>, ValidationError> {
    let rule = || ValidationError::new(format!("\"{option}\" must be certificates in PEM"));
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|_| rule())?;
    let good = |der: &CertificateDer<'_>| x509_parser::parse_x509_certificate(der).is_ok();
    if found.is_empty() || !found.iter().all(good) { Err(rule()) } else { Ok(found) }
}

/// A private key in PKCS#1, PKCS#8 or SEC1, decrypted where it is encrypted.
fn private_key(
    pem: &str,
    passphrase: Option<&str>,
) -> Result<PrivateKeyDer<'static>, ValidationError> {
    let rule = |why: &str| Err(ValidationError::new(format!("\"tls.key\" {why}")));
    if pem.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") {
        let Some(passphrase) = passphrase else {
            return rule("is encrypted: set \"tls.passphrase\"");
        };
        let Ok((_, document)) = pkcs8::SecretDocument::from_pem(pem.trim()) else {
            return rule("must be a private key in PEM");
        };
        let decrypted = pkcs8::EncryptedPrivateKeyInfoRef::try_from(document.as_bytes())
            .and_then(|encrypted| encrypted.decrypt(passphrase));
        return match decrypted {
            Ok(key) => Ok(PrivateKeyDer::Pkcs8(key.as_bytes().to_vec().into())),
            Err(_) => rule(
                "can't be decrypted: \"tls.passphrase\" is not its passphrase, or it is not \
                 encrypted with PBES2 (openssl pkcs8 -topk8 -v2 aes-256-cbc)",
            ),
        };
    }
    if pem.contains("Proc-Type: 4,ENCRYPTED") {
        return rule("is encrypted in OpenSSL's old form: convert it with openssl pkcs8 -topk8");
    }
    PrivateKeyDer::from_pem_slice(pem.as_bytes()).or_else(|_| rule("must be a private key in PEM"))
}
