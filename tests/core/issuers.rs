//! A validator for the tokens of several issuers: which of them a name, a token and a document are of.

use std::sync::Arc;

use crate::support::{
    DISCOVERY, Subject, Tenant, TestClock, TestKey, block_on, config, request, sources, validate,
};
use monocloud_backend_node::error::{Error, TokenError, ValidationError};
use monocloud_backend_node::issuer::{Issuer, Want};
use monocloud_backend_node::token::claim_rules::ClaimRule;
use monocloud_backend_node::validator::explain::{Answer, Rule};
use monocloud_backend_node::validator::{Placement, Validator};
use serde_json::json;

fn several(tenants: [&Tenant; 2]) -> Arc<Validator> {
    let [first, second] = tenants.map(|tenant| {
        let config = config(tenant, &[]);
        let clock = Arc::new(TestClock::default());
        let issuer = Issuer::new(config.tenant.clone(), sources(), clock);
        (config, issuer)
    });
    Arc::new(Validator::for_issuers(first, vec![second], Placement::Inline).unwrap())
}

#[test]
fn an_issuer_is_found_by_its_name_to_the_byte() {
    let tenants = [Tenant::start(), Tenant::start()];
    let validator = several([&tenants[0], &tenants[1]]);
    assert_eq!(validator.issuers().count(), 2);
    for tenant in &tenants {
        let name = tenant.domain.as_str();
        assert_eq!(validator.issuer(name).map(|it| it.reading().issuer.as_str()), Some(name));
        let found = validator.issuer_or_only(Some(name)).map(|it| it.reading().issuer.as_str());
        assert_eq!(found, Ok(name));
        assert!(validator.issuer(&format!("{name}/")).is_none());
    }
    let refusal = |name| validator.issuer_or_only(name).map(drop);
    let error = |text: &str| Err(ValidationError::new(text.to_owned()));
    assert_eq!(refusal(None), error("\"issuer\" is required: this client has several"));
    let other = error("\"issuer\" must be one of the client's own, to the byte");
    assert_eq!(refusal(Some("https://x.example")), other);
    let only = Subject::new(&tenants[1]).validator;
    let found = only.issuer_or_only(None).map(|it| it.reading().issuer.as_str());
    assert_eq!(found, Ok(tenants[1].domain.as_str()));
}

#[test]
fn a_token_is_verified_with_the_keys_of_the_issuer_that_it_names() {
    let (tenants, keys) = ([Tenant::start(), Tenant::start()], ["a", "a"].map(TestKey::new));
    for (tenant, key) in tenants.iter().zip(&keys) {
        tenant.publish(&[key]);
    }
    let validator = several([&tenants[0], &tenants[1]]);
    let verdict = |key: &TestKey, issuer: &str| {
        block_on(validate(&validator, &request(&key.token(issuer)))).map(drop)
    };
    let refused = |error: TokenError| Err(Error::from(error));
    for _ in 0..2 {
        for (own, other) in [(0, 1), (1, 0)] {
            assert_eq!(verdict(&keys[own], &tenants[own].domain), Ok(()));
            let forged = verdict(&keys[other], &tenants[own].domain);
            assert_eq!(forged, refused(TokenError::InvalidSignature));
        }
        let stranger = verdict(&keys[0], "https://x.example");
        assert_eq!(stranger, refused(TokenError::IssuerMismatch));
    }
}

#[test]
fn a_document_is_that_of_the_issuer_that_it_names() {
    let tenants = [Tenant::start(), Tenant::start()];
    let validator = several([&tenants[0], &tenants[1]]);
    let text = json!({ "issuer": tenants[1].domain, "jwks_uri": "https://x.example/jwks" });
    assert_eq!(validator.adopt_metadata(text.to_string()), Ok(()));
    let metadata = |tenant: &Tenant| {
        let trusted = validator.issuer(&tenant.domain).unwrap();
        block_on(trusted.metadata(Want::Fresh)).unwrap()
    };
    assert_eq!(metadata(&tenants[1]), text.to_string());
    assert!(metadata(&tenants[0]).contains(&tenants[0].domain));
    let asked = |tenant: &Tenant| tenant.set(|state| state.counts.get(DISCOVERY).copied());
    assert_eq!(tenants.each_ref().map(asked), [Some(1), None]);
    let foreign = json!({ "issuer": "https://x.example", "jwks_uri": "https://x.example/jwks" });
    assert!(validator.adopt_metadata(foreign.to_string()).is_err());
}

#[test]
fn an_explanation_shows_the_issuers_that_a_stranger_s_is_not_one_of() {
    let (tenants, key) = ([Tenant::start(), Tenant::start()], TestKey::new("a"));
    tenants[1].publish(&[&key]);
    let validator = several([&tenants[0], &tenants[1]]);
    let names = json!(tenants.each_ref().map(|tenant| tenant.domain.as_str()));
    let explained = |issuer: &str| {
        let mut explained = block_on(validator.explain(request(&key.token(issuer))));
        let issuer = Rule::Claim(ClaimRule::Issuer);
        let named = explained.steps.iter().find(|step| step.rule == issuer).unwrap();
        assert_eq!(named.expected, names);
        explained.steps.retain(|step| {
            matches!(step.rule, Rule::Header | Rule::Keys | Rule::Key | Rule::Signature)
        });
        (explained.verdict, explained.steps.into_iter().map(|step| step.answer).collect::<Vec<_>>())
    };
    let (verdict, answers) = explained("https://x.example");
    assert_eq!(verdict, Err(TokenError::IssuerMismatch.into()));
    let not_asked = Answer::NotAsked;
    assert_eq!(answers, [Answer::Passed, not_asked.clone(), not_asked.clone(), not_asked]);
    let (verdict, answers) = explained(&tenants[1].domain);
    assert_eq!((verdict, answers), (Ok(()), vec![Answer::Passed; 4]));

    // The one issuer of a client without a list is named by itself.
    let only = Subject::new(&tenants[1]);
    let explained = block_on(only.validator.explain(only.request(&key)));
    let named = explained.steps.iter().find(|it| it.rule == Rule::Claim(ClaimRule::Issuer));
    assert_eq!(named.unwrap().expected, json!(tenants[1].domain));
}
