//! Options and environment become a [`Config`], which can't hold a bad value.
//!
//! Constructor options win over environment variables, which win over defaults.

mod credentials;
pub mod options;
mod possession;
mod reader;
mod tenant_domain;

use std::time::Duration;

use url::Url;

pub use self::credentials::{ClientAuthMethod, ClientSecret, Tls};
pub use self::options::Flavour;
use self::options::OptionSpec;
pub use self::possession::Profile;
pub use self::reader::{Given, Sources};
use self::reader::{Reader, Result};
pub use self::tenant_domain::TenantDomain;
use crate::error::ValidationError;
use crate::json::Members;
use crate::keys::algorithm::Algorithm;
use crate::token::binding::Binding;
use crate::token::claim_reading::{Audience, ClaimReading};
use crate::token::dpop;

/// Everything that a client needs to know of one issuer, checked. What holds for the whole client is the same
/// for each of its issuers.
#[derive(Debug, Clone)]
pub struct Config {
    /// Which class this is for.
    pub flavour: Flavour,
    /// The issuer.
    pub tenant: TenantDomain,
    /// How the claims of its tokens are read.
    pub reading: ClaimReading,
    /// `clientId`; without it nothing can be introspected.
    pub client_id: Option<String>,
    /// `clientSecret`.
    pub client_secret: Option<ClientSecret>,
    /// `clientAuthMethod`.
    pub client_auth_method: ClientAuthMethod,
    /// `groupOptions.matchAll`.
    pub groups_match_all: bool,
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
    /// `dpop`.
    pub dpop: dpop::Settings,
    /// `profile`.
    pub profile: Option<Profile>,
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

impl Config {
    /// Reads and checks every option: one configuration for each issuer, of which there is at least one. The
    /// error is that of the first bad value.
    pub fn read_all(flavour: Flavour, sources: &Sources) -> Result<Vec<Self>> {
        let Some(issuers) = &sources.issuers else {
            return Ok(vec![Self::read_one(&Reader { flavour, sources, entry: None })?]);
        };
        let reader = Reader { flavour, sources, entry: None };
        if issuers.is_empty() || issuers.len() > MOST_ISSUERS {
            let rule = format!("must have from 1 to {MOST_ISSUERS} entries");
            return Err(reader.error(&options::ISSUERS, &rule));
        }
        for option in [&options::TENANT_DOMAIN, &options::ISSUER] {
            if reader.given(option).is_some() {
                return Err(ValidationError::new(format!(
                    "\"{}\" must stand in the entries of \"issuers\", not beside them",
                    option.name
                )));
            }
        }
        let mut configs = Vec::<Self>::with_capacity(issuers.len());
        for index in 0..issuers.len() {
            let reader = Reader { flavour, sources, entry: Some(index) };
            let config = Self::read_one(&reader)?;
            let same_issuer = |other: &Self| other.tenant.issuer() == config.tenant.issuer();
            if configs.iter().any(same_issuer) {
                return Err(reader.error(&options::ISSUER, "is that of another entry"));
            }
            let introspects = |config: &Self| config.client_id.is_some();
            if introspects(&config) && configs.iter().any(introspects) {
                let rule = "must stand in one entry only: opaque tokens go to that issuer";
                return Err(reader.error(&options::CLIENT_ID, rule));
            }
            configs.push(config);
        }
        Ok(configs)
    }

    /// The same for a client of one issuer.
    pub fn read(flavour: Flavour, sources: &Sources) -> Result<Self> {
        let mut configs = Self::read_all(flavour, sources)?;
        match (configs.pop(), configs.is_empty()) {
            (Some(config), true) => Ok(config),
            _ => Err(ValidationError::new("\"issuers\" must have one entry here")),
        }
    }

    /// Whether tokens may be signed with this algorithm.
    #[must_use]
    pub fn accepts(&self, algorithm: Algorithm) -> bool {
        self.profile.is_none_or(|profile| profile.algorithms().contains(&algorithm))
    }

