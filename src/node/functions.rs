//! An issuer for a client, with the caller's functions in place of requests where there are any.

use std::sync::Arc;

use super::fetcher::{CallerDocument, Fetcher};
use super::js_bridge::JsBridge;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::http::Transport;
use crate::http::client::{HttpConfig, NativeTransport};
use crate::issuer::{Issuer, Resolver, Sources};

/// The caller's functions, which replace requests.
pub struct Functions<'a> {
    pub bridge: &'a Arc<JsBridge>,
    pub client: f64,
    /// Whether a resolver is told whose document it supplies.
    pub several: bool,
}

impl Functions<'_> {
    /// An issuer, whose documents come from the caller's functions where there are any: then they are this
    /// client's alone.
    pub fn issuer(
        &self,
        config: &Config,
        http: &HttpConfig,
        native: &Arc<NativeTransport>,
    ) -> Arc<Issuer> {
        let (client, clock) = (self.client, Arc::new(SystemClock::get()));
        let resolver = |has: bool, document| -> Option<Arc<dyn Resolver>> {
            let bridge = Arc::clone(self.bridge);
            let issuer = self.several.then(|| config.tenant.issuer().to_owned());
            has.then(|| Arc::new(CallerDocument { bridge, client, document, issuer }) as _)
        };
        let metadata = resolver(config.has_metadata_resolver, "metadata");
        let jwks = resolver(config.has_jwks_resolver, "jwks");
        let own = config.has_fetcher || metadata.is_some() || jwks.is_some();
        let sources = || {
            let transport: Arc<dyn Transport> = if config.has_fetcher {
                Arc::new(Fetcher { bridge: Arc::clone(self.bridge), client })
            } else {
                Arc::new(Arc::clone(native))
            };
            Sources { transport, metadata, jwks }
        };
        if own {
            Issuer::new(config.tenant.clone(), sources(), clock)
        } else {
            Issuer::shared(&config.tenant, http.clone(), clock, sources)
        }
    }
}
