//! Everything that is known of one tenant: where its endpoints are and which keys sign its tokens.

pub mod cached;
pub mod client_auth;
pub mod discovery;
pub mod flight;
pub mod introspection;
pub mod jwk;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use url::Url;

use self::cached::{Cached, Stamped};
use self::discovery::{Metadata, WELL_KNOWN};
use self::jwk::KeySet;
use crate::clock::Clock;
use crate::config::{Config, TenantDomain};
use crate::error::{Error, Fault, HttpError};
use crate::http::{Request, Transport};

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
    /// Fetched after this call was made (or by a fetch that was under way by then).
    New,
}

/// One tenant.
#[derive(Debug)]
pub struct Issuer {
    tenant: TenantDomain,
    sources: Arc<Sources>,
    clock: Arc<dyn Clock>,
    deadline: Duration,
    metadata: Arc<Cached<Metadata>>,
    metadata_duration: Duration,
    keys: Arc<Cached<Keys>>,
    keys_duration: Duration,
    /// What strangers may cause by naming keys that nobody knows.
    unknown_keys: Mutex<Budget>,
}

impl Issuer {
    /// Nothing is fetched before the first token.
    #[must_use]
    pub fn new(config: &Config, sources: Sources, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            tenant: config.tenant.clone(),
            sources: Arc::new(sources),
            deadline: config.response_timeout,
            metadata: Arc::default(),
            metadata_duration: config.metadata_cache_duration,
            keys: Arc::default(),
            keys_duration: config.jwks_cache_duration,
            unknown_keys: Mutex::new(Budget::new(clock.elapsed())),
            clock,
        })
    }

    /// The transport that also carries introspection.
    #[must_use]
    pub fn transport(&self) -> &dyn Transport {
        &*self.sources.transport
    }

    /// Who this is.
    #[must_use]
    pub fn tenant(&self) -> &TenantDomain {
        &self.tenant
    }

    /// How long one whole exchange may take.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// The keys, where they are at hand and fresh: no waiting, no lock.
    #[must_use]
    pub fn keys_at_hand(&self) -> Option<Arc<Keys>> {
        self.keys
            .at_hand(|keys| self.is_fresh(keys, self.keys_duration))
    }

    /// The tenant's metadata.
    pub async fn metadata(&self, want: Want) -> Result<Arc<Metadata>, Error> {
        let asked = self.clock.elapsed();
        let will_do = |current: &Stamped<_>| match want {
            Want::Fresh => self.is_fresh(current, self.metadata_duration),
            Want::New => current.at > asked,
        };
        self.metadata.get(will_do, || self.fetch_metadata()).await
    }

    /// The tenant's keys.
    pub async fn keys(self: &Arc<Self>, want: Want) -> Result<Arc<Keys>, Error> {
        let asked = self.clock.elapsed();
        let will_do = |current: &Stamped<_>| match want {
            Want::Fresh => self.is_fresh(current, self.keys_duration),
            Want::New => current.at > asked,
        };
        self.keys
            .get(will_do, || fetch_keys(Arc::clone(self)))
            .await
    }

    /// Whether a token with a key that nobody knows may cause one more request.
    #[must_use]
    pub fn may_look_for_new_keys(&self) -> bool {
        self.unknown_keys
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take(self.clock.elapsed())
    }

    /// Takes a metadata document that the caller has got in its own way.
    pub fn adopt_metadata(&self, text: String) -> Result<(), HttpError> {
        let metadata =
            Metadata::parse(&self.tenant, text).map_err(|fault| self.failure("metadata", fault))?;
        self.metadata.put(Arc::new(metadata), self.clock.elapsed());
        Ok(())
    }

    fn is_fresh<T>(&self, current: &Stamped<T>, duration: Duration) -> bool {
        self.clock.elapsed().saturating_sub(current.at) < duration
    }

    fn failure(&self, what: &'static str, fault: Fault) -> HttpError {
        HttpError {
            what,
            url: self.tenant.as_str().to_owned(),
            fault,
            raw: None,
            retry_after: None,
        }
    }

    fn fetch_metadata(
        &self,
    ) -> impl Future<Output = Result<Stamped<Metadata>, Error>> + Send + 'static {
        let (tenant, sources) = (self.tenant.clone(), Arc::clone(&self.sources));
        let (clock, deadline) = (Arc::clone(&self.clock), self.deadline);
        async move {
            const WHAT: &str = "metadata";
            let failure = |fault| HttpError {
                what: WHAT,
                url: format!("{}{WELL_KNOWN}", tenant.as_str()),
                fault,
                raw: None,
                retry_after: None,
            };
            let text = match &sources.metadata {
                Some(resolver) => resolve(&**resolver, deadline).await.map_err(failure)?,
                None => {
                    let url = Url::parse(&format!("{}{WELL_KNOWN}", tenant.as_str()))
                        .map_err(|_| failure(Fault::Local("The tenant's address is no URL")))?;
                    Request::get(WHAT, url)
                        .document(&*sources.transport, deadline)
                        .await?
                }
            };
            let metadata = Metadata::parse(&tenant, text).map_err(failure)?;
            Ok(Stamped {
                value: Arc::new(metadata),
                at: clock.elapsed(),
            })
        }
    }
}

async fn fetch_keys(issuer: Arc<Issuer>) -> Result<Stamped<Keys>, Error> {
    const WHAT: &str = "JWKS";
    let (text, url) = match &issuer.sources.jwks {
        Some(resolver) => {
            let text = resolve(&**resolver, issuer.deadline)
                .await
                .map_err(|fault| issuer.failure(WHAT, fault))?;
            (text, None)
        }
        None => {
            let metadata = issuer.metadata(Want::Fresh).await?;
            let url = metadata.jwks_uri.clone().ok_or_else(|| {
                issuer.failure(WHAT, Fault::Unreadable("The metadata has no \"jwks_uri\""))
            })?;
            let request = Request::get(WHAT, url.clone());
            (
                request
                    .document(issuer.transport(), issuer.deadline)
                    .await?,
                Some(url),
            )
        }
    };
    let set = KeySet::parse(&text).map_err(|why| {
        let fault = Fault::Unreadable(why);
        match url {
            Some(url) => Request::get(WHAT, url).failure(fault, None),
            None => issuer.failure(WHAT, fault),
        }
    })?;
    Ok(Stamped {
        value: Arc::new(Keys { text, set }),
        at: issuer.clock.elapsed(),
    })
}

async fn resolve(resolver: &dyn Resolver, deadline: Duration) -> Result<String, Fault> {
    match tokio::time::timeout(deadline, resolver.resolve()).await {
        Ok(answer) => answer,
        Err(_) => Err(Fault::Timeout {
            after_ms: u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX),
        }),
    }
}

/// A token bucket.
#[derive(Debug)]
struct Budget {
    left: u32,
    /// When the last one was refilled.
    refilled: Duration,
}

impl Budget {
    const MOST: u32 = 2;
    const REFILL: Duration = Duration::from_secs(30);

    fn new(now: Duration) -> Self {
        Self {
            left: Self::MOST,
            refilled: now,
        }
    }

    fn take(&mut self, now: Duration) -> bool {
        while self.left < Self::MOST && now.saturating_sub(self.refilled) >= Self::REFILL {
            self.left += 1;
            self.refilled += Self::REFILL;
        }
        if self.left == Self::MOST {
            self.refilled = now;
        }
        let allowed = self.left > 0;
        self.left = self.left.saturating_sub(1);
        allowed
    }
}
