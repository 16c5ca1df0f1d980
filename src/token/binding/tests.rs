use super::*;

// openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=client
const PEM: &str = include_str!("../../../__test__/fixtures/client.pem");

fn bound_to(thumbprint: &str) -> String {
    format!(r#"{{"cnf":{{"x5t#S256":"{thumbprint}"}}}}"#)
}

fn own_thumbprint() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(der(PEM).unwrap()))
}

fn answer(json: &str, certificate: Option<&str>, binding: Binding) -> Result<(), TokenError> {
    Confirmation::read(&Claims::parse(json).unwrap()).check(certificate, binding)
}

#[test]
fn the_certificate_of_the_token_passes_however_it_is_written() {
    let json = bound_to(&own_thumbprint());
    let bare: String = PEM.lines().filter(|line| !line.starts_with('-')).collect();
    let chain = format!("text around it\n{PEM}\n{}", PEM.replace("MI", "MJ"));
    for written in [PEM.to_owned(), bare, PEM.replace('\n', "\r\n"), chain, format!(" {PEM} ")] {
        for binding in [Binding::Required, Binding::WhenPresent] {
            assert_eq!(answer(&json, Some(&written), binding), Ok(()));
        }
    }
    let as_string =
        serde_json::json!({ "cnf": format!(r#"{{"x5t#S256":"{}"}}"#, own_thumbprint()) });
    assert_eq!(answer(&as_string.to_string(), Some(PEM), Binding::Required), Ok(()));
}

#[test]
fn another_thumbprint_does_not() {
    let own = own_thumbprint();
    for other in [
        URL_SAFE_NO_PAD.encode([0; 32]),
        format!("{own}="),
        own[..42].to_owned(),
        own.replace(['-', '_'], "+") + "x",
        own.to_ascii_uppercase(),
    ] {
        assert_eq!(
            answer(&bound_to(&other), Some(PEM), Binding::WhenPresent),
            Err(TokenError::CertificateMismatch)
        );
    }
}

#[test]
fn each_failure_has_its_reason() {
    let bound = bound_to(&own_thumbprint());
    for missing in [None, Some(""), Some("  \n")] {
        assert_eq!(
            answer(&bound, missing, Binding::WhenPresent),
            Err(TokenError::CertificateMissing)
        );
        assert_eq!(answer("{}", missing, Binding::Required), Err(TokenError::CertificateMissing));
        assert_eq!(answer("{}", missing, Binding::WhenPresent), Ok(()));
        assert_eq!(answer(&bound, missing, Binding::Ignored), Ok(()));
    }
    for malformed in
        ["x", "!!!!", BEGIN, "-----BEGIN CERTIFICATE----------END CERTIFICATE-----", "AAAA"]
    {
        assert_eq!(
            answer(&bound, Some(malformed), Binding::Required),
            Err(TokenError::CertificateMalformed),
            "{malformed}"
        );
    }
    assert_eq!(answer("{}", Some(PEM), Binding::Required), Err(TokenError::NotBound));
    assert_eq!(answer(r#"{"cnf":null}"#, Some(PEM), Binding::Required), Err(TokenError::NotBound));
    for unknown in ["1", "[]", "\"x\"", "\"[]\"", r#"{"x5t#S256":""}"#, r#"{"x5t#S256":1}"#] {
        for binding in [Binding::Required, Binding::WhenPresent] {
            assert_eq!(
                answer(&format!(r#"{{"cnf":{unknown}}}"#), Some(PEM), binding),
                Err(TokenError::UnsupportedConfirmation),
                "{unknown}"
            );
        }
    }
}

#[test]
fn a_certificate_can_be_described() {
    let description = describe(PEM).unwrap();
    assert_eq!(description.subject, "CN=client");
    assert!(description.not_before < description.not_after);
    assert_eq!(describe("x"), None);
}

#[test]
fn a_key_is_read_beside_a_certificate() {
    let read = |json: &str| Confirmation::read(&Claims::parse(json).unwrap());
    let alone = read(r#"{"cnf":{"jkt":"x"}}"#);
    assert_eq!((alone.certificate(), alone.key()), (None, Some("x")));
    let both = read(r#"{"cnf":{"jkt":"x","x5t#S256":"y"}}"#);
    assert_eq!((both.certificate(), both.key()), (Some("y"), Some("x")));
    // No key has an empty thumbprint.
    for mistyped in ["null", "1", "\"\"", "{}"] {
        let mistyped = read(&format!(r#"{{"cnf":{{"jkt":{mistyped}}}}}"#));
        assert_eq!(mistyped, Confirmation::Key("".into()));
    }
    let unknown = read(r#"{"cnf":{"jkt":"x","jwk":{}}}"#);
    assert_eq!(unknown, Confirmation::Unsupported { key: true });
    assert_eq!(unknown.key(), Some(""));
}

#[test]
fn a_key_is_no_certificate() {
    let json = r#"{"cnf":{"jkt":"x"}}"#;
    assert_eq!(answer(json, Some(PEM), Binding::Required), Err(TokenError::NotBound));
    assert_eq!(answer(json, None, Binding::WhenPresent), Ok(()));
    let both = format!(r#"{{"cnf":{{"jkt":"x","x5t#S256":"{}"}}}}"#, own_thumbprint());
    assert_eq!(answer(&both, Some(PEM), Binding::Required), Ok(()));
    assert_eq!(answer(&both, None, Binding::WhenPresent), Err(TokenError::CertificateMissing));
}

#[test]
fn a_route_that_does_not_check_certificates_looks_at_none() {
    let bound = bound_to(&own_thumbprint());
    for json in [bound.as_str(), "{}", r#"{"cnf":1}"#, r#"{"cnf":{"x5t#S256":1}}"#] {
        for certificate in [None, Some("x"), Some(PEM)] {
            assert_eq!(answer(json, certificate, Binding::NotChecked), Ok(()), "{json}");
        }
    }
}

#[test]
fn a_resumed_session_without_a_certificate_has_its_own_reason() {
    let bound = bound_to(&own_thumbprint());
    for (json, binding) in [
        (bound.as_str(), Binding::WhenPresent),
        (&bound, Binding::Required),
        ("{}", Binding::Required),
    ] {
        let resumed = answer(json, Some(RESUMED), binding);
        assert_eq!(resumed, Err(TokenError::CertificateMissingResumedSession), "{json}");
    }
}

#[test]
fn a_confirmation_of_another_kind_is_refused_where_a_certificate_is_required() {
    let other = r#"{"cnf":{"kid":"x"}}"#;
    let refusal = Err(TokenError::UnsupportedConfirmation);
    assert_eq!(answer(other, Some(PEM), Binding::Required), refusal);
    assert_eq!(answer(other, Some(PEM), Binding::WhenPresent), Ok(()));
    assert_eq!(answer(other, None, Binding::WhenPresent), Ok(()));
    // Beside a proof that is checked, each of these is a proof more.
    for more in ["jwk", "jku", "jwe"] {
        for own in ["x5t#S256", "jkt"] {
            let own_value = own_thumbprint();
            let json = format!(r#"{{"cnf":{{"{own}":"{own_value}","{more}":{{}}}}}}"#);
            for binding in [Binding::Required, Binding::WhenPresent] {
                assert_eq!(answer(&json, Some(PEM), binding), refusal, "{json}");
            }
        }
    }
}

#[test]
fn a_certificate_is_asked_for_by_the_mode_or_by_the_token() {
    let certificate = bound_to("x");
    for (json, when_present) in [
        ("{}", false),
        (r#"{"cnf":{"kid":"x"}}"#, false),
        (r#"{"cnf":{"jkt":"x"}}"#, false),
        (certificate.as_str(), true),
        (r#"{"cnf":{"jkt":"x","x5t#S256":"y"}}"#, true),
        (r#"{"cnf":1}"#, true),
    ] {
        let confirmation = Confirmation::read(&Claims::parse(json).unwrap());
        for (binding, expected) in [
            (Binding::Required, true),
            (Binding::WhenPresent, when_present),
            (Binding::NotChecked, false),
            (Binding::Ignored, false),
        ] {
            assert_eq!(confirmation.is_asked(binding), expected, "{json} {binding:?}");
        }
    }
}

#[test]
fn a_certificate_has_64_kib_at_the_most() {
    let padded = |length: usize| der(&format!("{PEM}{}", "\n".repeat(length - PEM.len())));
    assert!(padded(LONGEST_CERTIFICATE).is_ok());
    assert_eq!(padded(LONGEST_CERTIFICATE + 1), Err(TokenError::CertificateMalformed));
    assert_eq!(padded(LONGEST_CERTIFICATE + 2), Err(TokenError::CertificateMalformed));
}

#[test]
fn the_thumbprint_is_that_of_the_first_certificate() {
    assert_eq!(thumbprint(&format!(" {PEM}")), Some(own_thumbprint()));
    assert_eq!(thumbprint("x"), None);
}

/// The cache of signatures is bounded by this.
#[test]
fn the_memory_of_a_confirmation_is_that_of_its_texts() {
    let bytes = |json: &str| Confirmation::read(&Claims::parse(json).unwrap()).heap_bytes();
    let pair = size_of::<(Box<str>, Box<str>)>();
    assert_eq!(bytes("{}"), 0);
    assert_eq!(bytes(&bound_to("abc")), 3);
    assert_eq!(bytes(r#"{"cnf":{"jkt":"abcd"}}"#), 4);
    assert_eq!(bytes(r#"{"cnf":{"jkt":"abcd","x5t#S256":"abc"}}"#), pair + 7);
}

#[test]
fn a_mode_has_the_word_of_its_option() {
    let modes = [Binding::Required, Binding::WhenPresent, Binding::NotChecked, Binding::Ignored];
    let words = ["required", "when_present", "not_checked", "dangerously_ignore"];
    assert_eq!(modes.map(Binding::as_str), words);
}
