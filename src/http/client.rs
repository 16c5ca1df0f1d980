//! The built-in HTTP client: reqwest over rustls. Used unless the caller has a `fetcher`.

use std::collections::HashMap;
use std::error::Error as _;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::Bytes;
use reqwest::header::HeaderValue;
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::OnceCell;
use tower_layer::Layer;
use tower_service::Service;

use super::identity::{Identity, certificates};
use super::proxy::{Proxies, variable};
use super::{Exchange, LONGEST_BODY, Request, Response, Transport, roots};
use crate::config::Tls;
use crate::error::{Fault, ValidationError};
use crate::secret::Secret;

/// The exchange fails unless the connection is established within this time.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// A connection that was idle for longer is not used again. Short, because a frozen process (AWS Lambda)
/// resumes with connections that the network has dropped.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// How the tenant is reached, by options and environment.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct HttpConfig {
    tls: Tls,
    proxies: Proxies,
    /// `SSL_CERT_FILE` and `NODE_EXTRA_CA_CERTS`.
    extra_roots: Vec<PathBuf>,
}

/// Keys and proxies' passwords are not shown.
impl fmt::Debug for HttpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpConfig(…)")
    }
}

impl HttpConfig {
    /// Reads the variables that every HTTP client honours.
    #[must_use]
    pub fn new(tls: Tls, environment: &HashMap<String, Secret>) -> Self {
        let extra_roots = ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"].iter();
        Self {
            tls,
            proxies: Proxies::read(environment),
            extra_roots: extra_roots
                .filter_map(|name| variable(environment, &[name]))
                .map(|path| PathBuf::from(&*path))
                .collect(),
        }
    }
}

/// The built-in HTTP client. Root certificates are read at its first request.
#[derive(Debug)]
pub struct NativeTransport {
    config: HttpConfig,
    identity: Option<Identity>,
    clients: OnceCell<Clients>,
    /// Without proxies, for the exceptions that name a port.
    direct: OnceCell<Clients>,
}

/// Two clients of the same configuration.
struct Clients {
    /// Keeps its connections.
    keeping: Client,
    /// Opens a new connection for each request: for a request that failed on a kept connection.
    fresh: Client,
}

/// reqwest's own output shows the proxies.
impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clients")
    }
}

impl NativeTransport {
    /// Checks what can be checked without touching the disk or the network.
    pub fn new(config: HttpConfig) -> Result<Self, ValidationError> {
        config.proxies.check()?;
        if let Some(ca) = &config.tls.ca {
            certificates("tls.ca", ca)?;
        }
        let identity = Identity::read(&config.tls)?;
        Ok(Self { config, identity, clients: OnceCell::new(), direct: OnceCell::new() })
    }

    fn tls(&self, roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots);
        Ok(match &self.identity {
            Some(identity) => builder.with_client_cert_resolver(identity.resolver()),
            None => builder.with_no_client_auth(),
        })
    }

    fn build(&self, direct: bool) -> Result<Clients, Fault> {
        let mut roots = roots::read(&self.config.extra_roots)?;
        if let Some(ca) = &self.config.tls.ca {
            roots.add_parsable_certificates(certificates("tls.ca", ca).unwrap_or_default());
        }
        let tls = self.tls(roots);
        let tls = tls.map_err(|_| Fault::Local("The TLS client could not be set up"))?;
        let build = |kept: usize| {
            self.builder(tls.clone(), kept, direct)?
                .build()
                .map_err(|_| Fault::Local("The HTTP client could not be set up"))
        };
        Ok(Clients { keeping: build(usize::MAX)?, fresh: build(0)? })
    }

    fn builder(
        &self,
        tls: ClientConfig,
        kept: usize,
        direct: bool,
    ) -> Result<ClientBuilder, Fault> {
        let builder = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(Policy::none())
            .referer(false)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(kept)
            .connector_layer(NoteConnections)
            // reqwest would read the process's environment; `apply` has read the caller's.
            .no_proxy();
        if direct { Ok(builder) } else { self.config.proxies.apply(builder) }
    }
}

