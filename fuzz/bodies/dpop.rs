//! A DPoP proof. The input is the request's method and URL, the proof's header and its claims, each in a line.
//! `"own"` as `jwk` stands for the key that signs; a fifth line is the whole proof, as a client sends it.

use std::sync::LazyLock;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use monocloud_backend_node::keys::proof_key::ProofKey;
use monocloud_backend_node::token::claim_rules::Moment;
use monocloud_backend_node::token::dpop::{
    DEFAULT_ALGORITHMS, Demands, Mode, ProofRequest, Settings, check, check_each,
};
use sha2::{Digest, Sha256};
use url::Url;

use super::json;

const TOKEN: &str = "header.payload.signature";
const NOW: f64 = 1_800_000_000.0;

static KEY: LazyLock<Ed25519KeyPair> =
    LazyLock::new(|| Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap());
static JWK: LazyLock<String> = LazyLock::new(|| {
    let x = URL_SAFE_NO_PAD.encode(KEY.public_key());
    format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#)
});
static THUMBPRINT: LazyLock<String> = LazyLock::new(|| ProofKey::parse(&JWK).unwrap().thumbprint);
static ATH: LazyLock<String> =
    LazyLock::new(|| URL_SAFE_NO_PAD.encode(Sha256::digest(TOKEN.as_bytes())));
static SETTINGS: LazyLock<Settings> = LazyLock::new(|| Settings {
    mode: Mode::Required,
    is_configured: true,
    algorithms: DEFAULT_ALGORITHMS.to_vec(),
    max_age: 60.0,
    origin: None,
    nonces: None,
    has_replay_store: false,
});

pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.split('\n');
    let mut next = || lines.next().unwrap_or_default();
    let (method, url, header, claims, whole) = (next(), next(), next(), next(), next());
    let header = header.replace(r#""own""#, &JWK);
    let claims = claims.replace("$ath", &ATH);
    let signed = [&header, &claims].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
    let signature = URL_SAFE_NO_PAD.encode(KEY.sign(signed.as_bytes()));
    let own = format!("{signed}.{signature}");
    let proof = if whole.is_empty() { own.as_str() } else { whole };

    let demands = Demands {
        settings: &SETTINGS,
        moment: Moment { now: NOW, skew: 0.0, tolerance: 300.0 },
        token: TOKEN,
        key: &THUMBPRINT,
        request: ProofRequest { proof, method, url },
    };
    let verdict = check(&demands).map(drop);
    // An explanation has the same first refusal.
    let mut first = Ok(());
    check_each(&demands, |_, result, _, _| first = first.and(result));
    assert_eq!(first, verdict, "{text}");

    assert!(verdict.is_err() || proof == own, "somebody else's proof: {text}");
    let good = expected(&header, &claims, method, url);
    assert!(verdict.is_err() || good.is_some(), "a bad proof: {text}");
    // Two URLs may be the same although they are written in two ways.
    let sure = good == Some(true) && proof == own && proof.len() <= 8192;
    assert!(verdict.is_ok() || !sure, "a good proof: {verdict:?} {text}");
}

/// Whether a proof is good for a request: `Some(true)` with URLs that are equal to the letter, and simple.
fn expected(header: &str, claims: &str, method: &str, url: &str) -> Option<bool> {
    let (header, claims) = (json::unambiguous(header)?, json::unambiguous(claims)?);
    let text = |members, name| json::member(members, name).and_then(json::string);
    let holds = text(&header, "typ")?.eq_ignore_ascii_case("dpop+jwt")
        && ["EdDSA", "Ed25519"].contains(&text(&header, "alg")?.as_str())
        && json::member(&header, "jwk")?.contains(r#""crv":"Ed25519""#)
        && json::member(&header, "crit").is_none()
        && text(&claims, "htm")? == method
        && (1..=256).contains(&text(&claims, "jti")?.len())
        && text(&claims, "ath")? == *ATH;
    let age = NOW - json::member(&claims, "iat")?.parse::<f64>().ok()?;
    let named = text(&claims, "htu")?;
    let limit = |name| match json::member(&claims, name) {
        None => Some(None),
        Some(time) => time.parse::<f64>().ok().filter(|time| time.is_finite()).map(Some),
    };
    let in_time = limit("exp")?.is_none_or(|end| end > NOW)
        && limit("nbf")?.is_none_or(|start| start <= NOW + 60.0);
    if !holds || !in_time || !(-60.0..=60.0).contains(&age) {
        return None;
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/:.-_~".contains(&byte);
    let simple = url.bytes().all(plain) && url.starts_with("https://a.example/");
    if simple && named == url && json::member(&header, "jwk")? == *JWK {
        return Some(true);
    }
    (normal(&named)? == normal(url)?).then_some(false)
}

/// A URL without query and fragment, in one way of writing it.
fn normal(url: &str) -> Option<String> {
    let mut text = String::new();
    let mut rest = url.split(['?', '#']).next()?;
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        let byte = u8::from_str_radix(after.get(..2)?, 16).ok()?;
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(byte.into());
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
        rest = after.get(2..)?;
    }
    text.push_str(rest);
    let url = Url::parse(&text).ok()?;
    let path = ["[", "]", "|", "^", "\\"].iter().fold(url.path().to_owned(), |path, raw| {
        path.replace(raw, &format!("%{:02X}", raw.as_bytes()[0]))
    });
    Some(format!("{} {:?} {path}", url.scheme(), (url.host(), url.port())))
}
