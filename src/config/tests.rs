use super::*;
use crate::secret::Secret;

#[test]
fn each_word_has_its_method() {
    let options::Rule::Word { words, default } = options::CLIENT_AUTH_METHOD.rule else { panic!() };
    for word in words {
        assert_eq!(ClientAuthMethod::parse(word).map(ClientAuthMethod::as_str), Some(*word));
    }
    assert_eq!(Some(node(&[], &[]).unwrap().client_auth_method.as_str()), default);
}

fn read(
    flavour: Flavour,
    options: &[(&str, Given)],
    environment: &[(&str, &str)],
) -> Result<Config> {
    let required = [("tenantDomain", "https://t.example"), ("audience", "https://api.example")]
        .map(|(name, value)| (name.to_owned(), Given::Text(value.into())));
    let given = options.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    let owned =
        |(name, value): &(&str, &str)| (format!("MONOCLOUD_BACKEND_{name}"), Secret::from(*value));
    let options = required.into_iter().chain(given).collect();
    let environment = environment.iter().map(owned).collect();
    Config::read(flavour, &Sources { options, issuers: None, environment })
}

fn node(options: &[(&str, Given)], environment: &[(&str, &str)]) -> Result<Config> {
    read(Flavour::BackendNode, options, environment)
}

fn text(text: &str) -> Given {
    Given::Text(text.into())
}

#[test]
fn numbers_and_booleans_may_be_strings() {
    let config = node(
        &[
            ("clockTolerance", text(" 30 ")),
            ("introspectJwtTokens", text("1")),
            ("groupOptions.matchAll", text("TRUE")),
            ("responseTimeout", text("2e3")),
        ],
        &[],
    )
    .unwrap();
    assert_eq!((config.clock_tolerance, config.response_timeout.as_secs()), (30.0, 2));
    assert!(config.introspect_jwt_tokens && config.groups_match_all);
    for (name, value) in [
        ("clockTolerance", "5s"),
        ("clockTolerance", ""),
        ("clockTolerance", "Infinity"),
        ("introspectJwtTokens", "yes"),
        ("introspectJwtTokens", ""),
    ] {
        let error = node(&[(name, text(value))], &[]).unwrap_err().0;
        assert!(error.starts_with(&format!("\"{name}\" must be a ")), "{error}");
        assert!(error.contains(&format!("{value:?}")), "{error}");
    }
}

#[test]
fn a_variable_of_white_space_is_unset() {
    for blank in ["", " ", "\t\r\n", "\u{a0}"] {
        let config = node(
            &[],
            &[
                ("CLIENT_ID", blank),
                ("CLIENT_SECRET", blank),
                ("CLIENT_AUTH_METHOD", blank),
                ("CLOCK_SKEW", blank),
                ("INTROSPECT_JWT_TOKENS", blank),
            ],
        )
        .unwrap();
        assert_eq!((config.client_id, config.client_secret), (None, None));
    }
}

#[test]
fn the_number_of_introspections_is_a_positive_integer() {
    let of = |given: &[(&str, Given)], environment: &[(&str, &str)]| {
        node(given, environment).map(|config| config.max_concurrent_introspections)
    };
    const NAME: &str = "maxConcurrentIntrospections";
    const VARIABLE: &str = "MAX_CONCURRENT_INTROSPECTIONS";
    assert_eq!(of(&[], &[]), Ok(64));
    assert_eq!(of(&[(NAME, Given::Number(1.0))], &[(VARIABLE, "7")]), Ok(1));
    assert_eq!(of(&[], &[(VARIABLE, "7")]), Ok(7));
    assert_eq!(of(&[(NAME, Given::Number(1e300))], &[]), Ok(usize::MAX));
    for bad in [0.0, -1.0, 0.5, 1.5, f64::NAN, f64::INFINITY] {
        let error = of(&[(NAME, Given::Number(bad))], &[]).unwrap_err().0;
        assert!(error.starts_with("\"maxConcurrentIntrospections\" must be "), "{error}");
    }
}

#[test]
fn the_class_without_environment_neither_reads_nor_advises_variables() {
    let oidc = |options: &[(&str, Given)], environment: &[(&str, &str)]| {
        read(Flavour::OidcBackend, options, environment)
    };
    assert_eq!(oidc(&[], &[("CLOCK_TOLERANCE", "5")]).unwrap().clock_tolerance, 300.0);
    for option in options::table() {
        if let Err(error) = oidc(&[(option.name, Given::Other)], &[]) {
            assert!(!error.0.contains("MONOCLOUD_BACKEND"), "{error:?}");
        }
    }
    let advised = node(&[("clockSkew", Given::Other)], &[]).unwrap_err().0;
    assert!(advised.contains("MONOCLOUD_BACKEND_CLOCK_SKEW"), "{advised}");
}
