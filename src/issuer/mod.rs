//! One tenant: its metadata, the keys that sign its tokens, and its introspection endpoint.
//!
//! All clients of a tenant with the same HTTP configuration share one [`Issuer`], whichever thread they
//! live on.

mod backoff;
pub mod client_auth;
pub mod discovery;
pub mod document_age;
mod documents;
pub mod events;
pub mod introspection;
mod introspection_limiter;
pub mod refreshing_document;
pub mod single_flight;
mod tenant_clock;
mod unknown_kid_limiter;

use std::collections::HashMap;
use std::sync::{self, Arc, LazyLock, PoisonError, Weak};
use std::time::Duration;

use self::client_auth::ClientAuth;
use self::discovery::Metadata;
use self::document_age::Age;
use self::documents::Documents;
pub use self::documents::{ClientTerms, Keys, Resolver, Sources};
use self::events::{Events, count};
use self::introspection_limiter::IntrospectionLimiter;
use self::refreshing_document::Document;
pub use self::refreshing_document::Want;
use self::tenant_clock::TenantTime;
use self::unknown_kid_limiter::{UnknownKidLimiter, kid_digest};
use crate::clock::Clock;
use crate::config::TenantDomain;
use crate::error::{Error, HttpError, TokenError};
use crate::http::client::HttpConfig;
use crate::sync::{Mutex, MutexGuard};
use crate::token::jws::Header;

/// One tenant.
#[derive(Debug)]
pub struct Issuer {
    documents: Arc<Documents>,
    clock: Arc<dyn Clock>,
    unknown_kids: Mutex<UnknownKidLimiter>,
    introspections: Arc<IntrospectionLimiter>,
}

impl Drop for Issuer {
    /// Its entry in the registry holds private keys and passwords, and goes with it.
    fn drop(&mut self) {
        forget_the_gone(&mut shared());
    }
}

type Registry = HashMap<(TenantDomain, HttpConfig), Weak<Issuer>>;

/// The process-wide registry. Entries are weak: a tenant goes with its last client.
static SHARED: LazyLock<sync::Mutex<Registry>> = LazyLock::new(sync::Mutex::default);

fn shared() -> sync::MutexGuard<'static, Registry> {
    SHARED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn forget_the_gone(registry: &mut Registry) {
    registry.retain(|_, issuer| issuer.strong_count() > 0);
}

impl Issuer {
    /// A tenant that is not shared. Nothing is fetched before the first token.
    #[must_use]
    pub fn new(tenant: TenantDomain, sources: Sources, clock: Arc<dyn Clock>) -> Arc<Self> {
        let documents = Documents::new(tenant, Arc::new(sources), Arc::clone(&clock));
        Self::over(documents, clock, Arc::default())
    }

    /// The same tenant, asked over the same connections, with documents of its own.
    #[must_use]
    pub fn separate(&self) -> Arc<Self> {
        let clock = Arc::clone(&self.clock);
        Self::over(self.documents.separate(), clock, Arc::clone(&self.introspections))
    }

    fn over(
        documents: Arc<Documents>,
        clock: Arc<dyn Clock>,
        introspections: Arc<IntrospectionLimiter>,
    ) -> Arc<Self> {
        Arc::new(Self { documents, clock, unknown_kids: Mutex::default(), introspections })
    }

    /// The tenant that all clients of the process with this HTTP configuration share; made with `sources`
    /// for the first of them.
    pub fn shared(
        tenant: &TenantDomain,
        http: HttpConfig,
        clock: Arc<dyn Clock>,
        sources: impl FnOnce() -> Sources,
    ) -> Arc<Self> {
        let mut registry = shared();
        let key = (tenant.clone(), http);
        if let Some(issuer) = registry.get(&key).and_then(Weak::upgrade) {
            return issuer;
        }
        let issuer = Self::new(tenant.clone(), sources(), clock);
        registry.insert(key, Arc::downgrade(&issuer));
        issuer
    }

    /// The tenant's address.
    #[must_use]
    pub fn tenant(&self) -> &TenantDomain {
        self.documents.tenant()
    }

    /// Time since a fixed moment.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    /// What happened to its documents, and who is told of it.
    #[must_use]
    pub fn events(&self) -> &Events {
        self.documents.events()
    }

    /// The time that the tenant last named, and the time here at that moment.
    #[must_use]
    pub fn tenant_time(&self) -> Option<TenantTime> {
        self.documents.tenant_time()
    }

