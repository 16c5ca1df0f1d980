//! The two documents of a tenant, and how each is fetched.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::cached::{Cached, Stamped, Terms};
use super::discovery::{Metadata, WELL_KNOWN};
use super::flight::Landed;
use super::jwk::KeySet;
use super::watch::{Event, count};
use super::{ClientTerms, Issuer, Keys, Resolver, Want};
use crate::error::{Error, Fault};
use crate::http::{Request, Response};

/// What differs between them.
pub trait Document: Send + Sync + 'static {
    /// What it is parsed to.
    type Value: Send + Sync + 'static;
    /// Its name in messages.
    const NAME: &'static str;
    /// Whether a token is served by it directly, so that its age matters to those who watch.
    const SERVES_TOKENS: bool;

    /// The document as it came.
    fn text(value: &Self::Value) -> &str;
    /// Its place.
    fn cache(issuer: &Issuer) -> &Cached<Self::Value>;
    /// A client's terms for it.
    fn terms(terms: &ClientTerms) -> Terms;
    /// Fetches it and puts it in place; notes how that went.
    fn fetch(
        issuer: Arc<Issuer>,
        terms: ClientTerms,
    ) -> impl Future<Output = Landed<Self::Value>> + Send + 'static;
}

/// The metadata.
pub struct TheMetadata;

/// The JWKS.
pub struct TheKeys;

impl Document for TheMetadata {
    type Value = Metadata;
    const NAME: &'static str = "metadata";
    const SERVES_TOKENS: bool = false;

    fn text(metadata: &Metadata) -> &str {
        &metadata.text
    }

    fn cache(issuer: &Issuer) -> &Cached<Metadata> {
        &issuer.metadata
    }

    fn terms(terms: &ClientTerms) -> Terms {
        terms.metadata
    }

    async fn fetch(issuer: Arc<Issuer>, terms: ClientTerms) -> Landed<Metadata> {
        issuer.metadata.begin();
        let parse = |text| Metadata::parse(&issuer.tenant, text);
        let fetched = async {
            if let Some(resolver) = &issuer.sources.metadata {
                return issuer.resolve::<Self>(&**resolver, parse, terms).await;
            }
            count(&issuer.counters.metadata_requests);
            let url = format!("{}{WELL_KNOWN}", issuer.tenant.as_str());
            let url = Url::parse(&url).map_err(|_| {
                issuer.failure(Self::NAME, Fault::Local("The tenant's address is no URL"))
            })?;
            issuer.request::<Self>(url, parse, terms).await
        };
        let landed = fetched.await;
        issuer.note::<Self>(landed, |_| (0, 0))
    }
}

impl Document for TheKeys {
    type Value = Keys;
    const NAME: &'static str = "JWKS";
    const SERVES_TOKENS: bool = true;

    fn text(keys: &Keys) -> &str {
        &keys.text
    }

    fn cache(issuer: &Issuer) -> &Cached<Keys> {
        &issuer.keys
    }

    fn terms(terms: &ClientTerms) -> Terms {
        terms.keys
    }

    async fn fetch(issuer: Arc<Issuer>, terms: ClientTerms) -> Landed<Keys> {
        issuer.keys.begin();
        let landed = fetch_keys(&issuer, terms).await;
        issuer.note::<Self>(landed, |keys| (keys.set.len(), keys.set.skipped.len()))
    }
}

async fn fetch_keys(issuer: &Arc<Issuer>, terms: ClientTerms) -> Fetched<Keys> {
    let parse = |text: String| {
        let set = KeySet::parse(&text).map_err(Fault::Unreadable)?;
        Ok(Keys { text, set })
    };
    if let Some(resolver) = &issuer.sources.jwks {
        return issuer.resolve::<TheKeys>(&**resolver, parse, terms).await;
    }
    let begun = issuer.clock.elapsed();
    let request = async |metadata: &Metadata| {
        count(&issuer.counters.jwks_requests);
        let url = metadata.jwks_uri.clone().ok_or_else(|| {
            let fault = Fault::Unreadable("The metadata has no \"jwks_uri\"");
            issuer.failure(TheKeys::NAME, fault)
        })?;
        issuer.request::<TheKeys>(url, parse, terms).await
    };
    let metadata = issuer.metadata(terms, Want::Try).await?;
    let fetched = request(&metadata).await;
    let known_before = issuer.metadata.current().is_some_and(|current| current.at < begun);
    match fetched {
        // The keys may have moved since the metadata was read: it is read again, once.
        Err(error) if known_before && may_have_moved(&error) => {
            let metadata = issuer.metadata(terms, Want::New).await?;
            request(&metadata).await
        }
        fetched => fetched,
    }
}

/// Whether the tenant answered, but not with a JWKS.
fn may_have_moved(error: &Error) -> bool {
    match error {
        Error::Http(error) => match error.fault {
            Fault::Status(status) => status < 500 && status != 429,
            Fault::Unreadable(_) | Fault::TooLarge { .. } => true,
            _ => false,
        },
        _ => false,
    }
}

