//! The compact serialisation. The input is the token.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use monocloud_backend_node::base64url::decode;
use monocloud_backend_node::error::TokenError;
use monocloud_backend_node::token::jws::Compact;

pub fn run(data: &[u8]) {
    let Ok(token) = std::str::from_utf8(data) else { return };
    let parts: Vec<&str> = token.split('.').collect();
    let compact = match (Compact::split(token), parts.len() == 3) {
        (Ok(compact), true) => compact,
        (Err(TokenError::NotCompact), false) => return,
        (split, _) => panic!("{} parts, and {split:?}", parts.len()),
    };
    let signed = format!("{}.{}", parts[0], parts[1]);
    assert_eq!(compact.signing_input, signed.as_bytes(), "what is verified is what was sent");

    for part in &parts {
        match decode(part) {
            Some(bytes) => {
                assert_eq!(URL_SAFE_NO_PAD.encode(bytes), *part, "bytes have one spelling");
            }
            None => assert!(!is_base64url(part), "{part:?} is base64url"),
        }
    }
    assert_eq!(compact.signature().ok(), decode(parts[2]));
    let payload = decode(parts[1]).and_then(|bytes| String::from_utf8(bytes).ok());
    assert_eq!(compact.payload().ok(), payload);
    if compact.header().is_ok() {
        assert!(decode(parts[0]).is_some_and(|bytes| bytes.first() != Some(&b'[')));
    }
}

/// RFC 4648 §5 without padding, its last character's unused bits zero.
fn is_base64url(part: &str) -> bool {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let values: Option<Vec<usize>> =
        part.bytes().map(|byte| ALPHABET.iter().position(|known| *known == byte)).collect();
    let Some(values) = values else { return false };
    match (values.len() % 4, values.last()) {
        (0, _) => true,
        (2, Some(last)) => last % 16 == 0,
        (3, Some(last)) => last % 4 == 0,
        _ => false,
    }
}
