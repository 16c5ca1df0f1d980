//! The claims of a token, and the rules on them. The input is the payload's JSON.

use std::sync::LazyLock;

use monocloud_backend_node::error::TokenError;
use monocloud_backend_node::json::Members;
use monocloud_backend_node::token::binding::Binding;
use monocloud_backend_node::token::claim_path::ClaimPath;
use monocloud_backend_node::token::claim_reading::{Audience, ClaimReading};
use monocloud_backend_node::token::claim_rules::{
    ClaimRule, ClaimValues, Demands, Expiration, Moment, Requirements,
};
use monocloud_backend_node::token::claims::Claims;
use monocloud_backend_node::token::required_claims::RequiredClaims;

use super::json;

pub const ISSUER: &str = "https://t.example";
pub const AUDIENCE: &str = "https://api.example";
pub const MOMENT: Moment = Moment { now: 1_800_000_000.0, skew: 10.0, tolerance: 300.0 };

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let claims = match (Claims::parse(text), parse(text)) {
        (Ok(claims), Ok(())) => claims,
        (Err(error), Err(expected)) => return assert_eq!(error, expected, "{text}"),
        (read, expected) => panic!("{read:?}, not {expected:?}: {text}"),
    };
    let members = json::unambiguous(text).expect("it was read");
    same_members(claims.members(), &members);
    let member = |name| json::member(&members, name);

    let wants_groups = Requirements { groups: vec!["a".to_owned()], ..Requirements::default() };
    let values = ClaimValues::read(&claims, &READING, &wants_groups, None);
    for (expiration, required) in [(Expiration::Required, true), (Expiration::Optional, false)] {
        if let Some(wanted) = registered(member, required, MOMENT) {
            let demands = Demands { expiration, ..*DEMANDS };
            assert_eq!(values.check_all(ClaimRule::TOKEN, &demands), wanted, "{text}");
        }
    }

    let scope = member("scope").and_then(json::string).unwrap_or_default();
    for required in ["a", "b", "a b", "", "admin"] {
        let held = !required.is_empty() && scope.split(' ').any(|granted| granted == required);
        let requirements =
            Requirements { scopes: vec![required.to_owned()], ..Requirements::default() };
        let demands = Demands { requirements: &requirements, ..*DEMANDS };
        let answer = values.check(ClaimRule::Scopes, &demands);
        assert_eq!(answer, held.then_some(()).ok_or(TokenError::MissingScopes), "{text}");
    }

    let (named, possible) = groups(member("groups"));
    for required in ["a", "b", "admin", ""] {
        let required = [required.to_owned()];
        let requirements = Requirements { groups: required.to_vec(), ..Requirements::default() };
        let holds = |match_all| {
            let demands = Demands { requirements: &requirements, match_all, ..*DEMANDS };
            values.check(ClaimRule::Groups, &demands).is_ok()
        };
        let held = holds(false);
        assert_eq!(held, holds(true));
        assert!(!held || possible.contains(&required[0]), "{required:?} out of {text}");
        assert!(held || !named.contains(&required[0]), "{required:?} not in {text}");
    }
    for rule in [ClaimRule::Scopes, ClaimRule::Groups] {
        assert!(values.check(rule, &Demands { match_all: true, ..*DEMANDS }).is_ok());
    }

    let check = |binding| values.check(ClaimRule::Binding, &Demands { binding, ..*DEMANDS });
    assert_eq!(check(Binding::WhenPresent), binding(member("cnf")), "{text}");
    assert!(check(Binding::Required).is_err());
    assert!(check(Binding::Ignored).is_ok());
    assert!(check(Binding::NotChecked).is_ok());
    let has_key = member("cnf").is_some_and(|cnf| {
        let text = json::string(cnf);
        let members = json::unambiguous(text.as_deref().unwrap_or(cnf));
        members.is_some_and(|members| json::member(&members, "jkt").is_some())
    });
    assert_eq!(values.confirmation().key().is_some(), has_key, "{text}");
    assert!(values.heap_bytes() <= 64 * text.len());
}

static NOTHING: LazyLock<Requirements> = LazyLock::new(Requirements::default);

static READING: LazyLock<ClaimReading> = LazyLock::new(|| ClaimReading {
    issuer: ISSUER.to_owned(),
    audience: Audience::AnyOf(vec![AUDIENCE.to_owned()]),
    client_ids: None,
    scopes_claim: ClaimPath::parse("scope").expect("a name"),
    groups_claim: ClaimPath::parse("groups").expect("a name"),
    required_claims: RequiredClaims::default(),
});

static DEMANDS: LazyLock<Demands<'_>> = LazyLock::new(|| Demands {
    moment: MOMENT,
    expiration: Expiration::Required,
    requirements: &NOTHING,
    match_all: false,
    binding: Binding::WhenPresent,
    certificate: None,
});

