//! The table of options: name, environment variable, rule and default of each. The lists of names, the
//! reader and the documentation follow from it.

use crate::error::ValidationError;

/// The class that is configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// `MonoCloudBackendNodeClient`.
    BackendNode,
    /// `MonoCloudOidcBackendClient`: reads no environment variables; a bare host gets `https://`; the
    /// default of `clientAuthMethod` is `client_secret_basic`.
    OidcBackend,
}

/// One option.
#[derive(Debug, Clone, Copy)]
pub struct OptionSpec {
    /// Its name; the path of a nested one: `groupOptions.matchAll`.
    pub name: &'static str,
    /// The environment variable that is read where the option is absent.
    pub variable: Option<&'static str>,
    /// Which values are allowed, and the default.
    pub rule: Rule,
}

/// Which values an option may have, and its default.
#[derive(Debug, Clone, Copy)]
pub enum Rule {
    /// A string that is not empty.
    Text {
        /// Used where the option is absent.
        default: Option<&'static str>,
    },
    /// One of these strings.
    Word {
        /// All of them.
        words: &'static [&'static str],
        /// Used where the option is absent.
        default: Option<&'static str>,
    },
    /// One of these strings, or an object whose members are options of their own.
    WordOrObject {
        /// All of them.
        words: &'static [&'static str],
    },
    /// A string, or a JWK as an object or as JSON.
    Secret,
    /// A string or a list of strings; from the environment, one string.
    Audience,
    /// A list of strings; from the environment, strings with spaces between them.
    Words,
    /// An object of strings, numbers, booleans, or lists of them.
    Claims,
    /// A list of objects whose members are options of their own.
    List,
    /// A boolean.
    Flag {
        /// Used where the option is absent.
        default: bool,
    },
    /// A finite number.
    Number(NumberRule),
    /// An object whose members are options of their own.
    Object,
    /// A function.
    Function,
}

/// Which numbers are allowed.
#[derive(Debug, Clone, Copy)]
pub struct NumberRule {
    /// What is counted, for the documentation.
    pub unit: &'static str,
    /// The smallest.
    pub least: f64,
    /// The largest.
    pub most: f64,
    /// Whether it must be an integer.
    pub whole: bool,
    /// Used where the option is absent. `NaN` where there is none.
    pub default: f64,
}

const fn number(unit: &'static str, least: f64, default: f64) -> NumberRule {
    NumberRule { unit, least, most: f64::MAX, whole: false, default }
}

const DPOP_MODES: &[&str] = &["when_present", "required", "dangerously_ignore"];

const TEXT: Rule = Rule::Text { default: None };

macro_rules! options {
    ($( $constant:ident = $name:literal, $($variable:literal)?, $rule:expr; )+) => {
        $(
            #[doc = concat!("`", $name, "`.")]
            pub const $constant: OptionSpec = OptionSpec {
                name: $name,
                variable: options!(@variable $($variable)?),
                rule: $rule,
            };
        )+

        /// Every option, in the order in which the documentation lists them.
        const TABLE: &[OptionSpec] = &[ $( $constant, )+ ];
    };
    (@variable $variable:literal) => { Some(concat!("MONOCLOUD_BACKEND_", $variable)) };
    (@variable) => { None };
}

