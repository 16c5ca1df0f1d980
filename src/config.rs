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
#[derive(Default)]
pub struct Sources {
    /// What the constructor was given.
    pub options: HashMap<String, Given>,
    /// Environment variables by name. A client that reads none gets an empty map.
    pub environment: HashMap<String, String>,
}

/// Both maps hold secrets (`clientSecret`, a proxy's password): only the names are shown.
impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources")
            .field("options", &self.options.keys())
            .field("environment", &self.environment.keys())
            .finish()
    }
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
    "maxConcurrentIntrospections",
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
    "MONOCLOUD_BACKEND_MAX_CONCURRENT_INTROSPECTIONS",
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
    /// `MonoCloudOidcBackendClient`: reads no environment variables; a bare host gets `https://`; Basic is
    /// its default.
    OidcBackend,
}

impl Flavour {
    /// What to set in order to mend an option: the end of a message.
    #[must_use]
    pub fn advice(self, variable: &str) -> String {
        match self {
            Self::BackendNode => {
                format!(" (set the option, or the environment variable {variable})")
            }
            Self::OidcBackend => String::new(),
        }
    }
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
    /// Which class this is for.
    pub flavour: Flavour,
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
    /// `maxConcurrentIntrospections`.
    pub max_concurrent_introspections: usize,
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
struct Reader<'a> {
    flavour: Flavour,
    sources: &'a Sources,
}

type Result<T, E = ValidationError> = std::result::Result<T, E>;

impl Reader<'_> {
    /// The option, or the environment variable where the option is absent. A variable that is empty, or
    /// white space only, counts as unset.
    fn find(&self, name: &str, variable: Option<&str>) -> Given {
        let given = self.sources.options.get(name);
        if let Some(given) = given.filter(|given| !matches!(given, Given::Absent)) {
            return given.clone();
        }
        variable
            .filter(|_| self.flavour == Flavour::BackendNode)
            .and_then(|variable| self.sources.environment.get(variable))
            .filter(|text| !text.trim().is_empty())
            .map_or(Given::Absent, |text| Given::Text(text.clone()))
    }

    fn text(&self, name: &str, variable: Option<&str>) -> Result<Option<String>> {
        match self.find(name, variable) {
            Given::Absent => Ok(None),
            Given::Text(text) if text.is_empty() => {
                Err(self.bad(name, variable, "is not allowed to be empty"))
            }
            Given::Text(text) => Ok(Some(text)),
            _ => Err(self.bad(name, variable, "must be a string")),
        }
    }

    /// A number, or its decimal text.
    fn number(&self, name: &str, variable: &str, least: f64) -> Result<Option<f64>> {
        let bad = |rule: &str| Err(self.bad(name, Some(variable), rule));
        let number = match self.find(name, Some(variable)) {
            Given::Absent => return Ok(None),
            Given::Number(number) => number,
            Given::Text(text) => match parse_number(&text) {
                Some(number) => number,
                None => return bad(&format!("must be a number: the value is {text:?}")),
            },
            _ => return bad("must be a number"),
        };
        if !number.is_finite() {
            return bad("must be a finite number");
        }
        if number < least {
            return bad(&format!("must be greater than or equal to {least}"));
        }
        Ok(Some(number))
    }

    /// A number without a fraction.
    fn integer(&self, name: &str, variable: &str, least: f64) -> Result<Option<f64>> {
        match self.number(name, variable, least)? {
            Some(number) if number.fract() != 0.0 => {
                Err(self.bad(name, Some(variable), "must be an integer"))
            }
            number => Ok(number),
        }
    }

    /// A boolean, or its text: `true`, `false`, `1`, `0`.
    fn flag(&self, name: &str, variable: &str) -> Result<Option<bool>> {
        let bad = |rule: &str| Err(self.bad(name, Some(variable), rule));
        match self.find(name, Some(variable)) {
            Given::Absent => Ok(None),
            Given::Bool(flag) => Ok(Some(flag)),
            Given::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "1" => Ok(Some(true)),
                "false" | "0" => Ok(Some(false)),
                _ => bad(&format!("must be a boolean: the value is {text:?}")),
            },
            _ => bad("must be a boolean"),
        }
    }

    fn object(&self, name: &str) -> Result<bool> {
        match self.find(name, None) {
            Given::Absent => Ok(false),
            Given::Object => Ok(true),
            _ => Err(self.bad(name, None, "must be an object")),
        }
    }

    fn function(&self, name: &str) -> Result<bool> {
        match self.find(name, None) {
            Given::Absent => Ok(false),
            Given::Function => Ok(true),
            _ => Err(self.bad(name, None, "must be a function")),
        }
    }

    /// The message begins as the vendor's does and goes on to name the environment variable. A nested
    /// option is named by its path.
    fn bad(&self, name: &str, variable: Option<&str>, rule: &str) -> ValidationError {
        let advice = variable.map(|variable| self.flavour.advice(variable)).unwrap_or_default();
        ValidationError::new(format!("\"{name}\" {rule}{advice}"))
    }
}

