//! A token that was seen before gets the answer that it would get if it were new. Each check here is
//! made twice: by a validator that remembers tokens, and by one that does not.

mod support;

use std::sync::Arc;

use monocloud_backend_node::check::Check;
use monocloud_backend_node::error::{Error, TokenError};
use monocloud_backend_node::validator::{Accepted, Progress};
use monocloud_backend_node::verified::VerifiedTokens;
use serde_json::{Value, json};
use support::tokens::{CERTIFICATE, header, routes, tokens};
use support::{AUDIENCE, NOW, Subject, Tenant, TestKey, at_hand, block_on, check};

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
