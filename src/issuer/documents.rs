//! The two documents of a tenant, metadata and JWKS, and how each is fetched.

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use url::Url;

use super::discovery::{Metadata, WELL_KNOWN};
use super::document_age::{Age, Stamped, Terms};
use super::events::{Events, count};
use super::refreshing_document::{Document, Fetched, RefreshingDocument, Want};
use super::tenant_clock::{TenantClock, TenantTime};
use crate::clock::Clock;
use crate::config::{Config, TenantDomain};
use crate::error::{Error, Fault, HttpError};
use crate::http::{Request, Response, Transport};
use crate::keys::jwk_set::JwkSet;

/// A function of the caller's that supplies a document in place of a request.
pub trait Resolver: Send + Sync + fmt::Debug {
    /// The document as JSON text.
    fn resolve(&self) -> Pin<Box<dyn Future<Output = Result<String, Fault>> + Send>>;
}

/// Where a tenant's documents come from.
#[derive(Debug)]
pub struct Sources {
    /// Requests to the tenant.
    pub transport: Arc<dyn Transport>,
    /// `metadataResolver`.
    pub metadata: Option<Arc<dyn Resolver>>,
    /// `jwksResolver`.
    pub jwks: Option<Arc<dyn Resolver>>,
}

/// A JWKS document and its parsed keys.
#[derive(Debug)]
pub struct Keys {
    /// The document as it was received.
    pub text: String,
    /// Its usable keys.
    pub set: JwkSet,
}

impl Document for Metadata {
    const NAME: &'static str = "metadata";
    const SERVES_TOKENS: bool = false;

    fn text(&self) -> &str {
        &self.text
    }

    fn keys(&self) -> (usize, usize) {
        (0, 0)
    }
}

impl Document for Keys {
    const NAME: &'static str = "JWKS";
    const SERVES_TOKENS: bool = true;

    fn text(&self) -> &str {
        &self.text
    }

    fn keys(&self) -> (usize, usize) {
        (self.set.len(), self.set.skipped.len())
    }
}

/// One client's settings for a tenant that clients share.
#[derive(Debug, Clone, Copy)]
pub struct ClientTerms {
    metadata: Terms,
    keys: Terms,
    /// How long one whole exchange may take.
    pub deadline: Duration,
    /// How many introspections may be in flight at the tenant, including this client's next one.
    pub introspections: usize,
}

impl ClientTerms {
    /// As configured.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let stale = config.jwks_stale_duration;
        Self {
            metadata: Terms { fresh: config.metadata_cache_duration, stale },
            keys: Terms { fresh: config.jwks_cache_duration, stale },
            deadline: config.response_timeout,
            introspections: config.max_concurrent_introspections,
        }
    }
}

/// Metadata and JWKS of one tenant.
#[derive(Debug)]
pub struct Documents {
    tenant: TenantDomain,
    sources: Arc<Sources>,
    clock: Arc<dyn Clock>,
    events: Arc<Events>,
    metadata: Arc<RefreshingDocument<Metadata>>,
    keys: Arc<RefreshingDocument<Keys>>,
    /// When the last exchange for a document began, by the clock of the timers that wait for it.
    exchange_began: Mutex<Instant>,
    tenant_clock: TenantClock,
}

impl Documents {
    /// The documents of this tenant, none of them fetched yet.
    pub fn new(tenant: TenantDomain, sources: Arc<Sources>, clock: Arc<dyn Clock>) -> Arc<Self> {
        let events = Arc::new(Events::new(tenant.clone()));
        let origin = || tenant.as_str().to_owned();
        Arc::new(Self {
            metadata: RefreshingDocument::new(origin(), Arc::clone(&clock), Arc::clone(&events)),
            keys: RefreshingDocument::new(origin(), Arc::clone(&clock), Arc::clone(&events)),
            tenant,
            sources,
            clock,
            events,
            exchange_began: Mutex::new(Instant::now()),
            tenant_clock: TenantClock::default(),
        })
    }

    /// The same tenant, asked over the same connections, with documents of their own.
    #[must_use]
    pub fn separate(&self) -> Arc<Self> {
        Self::new(self.tenant.clone(), Arc::clone(&self.sources), Arc::clone(&self.clock))
    }

    /// Whose documents these are.
    #[must_use]
    pub fn tenant(&self) -> &TenantDomain {
        &self.tenant
    }