fn parse(text: &str) -> Result<(), TokenError> {
    match json::kind(text) {
        None => return Err(TokenError::PayloadUnreadable),
        Some(json::Kind::Object) => {}
        Some(_) => return Err(TokenError::PayloadNotObject),
    }
    let members = json::unambiguous(text).ok_or(TokenError::PayloadUnreadable)?;
    match json::member(&members, "cnf") {
        Some(cnf) if json::kind(cnf) == Some(json::Kind::Object) => {
            json::unambiguous(cnf).map(drop).ok_or(TokenError::PayloadUnreadable)
        }
        _ => Ok(()),
    }
}

fn same_members(read: &Members<'_>, members: &json::Members<'_>) {
    assert!(read.names().eq(members.iter().filter_map(|(name, _)| name.as_deref())));
    for (name, value) in members {
        let name = name.as_deref().expect("it was read");
        assert_eq!(read.raw(name), Some(*value));
        let without = read.only(|known, _| known != name);
        let left = json::unambiguous(&without).expect("one member less is an object still");
        assert!(left.iter().eq(members.iter().filter(|(known, _)| known.as_deref() != Some(name))));
    }
}

/// An independent implementation of contract §4, rule 5. `None` where a time is so near to its limit, or so
/// large, that two parsers of decimal fractions may disagree.
pub fn registered<'a>(
    member: impl Fn(&'static str) -> Option<&'a str>,
    required: bool,
    moment: Moment,
) -> Option<Result<(), TokenError>> {
    let strings = |text: &str| match json::array(text) {
        Some(elements) => elements.into_iter().filter_map(json::string).collect(),
        None => json::string(text).into_iter().collect::<Vec<_>>(),
    };
    if member("iss").and_then(json::string).as_deref() != Some(ISSUER) {
        return Some(Err(TokenError::IssuerMismatch));
    }
    if member("sub").is_some_and(|sub| json::string(sub).is_none()) {
        return Some(Err(TokenError::InvalidSubject));
    }
    if !member("aud").map(strings).unwrap_or_default().contains(&AUDIENCE.to_owned()) {
        return Some(Err(TokenError::AudienceMismatch));
    }
    let near = |time: f64, limit: f64| time != limit && (time - limit).abs() < 0.001;
    let times = ["exp", "nbf"].map(|name| {
        member(name).map(|text| match text.parse::<f64>() {
            Ok(time) if json::number(text).is_some() => Ok(time),
            _ => Err(()),
        })
    });
    let limit = |sign: f64| moment.now + moment.skew + sign * moment.tolerance;
    for (time, limit) in times.iter().zip([limit(-1.0), limit(1.0)]) {
        if time.is_some_and(|time| time.is_ok_and(|time| near(time, limit) || time.abs() > 1e300)) {
            return None;
        }
    }
    Some(match times {
        [None, _] if required => Err(TokenError::MissingExpiration),
        [Some(Err(())), _] => Err(TokenError::InvalidExpiration),
        [Some(Ok(exp)), _] if exp <= limit(-1.0) => Err(TokenError::Expired),
        [_, Some(Err(()))] => Err(TokenError::InvalidNotBefore),
        [_, Some(Ok(nbf))] if nbf > limit(1.0) => Err(TokenError::NotYetValid),
        _ => Ok(()),
    })
}

/// The groups that must match, which are plain strings, and all that may match.
pub fn groups(claim: Option<&str>) -> (Vec<String>, Vec<String>) {
    let (mut named, mut possible) = (vec![], vec![]);
    for entry in claim.and_then(json::array).unwrap_or_default() {
        if let Some(name) = json::string(entry) {
            named.push(name.clone());
            possible.push(name);
        }
        for (name, value) in json::object(entry).unwrap_or_default() {
            if matches!(name.as_deref(), Some("id" | "name")) {
                possible.extend(json::string(value));
            }
        }
    }
    (named, possible)
}

/// The expected result of the binding rule for a request without a certificate.
fn binding(cnf: Option<&str>) -> Result<(), TokenError> {
    let Some(cnf) = cnf.filter(|cnf| *cnf != "null") else { return Ok(()) };
    let text = json::string(cnf);
    let Some(members) = json::unambiguous(text.as_deref().unwrap_or(cnf)) else {
        return Err(TokenError::UnsupportedConfirmation);
    };
    let has = |name: &str| json::member(&members, name).is_some();
    if !has("jkt") && !has("x5t#S256") {
        return Ok(());
    }
    if ["jwk", "jku", "jwe"].iter().any(|other| has(other)) {
        return Err(TokenError::UnsupportedConfirmation);
    }
    let Some(thumbprint) = json::member(&members, "x5t#S256") else { return Ok(()) };
    match json::string(thumbprint) {
        Some(thumbprint) if !thumbprint.is_empty() => Err(TokenError::CertificateMissing),
        _ => Err(TokenError::UnsupportedConfirmation),
    }
}
