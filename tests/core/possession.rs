//! Which proof of possession a request needs: of the mode, the route, the profile and the token.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::support::{
    AUDIENCE, NOW, Subject, Tenant, TestKey, block_on, config, request, validate,
};
use monocloud_backend_node::config::Profile;
use monocloud_backend_node::error::Error;
use monocloud_backend_node::error::TokenError::{self, *};
use monocloud_backend_node::token::binding::Binding;
use monocloud_backend_node::token::claim_rules::Requirements;
use monocloud_backend_node::token::dpop::Mode;
use monocloud_backend_node::validator::request::{OwnedPresented, OwnedRequest};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const FAPI: Option<Profile> = Some(Profile::Fapi2);

struct Case {
    dpop: Mode,
    binding: Binding,
    profile: Option<Profile>,
    route: Requirements,
    cnf: Value,
    presented: OwnedPresented,
}

fn verdict(tenant: &Tenant, key: &TestKey, case: Case) -> Result<(), TokenError> {
    let mut config = config(tenant, &[]);
    config.dpop.mode = case.dpop;
    config.binding = case.binding;
    config.profile = case.profile;
    let subject = Subject::of(tenant, config);
    let header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": "a" }).to_string();
    let claims = json!({
        "iss": tenant.domain, "aud": AUDIENCE, "exp": NOW + 60.0, "cnf": case.cnf,
    });
    let request = OwnedRequest {
        requirements: Arc::new(case.route),
        presented: case.presented,
        ..request(&key.sign(&header, &claims.to_string()))
    };
    match block_on(validate(&subject.validator, &request)) {
        Ok(_) => Ok(()),
        Err(Error::Token(error)) => Err(error),
        Err(other) => panic!("{other:?}"),
    }
}

fn proof() -> OwnedPresented {
    OwnedPresented::Dpop(["x", "GET", "https://api.example.com/"].map(ToOwned::to_owned))
}

#[test]
fn the_mode_the_route_and_the_profile_say_whether_a_proof_is_needed() {
    let (tenant, key) = (Tenant::start(), TestKey::new("a"));
    tenant.publish(&[&key]);
    let none = || json!(null);
    let (jkt, x5t) = (|| json!({ "jkt": "x" }), || json!({ "x5t#S256": "x" }));
    let (bearer, both) = (|| OwnedPresented::Bearer, || OwnedPresented::BearerWithProof);
    for (at, (dpop, profile, route, cnf, presented, expected)) in [
        (Mode::Required, None, None, none(), bearer(), Err(DpopTokenNotBound)),
        (Mode::Required, None, Some(true), none(), bearer(), Err(DpopTokenNotBound)),
        (Mode::Required, None, Some(false), none(), bearer(), Ok(())),
        (Mode::Required, FAPI, Some(false), none(), bearer(), Err(DpopTokenNotBound)),
        (Mode::WhenPresent, None, None, none(), bearer(), Ok(())),
        (Mode::WhenPresent, None, Some(true), none(), bearer(), Err(DpopTokenNotBound)),
        (Mode::WhenPresent, None, None, jkt(), bearer(), Err(DpopRequired)),
        (Mode::WhenPresent, None, Some(false), jkt(), bearer(), Ok(())),
        (Mode::WhenPresent, FAPI, Some(false), jkt(), bearer(), Err(DpopRequired)),
        // A profile wants each token bound to something.
        (Mode::WhenPresent, FAPI, None, none(), bearer(), Err(NotBound)),
        (Mode::WhenPresent, FAPI, None, x5t(), bearer(), Ok(())),
        (Mode::WhenPresent, None, None, x5t(), bearer(), Ok(())),
        (Mode::Ignored, None, None, jkt(), bearer(), Ok(())),
        (Mode::Ignored, None, Some(true), jkt(), bearer(), Err(DpopRequired)),
        (Mode::WhenPresent, None, None, none(), proof(), Err(DpopTokenNotBound)),
        (Mode::WhenPresent, None, None, none(), both(), Err(DpopSchemeMismatch)),
        (Mode::WhenPresent, None, None, jkt(), proof(), Err(DpopProofMalformed)),
        (Mode::Required, None, None, jkt(), proof(), Err(DpopProofMalformed)),
    ]
    .into_iter()
    .enumerate()
    {
        let route = Requirements { dpop: route, ..Requirements::default() };
        let case = Case { dpop, binding: Binding::Ignored, profile, route, cnf, presented };
        assert_eq!(verdict(&tenant, &key, case), expected, "{at}");
    }
}

#[test]
fn a_route_takes_no_check_of_certificates_away_under_a_profile() {
    let (tenant, key) = (Tenant::start(), TestKey::new("a"));
    tenant.publish(&[&key]);
    for (profile, binding, route, expected) in [
        (None, Binding::Required, None, Err(CertificateMissing)),
        (None, Binding::Required, Some(Binding::NotChecked), Ok(())),
        (FAPI, Binding::Required, Some(Binding::NotChecked), Err(CertificateMissing)),
        (FAPI, Binding::WhenPresent, Some(Binding::NotChecked), Err(CertificateMissing)),
        (FAPI, Binding::WhenPresent, Some(Binding::Ignored), Err(CertificateMissing)),
        (None, Binding::Ignored, Some(Binding::Required), Err(CertificateMissing)),
        (None, Binding::Ignored, Some(Binding::NotChecked), Ok(())),
    ] {
        let case = Case {
            dpop: Mode::WhenPresent,
            binding,
            profile,
            route: Requirements { binding: route, ..Requirements::default() },
            cnf: json!({ "x5t#S256": "x" }),
            presented: OwnedPresented::Bearer,
        };
        assert_eq!(verdict(&tenant, &key, case), expected, "{profile:?} {binding:?} {route:?}");
    }
}

#[test]
fn a_validation_spends_a_proof_and_an_explanation_does_not() {
    let (tenant, key, client) = (Tenant::start(), TestKey::new("a"), TestKey::new("client"));
    tenant.publish(&[&key]);
    let subject = Subject::new(&tenant);
    let digest = |text: &str| URL_SAFE_NO_PAD.encode(Sha256::digest(text));
    let (x, y) = (client.jwk()["x"].clone(), client.jwk()["y"].clone());
    let jwk = json!({ "crv": "P-256", "kty": "EC", "x": x, "y": y });
    let header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": "a" }).to_string();
    // RFC 7638 §3: the members in their order, without spaces.
    let thumbprint = digest(&format!(r#"{{"crv":"P-256","kty":"EC","x":{x},"y":{y}}}"#));
    let claims = json!({
        "iss": tenant.domain, "aud": AUDIENCE, "exp": NOW + 60.0, "cnf": { "jkt": thumbprint },
    });
    let token = key.sign(&header, &claims.to_string());
    let header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk }).to_string();
    let url = "https://api.example.com/";
    let claims = json!({
        "jti": "1", "htm": "GET", "htu": url, "iat": NOW, "ath": digest(&token),
    });
    let proof = client.sign(&header, &claims.to_string());
    let request = |explains| OwnedRequest {
        presented: OwnedPresented::Dpop([&proof, "GET", url].map(ToOwned::to_owned)),
        explains,
        ..request(&token)
    };
    for _ in 0..2 {
        assert_eq!(block_on(subject.validator.explain(request(true))).verdict, Ok(()));
    }
    let verdict = || block_on(validate(&subject.validator, &request(false))).map(drop);
    assert_eq!(verdict(), Ok(()));
    assert_eq!(verdict(), Err(DpopProofReplayed.into()));
    let explained = block_on(subject.validator.explain(request(true)));
    assert_eq!(explained.verdict, Ok(()));
}