    /// What carries requests to the tenant.
    #[must_use]
    pub fn transport(&self) -> &dyn Transport {
        &*self.sources.transport
    }

    /// The injected clock.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// What happened to the documents.
    #[must_use]
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// The time that the tenant last named, and the time here at that moment.
    #[must_use]
    pub fn tenant_time(&self) -> Option<TenantTime> {
        self.tenant_clock.last()
    }

    /// The tenant's metadata.
    pub async fn metadata(
        self: &Arc<Self>,
        terms: ClientTerms,
        want: Want,
    ) -> Result<Arc<Metadata>, Error> {
        let documents = Arc::clone(self);
        let fetch = move || Arc::clone(&documents).fetch_metadata(terms);
        let work = self.metadata.get(terms.metadata, want, terms.deadline, fetch);
        self.within(Metadata::NAME, terms.deadline, work).await
    }

    /// The tenant's keys.
    pub async fn keys(
        self: &Arc<Self>,
        terms: ClientTerms,
        want: Want,
    ) -> Result<Arc<Keys>, Error> {
        let documents = Arc::clone(self);
        let fetch = move || Arc::clone(&documents).fetch_keys(terms);
        let work = self.keys.get(terms.keys, want, terms.deadline, fetch);
        self.within(Keys::NAME, terms.deadline, work).await
    }

    /// The keys, where none have to be waited for.
    #[must_use]
    pub fn keys_at_hand(self: &Arc<Self>, terms: ClientTerms) -> Option<Arc<Keys>> {
        let documents = Arc::clone(self);
        self.keys.at_hand(terms.keys, move || documents.fetch_keys(terms))
    }

    /// The document of the keys.
    #[must_use]
    pub fn key_document(&self) -> &Arc<RefreshingDocument<Keys>> {
        &self.keys
    }

    /// The last good JWKS, and its age.
    #[must_use]
    pub fn current_keys(&self, terms: ClientTerms) -> Option<(Arc<Keys>, Duration, Age)> {
        let current = self.keys.current()?;
        let now = self.clock.elapsed();
        let age = current.age(now, terms.keys);
        Some((Arc::clone(&current.value), now.saturating_sub(current.at), age))
    }

    /// Takes a metadata document that the caller has fetched itself.
    pub fn adopt_metadata(&self, text: String) -> Result<(), HttpError> {
        let metadata = Metadata::parse(&self.tenant, text)
            .map_err(|fault| self.failure(Metadata::NAME, fault))?;
        let value = Arc::new(metadata);
        self.metadata.put(Fetched { value, max_age: None, version: None, unchanged: false });
        Ok(())
    }

    /// Waits for `work` no longer than one client's deadline for each exchange that `work` takes. Other
    /// clients that wait for the same fetch may have longer ones.
    pub async fn within<T>(
        &self,
        what: &'static str,
        deadline: Duration,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let asked = Instant::now();
        let mut work = pin!(work);
        loop {
            let limit = asked.max(self.exchange_began()) + deadline;
            if let Ok(result) = tokio::time::timeout_at(limit, &mut work).await {
                return result;
            }
            if asked.max(self.exchange_began()) + deadline <= Instant::now() {
                return Err(self.failure(what, Fault::timeout(deadline)).into());
            }
        }
    }

