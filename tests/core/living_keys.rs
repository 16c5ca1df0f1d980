//! The tenant rotates, slows down, breaks and comes back, and strangers send what they like. Hours
//! pass in milliseconds; the tenant is a real server on loopback.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::{
    DISCOVERY, Reply, Subject, Tenant, TestClock, TestKey, UNKNOWN, block_on, config, validate,
};
use monocloud_backend_node::clock::Clock;
use monocloud_backend_node::error::Error;
use monocloud_backend_node::http::client::HttpConfig;
use monocloud_backend_node::issuer::document_age::Age;
use monocloud_backend_node::issuer::{Issuer, Want};
use serde_json::json;

#[test]
fn a_cold_start_is_one_discovery_and_one_jwks_request() {
    let (tenant, key) = (Tenant::start(), TestKey::new("a"));
    tenant.publish(&[&key]);
    tenant.set(|state| state.delay = Duration::from_millis(30));
    let subject = Subject::new(&tenant);
    let runtime = monocloud_backend_node::runtime::handle().unwrap();
    let tasks: Vec<_> = (0..2000)
        .map(|_| {
            let (validator, request) = (Arc::clone(&subject.validator), subject.request(&key));
            runtime.spawn(async move { validate(&validator, &request).await })
        })
        .collect();
    let passed = tasks.into_iter().map(|task| block_on(task).unwrap());
    assert_eq!(passed.filter(Result::is_ok).count(), 2000);
    assert_eq!(tenant.counts(), (1, 1));
}

#[test]
fn a_refresh_runs_behind_the_request_that_finds_it_due() {
    let (tenant, key) = (Tenant::start(), TestKey::new("a"));
    tenant.publish(&[&key]);
    let subject = Subject::new(&tenant);
    assert_eq!(subject.validate(&key), Ok(()));
    subject.clock.advance(239);
    assert!(subject.validate_at_once(&key).is_ok());
    assert_eq!(tenant.counts(), (1, 1));
    // 80 % of 300 s. Nobody waits for the slow answer, and it is asked for once.
    subject.clock.advance(1);
    tenant.set(|state| state.delay = Duration::from_millis(200));
    let begun = Instant::now();
    for _ in 0..100 {
        assert!(subject.validate_at_once(&key).is_ok());
    }
    assert!(begun.elapsed() < Duration::from_millis(200));
    // The metadata is due as well, and is refreshed with it.
    subject.settle("a refresh", || subject.count("refreshes") >= 4);
    assert_eq!(tenant.counts().1, 2);
    subject.clock.advance(239);
    assert!(subject.validate_at_once(&key).is_ok());
}

#[test]
fn an_unchanged_set_is_not_sent_again() {
    let (tenant, key) = (Tenant::start(), TestKey::new("a"));
    tenant.publish(&[&key]);
    tenant.set(|state| state.etag = Some("\"v1\"".to_owned()));
    let subject = Subject::new(&tenant);
    assert_eq!(subject.validate(&key), Ok(()));
    let before = block_on(
        subject.validator.first().issuer().keys(subject.validator.first().terms(), Want::Fresh),
    );
    subject.clock.advance(400);
    assert_eq!(subject.validate(&key), Ok(()));
    let after = block_on(
        subject.validator.first().issuer().keys(subject.validator.first().terms(), Want::Fresh),
    );
    assert_eq!(tenant.counts().1, 2);
    // The very same parsed keys serve on, and are as good as new.
    assert!(Arc::ptr_eq(&before.unwrap(), &after.unwrap()));
    assert!(subject.validate_at_once(&key).is_ok());
    let (_, age, state) =
        subject.validator.first().issuer().current_keys(subject.validator.first().terms()).unwrap();
    assert_eq!((age, state), (Duration::ZERO, Age::Fresh));
}

#[test]
fn the_tenant_may_shorten_the_time_but_not_lengthen_it() {
    for (control, good_for) in [
        ("max-age=120", 119),
        ("public, max-age=5", 59),
        ("max-age=86400", 299),
        ("max-age=x", 299),
    ] {
        let (tenant, key) = (Tenant::start(), TestKey::new("a"));
        tenant.publish(&[&key]);
        tenant.set(|state| state.cache_control = Some(control.to_owned()));
        let subject = Subject::new(&tenant);
        assert_eq!(subject.validate(&key), Ok(()));
        let at_hand = || {
            subject
                .validator
                .first()
                .issuer()
                .current_keys(subject.validator.first().terms())
                .unwrap()
                .2
        };
        subject.clock.advance(good_for);
        assert_ne!(at_hand(), Age::Expired, "{control}");
        subject.clock.advance(1);
        assert_eq!(at_hand(), Age::Expired, "{control}");
    }
}

