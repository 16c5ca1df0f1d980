//! Base64url without padding (RFC 7515 §2).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Decodes text without padding and white space, whose unused bits are zero: each byte string has one
/// encoding.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Encodes bytes.
#[must_use]
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_one_spelling_for_the_same_bytes() {
        assert!(decode("e30").is_some());
        for other in ["e30=", "e3 0", "e31", "e30\n", "+/+/", "e"] {
            assert!(decode(other).is_none(), "{other:?}");
        }
    }
}
