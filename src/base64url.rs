//! Base64url as RFC 7515 §2 has it: without padding.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Decodes text that has no padding, no white space and only zeros for the bits left over, so that no two
/// texts stand for the same bytes.
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