#[test]
fn the_last_good_set_serves_through_an_outage_of_an_hour() {
    let (tenant, key) = (Tenant::start(), TestKey::new("a"));
    tenant.publish(&[&key]);
    let subject = Subject::new(&tenant);
    assert_eq!(subject.validate(&key), Ok(()));
    tenant.set(|state| state.down = true);
    let before = tenant.counts();
    // 5 minutes of freshness and 55 beyond it, a token each second.
    for _ in 0..3600 {
        subject.clock.advance(1);
        assert_eq!(subject.validate(&key), Ok(()));
    }
    assert!(subject.count("staleUses") >= 3200);
    let (discovery, jwks) = tenant.counts();
    let asked = discovery - before.0 + jwks - before.1;
    // Real time is short here; what counts is that it is not one for each token.
    assert!((1..900).contains(&asked), "{asked} requests in 55 minutes");
    tenant.set(|state| state.down = false);
    // A token each second: the first may come upon a fetch that began in the outage, and still fails.
    let fresh = || {
        subject.clock.advance(1);
        assert_eq!(subject.validate(&key), Ok(()));
        let terms = subject.validator.first().terms();
        subject.validator.first().issuer().current_keys(terms).unwrap().2 == Age::Fresh
    };
    subject.settle("the return", fresh);
}

#[test]
fn past_its_hour_no_set_serves() {
    for (options, hours) in [(&[][..], 1), (&[("jwksStaleDuration", 86_400.0)][..], 24)] {
        let (tenant, key) = (Tenant::start(), TestKey::new("a"));
        tenant.publish(&[&key]);
        let subject = Subject::with(&tenant, options);
        assert_eq!(subject.validate(&key), Ok(()));
        tenant.set(|state| state.down = true);
        subject.clock.advance(299 + hours * 3600);
        assert_eq!(subject.validate(&key), Ok(()));
        subject.clock.advance(1);
        assert!(matches!(subject.validate(&key), Err(Error::Http(_))), "{hours} h");
    }
    let (tenant, key) = (Tenant::start(), TestKey::new("a"));
    tenant.publish(&[&key]);
    let subject = Subject::with(&tenant, &[("jwksStaleDuration", 0.0)]);
    assert_eq!(subject.validate(&key), Ok(()));
    tenant.set(|state| state.down = true);
    subject.clock.advance(300);
    assert!(matches!(subject.validate(&key), Err(Error::Http(_))));
}

#[test]
fn a_tenant_that_is_away_from_the_start_is_asked_ever_more_rarely() {
    let (tenant, key) = (Tenant::start(), TestKey::new("a"));
    tenant.publish(&[&key]);
    tenant.set(|state| state.down = true);
    let subject = Subject::new(&tenant);
    for second in 0..60 {
        for _ in 0..20 {
            let Err(Error::Http(error)) = subject.validate(&key) else { panic!("at {second} s") };
            assert!((1..=30).contains(&error.retry_after.unwrap()));
        }
        subject.clock.advance(1);
    }
    // Every 2.5 s: half of the 5 s that it waits at the most while there is nothing to serve.
    assert!(tenant.counts().0 <= 30, "{:?}", tenant.counts());
    tenant.set(|state| state.down = false);
    subject.clock.advance(5);
    assert_eq!(subject.validate(&key), Ok(()));
}

#[test]
fn a_slow_tenant_counts_as_away_for_those_who_have_a_set() {
    let (tenant, key) = (Tenant::start(), TestKey::new("a"));
    tenant.publish(&[&key]);
    let subject = Subject::new(&tenant);
    assert_eq!(subject.validate(&key), Ok(()));
    tenant.set(|state| state.delay = Duration::from_secs(4));
    subject.clock.advance(301);
    let begun = Instant::now();
    assert_eq!(subject.validate(&key), Ok(()));
    assert!(begun.elapsed() < Duration::from_millis(3500));
    // Who comes next, while the same answer is still to come, does not wait all over again.
    for _ in 0..10 {
        assert_eq!(subject.validate(&key), Ok(()));
    }
    assert!(begun.elapsed() < Duration::from_millis(3500));
    assert_eq!(subject.count("staleUses"), 11);
}

#[test]
fn a_client_of_little_patience_is_served_by_the_last_set_too() {
    let (tenant, key) = (Tenant::start(), TestKey::new("a"));
    tenant.publish(&[&key]);
    let subject = Subject::with(&tenant, &[("responseTimeout", 1000.0)]);
    assert_eq!(subject.validate(&key), Ok(()));
    tenant.set(|state| state.delay = Duration::from_secs(4));
    subject.clock.advance(301);
    assert_eq!(subject.validate(&key), Ok(()));
}

#[test]
fn a_key_that_is_no_longer_listed_is_gone_at_once() {
    let (tenant, old, new) = (Tenant::start(), TestKey::new("a"), TestKey::new("b"));
    tenant.publish(&[&old, &new]);
    let subject = Subject::new(&tenant);
    assert_eq!(subject.validate(&old), Ok(()));
    tenant.publish(&[&new]);
    assert_eq!(subject.validate(&old), Ok(()));
    subject.clock.advance(300);
    assert_eq!(subject.validate(&new), Ok(()));
    assert_eq!(subject.validate(&old), UNKNOWN);
}

