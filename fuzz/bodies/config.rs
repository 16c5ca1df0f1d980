//! Options and environment variables, one a line: `t name text`, `n name number`, `b name 1` (a boolean),
//! `j name json`, `e VARIABLE text`. Other letters select a kind that has no value.

use std::collections::HashMap;

use monocloud_backend_node::config::{Config, Flavour, Given, Sources, options};
use url::Url;

use super::input::Input;

pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let names: Vec<_> = options::table().map(|option| option.name).collect();
    let variables: Vec<_> = options::environment_names().collect();
    let flavour = input.one_of(&[Flavour::BackendNode, Flavour::OidcBackend]);
    let text = |text: &str| Given::Text(text.into());
    let mut sources = Sources {
        options: HashMap::from([
            ("tenantDomain".to_owned(), text("https://t.example")),
            ("audience".to_owned(), text("https://api.example")),
        ]),
        issuers: None,
        environment: HashMap::new(),
    };
    while !input.is_over() {
        let Ok(line) = std::str::from_utf8(input.line()) else { return };
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (name, value) = rest.split_once(' ').unwrap_or((rest, ""));
        // A number stands for a name of the list, which a fuzzer finds sooner than the name.
        let number = name.parse::<usize>();
        if kind == "e" {
            let name = number.map_or(name, |at| variables[at % variables.len()]);
            sources.environment.insert(name.to_owned(), value.into());
            continue;
        }
        let given = match kind {
            "t" => text(value),
            "n" => Given::Number(value.parse().unwrap_or(f64::NAN)),
            "b" => Given::Bool(value == "1"),
            "j" => Given::Json(value.into()),
            "f" => Given::Function,
            "o" => Given::Object,
            "a" => Given::Absent,
            _ => Given::Other,
        };
        let name = number.map_or(name, |at| names[at % names.len()]);
        sources.options.insert(name.to_owned(), given);
    }
    match Config::read(flavour, &sources) {
        Ok(config) => check(&config, &sources),
        Err(error) => {
            let known = names.iter().any(|name| error.0.contains(&format!("\"{name}\"")));
            assert!(known, "{} names no option", error.0);
        }
    }
}

fn check(config: &Config, sources: &Sources) {
    let tenant = config.tenant.as_str();
    let url = Url::parse(tenant).expect("a tenant is a URL");
    let here = matches!(url.host_str(), Some(host) if host.ends_with("localhost")
        || host.starts_with("127.") || host == "[::1]");
    assert!(url.scheme() == "https" || url.scheme() == "http" && here, "{tenant}");
    assert!(url.username().is_empty() && url.password().is_none() && !tenant.contains('#'));
    assert!(!tenant.contains(char::is_whitespace) && url.query().is_none());
    assert!(!config.reading.issuer.is_empty());

    for (number, least) in [
        (config.clock_skew, 0.0),
        (config.clock_tolerance, 0.0),
        (config.cache_timeout, 0.0),
        (config.introspection_cache_duration.unwrap_or(0.0), 0.0),
    ] {
        assert!(number.is_finite() && number >= least, "{number}");
    }
    assert!((1..=1_048_576).contains(&config.max_token_bytes));
    assert!(config.jwks_stale_duration.as_secs() <= 86_400);
    assert_eq!(config.tls.cert.is_some(), config.tls.key.is_some());
    let given = |name: &str| sources.options.get(name);
    assert_eq!(config.has_fetcher, matches!(given("fetcher"), Some(Given::Function)));

    // Debug shows no secret: it is the same for another one.
    if matches!(given("clientSecret"), Some(Given::Text(secret)) if !secret.is_empty()) {
        let mut options = sources.options.clone();
        options.insert("clientSecret".to_owned(), Given::Text("another".into()));
        let other = Sources { options, issuers: None, environment: sources.environment.clone() };
        let other = Config::read(config.flavour, &other).expect("any secret is valid");
        assert_eq!(format!("{config:?}"), format!("{other:?}"));
    }
    drop(monocloud_backend_node::issuer::client_auth::ClientAuth::new(config));
}