/// A document that has come, and whether it is the one that was there.
struct Arrived<T> {
    stamped: Stamped<T>,
    unchanged: bool,
}

type Fetched<T> = Result<Arrived<T>, Error>;

impl Issuer {
    pub(super) fn stamp<T>(
        &self,
        value: Arc<T>,
        lasts: Option<Duration>,
        version: Option<(Url, String)>,
    ) -> Stamped<T> {
        // 80 % of its time, and a tenth of that to either side, so that a fleet does not ask as one.
        let due = 0.8 * (0.9 + 0.2 * self.clock.chance());
        Stamped { value, at: self.clock.elapsed(), lasts, version, due }
    }

    async fn resolve<D: Document>(
        &self,
        resolver: &dyn Resolver,
        parse: impl Fn(String) -> Result<D::Value, Fault>,
        terms: ClientTerms,
    ) -> Fetched<D::Value> {
        self.begin_exchange();
        let deadline = terms.deadline;
        let answer = tokio::time::timeout(deadline, resolver.resolve()).await;
        let value = answer
            .unwrap_or(Err(Fault::timeout(deadline)))
            .and_then(|text| read_anew::<D>(D::cache(self).current().as_deref(), text, parse))
            .map_err(|fault| self.failure(D::NAME, fault))?;
        Ok(Arrived { stamped: self.stamp(value, None, None), unchanged: false })
    }

    async fn request<D: Document>(
        &self,
        url: Url,
        parse: impl Fn(String) -> Result<D::Value, Fault>,
        terms: ClientTerms,
    ) -> Fetched<D::Value> {
        let mut request = Request::get(D::NAME, url.clone());
        let current = D::cache(self).current();
        let known = current
            .as_ref()
            .filter(|known| known.version.as_ref().is_some_and(|(whose, _)| *whose == url));
        if let Some((_, version)) = known.and_then(|known| known.version.as_ref()) {
            request.headers.push(("if-none-match", version.clone()));
        }
        self.begin_exchange();
        let response = request.send(self.transport(), terms.deadline).await?;
        self.hear(&response);
        let failed = |fault| Error::from(request.failure(fault, Some(&response)));
        let (value, unchanged) = match (response.status, known) {
            (200, _) => {
                let text = text(&response).map_err(failed)?;
                (read_anew::<D>(current.as_deref(), text, parse).map_err(failed)?, false)
            }
            (304, Some(known)) => (Arc::clone(&known.value), true),
            (status, _) => return Err(failed(Fault::Status(status))),
        };
        let version = match response.header("etag") {
            Some(etag) if etag.len() <= 256 => Some((url, etag.to_owned())),
            _ if unchanged => known.and_then(|known| known.version.clone()),
            _ => None,
        };
        Ok(Arrived { stamped: self.stamp(value, response.max_age(), version), unchanged })
    }

    /// Puts a document in place, or notes that it did not come.
    fn note<D: Document>(
        &self,
        fetched: Fetched<D::Value>,
        size: impl Fn(&D::Value) -> (usize, usize),
    ) -> Landed<D::Value> {
        let document = D::NAME;
        match fetched {
            Ok(Arrived { stamped, unchanged }) => {
                let value = Arc::clone(&stamped.value);
                let (keys, skipped) = size(&value);
                D::cache(self).put(stamped);
                count(&self.counters.refreshes);
                self.observers
                    .tell(&self.tenant, &Event::Refreshed { document, keys, skipped, unchanged });
                Ok(value)
            }
            Err(error) => {
                let now = self.clock.elapsed();
                let (cache, chance) = (D::cache(self), self.clock.chance());
                let without = cache.current().is_none();
                let retry_in = cache.backoff().failed(error.clone(), now, chance, without);
                count(&self.counters.failed_refreshes);
                let reason = match &error {
                    Error::Http(error) => error.fault.reason(),
                    // A document is fetched without credentials: nobody else can refuse it.
                    _ => "refused",
                };
                self.observers
                    .tell(&self.tenant, &Event::RefreshFailed { document, reason, retry_in });
                Err(error)
            }
        }
    }
}

/// The document that a text holds. The same text is the same document: its keys are not parsed again,
/// and what was verified with them stays so.
fn read_anew<D: Document>(
    current: Option<&Stamped<D::Value>>,
    text: String,
    parse: impl Fn(String) -> Result<D::Value, Fault>,
) -> Result<Arc<D::Value>, Fault> {
    match current {
        Some(current) if D::text(&current.value) == text => Ok(Arc::clone(&current.value)),
        _ => parse(text).map(Arc::new),
    }
}

fn text(response: &Response) -> Result<String, Fault> {
    std::str::from_utf8(&response.body)
        .map(ToOwned::to_owned)
        .map_err(|_| Fault::Unreadable("The answer is not UTF-8"))
}
