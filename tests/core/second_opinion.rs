//! `jsonwebtoken` signs, this core verifies, and the two agree on what was altered.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use monocloud_backend_node::error::TokenError;
use monocloud_backend_node::keys::jwk_set::JwkSet;
use monocloud_backend_node::token::jws::Compact;
use serde_json::{Value, json};

struct Signer {
    algorithm: Algorithm,
    key: EncodingKey,
    jwk: Value,
}

fn ecdsa(
    algorithm: Algorithm,
    name: &str,
    curve: &str,
    scheme: &'static EcdsaSigningAlgorithm,
) -> Signer {
    let pair = EcdsaKeyPair::generate(scheme).unwrap();
    let point = pair.public_key().as_ref();
    let (x, y) = point[1..].split_at((point.len() - 1) / 2);
    let coordinate = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let jwk = json!({
        "kty": "EC", "crv": curve, "alg": name, "kid": name, "x": coordinate(x), "y": coordinate(y),
    });
    let key = EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref());
    Signer { algorithm, key, jwk }
}

fn ed25519() -> Signer {
    let pair = Ed25519KeyPair::generate().unwrap();
    let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": "EdDSA", "x": x });
    let key = EncodingKey::from_ed_der(pair.to_pkcs8v1().unwrap().as_ref());
    Signer { algorithm: Algorithm::EdDSA, key, jwk }
}

/// What this core says of a token's header and signature.
fn ours(set: &JwkSet, token: &str) -> Result<(), TokenError> {
    let token = Compact::split(token)?;
    let header = token.header()?;
    let key = set.select(header.key_id.as_deref(), header.algorithm)?;
    key.verify(token.signing_input, &token.signature()?)
}

fn theirs(signer: &Signer, token: &str) -> bool {
    let jwk: Jwk = serde_json::from_value(signer.jwk.clone()).unwrap();
    let mut validation = Validation::new(signer.algorithm);
    validation.validate_exp = false;
    validation.required_spec_claims.clear();
    decode::<Value>(token, &DecodingKey::from_jwk(&jwk).unwrap(), &validation).is_ok()
}

#[test]
fn tokens_of_jsonwebtoken_pass_and_altered_ones_do_not() {
    let signers = [
        ecdsa(Algorithm::ES256, "ES256", "P-256", &ECDSA_P256_SHA256_FIXED_SIGNING),
        ecdsa(Algorithm::ES384, "ES384", "P-384", &ECDSA_P384_SHA384_FIXED_SIGNING),
        ed25519(),
    ];
    let jwks: Vec<&Value> = signers.iter().map(|signer| &signer.jwk).collect();
    let set = JwkSet::parse(&json!({ "keys": jwks }).to_string()).unwrap();
    for signer in &signers {
        let mut header = Header::new(signer.algorithm);
        header.kid = signer.jwk["kid"].as_str().map(ToOwned::to_owned);
        let token = encode(&header, &json!({ "sub": "u" }), &signer.key).unwrap();
        assert_eq!(ours(&set, &token), Ok(()));
        assert!(theirs(signer, &token));
        // Every character in turn, of payload and signature.
        let begin = token.find('.').unwrap() + 1;
        for at in (begin..token.len()).filter(|at| token.as_bytes()[*at] != b'.') {
            let mut altered = token.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'Q' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            assert_eq!(ours(&set, &altered), Err(TokenError::InvalidSignature), "{at}");
            assert!(!theirs(signer, &altered), "{at}");
        }
    }
}