impl Transport for Arc<NativeTransport> {
    fn exchange(&self, request: Request) -> Exchange {
        let transport = Arc::clone(self);
        Box::pin(async move {
            let direct = transport.config.proxies.bypass(&request.url);
            let clients = if direct { &transport.direct } else { &transport.clients };
            let Clients { keeping, fresh } = clients
                .get_or_try_init(|| async {
                    let building = Arc::clone(&transport);
                    // Parsing a few hundred certificates would block the thread that waits for sockets.
                    tokio::task::spawn_blocking(move || building.build(direct))
                        .await
                        .unwrap_or(Err(Fault::Local("The HTTP client could not be set up")))
                })
                .await?;
            let connected = Arc::new(AtomicBool::new(false));
            let attempt = CONNECTED.scope(Arc::clone(&connected), send(keeping, &request)).await;
            match attempt {
                // The tenant had closed a kept connection and did not receive the request: it is sent
                // once more, over a new connection.
                Err(Failed { answered: false, fault: Fault::Interrupted })
                    if !connected.load(Ordering::Relaxed) =>
                {
                    send(fresh, &request).await
                }
                attempt => attempt,
            }
            .map_err(|failed| failed.fault)
        })
    }
}

tokio::task_local! {
    /// Whether the request of this task has begun to open a connection.
    static CONNECTED: Arc<AtomicBool>;
}

/// Wraps the connector: a request that does not call it is sent over a kept connection.
#[derive(Debug, Clone)]
struct NoteConnections;

#[derive(Debug, Clone)]
struct Noting<S>(S);

impl<S> Layer<S> for NoteConnections {
    type Service = Noting<S>;

    fn layer(&self, connector: S) -> Self::Service {
        Noting(connector)
    }
}

impl<S: Service<R>, R> Service<R> for Noting<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, target: R) -> Self::Future {
        // Not set outside of an attempt.
        let _ = CONNECTED.try_with(|connected| connected.store(true, Ordering::Relaxed));
        self.0.call(target)
    }
}

/// An attempt that failed, and whether an answer had begun to come.
struct Failed {
    fault: Fault,
    answered: bool,
}

/// The bytes of a text, overwritten when the HTTP client drops the last reference to them.
fn bytes(text: &Secret) -> Bytes {
    Bytes::from_owner(text.clone())
}

async fn send(client: &Client, request: &Request) -> Result<Response, Failed> {
    let mut outgoing = match &request.form {
        None => client.get(request.url.clone()),
        Some(form) => client
            .post(request.url.clone())
            .header("content-type", "application/x-www-form-urlencoded")
            .body(bytes(form)),
    };
    for (name, value) in &request.headers {
        let value = HeaderValue::from_maybe_shared(bytes(value));
        let mut value = value.map_err(|_| Failed {
            fault: Fault::Local("A header of the request can't be sent"),
            answered: false,
        })?;
        value.set_sensitive(true);
        outgoing = outgoing.header(*name, value);
    }
    let incoming = outgoing.send().await.map_err(|error| Failed {
        fault: fault(&error),
        // Bytes that are no HTTP count as an answer.
        answered: chain(&error)
            .any(|cause| cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse)),
    })?;
    read(incoming).await.map_err(|fault| Failed { fault, answered: true })
}

async fn read(mut incoming: reqwest::Response) -> Result<Response, Fault> {
    let status = incoming.status();
    let headers = incoming
        .headers()
        .iter()
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    let mut body = Vec::new();
    while let Some(chunk) = incoming.chunk().await.map_err(|error| fault(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST_BODY {
            break;
        }
    }
    Ok(Response {
        status: status.as_u16(),
        status_text: status.canonical_reason().unwrap_or_default().to_owned(),
        headers,
        body,
    })
}

/// The kind of a failure. The error's text is dropped: it may hold a proxy's password.
fn fault(error: &reqwest::Error) -> Fault {
    if chain(error).any(is_tls) {
        Fault::Tls
    } else if error.is_connect() {
        Fault::Connect
    } else {
        Fault::Interrupted
    }
}

type Cause<'a> = &'a (dyn std::error::Error + 'static);

fn chain(error: &reqwest::Error) -> impl Iterator<Item = Cause<'_>> {
    fn next<'a>(cause: &Cause<'a>) -> Option<Cause<'a>> {
        let cause: Cause<'a> = *cause;
        cause.source()
    }
    std::iter::successors(error.source(), next)
}

/// Looks into an `io::Error` within an `io::Error`, which `source` skips.
fn is_tls(error: Cause<'_>) -> bool {
    error.is::<rustls::Error>()
        || error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref)
            .is_some_and(|inner| is_tls(inner))
}
