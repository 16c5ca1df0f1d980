use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

use super::nonce::Nonces;
use super::*;

const TOKEN: &str = "header.payload.signature";
const NOW: f64 = 1_800_000_000.0;

/// A client's key.
struct Client(EcdsaKeyPair);

impl Client {
    fn new() -> Self {
        let pkcs8 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self(pkcs8)
    }

    fn jwk(&self) -> Value {
        let point = self.0.public_key().as_ref();
        json!({ "kty": "EC", "crv": "P-256", "x": encode(&point[1..33]), "y": encode(&point[33..]) })
    }

    fn thumbprint(&self) -> String {
        ProofKey::parse(&self.jwk().to_string()).unwrap().thumbprint
    }

    fn header(&self) -> Value {
        json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk() })
    }

    fn sign(&self, header: &str, payload: &str) -> String {
        let signed = format!("{}.{}", encode(header), encode(payload));
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", encode(signature))
    }
}

fn payload() -> Value {
    json!({
        "jti": "1", "htm": "GET", "htu": "https://api.example.com/orders", "iat": NOW,
        "ath": encode(Sha256::digest(TOKEN)),
    })
}

/// `value` with other members; `null` removes one.
fn with(mut value: Value, changes: Value) -> Value {
    let members = value.as_object_mut().unwrap();
    for (name, change) in changes.as_object().unwrap() {
        if change.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), change.clone());
        }
    }
    value
}

fn settings() -> Settings {
    Settings {
        mode: Mode::WhenPresent,
        is_configured: false,
        algorithms: DEFAULT_ALGORITHMS.to_vec(),
        max_age: 60.0,
        origin: None,
        nonces: None,
        has_replay_store: false,
    }
}

fn verdict(client: &Client, settings: &Settings, proof: &str) -> Result<(), TokenError> {
    let key = client.thumbprint();
    let moment = Moment { now: NOW, skew: 0.0, tolerance: 300.0 };
    let request =
        ProofRequest { proof, method: "GET", url: "https://api.example.com/orders?page=2" };
    check(&Demands { settings, moment, token: TOKEN, key: &key, request }).map(drop)
}

fn of(header: &Value, payload: &Value) -> Result<(), TokenError> {
    let client = Client::new();
    // The header's own key, where it is left as it is.
    let header = if header["jwk"] == json!("own") {
        with(header.clone(), json!({ "jwk": client.jwk() }))
    } else {
        header.clone()
    };
    let proof = client.sign(&header.to_string(), &payload.to_string());
    verdict(&client, &settings(), &proof)
}

fn own_header() -> Value {
    json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": "own" })
}

#[test]
fn a_good_proof_passes() {
    assert_eq!(of(&own_header(), &payload()), Ok(()));
    // What is not looked at.
    let more = json!({ "kid": 1, "x5c": 2, "jku": 3 });
    assert_eq!(of(&with(own_header(), more), &with(payload(), json!({ "aud": 1 }))), Ok(()));
}

#[test]
fn each_rule_on_the_header_has_its_refusal() {
    for (change, expected) in [
        (json!({ "typ": null }), TokenError::DpopProofType),
        (json!({ "typ": "JWT" }), TokenError::DpopProofType),
        (json!({ "alg": null }), TokenError::DpopProofAlgorithm),
        (json!({ "alg": "none" }), TokenError::DpopProofAlgorithm),
        (json!({ "alg": "HS256" }), TokenError::DpopProofAlgorithm),
        (json!({ "alg": "ES512" }), TokenError::DpopProofAlgorithm),
        (json!({ "alg": "RS256" }), TokenError::DpopProofKey),
        (json!({ "alg": "ES384" }), TokenError::DpopProofKey),
        (json!({ "jwk": null }), TokenError::DpopProofKey),
        (json!({ "jwk": {} }), TokenError::DpopProofKey),
        (json!({ "jwk": { "kty": "oct", "k": "AA" } }), TokenError::DpopProofKey),
        (json!({ "crit": [] }), TokenError::DpopProofMalformed),
        (json!({ "jwk": Client::new().jwk() }), TokenError::DpopKeyMismatch),
    ] {
        assert_eq!(of(&with(own_header(), change.clone()), &payload()), Err(expected), "{change}");
    }
}

