//! Options and environment become a [`Config`]: the one home of defaults and of rules on them.
//!
//! Constructor options win over environment variables, which win over defaults. An empty variable
//! counts as unset. A `Config` can't hold a bad value.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use url::Url;

use crate::error::ValidationError;
use crate::json::Members;
use crate::token::binding::Binding;
use crate::token::claims::GroupOptions;

/// A value as the caller gave it, its JavaScript type still open.
#[derive(Clone, Default)]
pub enum Given {
    /// `undefined` or `null`: as good as not given.
    #[default]
    Absent,
    /// A string.
    Text(String),
    /// A number, `NaN` and infinities among them.
    Number(f64),
    /// A boolean.
    Bool(bool),
    /// A function.
    Function,
    /// An object that matters as a whole, as JSON.
    Json(String),
    /// An object whose members are looked at one by one.
    Object,
    /// Anything else: a symbol, a bigint, an object that is no JSON.
    Other,
}

/// Secrets come this way: only the kind of value is shown.
impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "Absent",
            Self::Text(_) => "Text",
            Self::Number(_) => "Number",
            Self::Bool(_) => "Bool",
            Self::Function => "Function",
            Self::Json(_) => "Json",
            Self::Object => "Object",
            Self::Other => "Other",
        })
    }
}

/// Options by name, nested ones by their path (`groupOptions.matchAll`), beside the environment.
#[derive(Debug, Default)]
pub struct Sources {
    /// What the constructor was given.
    pub options: HashMap<String, Given>,
    /// Environment variables by name. A client that reads none gets an empty map.
    pub environment: HashMap<String, String>,
}

/// Every option there is, nested ones by their path.
pub const OPTIONS: &[&str] = &[
    "tenantDomain",
    "audience",
    "clientId",
    "clientSecret",
    "clientAuthMethod",
    "groupOptions",
    "groupOptions.groupsClaim",
    "groupOptions.matchAll",
    "clockSkew",
    "clockTolerance",
    "jwksCacheDuration",
    "metadataCacheDuration",
    "jwksStaleDuration",
    "introspectJwtTokens",
    "trustStoreId",
    "validateCertificateBinding",
    "responseTimeout",
    "introspectionCacheDuration",
    "maxTokenBytes",
    "verifiedTokensBytes",
    "tls",
    "tls.cert",
    "tls.key",
    "tls.ca",
    "tls.passphrase",
    "cache",
    "cache.get",
    "cache.set",
    "cache.delete",
    "cacheTimeout",
    "fetcher",
    "metadataResolver",
    "jwksResolver",
];

/// Every environment variable that is read: this package's, and those of every HTTP client.
pub const ENVIRONMENT: &[&str] = &[
    "MONOCLOUD_BACKEND_TENANT_DOMAIN",
    "MONOCLOUD_BACKEND_AUDIENCE",
    "MONOCLOUD_BACKEND_CLIENT_ID",
    "MONOCLOUD_BACKEND_CLIENT_SECRET",
    "MONOCLOUD_BACKEND_CLIENT_AUTH_METHOD",
    "MONOCLOUD_BACKEND_GROUPS_CLAIM",
    "MONOCLOUD_BACKEND_GROUPS_MATCH_ALL",
    "MONOCLOUD_BACKEND_CLOCK_SKEW",
    "MONOCLOUD_BACKEND_CLOCK_TOLERANCE",
    "MONOCLOUD_BACKEND_JWKS_CACHE_DURATION",
    "MONOCLOUD_BACKEND_METADATA_CACHE_DURATION",
    "MONOCLOUD_BACKEND_JWKS_STALE_DURATION",
    "MONOCLOUD_BACKEND_INTROSPECT_JWT_TOKENS",
    "MONOCLOUD_BACKEND_TRUST_STORE_ID",
    "MONOCLOUD_BACKEND_VALIDATE_CERTIFICATE_BINDING",
    "MONOCLOUD_BACKEND_RESPONSE_TIMEOUT",
    "MONOCLOUD_BACKEND_INTROSPECTION_CACHE_DURATION",
    "MONOCLOUD_BACKEND_MAX_TOKEN_BYTES",
    "MONOCLOUD_BACKEND_VERIFIED_TOKENS_BYTES",
    "MONOCLOUD_BACKEND_CACHE_TIMEOUT",
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "NODE_EXTRA_CA_CERTS",
];

