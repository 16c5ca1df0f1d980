//! The tenant's metadata (OpenID Connect Discovery 1.0 §4, RFC 8414).

use std::collections::HashMap;

use url::Url;

use crate::config::{Flavour, TenantDomain, options};
use crate::error::{Error, Fault, HttpError, ValidationError};
use crate::json::{JsonError, Members};

/// The document's path, relative to the issuer.
pub const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// One metadata document whose `issuer` is the tenant.
#[derive(Debug, Clone)]
pub struct Metadata {
    /// The document as it was received.
    pub text: String,
    /// The URL of the JWKS.
    pub jwks_uri: Option<Url>,
    introspection: Option<String>,
    /// Of `mtls_endpoint_aliases` (RFC 8705 §5).
    mtls_introspection: Option<String>,
    /// Of each of `mtls_additional_endpoint_aliases`.
    trust_stores: HashMap<String, Option<String>>,
}

const INTROSPECTION: &str = "introspection_endpoint";

/// A member that is an object. An object that names a member twice is an error, because readers may
/// differ in which one counts.
fn object<'a>(members: &Members<'a>, name: &str) -> Result<Option<Members<'a>>, Fault> {
    match members.raw(name).map(Members::parse) {
        Some(Err(JsonError::Malformed)) => {
            Err(Fault::Unreadable("The metadata has endpoint aliases that name a member twice"))
        }
        other => Ok(other.and_then(Result::ok)),
    }
}

impl Metadata {
    /// Parses a document. Its `issuer` must equal the tenant domain, byte for byte (Discovery §4.3).
    pub fn parse(tenant: &TenantDomain, text: String) -> Result<Self, Fault> {
        let unreadable = Fault::Unreadable;
        let members =
            Members::parse(&text).map_err(|_| unreadable("The metadata is not a JSON object"))?;
        if members.text("issuer").as_deref() != Some(tenant.issuer()) {
            return Err(unreadable(
                "The metadata names another issuer than the one that is configured",
            ));
        }
        let jwks_uri = match members.text("jwks_uri") {
            None if members.has("jwks_uri") => {
                return Err(unreadable("The metadata has a \"jwks_uri\" that is no string"));
            }
            None => None,
            Some(address) => Some(tenant.endpoint(&address).map_err(Fault::ForbiddenUrl)?),
        };
        let endpoint = |members: &Members<'_>| members.text(INTROSPECTION).map(Into::into);
        let stores = object(&members, "mtls_additional_endpoint_aliases")?.unwrap_or_default();
        let mut trust_stores = HashMap::new();
        for id in stores.names() {
            if let Some(store) = object(&stores, id)? {
                trust_stores.insert(id.to_owned(), endpoint(&store));
            }
        }
        Ok(Self {
            jwks_uri,
            introspection: endpoint(&members),
            mtls_introspection: object(&members, "mtls_endpoint_aliases")?
                .as_ref()
                .and_then(endpoint),
            trust_stores,
            text,
        })
    }

    /// The introspection endpoint. For a client that authenticates by TLS: the alias of its trust store,
    /// or of `mtls_endpoint_aliases`, or the regular endpoint where there is no alias (RFC 8705 §5).
    pub fn introspection_endpoint(
        &self,
        tenant: &TenantDomain,
        by_tls: bool,
        trust_store: Option<&str>,
        flavour: Flavour,
    ) -> Result<Url, Error> {
        let alias = match trust_store.filter(|_| by_tls) {
            Some(id) => self.trust_stores.get(id).ok_or_else(|| {
                options::TRUST_STORE_ID
                    .error(flavour, "names a trust store that the tenant's metadata does not have")
            })?,
            None => &self.mtls_introspection,
        };
        let address = alias.as_ref().filter(|_| by_tls).or(self.introspection.as_ref());
        let address = address.ok_or_else(|| {
            ValidationError::new(
                "introspection_endpoint is required but not available in the issuer metadata",
            )
        })?;
        tenant.endpoint(address).map_err(|why| {
            Error::Http(HttpError {
                what: "token introspection",
                url: tenant.as_str().to_owned(),
                fault: Fault::ForbiddenUrl(why),
                raw: None,
                retry_after: None,
            })
        })
    }
}
