//! Everything that is known of one tenant: where its endpoints are and which keys sign its tokens.
//!
//! One living set of documents, shared by all who trust the same tenant over the same HTTP
//! configuration. It is refreshed before its time is over, by the way and in the background; it
//! serves on while the tenant can't be reached; and what a stranger may cause is counted.

pub mod backoff;
pub mod cached;
pub mod client_auth;
pub mod discovery;
mod documents;
pub mod flight;
pub mod introspection;
mod introspection_limiter;
pub mod jwk;
pub mod unknown;
pub mod verifier;
pub mod watch;

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use self::cached::{Age, Cached, Stamped, Terms};
use self::discovery::Metadata;
use self::documents::{Document, TheKeys, TheMetadata};
use self::flight::Start;
use self::introspection_limiter::IntrospectionLimiter;
use self::jwk::KeySet;
use self::unknown::{UnknownKeys, key_name};
use self::watch::{Counters, Event, Observers, count};
use crate::clock::Clock;
use crate::config::{Config, TenantDomain};
use crate::error::{Error, Fault, HttpError, TokenError};
use crate::http::native::HttpConfig;
use crate::http::{Response, Transport};
use crate::runtime;
use crate::token::jws::Header;

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

/// One JWKS document, and its keys parsed.
#[derive(Debug)]
pub struct Keys {
    /// The document as it came.
    pub text: String,
    /// What of it can be used.
    pub set: KeySet,
}

/// How new a document has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// Within its cache duration.
    Fresh,
    /// The same, and asked for even where that failed a moment ago: whoever asks has waited already.
    Try,
    /// Fetched after this call was made (or by a fetch that was under way by then).
    New,
}

/// One client's terms for documents that it may share with others.
#[derive(Debug, Clone, Copy)]
pub struct ClientTerms {
    metadata: Terms,
    keys: Terms,
    /// How long one whole exchange may take.
    pub deadline: Duration,
    /// How many introspections may be in flight at the tenant, this client's next one included.
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

/// What time it is at the tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// The header `Date` of an answer (RFC 9110 §6.6.1), unread.
    pub date: String,
    /// What time it was here when that answer came, milliseconds since 1970.
    pub at_ms: f64,
}

/// Somebody who comes after a document's time waits this long for the next, before the last serves
/// on. A tenant that is slower than this counts as away.
const PATIENCE: Duration = Duration::from_secs(2);

/// One tenant.
#[derive(Debug)]
pub struct Issuer {
    tenant: TenantDomain,
    sources: Arc<Sources>,
    clock: Arc<dyn Clock>,
    metadata: Cached<Metadata>,
    keys: Cached<Keys>,
    unknown: Mutex<UnknownKeys>,
    /// When the last exchange for a document began.
    exchange: Mutex<Instant>,
    /// What time the tenant last said it is.
    heard: Mutex<Option<Heard>>,
    /// The introspections in flight.
    introspections: Arc<IntrospectionLimiter>,
    /// What has happened.
    pub counters: Counters,
    /// Who wants to know what happens.
    pub observers: Observers,
}

type Shared = Mutex<HashMap<(TenantDomain, HttpConfig), Weak<Issuer>>>;

/// The process's tenants. An entry is as good as gone once its last client is.
static SHARED: std::sync::LazyLock<Shared> = std::sync::LazyLock::new(Shared::default);

impl Issuer {
    /// A tenant of one client's own. Nothing is fetched before the first token.
    #[must_use]
    pub fn new(tenant: TenantDomain, sources: Sources, clock: Arc<dyn Clock>) -> Arc<Self> {
        Self::over(tenant, Arc::new(sources), clock, Arc::default())
    }

    /// The same tenant, asked over the same connections, with documents of its own.
    #[must_use]
    pub fn apart(&self) -> Arc<Self> {
        Self::over(
            self.tenant.clone(),
            Arc::clone(&self.sources),
            Arc::clone(&self.clock),
            Arc::clone(&self.introspections),
        )
    }