    fn exchange_began(&self) -> Instant {
        *self.exchange_began.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_exchange(&self) {
        *self.exchange_began.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    async fn fetch_metadata(
        self: Arc<Self>,
        terms: ClientTerms,
    ) -> Result<Fetched<Metadata>, Error> {
        let current = self.metadata.current();
        let parse = |text| Metadata::parse(&self.tenant, text);
        if let Some(resolver) = &self.sources.metadata {
            return self.resolve(&**resolver, current.as_deref(), parse, terms.deadline).await;
        }
        count(&self.events.counters.metadata_requests);
        let url = format!("{}{WELL_KNOWN}", self.tenant.as_str());
        let url = Url::parse(&url).map_err(|_| {
            self.failure(Metadata::NAME, Fault::Local("The tenant's address is no URL"))
        })?;
        self.request(url, current.as_deref(), parse, terms.deadline).await
    }

    /// Fetches the JWKS, and the metadata that names its URL.
    pub async fn fetch_keys(self: Arc<Self>, terms: ClientTerms) -> Result<Fetched<Keys>, Error> {
        let current = self.keys.current();
        let parse = |text: String| {
            let set = JwkSet::parse(&text).map_err(Fault::Unreadable)?;
            Ok(Keys { text, set })
        };
        if let Some(resolver) = &self.sources.jwks {
            return self.resolve(&**resolver, current.as_deref(), parse, terms.deadline).await;
        }
        let began = self.clock.elapsed();
        let request = async |metadata: &Metadata| {
            count(&self.events.counters.jwks_requests);
            let url = metadata.jwks_uri.clone().ok_or_else(|| {
                self.failure(Keys::NAME, Fault::Unreadable("The metadata has no \"jwks_uri\""))
            })?;
            self.request(url, current.as_deref(), parse, terms.deadline).await
        };
        let metadata = self.metadata(terms, Want::Try).await?;
        let fetched = request(&metadata).await;
        let known_before = self.metadata.current().is_some_and(|current| current.at < began);
        match fetched {
            // The JWKS may have moved since the metadata was read: the metadata is read again, once.
            Err(error) if known_before && may_have_moved(&error) => {
                let metadata = self.metadata(terms, Want::New).await?;
                request(&metadata).await
            }
            fetched => fetched,
        }
    }

    async fn resolve<T: Document>(
        &self,
        resolver: &dyn Resolver,
        current: Option<&Stamped<T>>,
        parse: impl Fn(String) -> Result<T, Fault>,
        deadline: Duration,
    ) -> Result<Fetched<T>, Error> {
        self.note_exchange();
        let answer = tokio::time::timeout(deadline, resolver.resolve()).await;
        let value = answer
            .unwrap_or(Err(Fault::timeout(deadline)))
            .and_then(|text| parse_unless_same(current, text, parse))
            .map_err(|fault| self.failure(T::NAME, fault))?;
        Ok(Fetched { value, max_age: None, version: None, unchanged: false })
    }

    async fn request<T: Document>(
        &self,
        url: Url,
        current: Option<&Stamped<T>>,
        parse: impl Fn(String) -> Result<T, Fault>,
        deadline: Duration,
    ) -> Result<Fetched<T>, Error> {
        let mut request = Request::get(T::NAME, url.clone());
        let known =
            current.filter(|known| known.version.as_ref().is_some_and(|(whose, _)| *whose == url));
        if let Some((_, version)) = known.and_then(|known| known.version.as_ref()) {
            request.headers.push(("if-none-match", version.as_str().into()));
        }
        self.note_exchange();
        let response = request.send(self.transport(), deadline).await?;
        self.tenant_clock.note(&response);
        let failed = |fault| Error::from(request.failure(fault, Some(&response)));
        let (value, unchanged) = match (response.status, known) {
            (200, _) => {
                let text = text(&response).map_err(failed)?;
                (parse_unless_same(current, text, parse).map_err(failed)?, false)
            }
            (304, Some(known)) => (Arc::clone(&known.value), true),
            (status, _) => return Err(failed(Fault::Status(status))),
        };
        let version = match response.header("etag") {
            Some(etag) if etag.len() <= 256 => Some((url, etag.to_owned())),
            _ if unchanged => known.and_then(|known| known.version.clone()),
            _ => None,
        };
        Ok(Fetched { value, max_age: response.max_age(), version, unchanged })
    }

    fn failure(&self, what: &'static str, fault: Fault) -> HttpError {
        let url = self.tenant.as_str().to_owned();
        HttpError { what, url, fault, raw: None, retry_after: None }
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

/// Parses a document, unless its text is that of the current one: then the parsed keys stay the same, and
/// what was verified with them stays verified.
fn parse_unless_same<T: Document>(
    current: Option<&Stamped<T>>,
    text: String,
    parse: impl Fn(String) -> Result<T, Fault>,
) -> Result<Arc<T>, Fault> {
    match current {
        Some(current) if current.value.text() == text => Ok(Arc::clone(&current.value)),
        _ => parse(text).map(Arc::new),
    }
}

fn text(response: &Response) -> Result<String, Fault> {
    std::str::from_utf8(&response.body)
        .map(ToOwned::to_owned)
        .map_err(|_| Fault::Unreadable("The answer is not UTF-8"))
}