#[test]
fn keys_that_have_moved_are_found_again() {
    let (tenant, key) = (Tenant::start(), TestKey::new("a"));
    tenant.publish(&[&key]);
    let subject = Subject::with(&tenant, &[("metadataCacheDuration", 86_400.0)]);
    assert_eq!(subject.validate(&key), Ok(()));
    for (path, gone) in [("/moved", Reply::new(404, "gone")), ("/again", Reply::new(200, "<html>"))]
    {
        tenant.set(|state| {
            let old = std::mem::replace(&mut state.jwks_path, path.to_owned());
            state.replies.insert(old, gone);
        });
        subject.clock.advance(301);
        assert_eq!(subject.validate(&key), Ok(()));
        assert_eq!(subject.count("staleUses"), 0);
    }
}

#[test]
fn what_can_be_used_of_an_odd_set_serves() {
    let (tenant, key) = (Tenant::start(), TestKey::new("a"));
    let mut keys = vec![
        json!({ "kty": "AKP", "alg": "ML-DSA-65", "pub": "AA", "kid": "a" }),
        json!({ "kty": "oct", "k": "AAAA", "kid": "a" }),
        json!({ "kty": 7 }),
        json!(null),
        json!([]),
        json!({ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA" }),
        json!({ "kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA" }),
        json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "a" }),
    ];
    keys.extend((0..120).map(|number| TestKey::new(&format!("other-{number}")).jwk()));
    keys.push(key.jwk());
    keys.push(key.jwk());
    tenant.set(|state| state.keys = keys);
    let subject = Subject::new(&tenant);
    assert_eq!(subject.validate(&key), Ok(()));
    let (keys, ..) =
        subject.validator.first().issuer().current_keys(subject.validator.first().terms()).unwrap();
    assert_eq!((keys.set.len(), keys.set.skipped.len()), (121, 8));
}

#[test]
fn a_forced_refresh_that_fails_keeps_what_there_was() {
    let (tenant, key) = (Tenant::start(), TestKey::new("a"));
    tenant.publish(&[&key]);
    let subject = Subject::new(&tenant);
    assert_eq!(subject.validate(&key), Ok(()));
    for body in ["<html>", "{}", "{\"keys\":{}}", ""] {
        tenant.set(|state| state.replies.insert("/jwks".into(), Reply::new(200, body)));
        assert!(block_on(subject.validator.first().jwks(Want::New)).is_err());
        tenant.set(|state| state.replies.insert(DISCOVERY.into(), Reply::new(200, body)));
        assert!(block_on(subject.validator.first().metadata(Want::New)).is_err());
        tenant.set(|state| state.replies.clear());
        assert!(subject.validate_at_once(&key).is_ok());
        assert!(block_on(subject.validator.first().metadata(Want::Fresh)).is_ok());
    }
}

#[test]
fn metadata_of_another_issuer_is_refused() {
    let (tenant, key) = (Tenant::start(), TestKey::new("a"));
    tenant.publish(&[&key]);
    for issuer in ["https://evil.example", &format!("{}/", tenant.domain), ""] {
        let document = json!({ "issuer": issuer, "jwks_uri": format!("{}/jwks", tenant.domain) });
        tenant.set(|state| state.replies.insert(DISCOVERY.into(), Reply::json(&document)));
        let subject = Subject::new(&tenant);
        assert!(matches!(subject.validate(&key), Err(Error::Http(_))), "{issuer}");
    }
    for address in ["http://example.com/jwks", "file:///etc/passwd", "https://u:p@127.0.0.1/", "x"]
    {
        let document = json!({ "issuer": tenant.domain, "jwks_uri": address });
        tenant.set(|state| state.replies.insert(DISCOVERY.into(), Reply::json(&document)));
        let subject = Subject::new(&tenant);
        let Err(Error::Http(error)) = subject.validate(&key) else { panic!("{address}") };
        assert_eq!(error.fault.reason(), "forbidden_url", "{address}");
    }
    assert_eq!(tenant.counts().1, 0);
}

#[test]
fn all_clients_of_a_tenant_share_one_set_that_goes_with_the_last() {
    let tenant = Tenant::start();
    let domain = config(&tenant, &[]).tenant;
    let clock: Arc<dyn Clock> = Arc::new(TestClock::default());
    let shared = || {
        let clock = Arc::clone(&clock);
        Issuer::shared(&domain, HttpConfig::default(), clock, crate::support::sources)
    };
    let (first, second) = (shared(), shared());
    assert!(Arc::ptr_eq(&first, &second));
    let gone = Arc::downgrade(&first);
    drop((first, second));
    assert!(gone.upgrade().is_none());
    drop(shared());
}
