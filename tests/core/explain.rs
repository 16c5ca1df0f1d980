//! An explanation says of each token what a validation says of it, and its first failed step is the
//! reason; rules that come before are met, and all rules are told of.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::support::tokens::{CERTIFICATE, header, payloads, requirements, tokens};
use crate::support::{
    AUDIENCE, NOW, Reply, Subject, Tenant, TestClock, TestKey, block_on, config_of, request,
    sources, validate,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use monocloud_backend_node::config::{Config, Flavour, Given, Profile, Sources as GivenSources};
use monocloud_backend_node::error::{Error, TokenError};
use monocloud_backend_node::issuer::Issuer;
use monocloud_backend_node::token::claim_rules::ClaimRule;
use monocloud_backend_node::token::dpop::{Mode, ProofRule};
use monocloud_backend_node::validator::Validator;
use monocloud_backend_node::validator::explain::{Answer, Explanation, Rule, Step, describe_keys};
use monocloud_backend_node::validator::request::{Kind, OwnedPresented, OwnedRequest};
use serde_json::{Value, json};

/// Holds it to what a validation came to; hands back the rule at which the token stops.
fn agree(
    explanation: &Explanation,
    verdict: &Result<(), Error>,
    introspected: bool,
    what: &str,
) -> Option<Rule> {
    assert_eq!(&explanation.verdict, verdict, "{what}");
    let told: Vec<_> = explanation.steps.iter().map(|step| step.rule).collect();
    assert_eq!(told, Rule::all(introspected, false).collect::<Vec<_>>());
    let stop = explanation.steps.iter().position(|step| matches!(step.answer, Answer::Failed(_)));
    let Some(stop) = stop else {
        assert_eq!(verdict, &Ok(()), "{what}");
        let all = explanation.steps.iter().all(|step| step.answer != Answer::NotReached);
        assert!(all, "{what}: {:?}", explanation.steps);
        return None;
    };
    let (before, rest) = explanation.steps.split_at(stop);
    for Step { rule, answer, .. } in before {
        assert!(matches!(answer, Answer::Passed | Answer::NotAsked), "{what}: {rule:?} {answer:?}");
    }
    let Answer::Failed(error) = &rest[0].answer else { unreachable!() };
    assert_eq!(Some(error), verdict.as_ref().err(), "{what}");
    Some(rest[0].rule)
}

/// Rules that only settings ask for: `of_each_setting_it_says_what_a_validation_says` has them.
fn of_settings(rule: Rule) -> bool {
    matches!(rule, Rule::Claim(ClaimRule::ClientId | ClaimRule::RequiredClaims))
}

#[test]
fn of_each_jwt_it_says_what_a_validation_says() {
    let tenant = Tenant::start();
    let [key, second, stranger] = ["a", "b", "stranger"].map(TestKey::new);
    tenant.publish(&[&key]);
    let subject = Subject::with(&tenant, &[("verifiedTokensBytes", 0.0)]);
    let mut stops = HashSet::new();
    for keys in [vec![&key], vec![&key, &second], vec![&second]] {
        tenant.publish(&keys);
        subject.clock.advance(400);
        assert_eq!(subject.validate(keys[0]), Ok(()));
        for token in tokens(&key, &stranger, &tenant.domain) {
            for (required, certificate) in requirements()
                .into_iter()
                .map(Arc::new)
                .flat_map(|it| [None, Some(CERTIFICATE), Some("x")].map(|c| (Arc::clone(&it), c)))
            {
                for now in [NOW, NOW + 400.0, NOW - 1000.0] {
                    let request = OwnedRequest {
                        kind: Kind::Jwt,
                        requirements: Arc::clone(&required),
                        certificate: certificate.map(ToOwned::to_owned),
                        now,
                        ..request(&token)
                    };
                    let verdict = block_on(validate(&subject.validator, &request)).map(drop);
                    let explained = block_on(subject.validator.explain(request));
                    let what = format!("{now} {token}");
                    stops.insert(agree(&explained, &verdict, false, &what).map(Rule::as_str));
                }
            }
        }
    }
    // Every rule stopped some token, but for that of the tenant being there.
    for rule in Rule::all(false, false).filter(|rule| *rule != Rule::Keys && !of_settings(*rule)) {
        assert!(stops.contains(&Some(rule.as_str())), "{rule:?}");
    }
    assert!(stops.contains(&None));
}

#[test]
fn of_each_setting_it_says_what_a_validation_says() {
    let (tenant, key, stranger) = (Tenant::start(), TestKey::new("a"), TestKey::new("stranger"));
    tenant.publish(&[&key]);
    let json = |json: &str| Given::Json(json.into());
    let config = config_of(
        &tenant,
        &[
            ("clientIds", json(r#"["c","d"]"#)),
            ("requiredClaims", json(r#"{"token_use":"access"}"#)),
        ],
    );
    let subject = Subject::of(&tenant, config);
    let mut stops = HashSet::new();
    for token in tokens(&key, &stranger, &tenant.domain) {
        let request = OwnedRequest { kind: Kind::Jwt, ..request(&token) };
        for _ in 0..2 {
            let verdict = block_on(validate(&subject.validator, &request)).map(drop);
            let explained = block_on(subject.validator.explain(request.clone()));
            stops.insert(agree(&explained, &verdict, false, &token).map(Rule::as_str));
        }
    }
    for rule in ["client_id", "required_claims"] {
        assert!(stops.contains(&Some(rule)), "{rule}");
    }
    assert!(stops.contains(&None));
}

#[test]
fn of_each_introspected_token_it_says_what_a_validation_says() {
    let tenant = Tenant::start();
    let text = |text: &str| Given::Text(text.into());
    let options = HashMap::from([
        ("tenantDomain".to_owned(), text(&tenant.domain)),
        ("audience".to_owned(), text(AUDIENCE)),
        ("clientId".to_owned(), text("api")),
        ("clientSecret".to_owned(), text("a secret of the test")),
        ("maxTokenBytes".to_owned(), Given::Number(300.0)),
    ]);
    let validator = |options| {
        let given = GivenSources { options, issuers: None, environment: HashMap::new() };
        let config = Config::read(Flavour::BackendNode, &given).unwrap();
        let clock = Arc::new(TestClock::default());
        let issuer = Issuer::new(config.tenant.clone(), sources(), clock);
        Arc::new(Validator::new(config, issuer).unwrap())
    };
    let asks = validator(options.clone());
    let mut without = options;
    without.retain(|name, _| !name.starts_with("client"));
    let does_not = validator(without);
    tenant.set(|state| {
        let metadata = json!({
            "issuer": tenant.domain,
            "introspection_endpoint": format!("{}/introspect", tenant.domain),
        });
        state.replies.insert(crate::support::DISCOVERY.to_owned(), Reply::json(&metadata));
    });
    let answers = payloads(&tenant.domain)
        .into_iter()
        .map(|claims| Reply::new(200, &claims.replacen('{', r#"{"active":true,"#, 1)))
        .chain([
            Reply::json(&json!({ "active": false })),
            Reply::json(&json!({ "error": "invalid_client" })),
            Reply::new(401, ""),
            Reply::new(500, ""),
            Reply::new(200, "<html>"),
            Reply::new(200, r#"{"active":true,"cnf":{"a":1,"a":2}}"#),
        ]);
    let mut stops = HashSet::new();
    for answer in answers {
        tenant.set(|state| state.replies.insert("/introspect".to_owned(), answer));
        for required in requirements().into_iter().map(Arc::new) {
            for token in ["opaque", &"long".repeat(100)] {
                let requirements = Arc::clone(&required);
                let request = OwnedRequest { requirements, ..request(token) };
                for validator in [&asks, &does_not] {
                    let verdict = block_on(validate(validator, &request)).map(drop);
                    let explained = block_on(validator.explain(request.clone()));
                    let stop = agree(&explained, &verdict, true, token);
                    stops.insert(stop.map(Rule::as_str));
                }
            }
        }
    }
    for rule in Rule::all(true, false).filter(|rule| !of_settings(*rule)) {
        assert!(stops.contains(&Some(rule.as_str())), "{rule:?}");
    }
    assert!(stops.contains(&None));
}

/// The step of one rule.
fn step(explanation: &Explanation, rule: Rule) -> &Step {
    explanation.steps.iter().find(|step| step.rule == rule).unwrap()
}

#[test]
fn it_looks_past_the_first_rule_that_fails() {
    let (tenant, key) = (Tenant::start(), TestKey::new("a"));
    tenant.publish(&[&key]);
    let subject = Subject::new(&tenant);
    let claims = json!({
        "iss": tenant.domain, "aud": format!("{AUDIENCE}/"), "exp": NOW - 420.0, "scope": "a",
    });
    let token = key.sign(&header(&key), &claims.to_string());
    let mut request = request(&token);
    request.requirements = Arc::new(requirements().swap_remove(2));
    let explained = block_on(subject.validator.explain(request));
    assert_eq!(explained.verdict, Err(TokenError::AudienceMismatch.into()));
    let shown = json!({ "alg": "ES256", "typ": "at+jwt", "kid": "a" });
    assert_eq!(step(&explained, Rule::Header).found, shown);
    let audience = step(&explained, Rule::Claim(ClaimRule::Audience));
    assert_eq!(audience.found, json!(format!("{AUDIENCE}/")));
    assert_eq!(audience.expected, json!(AUDIENCE));
    let expiration = step(&explained, Rule::Claim(ClaimRule::Expiration));
    assert_eq!(expiration.answer, Answer::Failed(TokenError::Expired.into()));
    assert_eq!(expiration.found["exp"], json!(NOW - 420.0));
    assert_eq!(expiration.expected["clockTolerance"], json!(300.0));
    let scopes = step(&explained, Rule::Claim(ClaimRule::Scopes));
    assert_eq!(scopes.answer, Answer::Failed(TokenError::MissingScopes.into()));
    assert_eq!((&scopes.found, &scopes.expected), (&json!(["a"]), &json!(["a", "b"])));
    assert!(!format!("{explained:?}").contains(AUDIENCE), "claims are not for logs");
}

#[test]
fn what_it_shows_is_bounded() {
    let (tenant, key) = (Tenant::start(), TestKey::new("a"));
    tenant.publish(&[&key]);
    let subject = Subject::with(&tenant, &[("maxTokenBytes", 1_000_000.0)]);
    let long = "é".repeat(600);
    let many = vec![long.as_str(); 50];
    let claims = json!({
        "iss": long, "aud": many, "exp": { "deep": many }, "sub": many, "nbf": long,
        "scope": many.join(" "), "groups": many, "cnf": { "x5t#S256": long },
    });
    let header = json!({ "alg": long, "kid": many, "typ": { "a": 1 } });
    let token = key.sign(&header.to_string(), &claims.to_string());
    let mut request = request(&token);
    request.requirements = Arc::new(requirements().swap_remove(4));
    let explained = block_on(subject.validator.explain(request));
    let shown: usize = explained.steps.iter().map(|step| step.found.to_string().len()).sum();
    assert!((1000..200_000).contains(&shown), "{shown}");
}

#[test]
fn each_member_of_a_key_set_is_told_of() {
    let key = TestKey::new("a");
    let mut for_encryption = key.jwk();
    for_encryption["use"] = json!("enc");
    let keys = json!({ "keys": [key.jwk(), for_encryption, { "kty": "oct", "k": "c2VjcmV0" }, 7] });
    let told = describe_keys(&keys.to_string()).unwrap();
    assert_eq!(told.len(), 4);
    assert_eq!(told[0]["algorithms"], json!(["ES256"]));
    assert_eq!((&told[0]["kid"], &told[0]["skipped"]), (&json!("a"), &Value::Null));
    let skipped: Vec<_> = told[1..].iter().map(|key| key["skipped"].as_str().unwrap()).collect();
    assert_eq!(skipped, ["not_for_signatures", "unsupported_key_type", "malformed"]);
    assert!(!Value::from(told).to_string().contains("c2VjcmV0"), "a secret is not shown");
    assert_eq!(describe_keys("{}"), Err("The JWKS has no \"keys\""));
}

#[test]
fn a_tenant_that_can_t_be_reached_is_the_reason_that_there_are_no_keys() {
    let (tenant, key) = (Tenant::start(), TestKey::new("a"));
    tenant.set(|state| state.down = true);
    let subject = Subject::new(&tenant);
    let explained = block_on(subject.validator.explain(subject.request(&key)));
    let Err(error @ Error::Http(_)) = explained.verdict.clone() else {
        panic!("{:?}", explained.verdict)
    };
    assert_eq!(step(&explained, Rule::Keys).answer, Answer::Failed(error));
    assert_eq!(step(&explained, Rule::Signature).answer, Answer::NotReached);
}

/// The explanation of a token with this `cnf`, presented in this way.
fn presented(
    (tenant, key): (&Tenant, &TestKey),
    (mode, profile): (Mode, Option<Profile>),
    cnf: Value,
    presented: OwnedPresented,
) -> Explanation {
    let mut config = config_of(tenant, &[]);
    (config.dpop.mode, config.profile) = (mode, profile);
    let claims = json!({ "iss": tenant.domain, "aud": AUDIENCE, "exp": NOW + 60.0, "cnf": cnf });
    let token = key.sign(&header(key), &claims.to_string());
    let request = OwnedRequest { presented, ..request(&token) };
    block_on(Subject::of(tenant, config).validator.explain(request))
}

fn with_proof(proof: &str) -> OwnedPresented {
    OwnedPresented::Dpop([proof, "GET", "https://api.example.com/a?b"].map(ToOwned::to_owned))
}

#[test]
fn a_proof_is_asked_for_by_the_mode_the_profile_and_the_token() {
    let (tenant, key) = (Tenant::start(), TestKey::new("a"));
    tenant.publish(&[&key]);
    let failed = |error: TokenError| Answer::Failed(error.into());
    let (jkt, x5t) = (json!({ "jkt": "x" }), json!({ "x5t#S256": "x" }));
    let (when_present, fapi) = (Mode::WhenPresent, Some(Profile::Fapi2));
    for (at, (mode, profile, cnf, how, expected)) in [
        (when_present, None, &Value::Null, OwnedPresented::Bearer, Answer::NotAsked),
        (when_present, fapi, &x5t, OwnedPresented::Bearer, Answer::Passed),
        (when_present, None, &jkt, with_proof("x"), Answer::Passed),
        (when_present, None, &jkt, OwnedPresented::Bearer, failed(TokenError::DpopRequired)),
        (Mode::Ignored, None, &jkt, OwnedPresented::Bearer, Answer::NotAsked),
        (Mode::Ignored, None, &jkt, with_proof("x"), Answer::NotAsked),
        (
            Mode::Required,
            None,
            &Value::Null,
            OwnedPresented::Bearer,
            failed(TokenError::DpopTokenNotBound),
        ),
        (
            when_present,
            None,
            &Value::Null,
            OwnedPresented::BearerWithProof,
            failed(TokenError::DpopSchemeMismatch),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let explained = presented((&tenant, &key), (mode, profile), cnf.clone(), how);
        assert_eq!(step(&explained, Rule::Dpop).answer, expected, "{at}");
    }
}

#[test]
fn what_a_proof_is_compared_with_is_shown() {
    let (tenant, key) = (Tenant::start(), TestKey::new("a"));
    tenant.publish(&[&key]);
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({ "typ": "jwt", "alg": "none" });
    let payload = json!({ "htm": "PUT", "htu": "https://x.example/", "iat": NOW - 61.0 });
    let proof = with_proof(&format!("{}.{}.AAAA", part(&header), part(&payload)));
    let (mode, jkt) = ((Mode::WhenPresent, None), json!({ "jkt": "x" }));
    let explained = presented((&tenant, &key), mode, jkt, proof);
    let shown = |rule| {
        let step = step(&explained, Rule::Proof(rule));
        (step.found.clone(), step.expected.clone())
    };
    assert_eq!(shown(ProofRule::Type), (json!("jwt"), json!("dpop+jwt")));
    assert_eq!(shown(ProofRule::Algorithm).0, json!("none"));
    assert_eq!(shown(ProofRule::Algorithm).1[0], json!("ES256"));
    let claims = (json!(["htm", "htu", "iat"]), json!(["jti", "htm", "htu", "iat", "ath"]));
    assert_eq!(shown(ProofRule::Claims), claims);
    assert_eq!(shown(ProofRule::Method), (json!("PUT"), json!("GET")));
    let urls = (json!("https://x.example/"), json!("https://api.example.com/a"));
    assert_eq!(shown(ProofRule::Url), urls);
    assert_eq!(shown(ProofRule::Time).0, json!(NOW - 61.0));
    assert_eq!(shown(ProofRule::Time).1["clockTolerance"], json!(60.0));
    assert_eq!(shown(ProofRule::Key), (Value::Null, Value::Null));
}
