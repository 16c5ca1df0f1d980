//! A tenant's address, and which addresses its metadata may name.

use url::Url;

/// A tenant's address: its issuer identifier (RFC 8414 §2), without a trailing slash.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TenantDomain {
    text: String,
    loopback: bool,
}

impl TenantDomain {
    /// Reads the option's value; the error is the rule that it breaks.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
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
