//! reqwest over rustls: the transport that is used where the caller brings none.

use std::collections::HashMap;
use std::error::Error as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, NoProxy, Proxy};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::OnceCell;
use tower_layer::Layer;
use tower_service::Service;

use super::{Exchange, LONGEST_BODY, Request, Response, Transport, roots};
use crate::config::Tls;
use crate::error::{Fault, ValidationError};

/// A connection stands within this, or the exchange has failed.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// A connection that has been idle for longer is not used again. Short, because a process that was
/// frozen (AWS Lambda) may wake up to connections that the network has long forgotten.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// What of the environment and of the options decides how the tenant is reached.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct HttpConfig {
    tls: Tls,
    https_proxy: Option<String>,
    http_proxy: Option<String>,
    /// `NO_PROXY`, as reqwest reads it.
    no_proxy: Option<String>,
    /// Its entries that name a port, which reqwest does not know.
    no_proxy_ports: Vec<(String, u16)>,
    /// `SSL_CERT_FILE` and `NODE_EXTRA_CA_CERTS`.
    extra_roots: Vec<PathBuf>,
}

/// The addresses of proxies may hold passwords: nothing is shown.
impl std::fmt::Debug for HttpConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HttpConfig(…)")
    }
}

impl HttpConfig {
    /// Reads the variables that every HTTP client honours (curl's names, in either case).
    #[must_use]
    pub fn new(tls: Tls, environment: &HashMap<String, String>) -> Self {
        let variable = |names: &[&str]| {
            names
                .iter()
                .filter_map(|name| environment.get(*name))
                .find(|value| !value.trim().is_empty())
                .cloned()
        };
        let (no_proxy, no_proxy_ports) =
            exceptions(&variable(&["NO_PROXY", "no_proxy"]).unwrap_or_default());
        Self {
            tls,
            https_proxy: variable(&["HTTPS_PROXY", "https_proxy"]),
            http_proxy: variable(&["HTTP_PROXY", "http_proxy"]),
            no_proxy,
            no_proxy_ports,
            extra_roots: [variable(&["SSL_CERT_FILE"]), variable(&["NODE_EXTRA_CA_CERTS"])]
                .into_iter()
                .flatten()
                .map(PathBuf::from)
                .collect(),
        }
    }
}

/// `NO_PROXY` in its common forms, as those that reqwest knows, and the rest.
fn exceptions(list: &str) -> (Option<String>, Vec<(String, u16)>) {
    let mut known = Vec::new();
    let mut ports = Vec::new();
    for entry in list.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        if entry == "*" {
            // Names, and addresses of either kind.
            known.extend(["*", "0.0.0.0/0", "::/0"]);
        } else if let Some(domain) = entry.strip_prefix('*') {
            known.push(domain);
        } else if let Some((host, port)) = entry.rsplit_once(':')
            && let Ok(port) = port.parse()
            && (!host.contains(':') || host.starts_with('['))
        {
            ports.push((host.to_ascii_lowercase(), port));
        } else {
            known.push(entry);
        }
    }
    ((!known.is_empty()).then(|| known.join(",")), ports)
}

/// The native HTTP client. What it needs of the disk is read at its first request.
#[derive(Debug)]
pub struct NativeTransport {
    config: HttpConfig,
    identity: Option<Identity>,
    clients: OnceCell<Clients>,
    /// For what an exception with a port takes past the proxy.
    direct: OnceCell<Clients>,
}

/// The same client twice.
struct Clients {
    /// Keeps its connections.
    keeping: Client,
    /// Opens a new connection for each request: for one that a kept connection has failed.
    fresh: Client,
}

/// reqwest shows its proxies.
impl std::fmt::Debug for Clients {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clients")
    }
}

/// The client's certificate chain and key, parsed.
struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity(…)")
    }
}

impl NativeTransport {
    /// Checks what can be checked without touching the disk or the network.
    pub fn new(config: HttpConfig) -> Result<Self, ValidationError> {
        for (name, proxy) in
            [("HTTPS_PROXY", &config.https_proxy), ("HTTP_PROXY", &config.http_proxy)]
        {
            // The value may hold a password: only the variable is named.
            if proxy.as_deref().is_some_and(|proxy| Proxy::all(proxy).is_err()) {
                return Err(ValidationError::new(format!("{name} must be a valid proxy uri")));
            }
        }
        if let Some(ca) = &config.tls.ca {
            certificates("tls.ca", ca)?;
        }
        let identity = match (&config.tls.cert, &config.tls.key) {
            (Some(cert), Some(key)) => Some(Identity {
                chain: certificates("tls.cert", cert)?,
                key: private_key(key, config.tls.passphrase.as_deref())?,
            }),
            _ => None,
        };
        let transport =
            Self { config, identity, clients: OnceCell::new(), direct: OnceCell::new() };
        if transport.identity.is_some() {
            // A key that is not the certificate's shows now and not at the first request.
            transport.tls(RootCertStore::empty()).map_err(|_| {
                ValidationError::new("\"tls.key\" must be the private key of \"tls.cert\"")
            })?;
        }
        Ok(transport)
    }