    fn read_one(reader: &Reader<'_>) -> Result<Self> {
        let flavour = reader.flavour;
        let tenant = tenant(reader)?;
        reader.object(&options::GROUP_OPTIONS)?;
        let introspection_cache_duration = reader.number(&options::INTROSPECTION_CACHE_DURATION)?;
        let response_timeout = reader.number(&options::RESPONSE_TIMEOUT)?;
        let profile = possession::profile(reader)?;
        let config = Self {
            flavour,
            reading: claim_reading(reader, &tenant)?,
            tenant,
            client_id: reader.text(&options::CLIENT_ID)?,
            client_secret: client_secret(reader)?,
            client_auth_method: client_auth_method(reader)?,
            groups_match_all: reader.flag(&options::GROUPS_MATCH_ALL)?,
            clock_skew: reader.number(&options::CLOCK_SKEW)?,
            clock_tolerance: reader.number(&options::CLOCK_TOLERANCE)?,
            jwks_cache_duration: seconds(reader, &options::JWKS_CACHE_DURATION)?,
            metadata_cache_duration: seconds(reader, &options::METADATA_CACHE_DURATION)?,
            jwks_stale_duration: seconds(reader, &options::JWKS_STALE_DURATION)?,
            introspect_jwt_tokens: reader.flag(&options::INTROSPECT_JWT_TOKENS)?,
            trust_store_id: reader.text(&options::TRUST_STORE_ID)?,
            binding: possession::binding(reader, profile)?,
            dpop: possession::dpop(reader, profile)?,
            profile,
            response_timeout: Duration::from_secs_f64(response_timeout.min(FOREVER) / 1000.0),
            max_concurrent_introspections: reader.number(&options::MAX_CONCURRENT_INTROSPECTIONS)?
                as usize,
            introspection_cache_duration: Some(introspection_cache_duration)
                .filter(|seconds| !seconds.is_nan()),
            cache_timeout: reader.number(&options::CACHE_TIMEOUT)?,
            // No HTTP server delivers a header of more than a megabyte.
            max_token_bytes: reader.number(&options::MAX_TOKEN_BYTES)?.min(1_048_576.0) as usize,
            verified_tokens_bytes: reader.number(&options::VERIFIED_TOKENS_BYTES)?.min(1e12) as u64,
            tls: tls(reader)?,
            has_fetcher: reader.function(&options::FETCHER)?,
            has_metadata_resolver: reader.function(&options::METADATA_RESOLVER)?,
            has_jwks_resolver: reader.function(&options::JWKS_RESOLVER)?,
        };
        cache(reader)?;
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

/// A century in seconds, or a month in milliseconds: longer times are the same, and fit every clock.
const FOREVER: f64 = 3e9;

fn seconds(reader: &Reader<'_>, option: &OptionSpec) -> Result<Duration> {
    Ok(Duration::from_secs_f64(reader.number(option)?.min(FOREVER)))
}

/// An absolute URI of any scheme: `https://api.example.com`, `urn:example:api`, `api://id`.
fn is_uri(text: &str) -> bool {
    !text.chars().any(|c| c.is_whitespace() || c.is_control()) && Url::parse(text).is_ok()
}

/// Where discovery begins, and whose tokens these are.
fn tenant(reader: &Reader<'_>) -> Result<TenantDomain> {
    let domain = match reader.text(&options::TENANT_DOMAIN)? {
        Some(text) => {
            let bare = reader.flavour == Flavour::OidcBackend && !text.contains("://");
            let text = if bare { format!("https://{text}") } else { text };
            let domain = TenantDomain::parse(&text);
            Some(domain.map_err(|rule| reader.error(&options::TENANT_DOMAIN, rule))?)
        }
        None => None,
    };
    let issuer = match reader.text(&options::ISSUER)? {
        Some(text) => {
            let issuer = TenantDomain::issued_by(&text);
            Some(issuer.map_err(|rule| reader.error(&options::ISSUER, rule))?)
        }
        None => None,
    };
    match (domain, issuer) {
        (Some(domain), Some(issuer)) => Ok(domain.naming(issuer)),
        (Some(tenant), None) | (None, Some(tenant)) => Ok(tenant),
        // In a list the new name is the one to set.
        (None, None) if reader.entry.is_some() => {
            Err(reader.error(&options::ISSUER, "is required"))
        }
        (None, None) => Err(reader.error(&options::TENANT_DOMAIN, "is required")),
    }
}

fn claim_reading(reader: &Reader<'_>, tenant: &TenantDomain) -> Result<ClaimReading> {
    let client_ids = reader.words(&options::CLIENT_IDS)?;
    let audience = audience(reader)?;
    if audience == Audience::Absent && client_ids.is_none() {
        return Err(reader.error(&options::CLIENT_IDS, "is required with \"audience\": false"));
    }
    Ok(ClaimReading {
        issuer: tenant.issuer().to_owned(),
        audience,
        client_ids,
        scopes_claim: reader.claim(&options::SCOPES_CLAIM)?,
        groups_claim: reader.claim(&options::GROUPS_CLAIM)?,
        required_claims: reader.claims(&options::REQUIRED_CLAIMS)?,
    })
}

fn audience(reader: &Reader<'_>) -> Result<Audience> {
    let bad = |rule: &str| Err(reader.error(&options::AUDIENCE, rule));
    let has_issuer = !matches!(reader.find(&options::ISSUER), Given::Absent);
    let audiences = match reader.find(&options::AUDIENCE) {
        Given::Absent => return bad("is required"),
        Given::Bool(false) if has_issuer => return Ok(Audience::Absent),
        Given::Bool(false) => {
            return bad(
                "must be a string or a list of strings; false is for use beside \"issuer\"",
            );
        }
        Given::Text(text) if text.is_empty() => return bad("is not allowed to be empty"),
        Given::Text(text) => vec![(*text).to_owned()],
        Given::Json(text) => match serde_json::from_str::<Vec<String>>(&text) {
            Ok(list) if list.is_empty() => {
                return bad("must be a string, or a list with at least one entry");
            }
            Ok(list) => list,
            Err(_) => return bad("must be a string, a list of strings, or false"),
        },
        _ => return bad("must be a string, a list of strings, or false"),
    };
    // Any other issuer names audiences as it likes: by a GUID, say.
    let is_plain = |text: &String| !text.is_empty() && !text.chars().any(char::is_whitespace);
    if has_issuer && !audiences.iter().all(is_plain) {
        return bad("must have no white space and not be empty");
    }
    if !has_issuer && !audiences.iter().all(|text| is_uri(text)) {
        return bad("must be a valid uri");
    }
    Ok(Audience::AnyOf(audiences))
}

/// A list of more issuers is surely generated, and each has documents of its own.
const MOST_ISSUERS: usize = 1000;

fn client_secret(reader: &Reader<'_>) -> Result<Option<ClientSecret>> {
    let bad = |rule| Err(reader.error(&options::CLIENT_SECRET, rule));
    let jwk = |text: &str| Members::parse(text).is_ok_and(|members| members.text("kty").is_some());
    match reader.find(&options::CLIENT_SECRET) {
        Given::Absent => Ok(None),
        Given::Text(text) if text.is_empty() => bad("is not allowed to be empty"),
        Given::Text(text) if jwk(&text) => Ok(Some(ClientSecret::Jwk(text))),
        Given::Text(text) => Ok(Some(ClientSecret::Text(text))),
        Given::Json(text) if jwk(&text) => Ok(Some(ClientSecret::Jwk(text))),
        _ => bad("must be a string or a JWK"),
    }
}

fn client_auth_method(reader: &Reader<'_>) -> Result<ClientAuthMethod> {
    let word = reader.word(&options::CLIENT_AUTH_METHOD)?;
    Ok(word.and_then(ClientAuthMethod::parse).unwrap_or(match reader.flavour {
        Flavour::BackendNode => ClientAuthMethod::ClientSecretPost,
        Flavour::OidcBackend => ClientAuthMethod::ClientSecretBasic,
    }))
}

fn tls(reader: &Reader<'_>) -> Result<Tls> {
    reader.object(&options::TLS)?;
    let tls = Tls {
        cert: reader.secret(&options::TLS_CERT)?,
        key: reader.secret(&options::TLS_KEY)?,
        ca: reader.secret(&options::TLS_CA)?,
        passphrase: reader.secret(&options::TLS_PASSPHRASE)?,
    };
    match (&tls.cert, &tls.key) {
        (Some(_), None) => Err(reader.error(&options::TLS_KEY, "is required with \"tls.cert\"")),
        (None, Some(_)) => Err(reader.error(&options::TLS_CERT, "is required with \"tls.key\"")),
        _ => Ok(tls),
    }
}

fn cache(reader: &Reader<'_>) -> Result<()> {
    if !reader.object(&options::CACHE)? {
        return Ok(());
    }
    for method in [options::CACHE_GET, options::CACHE_SET, options::CACHE_DELETE] {
        if !reader.function(&method)? {
            return Err(reader.error(&method, "must be a function"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