/// Which of the two classes is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// `MonoCloudBackendNodeClient`.
    BackendNode,
    /// `MonoCloudOidcBackendClient`: a bare host gets `https://`; Basic is its default.
    OidcBackend,
}

/// How this API authenticates itself to the tenant (RFC 6749 §2.3, RFC 7523, RFC 8705 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the OAuth registry")]
pub enum ClientAuthMethod {
    ClientSecretBasic,
    ClientSecretPost,
    ClientSecretJwt,
    PrivateKeyJwt,
    TlsClientAuth,
    SelfSignedTlsClientAuth,
    SpiffeJwt,
    SpiffeX509,
}

impl ClientAuthMethod {
    const NAMES: [(&'static str, Self); 8] = [
        ("client_secret_basic", Self::ClientSecretBasic),
        ("client_secret_post", Self::ClientSecretPost),
        ("client_secret_jwt", Self::ClientSecretJwt),
        ("private_key_jwt", Self::PrivateKeyJwt),
        ("tls_client_auth", Self::TlsClientAuth),
        ("self_signed_tls_client_auth", Self::SelfSignedTlsClientAuth),
        ("spiffe_jwt", Self::SpiffeJwt),
        ("spiffe_x509", Self::SpiffeX509),
    ];

    /// The name as it is configured.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::NAMES.iter().find(|(_, method)| *method == self).map_or("", |(name, _)| name)
    }
}

/// `clientSecret`: a string, or a JWK as JSON. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub enum ClientSecret {
    /// A shared secret.
    Text(String),
    /// A JSON object with `kty`.
    Jwk(String),
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret(…)")
    }
}

/// The native HTTP client's certificate and extra roots, in PEM. The key is never shown.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Tls {
    /// The client's certificate, then its chain.
    pub cert: Option<String>,
    /// Its private key: PKCS#1, PKCS#8 or SEC1.
    pub key: Option<String>,
    /// Roots to trust beside the platform's.
    pub ca: Option<String>,
    /// Of an encrypted key.
    pub passphrase: Option<String>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls(…)")
    }
}

/// A tenant's address: its issuer identifier (RFC 8414 §2), without a trailing slash.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TenantDomain {
    text: String,
    loopback: bool,
}

impl TenantDomain {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.strip_suffix('/').unwrap_or(text);
        let url = absolute(text).ok_or("must be a valid uri")?;
        let loopback = is_loopback(&url);
        if !(url.scheme() == "https" || url.scheme() == "http" && loopback) {
            return Err("must be an https: uri (http: is for loopback hosts only)");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("must be a uri without query and fragment");
        }
        let authority = text.split_once("://").map_or("", |(_, rest)| rest);
        let authority = authority.split('/').next().unwrap_or_default();
        if authority.is_empty() || authority.contains('@') {
            return Err("must be a uri without user info");
        }
        Ok(Self { text: text.to_owned(), loopback })
    }

    /// The text as configured: what `iss` is compared with, byte for byte.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether an address from this tenant's metadata may be asked: https without credentials, and
    /// http on loopback only where the tenant itself is there. A tenant on the internet has no
    /// business sending us to our own machine.
    pub fn endpoint(&self, text: &str) -> Result<Url, &'static str> {
        let url = absolute(text).ok_or("The metadata names an endpoint that is no absolute URL")?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("The metadata names an endpoint with credentials in its URL");
        }
        let allowed = match url.scheme() {
            "https" => true,
            "http" => self.loopback && is_loopback(&url),
            _ => false,
        };
        if allowed { Ok(url) } else { Err("The metadata names an endpoint that is not https") }
    }
}

