//! The `htu` of a proof and the URL of a request, in a form in which equal ones are equal to the byte
//! (RFC 9449 §4.3 point 9).

use fluent_uri::Uri;

/// An HTTP URL without query and fragment, normalised by its syntax and its scheme (RFC 3986 §6.2.2, §6.2.3).
#[derive(Clone, PartialEq, Eq)]
pub struct TargetUri {
    /// Scheme, host, and the port where it is not the scheme's own.
    origin: String,
    path: String,
}

/// Where a client went is not for logs.
impl std::fmt::Debug for TargetUri {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TargetUri(…)")
    }
}

impl TargetUri {
    /// Reads an absolute URL. Its query and fragment are not looked at.
    #[must_use]
    pub fn parse(url: &str) -> Option<Self> {
        let end = url.find(['?', '#']).unwrap_or(url.len());
        let uri = Uri::parse(encoded(url.get(..end)?)?).ok()?.normalize();
        let authority = uri.authority()?;
        let (scheme, path) = (uri.scheme().as_str(), uri.path().as_str());
        let is_http = matches!(scheme, "http" | "https");
        if !is_http || authority.has_userinfo() || authority.host().is_empty() {
            return None;
        }
        Some(Self {
            origin: format!("{scheme}://{}", authority.as_str()),
            path: if path.is_empty() { "/" } else { path }.to_owned(),
        })
    }

    /// An origin alone: a URL without path, query and fragment.
    #[must_use]
    pub fn parse_origin(text: &str) -> Option<Self> {
        let is_bare = !text.contains(['?', '#']);
        Self::parse(text).filter(|uri| is_bare && uri.path == "/" && !text.contains("/."))
    }

    /// This URL at the scheme, host and port of another.
    #[must_use]
    pub fn at(self, origin: Option<&Self>) -> Self {
        match origin {
            Some(other) => Self { origin: other.origin.clone(), ..self },
            None => self,
        }
    }

    /// The URL as text.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}{}", self.origin, self.path)
    }
}

/// Browsers leave some characters in a path as they are that RFC 3986 has encoded. `None` for characters
/// that no request line has.
fn encoded(url: &str) -> Option<String> {
    let mut text = String::with_capacity(url.len());
    let path = url.find("://").and_then(|at| url.get(at + 3..)?.find('/').map(|end| at + 3 + end));
    for (at, character) in url.char_indices() {
        let in_path = path.is_some_and(|path| at >= path);
        match character {
            '"' | '<' | '>' | '[' | '\\' | ']' | '^' | '`' | '{' | '|' | '}' if in_path => {
                text.push_str(&format!("%{:02X}", u32::from(character)));
            }
            '!'..='~' => text.push(character),
            _ => return None,
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(url: &str) -> Option<String> {
        TargetUri::parse(url).map(|uri| uri.text())
    }

    #[test]
    fn ways_of_writing_one_url_are_equal() {
        for (url, expected) in [
            ("https://api.example.com", "https://api.example.com/"),
            ("HTTPS://API.Example.COM:443/a", "https://api.example.com/a"),
            ("http://api.example.com:80/a", "http://api.example.com/a"),
            ("https://api.example.com:/a", "https://api.example.com/a"),
            ("https://api.example.com:8443/a", "https://api.example.com:8443/a"),
            ("https://api.example.com/a/./b/../c", "https://api.example.com/a/c"),
            ("https://api.example.com/%7ea%2fb", "https://api.example.com/~a%2Fb"),
            ("https://api.example.com/a?b=[c]|d#e", "https://api.example.com/a"),
            ("https://api.example.com/a|b", "https://api.example.com/a%7Cb"),
            ("https://[2001:DB8:0::1]/", "https://[2001:db8::1]/"),
            ("https://api.example.com//a", "https://api.example.com//a"),
        ] {
            assert_eq!(normal(url).as_deref(), Some(expected), "{url}");
        }
    }

    #[test]
    fn different_urls_stay_different() {
        let url = normal("https://api.example.com/a");
        for other in [
            "http://api.example.com/a",
            "https://api.example.com:80/a",
            "https://api.example.com/a/",
            "https://api.example.com/A",
            "https://api.example.com//a",
            "https://api.example.com/a%00",
            "https://api.example.com./a",
            "https://example.com/a",
        ] {
            assert!(normal(other).is_some(), "{other}");
            assert_ne!(normal(other), url, "{other}");
        }
    }

    #[test]
    fn what_is_no_http_url_is_refused() {
        for other in [
            "",
            "/a",
            "api.example.com/a",
            "//api.example.com/a",
            "https:/a",
            "https:///a",
            "https:api.example.com/a",
            "ftp://api.example.com/a",
            "https://user@api.example.com/a",
            "https://@api.example.com/a",
            "https://api.example.com\\a",
            "https://api.example.com/a b",
            "https://api.example.com/\u{e9}",
            "https://api.example.com/\t",
            "https://api.example.com/%",
            "https://api.example.com/%zz",
            "https://api.example.com:x/",
        ] {
            assert_eq!(normal(other), None, "{other:?}");
        }
    }

    #[test]
    fn an_origin_replaces_scheme_host_and_port() {
        let origin = TargetUri::parse_origin("https://api.example.com:8443");
        let seen = TargetUri::parse("http://10.0.0.1:3000/a?b");
        let at = seen.map(|uri| uri.at(origin.as_ref()).text());
        assert_eq!(at.as_deref(), Some("https://api.example.com:8443/a"));
        for other in ["https://a.example/b", "https://a.example/?", "https://a.example/.", "a", ""]
        {
            assert_eq!(TargetUri::parse_origin(other), None, "{other}");
        }
    }
}