    fn over(
        tenant: TenantDomain,
        sources: Arc<Sources>,
        clock: Arc<dyn Clock>,
        introspections: Arc<IntrospectionLimiter>,
    ) -> Arc<Self> {
        Arc::new(Self {
            tenant,
            sources,
            clock,
            metadata: Cached::default(),
            keys: Cached::default(),
            unknown: Mutex::default(),
            exchange: Mutex::new(Instant::now()),
            heard: Mutex::default(),
            introspections,
            counters: Counters::default(),
            observers: Observers::default(),
        })
    }

    /// The tenant that all of the process's clients with this HTTP configuration share, whichever
    /// thread they live on; made by `sources` for the first of them.
    pub fn shared(
        tenant: &TenantDomain,
        http: HttpConfig,
        clock: Arc<dyn Clock>,
        sources: impl FnOnce() -> Sources,
    ) -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.retain(|_, issuer| issuer.strong_count() > 0);
        let key = (tenant.clone(), http);
        if let Some(issuer) = shared.get(&key).and_then(Weak::upgrade) {
            return issuer;
        }
        let issuer = Self::new(tenant.clone(), sources(), clock);
        shared.insert(key, Arc::downgrade(&issuer));
        issuer
    }

    /// Who this is.
    #[must_use]
    pub fn tenant(&self) -> &TenantDomain {
        &self.tenant
    }

    /// The transport that also carries introspection.
    #[must_use]
    pub fn transport(&self) -> &dyn Transport {
        &*self.sources.transport
    }

    /// The keys, where none have to be waited for.
    #[must_use]
    pub fn keys_at_hand(self: &Arc<Self>, terms: ClientTerms) -> Option<Arc<Keys>> {
        self.at_hand::<TheKeys>(terms)
    }

    /// The tenant's metadata.
    pub async fn metadata(
        self: &Arc<Self>,
        terms: ClientTerms,
        want: Want,
    ) -> Result<Arc<Metadata>, Error> {
        self.get::<TheMetadata>(terms, want).await
    }

    /// The tenant's keys.
    pub async fn keys(
        self: &Arc<Self>,
        terms: ClientTerms,
        want: Want,
    ) -> Result<Arc<Keys>, Error> {
        self.get::<TheKeys>(terms, want).await
    }

    /// The last good JWKS, and its age.
    #[must_use]
    pub fn current_keys(&self, terms: ClientTerms) -> Option<(Arc<Keys>, Duration, Age)> {
        let current = self.keys.current()?;
        let now = self.clock.elapsed();
        let age = current.age(now, terms.keys);
        Some((Arc::clone(&current.value), now.saturating_sub(current.at), age))
    }

    /// Takes a metadata document that the caller has got in its own way.
    pub fn adopt_metadata(&self, text: String) -> Result<(), HttpError> {
        let metadata = Metadata::parse(&self.tenant, text)
            .map_err(|fault| self.failure(TheMetadata::NAME, fault))?;
        self.metadata.put(self.stamp(Arc::new(metadata), None, None));
        Ok(())
    }

    /// A document without waiting: fresh, or past its time while the tenant is away. Where its time
    /// is nearly over, or over, this call starts a refresh behind itself.
    fn at_hand<D: Document>(self: &Arc<Self>, terms: ClientTerms) -> Option<Arc<D::Value>> {
        let cache = D::cache(self);
        let current = cache.current()?;
        let now = self.clock.elapsed();
        match current.age(now, D::terms(&terms)) {
            Age::Fresh => {}
            Age::Due => self.refresh_behind::<D>(terms, now),
            Age::Expired if cache.backoff().is_troubled() => {
                self.refresh_behind::<D>(terms, now);
                self.note_stale_use::<D>(now.saturating_sub(current.at));
            }
            Age::Expired | Age::Dead => return None,
        }
        Some(Arc::clone(&current.value))
    }

    async fn get<D: Document>(
        self: &Arc<Self>,
        terms: ClientTerms,
        want: Want,
    ) -> Result<Arc<D::Value>, Error> {
        self.patiently(D::NAME, terms, self.get_however_long::<D>(terms, want)).await
    }

    /// Waits no longer than this client has patience; whoever else waits for the same fetch may have
    /// more.
    async fn patiently<T>(
        &self,
        what: &'static str,
        terms: ClientTerms,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let asked = Instant::now();
        let mut work = pin!(work);
        loop {
            // Each exchange that it takes has its own time.
            let limit = asked.max(self.exchange_begun()) + terms.deadline;
            if let Ok(got) = tokio::time::timeout_at(limit, &mut work).await {
                return got;
            }
            if asked.max(self.exchange_begun()) + terms.deadline <= Instant::now() {
                return Err(self.failure(what, Fault::timeout(terms.deadline)).into());
            }
        }
    }

    /// What time the tenant last said it is, and what time it was here.
    #[must_use]
    pub fn heard(&self) -> Option<Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes what time it is there, for whoever looks for a clock that is wrong. An answer out of a
    /// cache, which has an `Age` (RFC 9111 §5.1), tells the time of another moment.
    fn hear(&self, response: &Response) {
        let date = response.header("date").filter(|date| date.len() <= 64);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        if let (Some(date), Ok(now), None) = (date, now, response.header("age")) {
            let heard = Heard { date: date.to_owned(), at_ms: now.as_secs_f64() * 1000.0 };
            *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(heard);
        }
    }

    fn exchange_begun(&self) -> Instant {
        *self.exchange.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that an exchange begins.
    fn begin_exchange(&self) {
        *self.exchange.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Joins the fetch that is under way, or starts one. Where another client had started it and
    /// had less patience than this one, this one goes on with its own.
    async fn join<D: Document>(
        self: &Arc<Self>,
        terms: ClientTerms,
        will_do: impl Fn(&Stamped<D::Value>) -> bool,
    ) -> Result<Arc<D::Value>, Error> {
        let fetch = || D::fetch(Arc::clone(self), terms);
        match D::cache(self).join(&will_do, fetch).await {
            Err(Error::Http(HttpError { fault: Fault::Timeout { after_ms }, .. }))
                if u128::from(after_ms) < terms.deadline.as_millis() =>
            {
                D::cache(self).join(&will_do, fetch).await
            }
            joined => joined,
        }
    }

    async fn get_however_long<D: Document>(
        self: &Arc<Self>,
        terms: ClientTerms,
        want: Want,
    ) -> Result<Arc<D::Value>, Error> {
        let cache = D::cache(self);
        let asked = self.clock.elapsed();
        if want == Want::New {
            return self.join::<D>(terms, |current| current.at > asked).await;
        }
        if let Some(value) = self.at_hand::<D>(terms) {
            return Ok(value);
        }
        let serves = |current: &Stamped<_>| {
            matches!(current.age(self.clock.elapsed(), D::terms(&terms)), Age::Fresh | Age::Due)
        };
        let fetched = match self.expired::<D>(terms) {
            // The last document may serve on: the next is waited for, but not for long.
            Some(_) => {
                // Well within what this client waits at all, or it would never come to the last one.
                let patience = PATIENCE.min(terms.deadline / 2).saturating_sub(cache.under_way());
                match tokio::time::timeout(patience, self.join::<D>(terms, serves)).await {
                    Ok(fetched) => fetched,
                    Err(_) => Err(self.failure(D::NAME, Fault::Local("The tenant is slow")).into()),
                }
            }
            None if want == Want::Fresh
                && !cache.backoff().may_try(asked)
                && !cache.is_being_fetched() =>
            {
                Err(self.failure(D::NAME, Fault::Local("The tenant is away")).into())
            }
            None => self.join::<D>(terms, serves).await,
        };
        fetched.or_else(|error| match self.expired::<D>(terms) {
            Some((value, age)) => {
                self.note_stale_use::<D>(age);
                Ok(value)
            }
            None => Err(cache.backoff().verdict(self.clock.elapsed()).unwrap_or(error)),
        })
    }

    /// What may serve on in an outage.
    fn expired<D: Document>(&self, terms: ClientTerms) -> Option<(Arc<D::Value>, Duration)> {
        let current = D::cache(self).current()?;
        let now = self.clock.elapsed();
        let serves = current.age(now, D::terms(&terms)) != Age::Dead;
        serves.then(|| (Arc::clone(&current.value), now.saturating_sub(current.at)))
    }

    fn refresh_behind<D: Document>(self: &Arc<Self>, terms: ClientTerms, now: Duration) {
        let cache = D::cache(self);
        if cache.is_being_fetched() || !cache.backoff().may_try(now) {
            return;
        }
        if let Some(runtime) = runtime::handle() {
            let issuer = Arc::clone(self);
            runtime.spawn(async move {
                let fetch = || D::fetch(Arc::clone(&issuer), terms);
                // How it went is in the backoff and in the counters; nobody waits for it here.
                drop(D::cache(&issuer).join(|current| current.at > now, fetch).await);
            });
        }
    }

    fn note_stale_use<D: Document>(&self, age: Duration) {
        if D::SERVES_TOKENS {
            count(&self.counters.stale_uses);
            self.observers.tell(&self.tenant, &Event::StaleUse { age });
        }
    }

    fn unknown(&self) -> MutexGuard<'_, UnknownKeys> {
        self.unknown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is worth waiting for a key that is not in the set: nobody has looked for it in
    /// vain a moment ago, and there is a fetch to wait for, or budget for one.
    #[must_use]
    pub fn is_worth_looking_for(&self, header: &Header) -> bool {
        let now = self.clock.elapsed();
        let name = key_name(header.key_id.as_deref());
        if self.keys.is_being_fetched() {
            return !self.unknown().is_known_to_be_unknown(&name, now);
        }
        self.keys.backoff().may_try(now) && self.unknown().is_worth_looking(&name, now)
    }

    /// Looks for a key that is not in the set, at the tenant. One request serves all who look for
    /// whatever key at the same time, and only the one who starts it is charged.
    pub async fn look_for(
        self: &Arc<Self>,
        header: &Header,
        terms: ClientTerms,
    ) -> Result<Arc<Keys>, Error> {
        self.patiently(TheKeys::NAME, terms, self.look_however_long(header, terms)).await
    }

    async fn look_however_long(
        self: &Arc<Self>,
        header: &Header,
        terms: ClientTerms,
    ) -> Result<Arc<Keys>, Error> {
        let found = |keys: &Keys| keys.set.select(header).err() != Some(TokenError::UnknownKey);
        let mut started = false;
        // A fetch that had begun before the key was published may come back without it: then once
        // more.
        while !started {
            if let Some(current) = self.keys.current().filter(|current| found(&current.value)) {
                return Ok(Arc::clone(&current.value));
            }
            let start = || {
                started = true;
                if self.unknown().take(self.clock.elapsed()) {
                    count(&self.counters.unknown_key_lookups);
                    Start::Go(TheKeys::fetch(Arc::clone(self), terms))
                } else {
                    Start::Never
                }
            };
            match self.keys.join_if(start).await {
                None => return Err(TokenError::UnknownKey.into()),
                Some(Err(error)) => {
                    return Err(self.keys.backoff().verdict(self.clock.elapsed()).unwrap_or(error));
                }
                Some(Ok(keys)) if found(&keys) => return Ok(keys),
                Some(Ok(_)) => {}
            }
        }
        let name = key_name(header.key_id.as_deref());
        self.unknown().remember(name, self.clock.elapsed());
        Err(TokenError::UnknownKey.into())
    }

    fn failure(&self, what: &'static str, fault: Fault) -> HttpError {
        let url = self.tenant.as_str().to_owned();
        HttpError { what, url, fault, raw: None, retry_after: None }
    }

    /// The counters' values by name.
    #[must_use]
    pub fn counted(&self) -> [(&'static str, u64); 6] {
        let counters = &self.counters;
        [
            ("metadataRequests", &counters.metadata_requests),
            ("jwksRequests", &counters.jwks_requests),
            ("refreshes", &counters.refreshes),
            ("failedRefreshes", &counters.failed_refreshes),
            ("staleUses", &counters.stale_uses),
            ("unknownKeyLookups", &counters.unknown_key_lookups),
        ]
        .map(|(name, counter)| (name, counter.load(Ordering::Relaxed)))
    }
}
