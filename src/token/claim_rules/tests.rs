use super::*;
use crate::token::claim_reading::Audience;

const MOMENT: Moment = Moment { now: 1_000_000.0, skew: 10.0, tolerance: 300.0 };

fn reading() -> ClaimReading {
    ClaimReading {
        issuer: "https://t.example".to_owned(),
        audience: Audience::AnyOf(vec!["https://api.example".to_owned()]),
        client_ids: None,
        scopes_claim: ClaimPath::parse("scope").unwrap(),
        groups_claim: ClaimPath::parse("groups").unwrap(),
        required_claims: RequiredClaims::default(),
    }
}

fn answer(
    json: &str,
    reading: &ClaimReading,
    requirements: &Requirements,
    rules: &[ClaimRule],
) -> Result<(), TokenError> {
    let values = ClaimValues::read(&Claims::parse(json)?, reading, requirements, None);
    assert!(values.suffice_for(requirements));
    let demands = Demands {
        moment: MOMENT,
        expiration: Expiration::Required,
        requirements,
        match_all: false,
        binding: Binding::WhenPresent,
        certificate: None,
    };
    values.check_all(rules, &demands)
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

fn registered(json: &str, expiration: Expiration) -> Result<(), TokenError> {
    let requirements = Requirements::default();
    let values = ClaimValues::read(&Claims::parse(json)?, &reading(), &requirements, None);
    let demands = Demands {
        moment: MOMENT,
        expiration,
        requirements: &requirements,
        match_all: false,
        binding: Binding::WhenPresent,
        certificate: None,
    };
    values.check_all(ClaimRule::TOKEN, &demands)
}

fn with(changes: &str) -> Result<(), TokenError> {
    registered(
        &format!(r#"{{"iss":"https://t.example","aud":"https://api.example"{changes}}}"#),
        Expiration::Required,
    )
}

#[test]
fn times_count_to_the_second() {
    // exp > now + skew − tolerance
    assert_eq!(with(r#","exp":999711"#), Ok(()));
    assert_eq!(with(r#","exp":999710"#), Err(TokenError::Expired));
    assert_eq!(with(r#","exp":999709"#), Err(TokenError::Expired));
    // nbf ≤ now + skew + tolerance
    assert_eq!(with(r#","exp":2000000,"nbf":1000310"#), Ok(()));
    assert_eq!(with(r#","exp":2000000,"nbf":1000311"#), Err(TokenError::NotYetValid));
}

#[test]
fn times_are_numbers() {
    assert_eq!(with(""), Err(TokenError::MissingExpiration));
    for exp in ["null", "\"2000000\"", "[2000000]", "{}", "true", "1e999", "-1e999"] {
        assert_eq!(with(&format!(r#","exp":{exp}"#)), Err(TokenError::InvalidExpiration), "{exp}");
    }
    for exp in ["0", "-0", "-1", "-9007199254740993", "1e3", "999710.5e0"] {
        let expected = if exp == "999710.5e0" { Ok(()) } else { Err(TokenError::Expired) };
        assert_eq!(with(&format!(r#","exp":{exp}"#)), expected, "{exp}");
    }
    assert_eq!(with(r#","exp":9007199254740993"#), Ok(()));
    for nbf in ["null", "\"0\"", "[]"] {
        assert_eq!(
            with(&format!(r#","exp":2000000,"nbf":{nbf}"#)),
            Err(TokenError::InvalidNotBefore),
            "{nbf}"
        );
    }
    assert_eq!(
        registered(
            r#"{"iss":"https://t.example","aud":"https://api.example"}"#,
            Expiration::Optional
        ),
        Ok(())
    );
}

#[test]
fn issuer_and_audience_match_to_the_byte() {
    let check = |iss: &str, aud: &str| {
        registered(&format!(r#"{{"iss":{iss},"aud":{aud},"exp":2000000}}"#), Expiration::Required)
    };
    let (iss, aud) = (r#""https://t.example""#, r#""https://api.example""#);
    assert_eq!(check(iss, aud), Ok(()));
    assert_eq!(check(iss, r#"["x", 1, null, "https://api.example"]"#), Ok(()));
    assert_eq!(check(iss, "\"https:\\/\\/api.example\""), Ok(()));
    for other in [
        r#""https://t.example/""#,
        r#"["https://t.example"]"#,
        "null",
        "{}",
        r#""HTTPS://t.example""#,
    ] {
        assert_eq!(check(other, aud), Err(TokenError::IssuerMismatch), "{other}");
    }
    for other in [
        r#""https://api.example/""#,
        r#""http://api.example""#,
        r#"[["https://api.example"]]"#,
        "[]",
        "null",
        r#"{"0":"https://api.example"}"#,
        r#""https://api.example https://x""#,
    ] {
        assert_eq!(check(iss, other), Err(TokenError::AudienceMismatch), "{other}");
    }
}

#[test]
fn a_member_counts_once() {
    let twice = Some(TokenError::PayloadUnreadable);
    assert_eq!(Claims::parse(r#"{"iss":"a","iss":"a"}"#).err(), twice);
    assert_eq!(Claims::parse(r#"{"cnf":{"x5t#S256":"a","x5t#S256":"b"}}"#).err(), twice);
    // A duplicate deeper in the claims is not refused: JavaScript takes the last one.
    assert_eq!(Claims::parse(r#"{"x":{"a":1,"a":2}}"#).err(), None);
}

#[test]
fn a_subject_is_a_string() {
    assert_eq!(with(r#","exp":2000000,"sub":"u""#), Ok(()));
    for sub in ["1", "null", "[]", "{}"] {
        assert_eq!(
            with(&format!(r#","exp":2000000,"sub":{sub}"#)),
            Err(TokenError::InvalidSubject)
        );
    }
}

fn scopes(json: &str, required: &[&str]) -> Result<(), TokenError> {
    let requirements = Requirements { scopes: words(required), ..Requirements::default() };
    answer(json, &reading(), &requirements, &[ClaimRule::Scopes])
}

#[test]
fn every_required_scope_is_there() {
    let json = r#"{"scope":"a  b:c"}"#;
    assert_eq!(scopes(json, &[]), Ok(()));
    assert_eq!(scopes(json, &["a"]), Ok(()));
    assert_eq!(scopes(json, &["b:c", "a"]), Ok(()));
    for missing in [["a", "d"], ["A", "a"], ["b", "a"], ["", "a"], ["a  b:c", "a"]] {
        assert_eq!(scopes(json, &missing), Err(TokenError::MissingScopes), "{missing:?}");
    }
    assert_eq!(scopes(r#"{"scope":["a"]}"#, &["a"]), Err(TokenError::MissingScopes));
    assert_eq!(scopes("{}", &["a"]), Err(TokenError::MissingScopes));
    assert_eq!(scopes("{}", &[]), Ok(()));
}

fn groups(json: &str, required: &[&str], match_all: bool) -> Result<(), TokenError> {
    let requirements = Requirements { groups: words(required), ..Requirements::default() };
    let claims = Claims::parse(json)?;
    let values = ClaimValues::read(&claims, &reading(), &requirements, None);
    values.check_groups(&requirements.groups, match_all)
}

#[test]
fn groups_are_names_or_objects() {
    let json = r#"{"groups":["a",{"id":"1","name":"b"},{"id":"2"},{"name":"c"},3,null]}"#;
    for held in ["a", "1", "b", "2", "c"] {
        assert_eq!(groups(json, &[held], false), Ok(()), "{held}");
    }
    assert_eq!(groups(json, &["x"], false), Err(TokenError::MissingGroups));
    assert_eq!(groups(json, &["x", "a"], false), Ok(()));
    assert_eq!(groups(json, &["x", "a"], true), Err(TokenError::MissingGroups));
    assert_eq!(groups(json, &["b", "a"], true), Ok(()));
    assert_eq!(groups(json, &[], true), Ok(()));
    assert_eq!(groups("{}", &["a"], false), Err(TokenError::MissingGroups));
    for other in [r#""a""#, "null", r#"{"a":true}"#, "7"] {
        assert_eq!(
            groups(&format!(r#"{{"groups":{other}}}"#), &["a"], false),
            Err(TokenError::MissingGroups),
            "{other}"
        );
    }
    for inherited in ["toString", "__proto__", "constructor", "length", "0"] {
        assert_eq!(groups(json, &[inherited], false), Err(TokenError::MissingGroups));
    }
}

#[test]
fn another_scopes_claim_may_be_an_array() {
    let scp = ClaimReading { scopes_claim: ClaimPath::parse("scp").unwrap(), ..reading() };
    let requirements = Requirements { scopes: words(&["a"]), ..Requirements::default() };
    let check = |json| answer(json, &scp, &requirements, &[ClaimRule::Scopes]);
    assert_eq!(check(r#"{"scp":["b","a"]}"#), Ok(()));
    assert_eq!(check(r#"{"scp":"b a"}"#), Ok(()));
    for missing in [r#"{"scp":["a b"]}"#, r#"{"scp":["b",1,"a"]}"#, r#"{"scope":"a"}"#, "{}"] {
        assert_eq!(check(missing), Err(TokenError::MissingScopes), "{missing}");
    }
}

#[test]
fn one_of_any_scope_is_enough() {
    let requirements = Requirements {
        scopes: words(&["a"]),
        any_scope: words(&["x", "y"]),
        ..Requirements::default()
    };
    let check = |json| answer(json, &reading(), &requirements, &[ClaimRule::Scopes]);
    assert_eq!(check(r#"{"scope":"y a"}"#), Ok(()));
    for missing in [r#"{"scope":"a"}"#, r#"{"scope":"x y"}"#, r#"{"scope":"a xy"}"#, "{}"] {
        assert_eq!(check(missing), Err(TokenError::MissingScopes), "{missing}");
    }
}

#[test]
fn audiences_and_clients_are_those_that_are_configured() {
    let either = ClaimReading {
        audience: Audience::AnyOf(words(&["a", "b"])),
        client_ids: Some(words(&["c", "d"])),
        ..reading()
    };
    let nothing = Requirements::default();
    let rules = &[ClaimRule::Audience, ClaimRule::ClientId];
    let check = |json| answer(json, &either, &nothing, rules);
    assert_eq!(check(r#"{"aud":"b","client_id":"c"}"#), Ok(()));
    assert_eq!(check(r#"{"aud":["x","a"],"azp":"d"}"#), Ok(()));
    let client = Err(TokenError::ClientMismatch);
    for json in [
        r#"{"aud":"a"}"#,
        r#"{"aud":"a","client_id":"x","azp":"c"}"#,
        r#"{"aud":"a","client_id":null,"azp":"c"}"#,
        r#"{"aud":"a","azp":["c"]}"#,
    ] {
        assert_eq!(check(json), client, "{json}");
    }
    assert_eq!(check(r#"{"aud":"x","azp":"c"}"#), Err(TokenError::AudienceMismatch));
    let none = ClaimReading { audience: Audience::Absent, ..either };
    let check = |json: &str| answer(json, &none, &nothing, rules);
    assert_eq!(check(r#"{"client_id":"c"}"#), Ok(()));
    for aud in [r#""c""#, "null", "[]"] {
        let json = format!(r#"{{"client_id":"c","aud":{aud}}}"#);
        assert_eq!(check(&json), Err(TokenError::AudienceMismatch), "{aud}");
    }
}

#[test]
fn a_login_is_recent_to_the_second_and_of_the_right_class() {
    let requirements = Requirements {
        acr: words(&["gold", "silver"]),
        max_age: Some(60.0),
        ..Requirements::default()
    };
    let check = |acr: &str, auth_time: &str| {
        let json = format!(r#"{{"acr":{acr},"auth_time":{auth_time}}}"#);
        answer(&json, &reading(), &requirements, &[ClaimRule::Authentication])
    };
    // now + skew is 1000010.
    assert_eq!(check(r#""silver""#, "999950"), Ok(()));
    assert_eq!(check(r#""gold""#, "999949"), Err(TokenError::LoginTooOld));
    assert_eq!(check(r#""gold""#, "1000310"), Ok(()));
    for bad in ["1000311", "null", r#""999950""#, "true", "1e999"] {
        assert_eq!(check(r#""gold""#, bad), Err(TokenError::MissingAuthTime), "{bad}");
    }
    for bad in ["null", "1", r#""GOLD""#, r#"["gold"]"#, r#""gold silver""#] {
        assert_eq!(check(bad, "999950"), Err(TokenError::AcrNotMet), "{bad}");
    }
    let absent = answer("{}", &reading(), &requirements, &[ClaimRule::Authentication]);
    assert_eq!(absent, Err(TokenError::AcrNotMet));
}

#[test]
fn claims_that_other_routes_require_stay_read() {
    let claims = Claims::parse(r#"{"a":1,"b":"x","groups":["g"]}"#).unwrap();
    let requiring = |json| Requirements {
        claims: RequiredClaims::parse(json).unwrap(),
        ..Requirements::default()
    };
    let (first, second) = (requiring(r#"{"a":1}"#), requiring(r#"{"b":["x","y"]}"#));
    let groups = Requirements { groups: words(&["g"]), ..Requirements::default() };
    let values = ClaimValues::read(&claims, &reading(), &first, None);
    assert!(values.suffice_for(&first) && !values.suffice_for(&second));
    let values = ClaimValues::read(&claims, &reading(), &groups, Some(&values));
    let values = ClaimValues::read(&claims, &reading(), &second, Some(&values));
    for requirements in [&first, &second, &groups] {
        assert!(values.suffice_for(requirements));
    }
    assert_eq!(values.check_claims(&second.claims), Ok(()));
    let other = requiring(r#"{"a":2}"#);
    assert_eq!(values.check_claims(&other.claims), Err(TokenError::ClaimsMismatch));
}

/// The cache of signatures is bounded by this.
#[test]
fn the_memory_of_the_values_is_that_of_their_texts() {
    let mut reading = reading();
    let claims = RequiredClaims::parse(r#"{"long":["x"],"number":[1]}"#).unwrap();
    let requirements = Requirements { groups: words(&["g"]), claims, ..Requirements::default() };
    let bytes = |json: &str, reading: &ClaimReading, requirements: &Requirements| {
        ClaimValues::read(&Claims::parse(json).unwrap(), reading, requirements, None).heap_bytes()
    };
    let none = Requirements::default();
    assert_eq!(bytes("{}", &reading, &none), 0);
    assert_eq!(bytes(r#"{"acr":"abc"}"#, &reading, &none), 3);
    assert_eq!(bytes(r#"{"scope":"a b"}"#, &reading, &none), 3);
    assert_eq!(bytes(r#"{"cnf":{"jkt":"abcd"}}"#, &reading, &none), 4);
    // Both are read for a route that requires them.
    let paths = 2 * (size_of::<(ClaimPath, Option<Value>)>()) + 2 * ("long".len() + "number".len());
    let text = size_of::<Box<str>>();
    assert_eq!(bytes("{}", &reading, &requirements), paths);
    assert_eq!(bytes(r#"{"long":"abcde","number":1}"#, &reading, &requirements), paths + 5);
    let groups = r#"{"groups":["ab","cde"]}"#;
    assert_eq!(bytes(groups, &reading, &requirements), paths + 2 * text + 5);
    let all = r#"{"acr":"abc","scope":"a b","cnf":{"jkt":"abcd"},"long":"abcde","groups":["a"]}"#;
    assert_eq!(bytes(all, &reading, &requirements), 3 + 3 + 4 + paths + 5 + text + 1);
    reading.scopes_claim = ClaimPath::parse("permissions").unwrap();
    assert_eq!(bytes(r#"{"permissions":["ab","c"]}"#, &reading, &none), 2 * text + 3);
}

#[test]
fn a_rule_is_asked_where_something_asks_for_it() {
    let claims = || RequiredClaims::parse(r#"{"a":["x"]}"#).unwrap();
    let none = Requirements::default;
    let all = || words(&["x"]);
    let asked = |reading: &ClaimReading, requirements: &Requirements| {
        let parsed = Claims::parse("{}").unwrap();
        let values = ClaimValues::read(&parsed, reading, requirements, None);
        let demands = Demands {
            moment: MOMENT,
            expiration: Expiration::Required,
            requirements,
            match_all: false,
            binding: requirements.binding.unwrap_or(Binding::WhenPresent),
            certificate: None,
        };
        let rules = ClaimRule::TOKEN.iter().chain(ClaimRule::ROUTE).copied();
        rules.filter(|rule| values.is_asked(*rule, reading, &demands)).collect::<Vec<_>>()
    };
    let always = &ClaimRule::TOKEN[..5];
    assert_eq!(asked(&reading(), &none()), always);
    for (requirements, rule) in [
        (Requirements { scopes: all(), ..none() }, ClaimRule::Scopes),
        (Requirements { any_scope: all(), ..none() }, ClaimRule::Scopes),
        (Requirements { groups: all(), ..none() }, ClaimRule::Groups),
        (Requirements { claims: claims(), ..none() }, ClaimRule::Claims),
        (Requirements { acr: all(), ..none() }, ClaimRule::Authentication),
        (Requirements { max_age: Some(1.0), ..none() }, ClaimRule::Authentication),
        (Requirements { binding: Some(Binding::Required), ..none() }, ClaimRule::Binding),
    ] {
        assert_eq!(asked(&reading(), &requirements), [always, &[rule]].concat());
    }
    for (reading, rule) in [
        (ClaimReading { client_ids: Some(all()), ..reading() }, ClaimRule::ClientId),
        (ClaimReading { required_claims: claims(), ..reading() }, ClaimRule::RequiredClaims),
    ] {
        assert_eq!(asked(&reading, &none()), [always, &[rule]].concat());
    }
}

#[test]
fn an_entry_keeps_the_claims_of_64_paths() {
    let parsed = Claims::parse("{}").unwrap();
    let requires = |names: std::ops::Range<usize>| {
        let members = names.map(|name| format!(r#""c{name}":["x"]"#)).collect::<Vec<_>>();
        let claims = RequiredClaims::parse(&format!("{{{}}}", members.join(","))).unwrap();
        Requirements { claims, ..Requirements::default() }
    };
    let read = |requirements: &Requirements, known: Option<&ClaimValues>| {
        ClaimValues::read(&parsed, &reading(), requirements, known)
    };
    let next = requires(64..65);
    for (before, kept) in [(requires(0..63), true), (requires(0..64), false)] {
        let known = read(&before, None);
        let values = read(&next, Some(&known));
        assert!(values.suffice_for(&next));
        assert_eq!(values.suffice_for(&before), kept);
    }
}
