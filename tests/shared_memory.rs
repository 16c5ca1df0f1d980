//! Verified tokens are remembered for the whole process. Two clients share what is remembered only where
//! they would read a token's claims alike; each setting that this depends on is varied for itself.

use std::collections::HashMap;
use std::sync::Arc;

use monocloud_backend_node::config::{Config, Flavour, Given, Sources};
use monocloud_backend_node::validator::signature_cache::SignatureCache;

/// The memory of a client with these settings.
fn memory(settings: &[(&str, Given)]) -> Option<Arc<SignatureCache>> {
    let mut options = HashMap::from([
        ("tenantDomain".to_owned(), text("https://tenant.example")),
        ("audience".to_owned(), text("https://api.example")),
    ]);
    options.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    let sources = Sources { options, issuers: None, environment: HashMap::new() };
    let config = Config::read(Flavour::BackendNode, &sources).unwrap();
    SignatureCache::shared(config.verified_tokens_bytes, vec![config.reading], config.profile)
}

fn text(value: &str) -> Given {
    Given::Text(value.into())
}

#[test]
fn clients_that_read_claims_alike_share_it() {
    let first = memory(&[]).unwrap();
    for alike in [
        ("tenantDomain", text("https://tenant.example/")),
        ("groupOptions.groupsClaim", text("groups")),
        ("groupOptions.matchAll", Given::Bool(true)),
        ("clockTolerance", Given::Number(5.0)),
        ("validateCertificateBinding", text("required")),
    ] {
        let name = alike.0;
        assert!(Arc::ptr_eq(&first, &memory(&[alike]).unwrap()), "{name}");
    }
}

#[test]
fn clients_that_do_not_have_each_their_own() {
    let first = memory(&[]).unwrap();
    for other in [
        ("tenantDomain", text("https://other.example")),
        ("tenantDomain", text("https://tenant.example:8443")),
        ("tenantDomain", text("https://tenant.example/b")),
        ("audience", text("https://api.example/")),
        ("audience", text("HTTPS://api.example")),
        ("groupOptions.groupsClaim", text("roles")),
        ("scopesClaim", text("scp")),
        ("issuer", text("https://other.example")),
        ("audience", Given::Json(r#"["https://api.example","https://b.example"]"#.into())),
        ("clientIds", Given::Json(r#"["a"]"#.into())),
        ("requiredClaims", Given::Json(r#"{"a":1}"#.into())),
        ("verifiedTokensBytes", Given::Number(65_536.0)),
    ] {
        let name = other.0;
        assert!(!Arc::ptr_eq(&first, &memory(&[other]).unwrap()), "{name}");
    }
    assert!(memory(&[("verifiedTokensBytes", Given::Number(0.0))]).is_none());
    // Names of two settings that are one text, put together.
    let [a, b] =
        [("https://api.example", "ab"), ("https://api.examplea", "b")].map(|(aud, groups)| {
            memory(&[("audience", text(aud)), ("groupOptions.groupsClaim", text(groups))]).unwrap()
        });
    assert!(!Arc::ptr_eq(&a, &b));
}

#[test]
fn it_goes_with_its_last_client() {
    let audience = [("audience", text("https://api.example/once"))];
    let first = memory(&audience).unwrap();
    let weak = Arc::downgrade(&first);
    let second = memory(&audience).unwrap();
    drop(first);
    assert!(weak.upgrade().is_some_and(|kept| Arc::ptr_eq(&kept, &second)));
    drop(second);
    assert!(weak.upgrade().is_none());
    assert!(memory(&audience).is_some());
}
