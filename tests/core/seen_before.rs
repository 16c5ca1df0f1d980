//! A token that was seen before gets the answer that it would get if it were new. Each check here is
//! made twice: by a validator that remembers tokens, and by one that does not.

use std::sync::Arc;

use crate::support::tokens::{CERTIFICATE, header, requirements, tokens};
use crate::support::{
    AUDIENCE, NOW, Subject, Tenant, TestKey, at_once, block_on, config, config_of, request,
    validate,
};
use monocloud_backend_node::config::Given;
use monocloud_backend_node::error::{Error, TokenError};
use monocloud_backend_node::validator::request::{Kind, OwnedRequest};
use monocloud_backend_node::validator::signature_cache::SignatureCache;
use monocloud_backend_node::validator::{Admitted, Placement, Validation, Validator, Wait};
use serde_json::json;

/// One that remembers, and one that does not, over the same tenant.
fn both(tenant: &Tenant) -> [Subject; 2] {
    let (remembers, forgets) =
        (Subject::new(tenant), Subject::with(tenant, &[("verifiedTokensBytes", 0.0)]));
    [remembers, forgets]
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
    let requirements: Vec<_> = requirements().into_iter().map(Arc::new).collect();
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
            let terms = subject.validator.first().terms();
            block_on(
                subject
                    .validator
                    .first()
                    .issuer()
                    .keys(terms, monocloud_backend_node::issuer::Want::New),
            )
            .unwrap();
        }
        for (token, required) in
            tokens.iter().flat_map(|t| requirements.iter().map(move |r| (t, r)))
        {
            for certificate in [None, Some(CERTIFICATE), Some("x")] {
                for now in [NOW, NOW + 400.0, NOW - 1000.0, f64::NAN] {
                    let request = OwnedRequest {
                        requirements: Arc::clone(required),
                        certificate: certificate.map(ToOwned::to_owned),
                        now,
                        ..request(token)
                    };
                    let slow = at_once(&forgets.validator, &request);
                    // A second time: by then all that can be remembered is.
                    for _ in 0..2 {
                        let quick = at_once(&remembers.validator, &request);
                        assert_eq!(quick, slow, "{required:?} {now} {token}");
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
    let request = subject.request(&key);
    // A validator that never verifies by itself, over the same cache.
    let (config, issuer) = (subject.validator.config().clone(), subject.validator.first().issuer());
    let elsewhere = Validator::for_issuers((config, Arc::clone(issuer)), vec![], Placement::Pool);
    let elsewhere = Arc::new(elsewhere.unwrap());
    let Validation::Pending(pending) = elsewhere.validate(request.view()) else {
        panic!("it has to be verified")
    };
    assert_eq!(pending.wait(), Wait::Signature);
    let claims = block_on(pending.verdict()).expect("it is good");
    let Validation::Done(Ok(Admitted::Seen(number))) = elsewhere.validate(request.view()) else {
        panic!("it was seen")
    };
    assert_eq!(elsewhere.claims_of(&request.token), Ok(claims));
    // The same key in another document: found anew, without verifying anew, and the same token.
    let mut jwk = key.jwk();
    jwk.as_object_mut().unwrap().remove("use");
    tenant.set(|state| state.keys = vec![jwk]);
    subject.clock.advance(400);
    block_on(validate(&subject.validator, &subject.request(&key))).unwrap();
    assert!(matches!(
        elsewhere.validate(request.view()),
        Validation::Done(Ok(Admitted::Claims(_)))
    ));
    assert!(matches!(
        elsewhere.validate(request.view()),
        Validation::Done(Ok(Admitted::Seen(again))) if again == number
    ));
}

#[test]
fn a_verdict_goes_with_its_key() {
    let (tenant, key, next) = (Tenant::start(), TestKey::new("a"), TestKey::new("b"));
    tenant.publish(&[&key]);
    let subject = Subject::new(&tenant);
    let request = subject.request(&key);
    assert!(block_on(validate(&subject.validator, &request)).is_ok());
    assert!(at_once(&subject.validator, &request).unwrap().is_ok());
    tenant.publish(&[&next]);
    subject.clock.advance(400);
    assert_eq!(subject.validate(&next), Ok(()));
    let gone = block_on(validate(&subject.validator, &request));
    assert_eq!(gone, Err(TokenError::UnknownKey.into()));
    refused_beside_another_key(&tenant, &subject, &request);
}

/// Another key comes under the name "a", and takes no verdict over.
fn refused_beside_another_key(tenant: &Tenant, subject: &Subject, request: &OwnedRequest) {
    let impostor = TestKey::new("a");
    tenant.publish(&[&impostor]);
    subject.clock.advance(400);
    assert_eq!(subject.validate(&impostor), Ok(()));
    let refused = at_once(&subject.validator, request).unwrap();
    assert_eq!(refused, Err(TokenError::InvalidSignature.into()));
}

#[test]
fn another_key_of_the_same_name_does_not_take_a_verdict_over() {
    let (tenant, key) = (Tenant::start(), TestKey::new("a"));
    tenant.publish(&[&key]);
    let subject = Subject::new(&tenant);
    let request = subject.request(&key);
    assert!(block_on(validate(&subject.validator, &request)).is_ok());
    // The entry is still there when the other key comes.
    refused_beside_another_key(&tenant, &subject, &request);
}

#[test]
fn what_is_remembered_answers_no_other_question() {
    let (tenant, key, other) = (Tenant::start(), TestKey::new("a"), TestKey::new("b"));
    tenant.publish(&[&key]);
    let subject = Subject::new(&tenant);
    let jwt = subject.request(&key);
    assert!(block_on(validate(&subject.validator, &jwt)).is_ok());
    let keys = |key: &TestKey| Some(json!({ "keys": [key.jwk()] }).to_string());
    let ask = |subject: &Subject, request: OwnedRequest| at_once(&subject.validator, &request);
    // The caller's own keys, and the question whether the tenant still knows the token.
    let given = OwnedRequest { jwks: keys(&key), ..jwt.clone() };
    assert!(ask(&subject, given).unwrap().is_ok());
    let given = OwnedRequest { jwks: keys(&other), ..jwt.clone() };
    assert_eq!(ask(&subject, given), Some(Err(TokenError::UnknownKey.into())));
    let opaque = OwnedRequest { kind: Kind::Opaque, ..jwt.clone() };
    assert!(matches!(ask(&subject, opaque), Some(Err(Error::Validation(_)))));
    // Another client of the same settings, with a bound of its own.
    let mut short = config(&tenant, &[]);
    short.max_token_bytes = 50;
    let short = Subject::of(&tenant, short);
    assert_eq!(ask(&short, jwt.clone()), Some(Err(TokenError::TooLarge.into())));
    // A client that introspects its JWTs takes no verdict of the signature, unless a caller asks for one.
    let credentials = ["clientId", "clientSecret"].map(|name| (name, Given::Text("x".into())));
    let mut introspecting = config_of(&tenant, &credentials);
    introspecting.introspect_jwt_tokens = true;
    let introspecting = Subject::of(&tenant, introspecting);
    let as_jwt = OwnedRequest { kind: Kind::Jwt, ..jwt.clone() };
    for _ in 0..2 {
        assert!(block_on(validate(&introspecting.validator, &as_jwt)).is_ok());
    }
    let verdict = introspecting.validator.validate(as_jwt.view());
    assert!(matches!(verdict, Validation::Done(Ok(Admitted::Seen(_)))));
    assert_eq!(ask(&introspecting, jwt), None);
}

#[test]
fn a_token_that_is_too_long_is_not_introspected() {
    let tenant = Tenant::start();
    let credentials = ["clientId", "clientSecret"].map(|name| (name, Given::Text("x".into())));
    let mut config = config_of(&tenant, &credentials);
    config.max_token_bytes = 10;
    let subject = Subject::of(&tenant, config);
    let opaque = |token: &str| at_once(&subject.validator, &request(token));
    assert_eq!(opaque(&"x".repeat(10)), None);
    assert_eq!(opaque(&"x".repeat(11)), Some(Err(TokenError::TooLarge.into())));
    assert!(matches!(opaque(""), Some(Err(Error::Validation(_)))));
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
        assert!(at_once(&subject.validator, &request(&token)).unwrap().is_ok());
    }
    let known = subject.validator.signatures().map(SignatureCache::len).unwrap();
    // Half of the bytes are for the claims that JavaScript keeps.
    assert!((20..=32 * 1024 / 256).contains(&known), "{known}");
}
