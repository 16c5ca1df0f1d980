//! The header of a token. The input is its JSON.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use monocloud_backend_node::error::TokenError;
use monocloud_backend_node::keys::algorithm::Algorithm;
use monocloud_backend_node::token::jws::Compact;

use super::json;

pub fn run(data: &[u8]) {
    let token = format!("{}.e30.AA", URL_SAFE_NO_PAD.encode(data));
    let header = Compact::split(&token).expect("three parts").header();
    let read = header.map(|header| (header.algorithm, header.key_id));
    assert_eq!(read, expected(data), "{:?}", String::from_utf8_lossy(data));
}

/// An independent implementation of contract §4, rule 1.
fn expected(data: &[u8]) -> Result<(Algorithm, Option<String>), TokenError> {
    let text = std::str::from_utf8(data).map_err(|_| TokenError::HeaderUnreadable)?;
    match json::kind(text) {
        None => return Err(TokenError::HeaderUnreadable),
        Some(json::Kind::Object) => {}
        Some(_) => return Err(TokenError::HeaderNotObject),
    }
    let members = json::unambiguous(text).ok_or(TokenError::HeaderUnreadable)?;
    let member = |name| json::member(&members, name);
    if member("crit").is_some() {
        return Err(TokenError::CriticalHeader);
    }
    let name = member("alg").and_then(json::string).ok_or(TokenError::UnsupportedAlgorithm)?;
    let names =
        ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];
    let at = names.iter().position(|known| *known == name);
    let at = at.or((name == "Ed25519").then_some(9)).ok_or(TokenError::UnsupportedAlgorithm)?;
    if let Some(kind) = member("typ") {
        let kind = json::string(kind).unwrap_or_default().to_ascii_lowercase();
        if !matches!(kind.as_str(), "jwt" | "at+jwt" | "application/at+jwt") {
            return Err(TokenError::UnexpectedType);
        }
    }
    let key_id = match member("kid") {
        None => None,
        Some(kid) => Some(json::string(kid).ok_or(TokenError::UnknownKey)?),
    };
    Ok((Algorithm::ALL[at], key_id))
}