options! {
    TENANT_DOMAIN = "tenantDomain", "TENANT_DOMAIN", TEXT;
    ISSUER = "issuer", "ISSUER", TEXT;
    AUDIENCE = "audience", "AUDIENCE", Rule::Audience;
    CLIENT_IDS = "clientIds", "CLIENT_IDS", Rule::Words;
    CLIENT_ID = "clientId", "CLIENT_ID", TEXT;
    CLIENT_SECRET = "clientSecret", "CLIENT_SECRET", Rule::Secret;
    CLIENT_AUTH_METHOD = "clientAuthMethod", "CLIENT_AUTH_METHOD", Rule::Word {
        words: &[
            "client_secret_basic",
            "client_secret_post",
            "client_secret_jwt",
            "private_key_jwt",
            "tls_client_auth",
            "self_signed_tls_client_auth",
            "spiffe_jwt",
            "spiffe_x509",
        ],
        default: Some("client_secret_post"),
    };
    GROUP_OPTIONS = "groupOptions", , Rule::Object;
    GROUPS_CLAIM = "groupOptions.groupsClaim", "GROUPS_CLAIM", Rule::Text { default: Some("groups") };
    GROUPS_MATCH_ALL = "groupOptions.matchAll", "GROUPS_MATCH_ALL", Rule::Flag { default: false };
    SCOPES_CLAIM = "scopesClaim", "SCOPES_CLAIM", Rule::Text { default: Some("scope") };
    REQUIRED_CLAIMS = "requiredClaims", , Rule::Claims;
    ISSUERS = "issuers", , Rule::List;
    CLOCK_SKEW = "clockSkew", "CLOCK_SKEW", Rule::Number(number("seconds", 0.0, 0.0));
    CLOCK_TOLERANCE = "clockTolerance", "CLOCK_TOLERANCE", Rule::Number(number("seconds", 0.0, 300.0));
    JWKS_CACHE_DURATION = "jwksCacheDuration", "JWKS_CACHE_DURATION",
        Rule::Number(number("seconds", 0.0, 300.0));
    METADATA_CACHE_DURATION = "metadataCacheDuration", "METADATA_CACHE_DURATION",
        Rule::Number(number("seconds", 0.0, 300.0));
    JWKS_STALE_DURATION = "jwksStaleDuration", "JWKS_STALE_DURATION",
        Rule::Number(NumberRule { most: 86_400.0, ..number("seconds", 0.0, 3600.0) });
    INTROSPECT_JWT_TOKENS = "introspectJwtTokens", "INTROSPECT_JWT_TOKENS",
        Rule::Flag { default: false };
    TRUST_STORE_ID = "trustStoreId", "TRUST_STORE_ID", TEXT;
    CERTIFICATE_BINDING = "validateCertificateBinding", "VALIDATE_CERTIFICATE_BINDING", Rule::Word {
        words: &["when_present", "required", "dangerously_ignore"],
        default: Some("when_present"),
    };
    DPOP = "dpop", , Rule::WordOrObject { words: DPOP_MODES };
    DPOP_MODE = "dpop.mode", "DPOP", Rule::Word { words: DPOP_MODES, default: Some("when_present") };
    DPOP_ALGORITHMS = "dpop.algorithms", , Rule::Words;
    DPOP_MAX_AGE = "dpop.maxAge", ,
        Rule::Number(NumberRule { most: 3600.0, ..number("seconds", 1.0, 60.0) });
    DPOP_REPLAY_STORE = "dpop.replayStore", , Rule::Object;
    DPOP_REPLAY_STORE_ADD = "dpop.replayStore.add", , Rule::Function;
    DPOP_NONCE = "dpop.nonce", , Rule::Object;
    DPOP_NONCE_SECRET = "dpop.nonce.secret", , TEXT;
    DPOP_NONCE_LIFETIME = "dpop.nonce.lifetime", ,
        Rule::Number(NumberRule { most: 86_400.0, ..number("seconds", 1.0, 300.0) });
    DPOP_ORIGIN = "dpop.origin", , TEXT;
    PROFILE = "profile", "PROFILE", Rule::Word { words: &["fapi2"], default: None };
    RESPONSE_TIMEOUT = "responseTimeout", "RESPONSE_TIMEOUT",
        Rule::Number(number("milliseconds", 1000.0, 10_000.0));
    MAX_CONCURRENT_INTROSPECTIONS = "maxConcurrentIntrospections", "MAX_CONCURRENT_INTROSPECTIONS",
        Rule::Number(NumberRule { whole: true, ..number("requests", 1.0, 64.0) });
    INTROSPECTION_CACHE_DURATION = "introspectionCacheDuration", "INTROSPECTION_CACHE_DURATION",
        Rule::Number(number("seconds", 0.0, f64::NAN));
    MAX_TOKEN_BYTES = "maxTokenBytes", "MAX_TOKEN_BYTES",
        Rule::Number(number("bytes", 1.0, 16_384.0));
    VERIFIED_TOKENS_BYTES = "verifiedTokensBytes", "VERIFIED_TOKENS_BYTES",
        Rule::Number(number("bytes", 0.0, 33_554_432.0));
    TLS = "tls", , Rule::Object;
    TLS_CERT = "tls.cert", , TEXT;
    TLS_KEY = "tls.key", , TEXT;
    TLS_CA = "tls.ca", , TEXT;
    TLS_PASSPHRASE = "tls.passphrase", , TEXT;
    CACHE = "cache", , Rule::Object;
    CACHE_GET = "cache.get", , Rule::Function;
    CACHE_SET = "cache.set", , Rule::Function;
    CACHE_DELETE = "cache.delete", , Rule::Function;
    CACHE_TIMEOUT = "cacheTimeout", "CACHE_TIMEOUT", Rule::Number(number("milliseconds", 0.0, 100.0));
    FETCHER = "fetcher", , Rule::Function;
    METADATA_RESOLVER = "metadataResolver", , Rule::Function;
    JWKS_RESOLVER = "jwksResolver", , Rule::Function;
    RESOURCE_METADATA = "resourceMetadata", , Rule::Object;
}

/// The options that say who an issuer is and for whom it issues tokens. In an entry of `issuers` they have no
/// environment variable.
const IDENTITY: &[OptionSpec] =
    &[TENANT_DOMAIN, ISSUER, AUDIENCE, CLIENT_IDS, CLIENT_ID, CLIENT_SECRET, CLIENT_AUTH_METHOD];