/// An absolute URL with a host, spelled without white space or control characters, which the URL
/// standard would otherwise quietly drop, and with both slashes, which it would add (`https:host`).
fn absolute(text: &str) -> Option<Url> {
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return None;
    }
    let spelled = |url: &Url| text.get(url.scheme().len()..).is_some_and(|s| s.starts_with("://"));
    Url::parse(text).ok().filter(|url| url.has_host() && spelled(url))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Everything that a client needs to know, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// The issuer.
    pub tenant: TenantDomain,
    /// This API's identifier, compared byte for byte.
    pub audience: String,
    /// `clientId`; without it nothing can be introspected.
    pub client_id: Option<String>,
    /// `clientSecret`.
    pub client_secret: Option<ClientSecret>,
    /// `clientAuthMethod`.
    pub client_auth_method: ClientAuthMethod,
    /// `groupOptions`.
    pub groups: GroupOptions,
    /// `clockSkew`, seconds.
    pub clock_skew: f64,
    /// `clockTolerance`, seconds.
    pub clock_tolerance: f64,
    /// `jwksCacheDuration`.
    pub jwks_cache_duration: Duration,
    /// `metadataCacheDuration`.
    pub metadata_cache_duration: Duration,
    /// `jwksStaleDuration`: how long past its freshness a key set serves while the tenant is away.
    pub jwks_stale_duration: Duration,
    /// `introspectJwtTokens`.
    pub introspect_jwt_tokens: bool,
    /// `trustStoreId`.
    pub trust_store_id: Option<String>,
    /// `validateCertificateBinding`.
    pub binding: Binding,
    /// `responseTimeout`.
    pub response_timeout: Duration,
    /// `introspectionCacheDuration`, seconds.
    pub introspection_cache_duration: Option<f64>,
    /// `cacheTimeout`, milliseconds: how long a request waits for the caller's cache.
    pub cache_timeout: f64,
    /// `maxTokenBytes`.
    pub max_token_bytes: usize,
    /// `verifiedTokensBytes`: what tokens seen before may take of memory; 0 for none.
    pub verified_tokens_bytes: u64,
    /// `tls`.
    pub tls: Tls,
    /// Whether the caller has a `fetcher`.
    pub has_fetcher: bool,
    /// Whether the caller has a `metadataResolver`.
    pub has_metadata_resolver: bool,
    /// Whether the caller has a `jwksResolver`.
    pub has_jwks_resolver: bool,
}

/// Reads the options one by one, each with its rule.
struct Reader<'a>(&'a Sources);

/// A value, and where it came from, for the message.
struct Found {
    given: Given,
    /// The environment variable, where the value is from there.
    variable: Option<&'static str>,
}

type Result<T, E = ValidationError> = std::result::Result<T, E>;

