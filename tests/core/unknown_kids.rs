//! Tokens with a key that is not in the set: a rotation, or a stranger. The tenant is a real server on loopback.

use std::sync::Arc;
use std::time::Duration;

use crate::support::{Subject, Tenant, TestKey, UNKNOWN, at_once, block_on, request, validate};
use serde_json::json;

#[test]
fn the_request_that_brings_a_new_key_waits_for_it_and_passes() {
    let tenant = Tenant::start();
    let mut old = TestKey::new("0");
    tenant.publish(&[&old]);
    let subject = Subject::new(&tenant);
    assert_eq!(subject.validate(&old), Ok(()));
    for rotation in 1..=20 {
        subject.clock.advance(31);
        let new = TestKey::new(&rotation.to_string());
        tenant.publish(&[&old, &new]);
        assert_eq!(subject.validate(&new), Ok(()), "rotation {rotation}");
        assert!(subject.validate_at_once(&old).is_ok());
        assert!(subject.validate_at_once(&new).is_ok());
        old = new;
    }
    assert_eq!(subject.count("unknownKeyLookups"), 20);
}

#[test]
fn two_rotations_within_a_second_are_both_followed() {
    let tenant = Tenant::start();
    let keys = ["a", "b", "c"].map(TestKey::new);
    tenant.publish(&[&keys[0]]);
    let subject = Subject::new(&tenant);
    assert_eq!(subject.validate(&keys[0]), Ok(()));
    tenant.publish(&[&keys[0], &keys[1]]);
    assert_eq!(subject.validate(&keys[1]), Ok(()));
    subject.clock.advance_ms(500);
    tenant.publish(&[&keys[1], &keys[2]]);
    assert_eq!(subject.validate(&keys[2]), Ok(()));
}

#[test]
fn a_crowd_with_a_new_key_costs_one_request() {
    let (tenant, old, new) = (Tenant::start(), TestKey::new("a"), TestKey::new("b"));
    tenant.publish(&[&old]);
    let subject = Subject::new(&tenant);
    assert_eq!(subject.validate(&old), Ok(()));
    tenant.publish(&[&old, &new]);
    tenant.set(|state| state.delay = Duration::from_millis(100));
    let runtime = monocloud_backend_node::runtime::handle().unwrap();
    let tasks: Vec<_> = (0..500)
        .map(|_| {
            let (validator, request) = (Arc::clone(&subject.validator), subject.request(&new));
            runtime.spawn(async move { validate(&validator, &request).await })
        })
        .collect();
    for task in tasks {
        assert!(block_on(task).unwrap().is_ok());
    }
    assert_eq!(tenant.counts().1, 2);
    assert_eq!(subject.count("unknownKeyLookups"), 1);
}

#[test]
fn a_key_published_after_its_first_token_is_found_soon() {
    let (tenant, old, new) = (Tenant::start(), TestKey::new("a"), TestKey::new("b"));
    tenant.publish(&[&old]);
    let subject = Subject::new(&tenant);
    assert_eq!(subject.validate(&old), Ok(()));
    assert_eq!(subject.validate(&new), UNKNOWN);
    // Asked for again and again meanwhile, it costs nothing more.
    for _ in 0..29 {
        subject.clock.advance_ms(100);
        assert_eq!(subject.validate(&new), UNKNOWN);
    }
    assert_eq!(tenant.counts().1, 2);
    tenant.publish(&[&old, &new]);
    subject.clock.advance_ms(2100);
    assert_eq!(subject.validate(&new), Ok(()));
}

#[test]
fn a_flood_of_unknown_keys_is_a_trickle_at_the_tenant_and_delays_nobody() {
    let (tenant, key) = (Tenant::start(), TestKey::new("a"));
    tenant.publish(&[&key]);
    let subject = Subject::new(&tenant);
    assert_eq!(subject.validate(&key), Ok(()));
    let stranger = TestKey::new("stranger");
    let token = stranger.token(&subject.domain);
    let rest = token.split_once('.').unwrap().1;
    for number in 0..20_000_u32 {
        // One minute in all.
        subject.clock.advance_ms(3);
        let header = base64::Engine::encode(
            &base64::engine::general_purpose::URL_SAFE_NO_PAD,
            json!({ "alg": "ES256", "kid": format!("stranger-{number}") }).to_string(),
        );
        let request = request(&format!("{header}.{rest}"));
        let outcome = block_on(validate(&subject.validator, &request));
        assert_eq!(outcome.map(drop), UNKNOWN);
        assert!(subject.validate_at_once(&key).is_ok());
    }
    assert!(tenant.counts().1 <= 1 + 2 + 6, "{:?}", tenant.counts());
}

#[test]
fn a_known_key_with_another_algorithm_is_not_looked_for() {
    let (tenant, key) = (Tenant::start(), TestKey::new("a"));
    tenant.publish(&[&key]);
    let subject = Subject::new(&tenant);
    assert_eq!(subject.validate(&key), Ok(()));
    let header = base64::Engine::encode(
        &base64::engine::general_purpose::URL_SAFE_NO_PAD,
        json!({ "alg": "RS256", "kid": "a" }).to_string(),
    );
    let outcome = at_once(&subject.validator, &request(&format!("{header}.e30.AA")));
    assert_eq!(outcome.unwrap().map(drop), UNKNOWN);
    assert_eq!(tenant.counts().1, 1);
}