    /// The tenant's metadata.
    pub async fn metadata(&self, terms: ClientTerms, want: Want) -> Result<Arc<Metadata>, Error> {
        self.documents.metadata(terms, want).await
    }

    /// The tenant's keys.
    pub async fn keys(&self, terms: ClientTerms, want: Want) -> Result<Arc<Keys>, Error> {
        self.documents.keys(terms, want).await
    }

    /// The keys, where none have to be waited for.
    #[must_use]
    pub fn keys_at_hand(&self, terms: ClientTerms) -> Option<Arc<Keys>> {
        self.documents.keys_at_hand(terms)
    }

    /// The last good JWKS, and its age.
    #[must_use]
    pub fn current_keys(&self, terms: ClientTerms) -> Option<(Arc<Keys>, Duration, Age)> {
        self.documents.current_keys(terms)
    }

    /// Takes a metadata document that the caller has fetched itself.
    pub fn adopt_metadata(&self, text: String) -> Result<(), HttpError> {
        self.documents.adopt_metadata(text)
    }

    /// Introspects a token (RFC 7662): the claims of an active one, without `active`, as JSON text.
    /// `now`: seconds since 1970.
    pub fn introspect(
        &self,
        auth: Arc<ClientAuth>,
        token: String,
        now: f64,
        terms: ClientTerms,
    ) -> impl Future<Output = Result<Arc<String>, Error>> + Send + use<> {
        let (documents, limiter) = (Arc::clone(&self.documents), Arc::clone(&self.introspections));
        introspection::introspect(documents, limiter, auth, token, now, terms)
    }

    fn unknown_kids(&self) -> MutexGuard<'_, UnknownKidLimiter> {
        self.unknown_kids.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether [`Issuer::look_for`] may find a key that is not in the set: nobody has looked for its `kid`
    /// in vain a moment ago, and a fetch is in progress or may be started.
    #[must_use]
    pub fn may_look_for(&self, header: &Header) -> bool {
        let now = self.clock.elapsed();
        let kid = kid_digest(header.key_id.as_deref());
        let keys = self.documents.key_document();
        if keys.is_being_fetched() {
            return !self.unknown_kids().was_looked_for(&kid, now);
        }
        keys.may_fetch() && self.unknown_kids().may_look(&kid, now)
    }

    /// Looks for a key that is not in the set, at the tenant. One request serves all tokens that wait at
    /// the same time, and only the one that starts it counts against the limit.
    pub async fn look_for(&self, header: &Header, terms: ClientTerms) -> Result<Arc<Keys>, Error> {
        let work = self.look_without_deadline(header, terms);
        self.documents.within(Keys::NAME, terms.deadline, work).await
    }

    async fn look_without_deadline(
        &self,
        header: &Header,
        terms: ClientTerms,
    ) -> Result<Arc<Keys>, Error> {
        let (kid, document) = (header.key_id.as_deref(), self.documents.key_document());
        let found = |keys: &Keys| {
            keys.set.select(kid, header.algorithm).err() != Some(TokenError::UnknownKey)
        };
        let mut started = false;
        // A fetch that was in progress may have begun before the key was published. Then a second one is
        // started.
        while !started {
            let at_hand = || {
                let current = document.current().filter(|current| found(&current.value));
                current.map(|current| Arc::clone(&current.value))
            };
            if let Some(keys) = at_hand() {
                return Ok(keys);
            }
            let allowed = || {
                // A fetch may have ended meanwhile.
                if at_hand().is_some() {
                    return false;
                }
                started = true;
                let allowed = self.unknown_kids().take(self.clock.elapsed());
                if allowed {
                    count(&self.events().counters.unknown_key_lookups);
                }
                allowed
            };
            let fetch = || Arc::clone(&self.documents).fetch_keys(terms);
            match document.fetch_if(allowed, fetch).await {
                None => return at_hand().ok_or_else(|| TokenError::UnknownKey.into()),
                Some(Err(error)) => return Err(document.last_failure().unwrap_or(error)),
                Some(Ok(keys)) if found(&keys) => return Ok(keys),
                Some(Ok(_)) => {}
            }
        }
        self.unknown_kids().remember(kid_digest(kid), self.clock.elapsed());
        Err(TokenError::UnknownKey.into())
    }
}