impl Reader<'_> {
    fn find(&self, name: &str, variable: Option<&'static str>) -> Found {
        match self.0.options.get(name) {
            Some(given) if !matches!(given, Given::Absent) => {
                Found { given: given.clone(), variable: None }
            }
            _ => match variable.and_then(|variable| self.0.environment.get(variable)) {
                Some(text) if !text.is_empty() => {
                    Found { given: Given::Text(text.clone()), variable }
                }
                _ => Found { given: Given::Absent, variable: None },
            },
        }
    }

    fn text(&self, name: &str, variable: Option<&'static str>) -> Result<Option<String>> {
        match self.find(name, variable).given {
            Given::Absent => Ok(None),
            Given::Text(text) if text.is_empty() => {
                Err(bad(name, variable, "is not allowed to be empty"))
            }
            Given::Text(text) => Ok(Some(text)),
            _ => Err(bad(name, variable, "must be a string")),
        }
    }

    fn number(&self, name: &str, variable: &'static str, least: f64) -> Result<Option<f64>> {
        let Found { given, variable: from } = self.find(name, Some(variable));
        let number = match given {
            Given::Absent => return Ok(None),
            Given::Number(number) => number,
            Given::Text(text) => match (from, parse_number(&text)) {
                (Some(_), Some(number)) => number,
                (Some(_), None) => {
                    return Err(bad(
                        name,
                        Some(variable),
                        &format!("must be a number: the variable holds {text:?}"),
                    ));
                }
                (None, _) => return Err(bad(name, Some(variable), "must be a number")),
            },
            _ => return Err(bad(name, Some(variable), "must be a number")),
        };
        if !number.is_finite() {
            return Err(bad(name, Some(variable), "must be a finite number"));
        }
        if number < least {
            let rule = format!("must be greater than or equal to {least}");
            return Err(bad(name, Some(variable), &rule));
        }
        Ok(Some(number))
    }

    fn flag(&self, name: &str, variable: &'static str) -> Result<Option<bool>> {
        let Found { given, variable: from } = self.find(name, Some(variable));
        match given {
            Given::Absent => Ok(None),
            Given::Bool(flag) => Ok(Some(flag)),
            Given::Text(text) if from.is_some() => {
                match text.trim().to_ascii_lowercase().as_str() {
                    "true" | "1" => Ok(Some(true)),
                    "false" | "0" => Ok(Some(false)),
                    _ => Err(bad(
                        name,
                        Some(variable),
                        &format!("must be a boolean: the variable holds {text:?}"),
                    )),
                }
            }
            _ => Err(bad(name, Some(variable), "must be a boolean")),
        }
    }

    fn object(&self, name: &str) -> Result<bool> {
        match self.find(name, None).given {
            Given::Absent => Ok(false),
            Given::Object => Ok(true),
            _ => Err(bad(name, None, "must be an object")),
        }
    }

    fn function(&self, name: &str) -> Result<bool> {
        match self.find(name, None).given {
            Given::Absent => Ok(false),
            Given::Function => Ok(true),
            _ => Err(bad(name, None, "must be a function")),
        }
    }
}

/// A decimal number and nothing else: no white space inside, no hexadecimal, no `Infinity`.
fn parse_number(text: &str) -> Option<f64> {
    let text = text.trim();
    let plain =
        text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
    if plain { text.parse().ok() } else { None }
}

/// The message begins as the vendor's does and goes on to name the environment variable.
fn bad(name: &str, variable: Option<&str>, rule: &str) -> ValidationError {
    // The vendor names a nested option by its path, as does this.
    match variable {
        Some(variable) => ValidationError::new(format!(
            "\"{name}\" {rule} (set the option, or the environment variable {variable})"
        )),
        None => ValidationError::new(format!("\"{name}\" {rule}")),
    }
}

fn is_uri(text: &str) -> bool {
    // Any absolute URI names an API: `https://api.example.com`, `urn:example:api`, `api://id`.
    !text.chars().any(|c| c.is_whitespace() || c.is_control()) && Url::parse(text).is_ok()
}

fn seconds(value: Option<f64>, default: u64) -> Duration {
    // A century is as good as for ever, and fits every clock.
    value.map_or(Duration::from_secs(default), |value| Duration::from_secs_f64(value.min(3e9)))
}

