//! Tokens of every kind that matters, good ones among them, and routes to try each of them on.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use monocloud_backend_node::token::binding::Binding;
use monocloud_backend_node::token::required_claims::RequiredClaims;
use monocloud_backend_node::validator::request::Requirements;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{AUDIENCE, NOW, TestKey};

pub const CERTIFICATE: &str = include_str!("../../__test__/fixtures/client.pem");

pub fn header(key: &TestKey) -> String {
    json!({ "alg": "ES256", "typ": "at+jwt", "kid": key.id }).to_string()
}

pub fn thumbprint() -> String {
    let body: String = CERTIFICATE.lines().filter(|line| !line.starts_with('-')).collect();
    let der = base64::engine::general_purpose::STANDARD.decode(body).unwrap();
    URL_SAFE_NO_PAD.encode(Sha256::digest(der))
}

/// Claims that differ from good ones in one thing each.
pub fn payloads(issuer: &str) -> Vec<String> {
    let good = json!({ "iss": issuer, "aud": AUDIENCE, "sub": "u", "exp": NOW + 60.0 });
    let changes = [
        json!({}),
        json!({ "aud": [AUDIENCE, "x"] }),
        json!({ "aud": "x" }),
        json!({ "iss": "https://x.example" }),
        json!({ "sub": 1 }),
        json!({ "exp": null }),
        json!({ "exp": "x" }),
        json!({ "exp": NOW - 301.0 }),
        json!({ "exp": NOW - 299.0 }),
        json!({ "nbf": NOW + 299.0 }),
        json!({ "nbf": NOW + 301.0 }),
        json!({ "nbf": [] }),
        json!({ "scope": "a b" }),
        json!({ "scope": "a" }),
        json!({ "scope": ["a", "b"] }),
        json!({ "groups": ["g", { "id": "h" }, { "name": "i", "id": 3 }, 4] }),
        json!({ "groups": "g" }),
        json!({ "scope": "a b", "groups": ["h"] }),
        json!({ "cnf": { "x5t#S256": thumbprint() } }),
        json!({ "cnf": { "x5t#S256": "x" } }),
        json!({ "cnf": { "jkt": "x" } }),
        json!({ "cnf": { "x5t#S256": thumbprint(), "jkt": "x" } }),
        json!({ "cnf": json!({ "x5t#S256": thumbprint() }).to_string() }),
        json!({ "cnf": null }),
        json!({ "cnf": "x" }),
        json!({ "role": "admin", "a": [{ "b": true }], "groups": ["h"] }),
        json!({ "role": 1.0, "a": [{ "b": "true" }] }),
        json!({ "role": ["admin"] }),
        json!({ "acr": "gold", "auth_time": NOW - 60.0 }),
        json!({ "acr": "silver", "auth_time": NOW - 61.0 }),
        json!({ "acr": "gold", "auth_time": NOW + 301.0 }),
        json!({ "client_id": "c", "token_use": "access" }),
        json!({ "azp": "d", "token_use": "access" }),
        json!({ "client_id": "x", "azp": "d", "token_use": "access" }),
        json!({ "client_id": "c", "token_use": "id" }),
    ];
    let mut texts: Vec<String> = changes
        .iter()
        .map(|changes| {
            let mut claims = good.clone();
            for (name, value) in changes.as_object().unwrap() {
                match value {
                    Value::Null if name == "exp" => {
                        claims.as_object_mut().unwrap().remove(name);
                    }
                    value => claims[name] = value.clone(),
                }
            }
            claims.to_string()
        })
        .collect();
    texts.push("[]".to_owned());
    texts.push(good.to_string().replace('{', "{\"iss\":\"x\","));
    texts
}

pub fn tokens(key: &TestKey, stranger: &TestKey, issuer: &str) -> Vec<String> {
    let mut tokens: Vec<String> =
        payloads(issuer).iter().map(|claims| key.sign(&header(key), claims)).collect();
    let good = key.token(issuer);
    let (signed, signature) = good.rsplit_once('.').unwrap();
    tokens.push(good.clone());
    tokens.push(format!("{good}="));
    tokens.push(format!("{good} "));
    tokens.push(format!("{signed}.{}", signature.replace(['-', '_'], "A")));
    tokens.push(format!("{signed}."));
    tokens.push(signed.to_owned());
    tokens.push(format!("{good}.x"));
    tokens.push(stranger.token(issuer));
    // The stranger's signature under the key's name.
    let claims = payloads(issuer).swap_remove(0);
    tokens.push(stranger.sign(&header(key), &claims));
    tokens.push(key.sign(r#"{"alg":"ES256"}"#, &claims));
    tokens.push(key.sign(r#"{"alg":"ES256","crit":[]}"#, &claims));
    tokens.push(key.sign(r#"{"alg":"none"}"#, &claims));
    // One character of it differs, at many places.
    for at in (0..good.len()).step_by(7) {
        let mut other = good.clone().into_bytes();
        other[at] = if other[at] == b'A' { b'B' } else { b'A' };
        tokens.push(String::from_utf8(other).unwrap());
    }
    tokens
}

fn required(json: &str) -> RequiredClaims {
    RequiredClaims::parse(json).unwrap()
}

pub fn requirements() -> Vec<Requirements> {
    let words = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
    let plain = Requirements::default();
    vec![
        Requirements { scopes: words(&["a"]), ..plain.clone() },
        plain.clone(),
        Requirements { scopes: words(&["a", "b"]), ..plain.clone() },
        Requirements { groups: words(&["h"]), ..plain.clone() },
        Requirements { groups: words(&["x", "i"]), scopes: words(&["a"]), ..plain.clone() },
        Requirements { any_scope: words(&["x", "b"]), ..plain.clone() },
        Requirements { claims: required(r#"{"role":["admin",1]}"#), ..plain.clone() },
        Requirements {
            claims: required(r#"{"/a/0/b":true}"#),
            groups: words(&["h"]),
            ..plain.clone()
        },
        Requirements { acr: words(&["gold"]), ..plain.clone() },
        Requirements { max_age: Some(60.0), ..plain.clone() },
        Requirements { binding: Some(Binding::Required), ..plain.clone() },
        Requirements { binding: Some(Binding::NotChecked), ..plain.clone() },
        Requirements { binding: Some(Binding::Ignored), ..plain },
    ]
}