/// The other options that may stand in an entry of `issuers`.
const PER_ISSUER: &[OptionSpec] = &[
    GROUP_OPTIONS,
    GROUPS_CLAIM,
    GROUPS_MATCH_ALL,
    SCOPES_CLAIM,
    REQUIRED_CLAIMS,
    JWKS_CACHE_DURATION,
    METADATA_CACHE_DURATION,
    JWKS_STALE_DURATION,
    INTROSPECT_JWT_TOKENS,
    TRUST_STORE_ID,
    CERTIFICATE_BINDING,
    RESPONSE_TIMEOUT,
    MAX_CONCURRENT_INTROSPECTIONS,
];

/// Every option that may stand in an entry of `issuers`.
pub fn of_an_issuer() -> impl Iterator<Item = OptionSpec> {
    IDENTITY.iter().chain(PER_ISSUER).copied()
}

/// The variables that every HTTP client honours.
const HTTP_VARIABLES: &[&str] = &[
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "NODE_EXTRA_CA_CERTS",
];

/// Every option. One that has nested options comes before them.
pub fn table() -> impl Iterator<Item = OptionSpec> {
    TABLE.iter().copied()
}

/// Every environment variable that is read: those of the options, and those of HTTP clients.
pub fn environment_names() -> impl Iterator<Item = &'static str> {
    table().filter_map(|option| option.variable).chain(HTTP_VARIABLES.iter().copied())
}

impl OptionSpec {
    /// Whether it may stand in an entry of `issuers`.
    #[must_use]
    pub fn is_of_an_issuer(&self) -> bool {
        of_an_issuer().any(|option| option.name == self.name)
    }

    /// Whether it says who an issuer is, or for whom it issues tokens.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        IDENTITY.iter().any(|option| option.name == self.name)
    }

    /// What to set in order to mend this option: the end of a message.
    #[must_use]
    pub fn advice(&self, flavour: Flavour) -> String {
        match (flavour, self.variable) {
            (Flavour::BackendNode, Some(variable)) => {
                format!(" (set the option, or the environment variable {variable})")
            }
            _ => String::new(),
        }
    }

    /// A bad value. The message begins as the vendor's does and goes on to name the environment variable.
    #[must_use]
    pub fn error(&self, flavour: Flavour, rule: &str) -> ValidationError {
        ValidationError::new(format!("\"{}\" {rule}{}", self.name, self.advice(flavour)))
    }

    /// The default as the documentation shows it, where there is one.
    #[must_use]
    pub fn default_text(&self) -> Option<String> {
        match self.rule {
            Rule::Text { default } | Rule::Word { default, .. } => default.map(ToOwned::to_owned),
            Rule::Flag { default } => Some(default.to_string()),
            Rule::Number(NumberRule { default, .. }) => {
                (!default.is_nan()).then(|| default.to_string())
            }
            Rule::Secret
            | Rule::Audience
            | Rule::Words
            | Rule::Claims
            | Rule::List
            | Rule::WordOrObject { .. }
            | Rule::Object
            | Rule::Function => None,
        }
    }
}

impl Rule {
    /// What JavaScript calls a value of this kind.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Text { .. } | Self::Word { .. } => "string",
            Self::WordOrObject { .. } => "string or object",
            Self::Secret => "string or JWK",
            Self::Audience => "string, list of strings, or false",
            Self::Words => "list of strings",
            Self::Claims => "object",
            Self::List => "list",
            Self::Flag { .. } => "boolean",
            Self::Number(_) => "number",
            Self::Object => "object",
            Self::Function => "function",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_variables_are_there_once() {
        let mut names: Vec<_> = table().map(|option| option.name).collect();
        let mut variables: Vec<_> = environment_names().collect();
        for list in [&mut names, &mut variables] {
            let before = list.len();
            list.sort_unstable();
            list.dedup();
            assert_eq!(list.len(), before);
        }
    }

    #[test]
    fn a_nested_option_comes_after_the_object_that_holds_it() {
        for (at, option) in table().enumerate() {
            let Some((holder, _)) = option.name.split_once('.') else { continue };
            assert!(table().take(at).any(|other| other.name == holder), "{}", option.name);
        }
    }

    #[test]
    fn a_default_obeys_its_rule() {
        for option in table() {
            match option.rule {
                Rule::Word { words, default } => {
                    assert!(default.is_none_or(|default| words.contains(&default)));
                }
                Rule::Number(NumberRule { default, least, most, whole, .. }) => {
                    let allowed =
                        (least..=most).contains(&default) && (!whole || default.fract() == 0.0);
                    assert!(default.is_nan() || allowed, "{}", option.name);
                }
                _ => {}
            }
        }
    }
}