impl Config {
    /// Reads and checks everything there is. The first bad value is the answer.
    pub fn read(flavour: Flavour, sources: &Sources) -> Result<Self> {
        let reader = Reader(sources);

        const TENANT: &str = "MONOCLOUD_BACKEND_TENANT_DOMAIN";
        const AUDIENCE: &str = "MONOCLOUD_BACKEND_AUDIENCE";
        let tenant = reader
            .text("tenantDomain", Some(TENANT))?
            .ok_or_else(|| bad("tenantDomain", Some(TENANT), "is required"))?;
        let tenant = match flavour {
            Flavour::OidcBackend if !tenant.contains("://") => format!("https://{tenant}"),
            _ => tenant,
        };
        let tenant =
            TenantDomain::parse(&tenant).map_err(|rule| bad("tenantDomain", Some(TENANT), rule))?;
        let audience = reader
            .text("audience", Some(AUDIENCE))?
            .ok_or_else(|| bad("audience", Some(AUDIENCE), "is required"))?;
        if !is_uri(&audience) {
            return Err(bad("audience", Some(AUDIENCE), "must be a valid uri"));
        }

        reader.object("groupOptions")?;
        let config = Self {
            tenant,
            audience,
            client_id: reader.text("clientId", Some("MONOCLOUD_BACKEND_CLIENT_ID"))?,
            client_secret: client_secret(&reader)?,
            client_auth_method: client_auth_method(&reader, flavour)?,
            groups: GroupOptions {
                claim: reader
                    .text("groupOptions.groupsClaim", Some("MONOCLOUD_BACKEND_GROUPS_CLAIM"))?
                    .unwrap_or_else(|| "groups".to_owned()),
                match_all: reader
                    .flag("groupOptions.matchAll", "MONOCLOUD_BACKEND_GROUPS_MATCH_ALL")?
                    .unwrap_or(false),
            },
            clock_skew: reader
                .number("clockSkew", "MONOCLOUD_BACKEND_CLOCK_SKEW", 0.0)?
                .unwrap_or(0.0),
            clock_tolerance: reader
                .number("clockTolerance", "MONOCLOUD_BACKEND_CLOCK_TOLERANCE", 0.0)?
                .unwrap_or(300.0),
            jwks_cache_duration: seconds(
                reader.number("jwksCacheDuration", "MONOCLOUD_BACKEND_JWKS_CACHE_DURATION", 0.0)?,
                300,
            ),
            metadata_cache_duration: seconds(
                reader.number(
                    "metadataCacheDuration",
                    "MONOCLOUD_BACKEND_METADATA_CACHE_DURATION",
                    0.0,
                )?,
                300,
            ),
            jwks_stale_duration: stale_duration(&reader)?,
            introspect_jwt_tokens: reader
                .flag("introspectJwtTokens", "MONOCLOUD_BACKEND_INTROSPECT_JWT_TOKENS")?
                .unwrap_or(false),
            trust_store_id: reader
                .text("trustStoreId", Some("MONOCLOUD_BACKEND_TRUST_STORE_ID"))?,
            binding: binding(&reader)?,
            response_timeout: Duration::from_secs_f64(
                reader
                    .number("responseTimeout", "MONOCLOUD_BACKEND_RESPONSE_TIMEOUT", 1000.0)?
                    .map_or(10.0, |milliseconds| milliseconds.min(3e9) / 1000.0),
            ),
            introspection_cache_duration: reader.number(
                "introspectionCacheDuration",
                "MONOCLOUD_BACKEND_INTROSPECTION_CACHE_DURATION",
                0.0,
            )?,
            cache_timeout: reader
                .number("cacheTimeout", "MONOCLOUD_BACKEND_CACHE_TIMEOUT", 0.0)?
                .unwrap_or(100.0),
            max_token_bytes: max_token_bytes(&reader)?,
            verified_tokens_bytes: reader
                .number("verifiedTokensBytes", "MONOCLOUD_BACKEND_VERIFIED_TOKENS_BYTES", 0.0)?
                .map_or(32 * 1024 * 1024, |bytes| bytes.min(1e12) as u64),
            tls: tls(&reader)?,
            has_fetcher: reader.function("fetcher")?,
            has_metadata_resolver: reader.function("metadataResolver")?,
            has_jwks_resolver: reader.function("jwksResolver")?,
        };
        cache(&reader)?;
        Ok(config)
    }
}

/// Sets after construction: `setClockSkew`, `setClockTolerance`.
pub fn clock_setting(name: &str, value: &Given) -> Result<f64> {
    let options = HashMap::from([(name.to_owned(), value.clone())]);
    let sources = Sources { options, environment: HashMap::new() };
    match Reader(&sources).find(name, None).given {
        Given::Number(number) if number.is_finite() && number >= 0.0 => Ok(number),
        Given::Number(number) if number.is_finite() => {
            Err(bad(name, None, "must be greater than or equal to 0"))
        }
        _ => Err(bad(name, None, "must be a finite number")),
    }
}