#[test]
fn each_rule_on_the_claims_has_its_refusal() {
    for (change, expected) in [
        (json!({ "jti": null }), TokenError::DpopProofClaims),
        (json!({ "jti": "" }), TokenError::DpopProofClaims),
        (json!({ "jti": 1 }), TokenError::DpopProofClaims),
        (json!({ "jti": "x".repeat(257) }), TokenError::DpopProofClaims),
        (json!({ "htm": null }), TokenError::DpopProofClaims),
        (json!({ "htu": ["https://api.example.com/orders"] }), TokenError::DpopProofClaims),
        (json!({ "iat": NOW.to_string() }), TokenError::DpopProofClaims),
        (json!({ "ath": null }), TokenError::DpopProofClaims),
        (json!({ "htm": "get" }), TokenError::DpopMethodMismatch),
        (json!({ "htm": "POST" }), TokenError::DpopMethodMismatch),
        (json!({ "htu": "https://api.example.com/other" }), TokenError::DpopUrlMismatch),
        (json!({ "htu": "x" }), TokenError::DpopUrlMismatch),
        (json!({ "iat": NOW - 61.0 }), TokenError::DpopProofExpired),
        (json!({ "iat": NOW + 61.0 }), TokenError::DpopProofNotYetValid),
        (json!({ "exp": NOW }), TokenError::DpopProofExpired),
        (json!({ "nbf": NOW + 61.0 }), TokenError::DpopProofNotYetValid),
        (json!({ "exp": "1" }), TokenError::DpopProofClaims),
        (json!({ "nbf": [] }), TokenError::DpopProofClaims),
        (json!({ "ath": encode(Sha256::digest("x")) }), TokenError::DpopTokenHashMismatch),
    ] {
        assert_eq!(of(&own_header(), &with(payload(), change.clone())), Err(expected), "{change}");
    }
    for change in [
        json!({ "jti": "x".repeat(256) }),
        json!({ "iat": NOW - 60.0 }),
        json!({ "iat": NOW + 60.0 }),
        json!({ "exp": NOW + 1.0, "nbf": NOW + 60.0 }),
        json!({ "htu": "HTTPS://API.example.com:443/%6frders" }),
        json!({ "htu": "https://api.example.com/orders?x#y" }),
    ] {
        assert_eq!(of(&own_header(), &with(payload(), change.clone())), Ok(()), "{change}");
    }
}

