//! A tenant's key set. The input is the document.

use std::ops::RangeInclusive;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use monocloud_backend_node::error::TokenError;
use monocloud_backend_node::keys::algorithm::Algorithm;
use monocloud_backend_node::keys::jwk_set::{JwkSet, MOST_KEYS};
use monocloud_backend_node::keys::verifying_key::VerifyingKeyId;
use monocloud_backend_node::token::jws::Header;

use super::json;

/// Longer inputs are slow and find nothing new.
const MOST: usize = 12;

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let entries =
        json::unambiguous(text).and_then(|members| json::array(json::member(&members, "keys")?));
    let entries = match (JwkSet::parse(text), entries) {
        (Ok(set), Some(entries)) if entries.len() <= MOST_KEYS => {
            assert!(set.len() + set.skipped.len() <= entries.len());
            entries
        }
        (Err(_), None) => return,
        (Err(_), Some(entries)) if entries.len() > MOST_KEYS => return,
        (read, _) => panic!("{read:?} is not what this is: {text}"),
    };
    if entries.len() > MOST {
        return;
    }

    let names: Vec<String> = entries
        .iter()
        .filter_map(|entry| json::string(json::member(&json::unambiguous(entry)?, "kid")?))
        .collect();
    let answers = |entries: &[&str]| -> Vec<Result<VerifyingKeyId, TokenError>> {
        let set = JwkSet::parse(&format!("{{\"keys\":[{}]}}", entries.join(",")));
        let set = set.expect("its entries make a set");
        wanted(&names)
            .map(|header| {
                let verifier = set.select(header.key_id.as_deref(), header.algorithm)?;
                for garbage in [&[][..], &[0; 64], &[1; 256]] {
                    let refused = verifier.verify(b"header.payload", garbage);
                    assert_eq!(refused, Err(TokenError::InvalidSignature));
                }
                Ok(verifier.identity)
            })
            .collect()
    };
    let first = answers(&entries);
    for (header, answer) in wanted(&names).zip(&first) {
        if answer.is_ok() {
            let serves = entries.iter().any(|entry| serves(entry, &header));
            assert!(serves, "no key for {header:?} {:?} in {text}", header.key_id);
        }
    }
    // The choice of a key depends neither on the order of the keys, nor on unusable ones.
    let reversed: Vec<&str> = entries.iter().rev().copied().collect();
    assert_eq!(answers(&reversed), first, "{text}");
    let useless = r#"{"kty":"oct","k":"AAAA","alg":"HS256"}"#;
    let more: Vec<&str> = [useless, "null"].into_iter().chain(entries).collect();
    assert_eq!(answers(&more), first, "{text}");
}

fn wanted(names: &[String]) -> impl Iterator<Item = Header> {
    let names = names.iter().cloned().map(Some).chain([None]);
    names.flat_map(|key_id| {
        Algorithm::ALL.map(|algorithm| Header { algorithm, key_id: key_id.clone() })
    })
}

/// Whether a key's own members allow its use for a header's algorithm.
fn serves(entry: &str, header: &Header) -> bool {
    use Algorithm as A;
    let Some(members) = json::unambiguous(entry) else { return false };
    let text = |name| json::member(&members, name).and_then(json::string);
    let bytes = |name| text(name).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    let algorithms: &[A] = match (text("kty").as_deref(), text("crv").as_deref()) {
        (Some("RSA"), _) => &[A::Rs256, A::Rs384, A::Rs512, A::Ps256, A::Ps384, A::Ps512],
        (Some("EC"), Some("P-256")) => &[A::Es256],
        (Some("EC"), Some("P-384")) => &[A::Es384],
        (Some("EC"), Some("P-521")) => &[A::Es512],
        (Some("OKP"), Some("Ed25519")) => &[A::Ed25519],
        _ => &[],
    };
    let strong = text("kty").as_deref() != Some("RSA") || {
        const BITS: RangeInclusive<usize> = 2048..=8192;
        let (n, e) = (bytes("n").unwrap_or_default(), bytes("e").unwrap_or_default());
        let zeros = n.iter().take_while(|byte| **byte == 0).count();
        let bits = (n.len() - zeros) * 8 - n.get(zeros).map_or(0, |b| b.leading_zeros() as usize);
        BITS.contains(&bits) && e.last().is_some_and(|last| last % 2 == 1) && e != [1]
    };
    let operations = json::member(&members, "key_ops").map(json::array);
    let verifies = |operations: Option<Vec<&str>>| {
        operations
            .is_some_and(|all| all.iter().any(|o| json::string(o).as_deref() == Some("verify")))
    };
    strong
        && algorithms.contains(&header.algorithm)
        && (header.key_id.is_none() || text("kid") == header.key_id)
        && text("alg").is_none_or(|name| Algorithm::parse(&name) == Some(header.algorithm))
        && text("use").is_none_or(|purpose| purpose == "sig")
        && operations.is_none_or(verifies)
}