    fn tls(&self, roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots);
        match &self.identity {
            Some(Identity { chain, key }) => {
                builder.with_client_auth_cert(chain.clone(), key.clone_key())
            }
            None => Ok(builder.with_no_client_auth()),
        }
    }

    fn goes_direct(&self, url: &url::Url) -> bool {
        let (host, port) = (url.host_str(), url.port_or_known_default());
        self.config.no_proxy_ports.iter().any(|(name, number)| {
            Some(*number) == port
                && host.is_some_and(|host| {
                    let domain = name.trim_start_matches('.');
                    host == domain
                        || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
                })
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
        let mut builder = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(Policy::none())
            .referer(false)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(kept)
            .connector_layer(NoteConnections)
            // Ours alone, read from the environment of the caller's own thread.
            .no_proxy();
        if direct {
            return Ok(builder);
        }
        let exceptions = self.config.no_proxy.as_deref().and_then(NoProxy::from_string);
        let proxies = [
            self.config.https_proxy.as_deref().map(Proxy::https),
            self.config.http_proxy.as_deref().map(Proxy::http),
        ];
        for proxy in proxies.into_iter().flatten() {
            let proxy = proxy.map_err(|_| Fault::Local("The proxy's address can't be used"))?;
            builder = builder.proxy(proxy.no_proxy(exceptions.clone()));
        }
        Ok(builder)
    }
}

fn certificates(option: &str, pem: &str) -> Result<Vec<CertificateDer<'static>>, ValidationError> {
    let rule = || ValidationError::new(format!("\"{option}\" must be certificates in PEM"));
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|_| rule())?;
    let good = |der: &CertificateDer<'_>| x509_parser::parse_x509_certificate(der).is_ok();
    if found.is_empty() || !found.iter().all(good) { Err(rule()) } else { Ok(found) }
}

/// A private key in any of the three forms, decrypted where need be.
fn private_key(
    pem: &str,
    passphrase: Option<&str>,
) -> Result<PrivateKeyDer<'static>, ValidationError> {
    let rule = |why: &str| Err(ValidationError::new(format!("\"tls.key\" {why}")));
    if pem.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") {
        let Some(passphrase) = passphrase else {
            return rule("is encrypted: set \"tls.passphrase\"");
        };
        let Ok((_, document)) = pkcs8::SecretDocument::from_pem(pem.trim()) else {
            return rule("must be a private key in PEM");
        };
        let decrypted = pkcs8::EncryptedPrivateKeyInfoRef::try_from(document.as_bytes())
            .and_then(|encrypted| encrypted.decrypt(passphrase));
        return match decrypted {
            Ok(key) => Ok(PrivateKeyDer::Pkcs8(key.as_bytes().to_vec().into())),
            Err(_) => rule(
                "can't be decrypted: \"tls.passphrase\" is not its passphrase, or it is not \
                 encrypted with PBES2 (openssl pkcs8 -topk8 -v2 aes-256-cbc)",
            ),
        };
    }
    if pem.contains("Proc-Type: 4,ENCRYPTED") {
        return rule("is encrypted in OpenSSL's old form: convert it with openssl pkcs8 -topk8");
    }
    PrivateKeyDer::from_pem_slice(pem.as_bytes()).or_else(|_| rule("must be a private key in PEM"))
}

impl Transport for Arc<NativeTransport> {
    fn exchange(&self, request: Request) -> Exchange {
        let transport = Arc::clone(self);
        Box::pin(async move {
            let direct = transport.goes_direct(&request.url);
            let clients = if direct { &transport.direct } else { &transport.clients };
            let Clients { keeping, fresh } = clients
                .get_or_try_init(|| async {
                    let building = Arc::clone(&transport);
                    // Reading a few hundred certificates would hold up the others.
                    tokio::task::spawn_blocking(move || building.build(direct))
                        .await
                        .unwrap_or(Err(Fault::Local("The HTTP client could not be set up")))
                })
                .await?;
            let connected = Arc::new(AtomicBool::new(false));
            let attempt = CONNECTED.scope(Arc::clone(&connected), send(keeping, &request)).await;
            match attempt {
                // The tenant had closed a kept connection, and did not see the request: once more,
                // over a new one. What fails on a new connection has failed.
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

/// Wraps the connector: a request that never calls it travels over a kept connection.
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
        // Outside an attempt there is nobody to tell.
        let _ = CONNECTED.try_with(|connected| connected.store(true, Ordering::Relaxed));
        self.0.call(target)
    }
}

/// An attempt that failed, and whether an answer had begun to come.
struct Failed {
    fault: Fault,
    answered: bool,
}

async fn send(client: &Client, request: &Request) -> Result<Response, Failed> {
    let mut outgoing = match &request.form {
        None => client.get(request.url.clone()),
        Some(form) => client
            .post(request.url.clone())
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.clone()),
    };
    for (name, value) in &request.headers {
        outgoing = outgoing.header(*name, value);
    }
    let incoming = outgoing.send().await.map_err(|error| Failed {
        fault: fault(&error),
        // What is no HTTP is an answer, too.
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

/// What kind of failure it was. The error's own text is dropped: it may quote a proxy's password.
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

/// The layers below wrap one `io::Error` in another, which `source` passes over.
fn is_tls(error: Cause<'_>) -> bool {
    error.is::<rustls::Error>()
        || error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref)
            .is_some_and(|inner| is_tls(inner))
}
