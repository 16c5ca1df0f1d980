//! The root certificates of the built-in client: the platform's, and those that the environment names.

use std::io;
use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};

use crate::error::Fault;

/// Where Linux distributions keep their roots in one file.
const PLATFORM_BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Reads the roots. A file that can't be read is skipped, as Node.js and OpenSSL do. Running out of
/// descriptors or memory is an error, because the result is kept for the life of the process.
pub fn read(extra: &[PathBuf]) -> Result<RootCertStore, Fault> {
    let mut roots = RootCertStore::empty();
    for bundle in PLATFORM_BUNDLES.iter().map(Path::new).filter(|path| path.is_file()).take(1) {
        roots.add_parsable_certificates(certificates(bundle)?);
    }
    // The directory beside the bundle has the same roots again, each in a file of its own, which takes
    // ten times as long to read.
    if roots.is_empty() || std::env::var_os("SSL_CERT_DIR").is_some() {
        let platform = rustls_native_certs::load_native_certs();
        for error in platform.errors {
            if let rustls_native_certs::ErrorKind::Io { inner, .. } = error.kind {
                check_exhaustion(&inner)?;
            }
        }
        roots.add_parsable_certificates(platform.certs);
    }
    if roots.is_empty() {
        // An image without root certificates: Mozilla's, which Node.js carries too.
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    for path in extra {
        roots.add_parsable_certificates(certificates(path)?);
    }
    Ok(roots)
}

/// A file of certificates.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let mut found = Vec::new();
    let read = CertificateDer::pem_file_iter(path)
        .map(|certificates| found.extend(certificates.filter_map(Result::ok)));
    if let Err(pem::Error::Io(error)) = read {
        check_exhaustion(&error)?;
    }
    Ok(found)
}

/// An error where the process or the system ran out of descriptors or memory.
fn check_exhaustion(error: &io::Error) -> Result<(), Fault> {
    // ENOMEM, ENFILE, EMFILE; on Windows ERROR_TOO_MANY_OPEN_FILES and ERROR_NOT_ENOUGH_MEMORY.
    let exhaustion: &[i32] = if cfg!(windows) { &[4, 8] } else { &[12, 23, 24] };
    match error.raw_os_error() {
        Some(code) if exhaustion.contains(&code) => {
            Err(Fault::Local("The certificates to trust can't be read: too many open files"))
        }
        _ => Ok(()),
    }
}