fn client_secret(reader: &Reader<'_>) -> Result<Option<ClientSecret>> {
    const VARIABLE: &str = "MONOCLOUD_BACKEND_CLIENT_SECRET";
    let jwk = |text: &str| Members::parse(text).is_ok_and(|members| members.text("kty").is_some());
    match reader.find("clientSecret", Some(VARIABLE)).given {
        Given::Absent => Ok(None),
        Given::Text(text) if text.is_empty() => {
            Err(bad("clientSecret", Some(VARIABLE), "is not allowed to be empty"))
        }
        Given::Text(text) if jwk(&text) => Ok(Some(ClientSecret::Jwk(text))),
        Given::Text(text) => Ok(Some(ClientSecret::Text(text))),
        Given::Json(text) if jwk(&text) => Ok(Some(ClientSecret::Jwk(text))),
        _ => Err(bad("clientSecret", Some(VARIABLE), "must be a string or a JWK")),
    }
}

fn client_auth_method(reader: &Reader<'_>, flavour: Flavour) -> Result<ClientAuthMethod> {
    const VARIABLE: &str = "MONOCLOUD_BACKEND_CLIENT_AUTH_METHOD";
    let Some(text) = reader.text("clientAuthMethod", Some(VARIABLE))? else {
        return Ok(match flavour {
            Flavour::BackendNode => ClientAuthMethod::ClientSecretPost,
            Flavour::OidcBackend => ClientAuthMethod::ClientSecretBasic,
        });
    };
    ClientAuthMethod::NAMES
        .iter()
        .find(|(name, _)| *name == text)
        .map(|(_, method)| *method)
        .ok_or_else(|| {
            let names = ClientAuthMethod::NAMES.map(|(name, _)| name).join(", ");
            bad("clientAuthMethod", Some(VARIABLE), &format!("must be one of [{names}]"))
        })
}

fn binding(reader: &Reader<'_>) -> Result<Binding> {
    const NAME: &str = "validateCertificateBinding";
    const VARIABLE: &str = "MONOCLOUD_BACKEND_VALIDATE_CERTIFICATE_BINDING";
    match reader.text(NAME, Some(VARIABLE))?.as_deref() {
        None | Some("when_present") => Ok(Binding::WhenPresent),
        Some("required") => Ok(Binding::Required),
        Some("dangerously_ignore") => Ok(Binding::Ignored),
        Some(_) => Err(bad(
            NAME,
            Some(VARIABLE),
            "must be one of [when_present, required, dangerously_ignore]",
        )),
    }
}

fn stale_duration(reader: &Reader<'_>) -> Result<Duration> {
    const NAME: &str = "jwksStaleDuration";
    const VARIABLE: &str = "MONOCLOUD_BACKEND_JWKS_STALE_DURATION";
    const MOST: f64 = 86_400.0;
    match reader.number(NAME, VARIABLE, 0.0)? {
        Some(value) if value > MOST => {
            Err(bad(NAME, Some(VARIABLE), "must be less than or equal to 86400"))
        }
        value => Ok(seconds(value, 3600)),
    }
}

fn max_token_bytes(reader: &Reader<'_>) -> Result<usize> {
    let value = reader.number("maxTokenBytes", "MONOCLOUD_BACKEND_MAX_TOKEN_BYTES", 1.0)?;
    // Past a megabyte no HTTP server delivers a header; a larger limit is none.
    Ok(value.map_or(16 * 1024, |bytes| bytes.min(1_048_576.0) as usize))
}

fn tls(reader: &Reader<'_>) -> Result<Tls> {
    reader.object("tls")?;
    let tls = Tls {
        cert: reader.text("tls.cert", None)?,
        key: reader.text("tls.key", None)?,
        ca: reader.text("tls.ca", None)?,
        passphrase: reader.text("tls.passphrase", None)?,
    };
    match (&tls.cert, &tls.key) {
        (Some(_), None) => Err(bad("tls.key", None, "is required with \"tls.cert\"")),
        (None, Some(_)) => Err(bad("tls.cert", None, "is required with \"tls.key\"")),
        _ => Ok(tls),
    }
}

fn cache(reader: &Reader<'_>) -> Result<()> {
    if !reader.object("cache")? {
        return Ok(());
    }
    for method in ["cache.get", "cache.set", "cache.delete"] {
        if !matches!(reader.find(method, None).given, Given::Function) {
            return Err(bad(method, None, "must be a function"));
        }
    }
    Ok(())
}
