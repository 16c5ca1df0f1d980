//! The caller's own functions as a transport and as a source of documents.

use std::sync::Arc;

use super::js_bridge::{JsBridge, Message};
use crate::error::Fault;
use crate::http::{Exchange, LONGEST_BODY, Request, Transport};
use crate::issuer::Resolver;

/// `fetcher`, called as `fetch(url, init)`.
#[derive(Clone)]
pub struct Fetcher {
    pub bridge: Arc<JsBridge>,
    /// Whose it is.
    pub client: f64,
}

impl std::fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fetcher")
    }
}

impl Transport for Fetcher {
    fn exchange(&self, request: Request) -> Exchange {
        let Self { bridge, client } = self.clone();
        Box::pin(async move {
            let headers = request.headers.into_iter();
            let message = Message {
                kind: "fetch",
                client: Some(client),
                url: Some(request.url.into()),
                headers: Some(headers.map(|(name, value)| vec![name.into(), value]).collect()),
                form: request.form,
                ..Message::default()
            };
            bridge.ask(message).await
        })
    }
}

/// `metadataResolver` or `jwksResolver`.
pub struct CallerDocument {
    pub bridge: Arc<JsBridge>,
    pub client: f64,
    /// `metadata` or `jwks`.
    pub document: &'static str,
    /// Whose document it is, for a client of several issuers.
    pub issuer: Option<String>,
}

impl std::fmt::Debug for CallerDocument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("CallerDocument").field(&self.document).finish()
    }
}

impl Resolver for CallerDocument {
    fn resolve(&self) -> std::pin::Pin<Box<dyn Future<Output = Result<String, Fault>> + Send>> {
        let (bridge, client, document) = (Arc::clone(&self.bridge), self.client, self.document);
        let issuer = self.issuer.clone();
        Box::pin(async move {
            let message = Message {
                kind: "resolve",
                client: Some(client),
                document: Some(document),
                issuer,
                ..Message::default()
            };
            let reply = bridge.ask(message).await?;
            if reply.body.len() > LONGEST_BODY {
                return Err(Fault::TooLarge { limit: LONGEST_BODY });
            }
            String::from_utf8(reply.body)
                .map_err(|_| Fault::Unreadable("The resolver's document is not UTF-8"))
        })
    }
}
