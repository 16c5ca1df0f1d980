//! The compact serialisation of a signed token (RFC 7515 §7.1), and the rules on its header.

use crate::base64url::decode;
use crate::error::TokenError;
use crate::json::{JsonError, Members};
use crate::keys::algorithm::Algorithm;

/// The parameters of a header that a validation uses.
#[derive(Clone)]
pub struct Header {
    /// `alg`.
    pub algorithm: Algorithm,
    /// `kid`, where it is a string.
    pub key_id: Option<String>,
}

/// Without `kid`, which is untrusted input and must not get into logs.
impl std::fmt::Debug for Header {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Header").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

/// The three parts of a token. Nothing is verified.
#[derive(Clone, Copy)]
pub struct Compact<'a> {
    header: &'a str,
    payload: &'a str,
    signature: &'a str,
    /// The signing input (RFC 7515 §5.2): header and payload as received, with the dot between them.
    pub signing_input: &'a [u8],
}

impl std::fmt::Debug for Compact<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Compact({} bytes)", self.signing_input.len())
    }
}

impl<'a> Compact<'a> {
    /// Splits a token at its dots.
    pub fn split(token: &'a str) -> Result<Self, TokenError> {
        let (signing_input, signature) = token.rsplit_once('.').ok_or(TokenError::NotCompact)?;
        let (header, payload) = signing_input.split_once('.').ok_or(TokenError::NotCompact)?;
        if payload.contains('.') {
            return Err(TokenError::NotCompact);
        }
        Ok(Self { header, payload, signature, signing_input: signing_input.as_bytes() })
    }

    /// Reads the header, and refuses a token that no key could verify.
    pub fn header(&self) -> Result<Header, TokenError> {
        let bytes = decode(self.header).ok_or(TokenError::HeaderUnreadable)?;
        let members = Members::parse_bytes(&bytes).map_err(|error| match error {
            JsonError::NotObject => TokenError::HeaderNotObject,
            JsonError::Malformed => TokenError::HeaderUnreadable,
        })?;
        if members.has("crit") {
            return Err(TokenError::CriticalHeader);
        }
        let algorithm = members
            .text("alg")
            .and_then(|name| Algorithm::parse(&name))
            .ok_or(TokenError::UnsupportedAlgorithm)?;
        if members.has("typ") {
            let kind = members.text("typ").ok_or(TokenError::UnexpectedType)?;
            let accepted = ["JWT", "at+jwt", "application/at+jwt"];
            if !accepted.iter().any(|name| kind.eq_ignore_ascii_case(name)) {
                return Err(TokenError::UnexpectedType);
            }
        }
        let key_id = match members.get::<String>("kid") {
            None => None,
            Some(Ok(key_id)) => Some(key_id),
            // A `kid` that is no string names no key (RFC 7515 §4.1.4).
            Some(Err(_)) => return Err(TokenError::UnknownKey),
        };
        Ok(Header { algorithm, key_id })
    }

    /// The header's text, unchecked, for an explanation.
    #[must_use]
    pub fn header_text(&self) -> Option<String> {
        String::from_utf8(decode(self.header)?).ok()
    }

    /// The signature's bytes.
    pub fn signature(&self) -> Result<Vec<u8>, TokenError> {
        decode(self.signature).ok_or(TokenError::InvalidSignature)
    }

    /// The payload's text. Untrusted until the signature is verified.
    pub fn payload(&self) -> Result<String, TokenError> {
        let bytes = decode(self.payload).ok_or(TokenError::PayloadUnreadable)?;
        String::from_utf8(bytes).map_err(|_| TokenError::PayloadUnreadable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base64url::encode;

    fn token(header: &str) -> String {
        format!("{}.e30.AA", encode(header))
    }

    fn refusal(header: &str) -> Option<TokenError> {
        Compact::split(&token(header)).unwrap().header().err()
    }

    #[test]
    fn splits_exactly_three_parts() {
        for bad in ["", "a", "a.b", "a.b.c.d", "a.b.c.d.e"] {
            assert_eq!(Compact::split(bad).unwrap_err(), TokenError::NotCompact, "{bad}");
        }
        assert_eq!(
            Compact::split("..").unwrap().header().unwrap_err(),
            TokenError::HeaderUnreadable
        );
    }

    #[test]
    fn accepts_each_algorithm_by_its_exact_name_only() {
        for name in ["RS256", "PS384", "ES512", "EdDSA", "Ed25519"] {
            assert_eq!(refusal(&format!(r#"{{"alg":"{name}"}}"#)), None, "{name}");
        }
        for name in
            ["none", "None", "NONE", "nOnE", "HS256", "rs256", "RS256 ", "", "Ed448", "ES256K"]
        {
            assert_eq!(
                refusal(&format!(r#"{{"alg":"{name}"}}"#)),
                Some(TokenError::UnsupportedAlgorithm),
                "{name}"
            );
        }
        for alg in ["null", "1", "[\"RS256\"]"] {
            assert_eq!(
                refusal(&format!(r#"{{"alg":{alg}}}"#)),
                Some(TokenError::UnsupportedAlgorithm)
            );
        }
        assert_eq!(refusal("{}"), Some(TokenError::UnsupportedAlgorithm));
    }

    #[test]
    fn accepts_the_types_of_access_tokens() {
        for kind in ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt"] {
            assert_eq!(refusal(&format!(r#"{{"alg":"RS256","typ":"{kind}"}}"#)), None, "{kind}");
        }
        for kind in
            ["\"id+jwt\"", "\"dpop+jwt\"", "\"logout+jwt\"", "\"\"", "\"JWT \"", "null", "1"]
        {
            assert_eq!(
                refusal(&format!(r#"{{"alg":"RS256","typ":{kind}}}"#)),
                Some(TokenError::UnexpectedType),
                "{kind}"
            );
        }
    }

    #[test]
    fn refuses_headers_that_cannot_be_read_one_way_only() {
        assert_eq!(refusal("{"), Some(TokenError::HeaderUnreadable));
        assert_eq!(refusal(""), Some(TokenError::HeaderUnreadable));
        assert_eq!(refusal("[]"), Some(TokenError::HeaderNotObject));
        assert_eq!(refusal("null"), Some(TokenError::HeaderNotObject));
        assert_eq!(refusal(r#"{"alg":"RS256","alg":"RS256"}"#), Some(TokenError::HeaderUnreadable));
        assert_eq!(refusal(r#"{"alg":"RS256","crit":[]}"#), Some(TokenError::CriticalHeader));
        assert_eq!(refusal(r#"{"alg":"RS256","crit":null}"#), Some(TokenError::CriticalHeader));
        assert_eq!(refusal(r#"{"alg":"RS256","kid":1}"#), Some(TokenError::UnknownKey));
    }
}
