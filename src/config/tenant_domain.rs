//! A tenant's address, and which addresses its metadata may name.

use url::Url;

/// A tenant: its issuer identifier (RFC 8414 §2), and the address at which discovery begins.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TenantDomain {
    issuer: String,
    /// Without a slash at its end.
    text: String,
    loopback: bool,
}

impl TenantDomain {
    /// Reads `tenantDomain`, whose issuer is its own address without a slash at its end; the error is the
    /// rule that it breaks.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.strip_suffix('/').unwrap_or(text);
        Self::at(text, text)
    }

    /// Reads `issuer`, which is kept to the byte; discovery begins there.
    pub fn issued_by(issuer: &str) -> Result<Self, &'static str> {
        Self::at(issuer.strip_suffix('/').unwrap_or(issuer), issuer)
    }

    /// The same address with tokens of another issuer, which its metadata must name.
    #[must_use]
    pub fn naming(self, issuer: Self) -> Self {
        Self { issuer: issuer.issuer, ..self }
    }

    fn at(text: &str, issuer: &str) -> Result<Self, &'static str> {
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
        Ok(Self { issuer: issuer.to_owned(), text: text.to_owned(), loopback })
    }

    /// The issuer identifier: what `iss` is compared with, byte for byte.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The address at which discovery begins.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Parses a URL of this tenant's metadata. It must be https and without credentials; http is allowed on
    /// loopback where the tenant is on loopback too, so that no other tenant can name services of this
    /// machine.
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

/// An absolute URL with a host. White space and control characters are refused, because the URL parser
/// drops them, and so is `https:host`, to which it adds the slashes.
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
