//! The transport: one trait, with the same deadlines and limits for the built-in client ([`client`]) and
//! for the caller's `fetcher`. Redirects are not followed.

pub mod client;
mod identity;
mod proxy;
mod roots;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::error::{Fault, HttpError, Raw};
use crate::secret::Secret;

/// The longest body that is read, in bytes.
pub const LONGEST_BODY: usize = 512 * 1024;

/// How much of a body an error keeps, in bytes.
const KEPT_BODY: usize = 4096;

/// One request. Headers and body hold credentials and tokens, and are never shown.
#[derive(Clone)]
pub struct Request {
    /// What is requested, for messages: `metadata`, `JWKS`, `token introspection`.
    pub what: &'static str,
    /// Its URL.
    pub url: Url,
    /// Names in lower case.
    pub headers: Vec<(&'static str, Secret)>,
    /// A form to POST; without one the request is a GET.
    pub form: Option<Secret>,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("what", &self.what).finish_non_exhaustive()
    }
}

/// One response.
#[derive(Clone)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Its reason phrase; empty where there is none.
    pub status_text: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Reading may stop once it is longer than [`LONGEST_BODY`].
    pub body: Vec<u8>,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl Response {
    /// A header's first value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// `Retry-After` in seconds, where the answer has it in that form and within a day.
    #[must_use]
    pub fn retry_after(&self) -> Option<u64> {
        self.header("retry-after")?.trim().parse().ok().filter(|seconds| *seconds <= 86_400)
    }

    /// `max-age` of `Cache-Control` (RFC 9111 §5.2.2.1).
    #[must_use]
    pub fn max_age(&self) -> Option<Duration> {
        self.header("cache-control")?.split(',').find_map(|directive| {
            let (name, value) = directive.trim().split_once('=')?;
            let seconds = value.trim_matches('"').parse().ok()?;
            name.eq_ignore_ascii_case("max-age").then(|| Duration::from_secs(seconds))
        })
    }

    /// The response as an error shows it.
    #[must_use]
    pub fn raw(&self) -> Arc<Raw> {
        let kept = self.body.get(..KEPT_BODY).unwrap_or(&self.body);
        Arc::new(Raw {
            status: self.status,
            status_text: self.status_text.clone(),
            headers: self
                .headers
                .iter()
                .filter(|(name, _)| name != "set-cookie")
                .cloned()
                .collect(),
            body: String::from_utf8_lossy(kept).into_owned(),
        })
    }
}

/// An exchange in progress.
pub type Exchange = Pin<Box<dyn Future<Output = Result<Response, Fault>> + Send>>;

/// Sends requests to the tenant.
pub trait Transport: Send + Sync + fmt::Debug {
    /// Sends a request and reads the answer: all of it, or more than [`LONGEST_BODY`]. Dropping the
    /// future ends the exchange.
    fn exchange(&self, request: Request) -> Exchange;
}

impl Request {
    /// A GET for a JSON document.
    #[must_use]
    pub fn get(what: &'static str, url: Url) -> Self {
        Self { what, url, headers: vec![("accept", "application/json".into())], form: None }
    }

    /// The URL without its query, for messages.
    fn shown(&self) -> String {
        let mut url = self.url.clone();
        url.set_query(None);
        url.to_string()
    }

    /// The error of this request.
    #[must_use]
    pub fn failure(&self, fault: Fault, response: Option<&Response>) -> HttpError {
        HttpError {
            what: self.what,
            url: self.shown(),
            fault,
            raw: response.map(Response::raw),
            retry_after: response.and_then(Response::retry_after),
        }
    }

    /// Sends this request. The deadline is for the whole exchange, whichever transport is used.
    pub async fn send(
        &self,
        transport: &dyn Transport,
        deadline: Duration,
    ) -> Result<Response, HttpError> {
        let exchange = tokio::time::timeout(deadline, transport.exchange(self.clone()));
        let fault = match exchange.await {
            Ok(Ok(response)) if response.body.len() > LONGEST_BODY => {
                let fault = Fault::TooLarge { limit: LONGEST_BODY };
                return Err(self.failure(fault, Some(&response)));
            }
            Ok(Ok(response)) => return Ok(response),
            Ok(Err(fault)) => fault,
            Err(_) => Fault::timeout(deadline),
        };
        Err(self.failure(fault, None))
    }
}