#[test]
fn a_proof_is_one_jwt_with_its_own_signature() {
    let client = Client::new();
    let (header, payload) = (client.header().to_string(), payload().to_string());
    let good = client.sign(&header, &payload);
    let of = |proof: &str| verdict(&client, &settings(), proof);
    assert_eq!(of(&good), Ok(()));
    assert_eq!(of(""), Err(TokenError::DpopProofMissing));
    assert_eq!(of(&format!("{good}, {good}")), Err(TokenError::DpopProofRepeated));
    let twice = client.sign(&header, &payload.replacen('{', r#"{"htm":"GET","#, 1));
    for malformed in [
        "x",
        "a.b",
        &format!("{good}.{good}"),
        &format!("{good}="),
        &format!(" {good}"),
        &twice,
        &client.sign("[]", &payload),
        &client.sign(&header, "1e999"),
        &"x".repeat(64 * 1024),
    ] {
        assert_eq!(of(malformed), Err(TokenError::DpopProofMalformed), "{malformed:.40}");
    }
    let huge = client.sign(&header, &payload.replace("1800000000.0", "1e999"));
    assert_eq!(of(&huge), Err(TokenError::DpopProofClaims));
    // Another key's signature, and one that is cut.
    let other = Client::new().sign(&header, &payload);
    for bad in [other.as_str(), good.get(..good.len() - 2).unwrap()] {
        assert_eq!(of(bad), Err(TokenError::DpopProofSignature));
    }
}

#[test]
fn a_nonce_is_asked_for_where_there_are_nonces() {
    let nonces = Nonces::new("a secret of at least thirty-two bytes", 300.0);
    let current = nonces.current(NOW);
    let settings = Settings { nonces: Some(nonces), ..settings() };
    let client = Client::new();
    let of = |change: Value| {
        let payload = with(payload(), change).to_string();
        verdict(&client, &settings, &client.sign(&client.header().to_string(), &payload))
    };
    assert_eq!(of(json!({})), Err(TokenError::DpopNonceMissing));
    assert_eq!(of(json!({ "nonce": 1 })), Err(TokenError::DpopNonceMissing));
    assert_eq!(of(json!({ "nonce": "x" })), Err(TokenError::DpopNonceStale));
    assert_eq!(of(json!({ "nonce": current })), Ok(()));
    let proof = client.sign("{}", &json!({ "nonce": "x" }).to_string());
    assert_eq!(nonce_of(&proof).as_deref(), Some("x"));
    assert_eq!(nonce_of("x"), None);
}

#[test]
fn every_refusal_is_shown_by_itself() {
    let client = Client::new();
    let payload = with(payload(), json!({ "htm": "PUT", "iat": 0 })).to_string();
    let proof = client.sign(&client.header().to_string(), &payload);
    let key = client.thumbprint();
    let moment = Moment { now: NOW, skew: 0.0, tolerance: 300.0 };
    let url = "https://api.example.com/orders";
    let request = ProofRequest { proof: &proof, method: "GET", url };
    let settings = settings();
    let demands = Demands { settings: &settings, moment, token: TOKEN, key: &key, request };
    let mut failed = Vec::new();
    check_each(&demands, |_, result, _, _| failed.extend(result.err()));
    assert_eq!(failed, [TokenError::DpopMethodMismatch, TokenError::DpopProofExpired]);
}

#[test]
fn a_proof_has_a_longest_length() {
    let form = |length: usize| {
        let rest = ".AAAA.AAAA";
        Parts::read(&format!("{}{rest}", "A".repeat(length - rest.len()))).map(drop)
    };
    assert_eq!(form(LONGEST_PROOF), Ok(()));
    assert_eq!(form(LONGEST_PROOF + 1), Err(TokenError::DpopProofMalformed));
    assert_eq!(form(LONGEST_PROOF + 2), Err(TokenError::DpopProofMalformed));
}

#[test]
fn the_skew_is_added_to_the_time_of_the_request() {
    let client = Client::new();
    let key = client.thumbprint();
    let proof = client.sign(&client.header().to_string(), &payload().to_string());
    let request =
        ProofRequest { proof: &proof, method: "GET", url: "https://api.example.com/orders" };
    let verdict = |now, skew| {
        let moment = Moment { now, skew, tolerance: 300.0 };
        check(&Demands { settings: &settings(), moment, token: TOKEN, key: &key, request })
    };
    let most = settings().max_age;
    assert!(verdict(NOW - 100.0, 100.0 + most).is_ok());
    assert_eq!(verdict(NOW - 100.0, 101.0 + most).err(), Some(TokenError::DpopProofExpired));
    let spending = verdict(NOW, 0.0).unwrap();
    assert_eq!(spending.expires_at.to_bits(), (NOW + most + MOST_AHEAD).to_bits());
}

#[test]
fn a_mode_has_the_word_of_its_option() {
    let modes = [Mode::Required, Mode::WhenPresent, Mode::Ignored];
    assert_eq!(modes.map(Mode::as_str), ["required", "when_present", "dangerously_ignore"]);
}
