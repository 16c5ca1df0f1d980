//! The certificate of a request. The first byte selects the form of the rest: text, DER, or changes to a good
//! certificate's text.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use monocloud_backend_node::error::TokenError;
use monocloud_backend_node::token::binding::{Binding, Confirmation, describe};
use sha2::{Digest, Sha256};

use super::input::Input;

pub const PEM: &str = include_str!("../../__test__/fixtures/client.pem");

/// A good certificate: its base64 without padding, and its thumbprint.
pub static KNOWN: LazyLock<(String, String)> = LazyLock::new(|| {
    let base64: String = PEM.lines().filter(|line| !line.starts_with('-')).collect();
    let thumbprint = thumbprint(&STANDARD.decode(&base64).expect("a good certificate"));
    (base64.trim_end_matches('=').to_owned(), thumbprint)
});

pub fn thumbprint(der: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(der))
}

pub fn run(data: &[u8]) {
    let mut input = Input(data);
    match input.byte() % 3 {
        0 => {
            if let Ok(text) = std::str::from_utf8(input.0) {
                check(text);
            }
        }
        1 => {
            let base64 = STANDARD.encode(input.0);
            let wrapped =
                format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n");
            check(&wrapped);
            let own = bound_to(&thumbprint(input.0), Some(&wrapped));
            let described = describe(&wrapped).is_some();
            assert_eq!(own, described.then_some(()).ok_or(TokenError::CertificateMalformed));
        }
        _ => check(&changed(PEM, &mut input)),
    }
}

/// A text with some characters replaced, removed or inserted, as the input selects.
pub fn changed(text: &str, input: &mut Input<'_>) -> String {
    let mut text: Vec<char> = text.chars().collect();
    for _ in 0..input.byte() % 8 {
        let (at, new) = (usize::from(input.word()), char::from(input.byte()));
        let at = at % (text.len() + 1);
        match input.byte() % 4 {
            0 if at < text.len() => text[at] = new,
            1 if at < text.len() => drop(text.remove(at)),
            2 => text.truncate(at),
            _ => text.insert(at, new),
        }
    }
    text.into_iter().collect()
}

fn bound_to(thumbprint: &str, certificate: Option<&str>) -> Result<(), TokenError> {
    let bound = Confirmation::Certificate(thumbprint.to_owned().into_boxed_str());
    let answer = bound.check(certificate, Binding::WhenPresent);
    assert_eq!(answer, bound.check(certificate, Binding::Required));
    answer
}

fn check(text: &str) {
    let answer = bound_to(&KNOWN.1, Some(text));
    assert_eq!(answer.is_ok(), is_the_known_one(text), "{text}");
    let described = describe(text);
    if let Some(description) = &described {
        assert!(description.subject.len() <= 256);
    }
    match answer {
        Ok(()) => assert_eq!(described.expect("it is one").subject, "CN=client"),
        Err(TokenError::CertificateMismatch) => assert!(described.is_some()),
        Err(TokenError::CertificateMissing) => assert!(text.trim().is_empty()),
        Err(TokenError::CertificateMissingResumedSession) => assert_eq!(text, " "),
        Err(error) => assert_eq!((error, described), (TokenError::CertificateMalformed, None)),
    }
}

/// Whether a text is the good certificate, by its base64: that of the first block, or the text without one.
fn is_the_known_one(text: &str) -> bool {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    let block = match text.find(BEGIN) {
        Some(at) => {
            let rest = &text[at + BEGIN.len()..];
            rest.find("-----END CERTIFICATE-----").map(|end| &rest[..end])
        }
        None => Some(text.trim()),
    };
    let packed: String = block.unwrap_or_default().split([' ', '\t', '\n', '\r', '\x0c']).collect();
    let padding = packed.len() - packed.trim_end_matches('=').len();
    // At most the padding that the base64 needs.
    packed.trim_end_matches('=') == KNOWN.0 && padding <= (4 - KNOWN.0.len() % 4) % 4
}
