//! A token that was seen before gets the answer that it would get if it were new. Each check here is
//! made twice: by a validator that remembers tokens, and by one that does not.

mod support;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use monocloud_backend_node::check::{Check, Route};
use monocloud_backend_node::error::{Error, TokenError};
use monocloud_backend_node::token::binding::Binding;
use monocloud_backend_node::validator::{Accepted, Progress};
use monocloud_backend_node::verified::VerifiedTokens;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use support::{AUDIENCE, NOW, Subject, Tenant, TestKey, at_hand, block_on, check};

const CERTIFICATE: &str = include_str!("../__test__/fixtures/client.pem");

fn header(key: &TestKey) -> String {
    json!({ "alg": "ES256", "typ": "at+jwt", "kid": key.id }).to_string()
}

fn thumbprint() -> String {
    let body: String = CERTIFICATE.lines().filter(|line| !line.starts_with('-')).collect();
    let der = base64::engine::general_purpose::STANDARD.decode(body).unwrap();
    URL_SAFE_NO_PAD.encode(Sha256::digest(der))
}

/// Claims that differ from good ones in one thing each.
fn payloads(issuer: &str) -> Vec<String> {
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

fn tokens(key: &TestKey, stranger: &TestKey, issuer: &str) -> Vec<String> {
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

fn routes() -> Vec<Route> {
    let words = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
    let plain = Route::default();
    vec![
        Route { scopes: words(&["a"]), ..plain.clone() },
        plain.clone(),
        Route { scopes: words(&["a", "b"]), ..plain.clone() },
        Route { groups: words(&["h"]), ..plain.clone() },
        Route { groups: words(&["x", "i"]), scopes: words(&["a"]), ..plain.clone() },
        Route { binding: Some(Binding::Required), ..plain.clone() },
        Route { binding: Some(Binding::Ignored), ..plain },
    ]
}

/// One that remembers, and one that does not, over the same tenant.
fn both(tenant: &Tenant) -> [Subject; 2] {
    let (remembers, forgets) =
        (Subject::new(tenant), Subject::with(tenant, &[("verifiedTokensBytes", 0.0)]));
    [remembers, forgets]
}

fn answer(subject: &Subject, check: Check<'_>) -> Option<Result<String, Error>> {
    match subject.validator.at_once(check, |_| true) {
        Progress::Done(done) => {
            Some(done.and_then(|accepted| subject.validator.text_of(accepted, check.token)))
        }
        Progress::Verify => panic!("it may be verified here"),
        Progress::Fetch => None,
    }
}

#[test]
fn every_token_gets_the_answer_of_a_new_one() {
    let tenant = Tenant::start();
    let [key, second, stranger] = ["a", "b", "stranger"].map(TestKey::new);
    tenant.publish(&[&key]);
    let [remembers, forgets] = both(&tenant);
    for subject in [&remembers, &forgets] {
        assert_eq!(subject.validate(&key), Ok(()));
    }
    let tokens = tokens(&key, &stranger, &tenant.domain);
    let routes = routes();
    let (mut answers, mut accepted) = (0, 0);
    // The set is as it was; the same in other words; with a second key, so that a token without
    // `kid` might be either's; without the first.
    let mut second_use = key.jwk();
    second_use["x-comment"] = json!("the same key in other words");
    let sets = [
        vec![key.jwk()],
        vec![second_use],
        vec![key.jwk(), second.jwk()],
        vec![second.jwk()],
        vec![key.jwk()],
    ];
    for keys in sets {
        tenant.set(|state| state.keys = keys);
        for subject in [&remembers, &forgets] {
            // Past what its terms call fresh: the next fetch brings the new set.
            subject.clock.advance(400);
            let terms = subject.validator.terms();
            block_on(
                subject.validator.issuer().keys(terms, monocloud_backend_node::issuer::Want::New),
            )
            .unwrap();
        }
        // A second time each: by then all that can be remembered is.
        for _ in 0..2 {
            for (token, route) in tokens.iter().flat_map(|t| routes.iter().map(move |r| (t, r))) {
                for certificate in [None, Some(CERTIFICATE), Some("x")] {
                    for now in [NOW, NOW + 400.0, NOW - 1000.0, f64::NAN] {
                        let check = Check { token, route, certificate, now };
                        let quick = answer(&remembers, check);
                        assert_eq!(quick, answer(&forgets, check), "{route:?} {now} {token}");
                        answers += 1;
                        accepted += i32::from(matches!(quick, Some(Ok(_))));
                    }
                }
            }
        }
    }
    assert!(answers > 50_000 && accepted > 1_500, "{accepted} of {answers}");
}

#[test]
fn a_token_that_was_seen_is_not_verified_again() {
    let (tenant, key) = (Tenant::start(), TestKey::new("a"));
    tenant.publish(&[&key]);
    let subject = Subject::new(&tenant);
    assert_eq!(subject.validate(&key), Ok(()));
    let check = subject.check(&key);
    let never = |_| panic!("nothing is left to verify");
    assert!(matches!(subject.validator.at_once(check.view(), |_| false), Progress::Verify));
    let Some(Ok(claims)) = at_hand(&subject.validator, &check) else { panic!("it is good") };
    let Progress::Done(Ok(Accepted::Seen(number))) = subject.validator.at_once(check.view(), never)
    else {
        panic!("it was seen")
    };
    assert_eq!(subject.validator.claims_of(&check.token), Ok(claims));
    // The same key in another document: found anew, without verifying anew, and the same token.
    let mut jwk = key.jwk();
    jwk["use"] = Value::Null;
    jwk.as_object_mut().unwrap().remove("use");
    tenant.set(|state| state.keys = vec![jwk]);
    subject.clock.advance(400);
    let fetch = Arc::clone(&subject.validator);
    block_on(fetch.with_fetch(support::check(&key.token(&tenant.domain)))).unwrap();
    assert!(matches!(
        subject.validator.at_once(check.view(), never),
        Progress::Done(Ok(Accepted::Claims(_)))
    ));
    assert!(matches!(
        subject.validator.at_once(check.view(), never),
        Progress::Done(Ok(Accepted::Seen(again))) if again == number
    ));
}

#[test]
fn a_verdict_goes_with_its_key() {
    let (tenant, key, next) = (Tenant::start(), TestKey::new("a"), TestKey::new("b"));
    tenant.publish(&[&key]);
    let subject = Subject::new(&tenant);
    let check = subject.check(&key);
    assert!(block_on(subject.validator.with_fetch(check.clone())).is_ok());
    assert!(at_hand(&subject.validator, &check).unwrap().is_ok());
    tenant.publish(&[&next]);
    subject.clock.advance(400);
    assert_eq!(subject.validate(&next), Ok(()));
    let gone = block_on(subject.validator.with_fetch(check.clone()));
    assert_eq!(gone, Err(TokenError::UnknownKey.into()));
    // Another key under its name does not take the verdict over.
    let impostor = TestKey::new("a");
    tenant.publish(&[&impostor]);
    subject.clock.advance(400);
    assert_eq!(subject.validate(&impostor), Ok(()));
    let refused = at_hand(&subject.validator, &check).unwrap();
    assert_eq!(refused, Err(TokenError::InvalidSignature.into()));
}

#[test]
fn what_is_remembered_is_bounded() {
    let (tenant, key) = (Tenant::start(), TestKey::new("a"));
    tenant.publish(&[&key]);
    let subject = Subject::with(&tenant, &[("verifiedTokensBytes", 64.0 * 1024.0)]);
    assert_eq!(subject.validate(&key), Ok(()));
    let scope = "s".repeat(100);
    for number in 0..2000 {
        let claims = json!({
            "iss": tenant.domain, "aud": AUDIENCE, "exp": NOW + 60.0, "jti": number, "scope": scope,
        });
        let token = key.sign(&header(&key), &claims.to_string());
        assert!(at_hand(&subject.validator, &check(&token)).unwrap().is_ok());
    }
    let known = subject.validator.verified().map(VerifiedTokens::len).unwrap();
    // Half of the bytes are for the claims that JavaScript keeps.
    assert!((20..=32 * 1024 / 256).contains(&known), "{known}");
}