/// A decimal number and nothing else: no white space inside, no hexadecimal, no `Infinity`.
fn parse_number(text: &str) -> Option<f64> {
    let text = text.trim();
    let plain =
        text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
    if plain { text.parse().ok() } else { None }
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
        let reader = Reader { flavour, sources };

        const TENANT: &str = "MONOCLOUD_BACKEND_TENANT_DOMAIN";
        const AUDIENCE: &str = "MONOCLOUD_BACKEND_AUDIENCE";
        let tenant = reader
            .text("tenantDomain", Some(TENANT))?
            .ok_or_else(|| reader.bad("tenantDomain", Some(TENANT), "is required"))?;
        let tenant = match flavour {
            Flavour::OidcBackend if !tenant.contains("://") => format!("https://{tenant}"),
            _ => tenant,
        };
        let tenant = TenantDomain::parse(&tenant)
            .map_err(|rule| reader.bad("tenantDomain", Some(TENANT), rule))?;
        let audience = reader
            .text("audience", Some(AUDIENCE))?
            .ok_or_else(|| reader.bad("audience", Some(AUDIENCE), "is required"))?;
        if !is_uri(&audience) {
            return Err(reader.bad("audience", Some(AUDIENCE), "must be a valid uri"));
        }

        reader.object("groupOptions")?;
        let config = Self {
            flavour,
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
            max_concurrent_introspections: max_concurrent_introspections(&reader)?,
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

/// A value for `setClockSkew` or `setClockTolerance`.
pub fn clock_setting(name: &str, value: &Given) -> Result<f64> {
    let bad = |rule: &str| Err(ValidationError::new(format!("\"{name}\" {rule}")));
    match value {
        Given::Number(number) if !number.is_finite() => bad("must be a finite number"),
        Given::Number(number) if *number < 0.0 => bad("must be greater than or equal to 0"),
        Given::Number(number) => Ok(*number),
        _ => bad("must be a finite number"),
    }
}

fn client_secret(reader: &Reader<'_>) -> Result<Option<ClientSecret>> {
    const VARIABLE: &str = "MONOCLOUD_BACKEND_CLIENT_SECRET";
    let jwk = |text: &str| Members::parse(text).is_ok_and(|members| members.text("kty").is_some());
    match reader.find("clientSecret", Some(VARIABLE)) {
        Given::Absent => Ok(None),
        Given::Text(text) if text.is_empty() => {
            Err(reader.bad("clientSecret", Some(VARIABLE), "is not allowed to be empty"))
        }
        Given::Text(text) if jwk(&text) => Ok(Some(ClientSecret::Jwk(text))),
        Given::Text(text) => Ok(Some(ClientSecret::Text(text))),
        Given::Json(text) if jwk(&text) => Ok(Some(ClientSecret::Jwk(text))),
        _ => Err(reader.bad("clientSecret", Some(VARIABLE), "must be a string or a JWK")),
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
            reader.bad("clientAuthMethod", Some(VARIABLE), &format!("must be one of [{names}]"))
        })
}

fn binding(reader: &Reader<'_>) -> Result<Binding> {
    const NAME: &str = "validateCertificateBinding";
    const VARIABLE: &str = "MONOCLOUD_BACKEND_VALIDATE_CERTIFICATE_BINDING";
    match reader.text(NAME, Some(VARIABLE))?.as_deref() {
        None | Some("when_present") => Ok(Binding::WhenPresent),
        Some("required") => Ok(Binding::Required),
        Some("dangerously_ignore") => Ok(Binding::Ignored),
        Some(_) => Err(reader.bad(
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
            Err(reader.bad(NAME, Some(VARIABLE), "must be less than or equal to 86400"))
        }
        value => Ok(seconds(value, 3600)),
    }
}

fn max_concurrent_introspections(reader: &Reader<'_>) -> Result<usize> {
    const VARIABLE: &str = "MONOCLOUD_BACKEND_MAX_CONCURRENT_INTROSPECTIONS";
    let value = reader.integer("maxConcurrentIntrospections", VARIABLE, 1.0)?;
    Ok(value.map_or(64, |most| most as usize))
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
        (Some(_), None) => Err(reader.bad("tls.key", None, "is required with \"tls.cert\"")),
        (None, Some(_)) => Err(reader.bad("tls.cert", None, "is required with \"tls.key\"")),
        _ => Ok(tls),
    }
}

fn cache(reader: &Reader<'_>) -> Result<()> {
    if !reader.object("cache")? {
        return Ok(());
    }
    for method in ["cache.get", "cache.set", "cache.delete"] {
        if !matches!(reader.find(method, None), Given::Function) {
            return Err(reader.bad(method, None, "must be a function"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(
        flavour: Flavour,
        options: &[(&str, Given)],
        environment: &[(&str, &str)],
    ) -> Result<Config> {
        let required = [("tenantDomain", "https://t.example"), ("audience", "https://api.example")]
            .map(|(name, value)| (name.to_owned(), Given::Text(value.to_owned())));
        let given = options.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let owned = |(name, value): &(&str, &str)| {
            (format!("MONOCLOUD_BACKEND_{name}"), (*value).to_owned())
        };
        let options = required.into_iter().chain(given).collect();
        let environment = environment.iter().map(owned).collect();
        Config::read(flavour, &Sources { options, environment })
    }

    fn node(options: &[(&str, Given)], environment: &[(&str, &str)]) -> Result<Config> {
        read(Flavour::BackendNode, options, environment)
    }

    fn text(text: &str) -> Given {
        Given::Text(text.to_owned())
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
        assert!(config.introspect_jwt_tokens && config.groups.match_all);
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
        for name in OPTIONS {
            if let Err(error) = oidc(&[(name, Given::Other)], &[]) {
                assert!(!error.0.contains("MONOCLOUD_BACKEND"), "{error:?}");
            }
        }
        let advised = node(&[("clockSkew", Given::Other)], &[]).unwrap_err().0;
        assert!(advised.contains("MONOCLOUD_BACKEND_CLOCK_SKEW"), "{advised}");
    }
}
