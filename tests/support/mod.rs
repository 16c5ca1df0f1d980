//! A tenant on loopback that does what a test tells it, a clock that a test sets, and keys.
#![allow(dead_code, reason = "each test file uses its part")]

pub mod tokens;

use std::collections::HashMap;
use std::future::Future;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use monocloud_backend_node::clock::Clock;
use monocloud_backend_node::config::{Config, Flavour, Given, Sources as Given_};
use monocloud_backend_node::error::{Error, TokenError};
use monocloud_backend_node::http::client::{HttpConfig, NativeTransport};
use monocloud_backend_node::issuer::{Issuer, Sources};
use monocloud_backend_node::validator::request::{
    Kind, OwnedPresented, OwnedRequest, Requirements,
};
use monocloud_backend_node::validator::{Admitted, Placement, Validation, Validator, Verdict};
use serde_json::{Value, json};

pub const NOW: f64 = 1_800_000_000.0;
pub const AUDIENCE: &str = "https://api.example.com";

/// A clock that stands still until it is told.
#[derive(Debug, Default)]
pub struct TestClock(AtomicU64);

impl TestClock {
    pub fn advance(&self, seconds: u64) {
        self.advance_ms(seconds * 1000);
    }

    pub fn advance_ms(&self, milliseconds: u64) {
        self.0.fetch_add(milliseconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }

    /// The middle: refreshes are due at exactly 80 %, and waits are half their bound.
    fn chance(&self) -> f64 {
        0.5
    }
}

/// How one request is answered.
#[derive(Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
    pub delay: Duration,
    /// The connection is closed after this many bytes of the body.
    pub cut: Option<usize>,
}

impl Reply {
    pub fn json(body: &Value) -> Self {
        Self::new(200, &body.to_string())
    }

    pub fn new(status: u16, body: &str) -> Self {
        let (body, headers) = (body.to_owned(), vec![]);
        Self { status, headers, body, delay: Duration::ZERO, cut: None }
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

/// What the tenant does now; a test changes it as it likes.
#[derive(Default)]
pub struct State {
    /// Replies by path; in place of the ordinary ones.
    pub replies: HashMap<String, Reply>,
    /// The JWKS.
    pub keys: Vec<Value>,
    /// Where the JWKS is.
    pub jwks_path: String,
    pub etag: Option<String>,
    pub cache_control: Option<String>,
    /// Connections are closed without an answer.
    pub down: bool,
    pub delay: Duration,
    /// How many requests there were, by path.
    pub counts: HashMap<String, usize>,
}

pub const DISCOVERY: &str = "/.well-known/openid-configuration";

#[derive(Clone)]
pub struct Tenant {
    pub domain: String,
    pub state: Arc<Mutex<State>>,
}

impl Tenant {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let domain = format!("http://{}", listener.local_addr().unwrap());
        let state = State { jwks_path: "/jwks".to_owned(), ..State::default() };
        let tenant = Self { domain, state: Arc::new(Mutex::new(state)) };
        let serving = tenant.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serving = serving.clone();
                std::thread::spawn(move || serving.serve(&stream));
            }
        });
        tenant
    }

    pub fn set<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap())
    }

    pub fn publish(&self, keys: &[&TestKey]) {
        self.set(|state| state.keys = keys.iter().map(|key| key.jwk()).collect());
    }

    /// Requests for the metadata and for the JWKS, wherever it is.
    pub fn counts(&self) -> (usize, usize) {
        self.set(|state| {
            let discovery = state.counts.get(DISCOVERY).copied().unwrap_or(0);
            (discovery, state.counts.values().sum::<usize>() - discovery)
        })
    }

    fn serve(&self, stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        loop {
            let mut first = String::new();
            if reader.read_line(&mut first).unwrap_or(0) == 0 {
                return;
            }
            let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
            let mut version = None;
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) <= 2 {
                    break;
                }
                if let Some((name, value)) = line.split_once(':')
                    && name.eq_ignore_ascii_case("if-none-match")
                {
                    version = Some(value.trim().to_owned());
                }
            }
            let Some(reply) = self.reply(&path, version.as_deref()) else { return };
            std::thread::sleep(reply.delay);
            let mut head =
                format!("HTTP/1.1 {} X\r\ncontent-length: {}\r\n", reply.status, reply.body.len());
            for (name, value) in &reply.headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            let body = reply.body.as_bytes();
            let sent = reply.cut.unwrap_or(body.len());
            // In one write: a second would wait 40 ms for the acknowledgement of the first.
            let message = [head.as_bytes(), b"\r\n", &body[..sent]].concat();
            let mut out = stream;
            if out.write_all(&message).is_err() || reply.cut.is_some() {
                return;
            }
        }
    }

    fn reply(&self, path: &str, version: Option<&str>) -> Option<Reply> {
        self.set(|state| {
            *state.counts.entry(path.to_owned()).or_default() += 1;
            if state.down {
                return None;
            }
            if let Some(reply) = state.replies.get(path) {
                return Some(reply.clone());
            }
            let mut reply = if path == DISCOVERY {
                Reply::json(&json!({
                    "issuer": self.domain,
                    "jwks_uri": format!("{}{}", self.domain, state.jwks_path),
                }))
            } else if path == state.jwks_path {
                let mut reply = match &state.etag {
                    Some(etag) if version == Some(etag) => Reply::new(304, ""),
                    _ => Reply::json(&json!({ "keys": state.keys })),
                };
                if let Some(etag) = &state.etag {
                    reply = reply.with("etag", etag);
                }
                if let Some(control) = &state.cache_control {
                    reply = reply.with("cache-control", control);
                }
                reply
            } else {
                Reply::new(404, "")
            };
            reply.delay = state.delay;
            Some(reply)
        })
    }
}

/// An ES256 key.
pub struct TestKey {
    pub id: String,
    pair: EcdsaKeyPair,
}

impl TestKey {
    pub fn new(id: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self { id: id.to_owned(), pair }
    }

    pub fn jwk(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        json!({
            "kty": "EC", "crv": "P-256", "kid": self.id, "use": "sig", "alg": "ES256",
            "x": URL_SAFE_NO_PAD.encode(&point[1..33]),
            "y": URL_SAFE_NO_PAD.encode(&point[33..]),
        })
    }

    pub fn token(&self, issuer: &str) -> String {
        let header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": self.id });
        let claims = json!({ "iss": issuer, "aud": AUDIENCE, "sub": "u", "exp": NOW + 1e9 });
        self.sign(&header.to_string(), &claims.to_string())
    }

    /// Signs exactly these texts.
    pub fn sign(&self, header: &str, claims: &str) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// What a validation says of a token whose key is in no key set.
pub const UNKNOWN: Result<(), Error> = Err(Error::Token(TokenError::UnknownKey));

/// A validator over a tenant, on a clock of its own.
pub struct Subject {
    pub validator: Arc<Validator>,
    pub clock: Arc<TestClock>,
    pub domain: String,
}

pub fn config(tenant: &Tenant, options: &[(&str, f64)]) -> Config {
    let options: Vec<_> =
        options.iter().map(|(name, value)| (*name, Given::Number(*value))).collect();
    config_of(tenant, &options)
}

pub fn config_of(tenant: &Tenant, options: &[(&str, Given)]) -> Config {
    let text = |text: &str| Given::Text(text.into());
    let mut given = Given_ {
        options: HashMap::from([
            ("tenantDomain".to_owned(), text(&tenant.domain)),
            ("audience".to_owned(), text(AUDIENCE)),
        ]),
        issuers: None,
        environment: HashMap::new(),
    };
    for (name, value) in options {
        given.options.insert((*name).to_owned(), value.clone());
    }
    Config::read(Flavour::BackendNode, &given).unwrap()
}

pub fn sources() -> Sources {
    let transport = NativeTransport::new(HttpConfig::default()).unwrap();
    Sources { transport: Arc::new(Arc::new(transport)), metadata: None, jwks: None }
}

impl Subject {
    pub fn new(tenant: &Tenant) -> Self {
        Self::with(tenant, &[])
    }

    /// What `stats()` counts under a name, of the first issuer.
    pub fn count(&self, name: &str) -> u64 {
        let counted = self.validator.first().issuer().events().counted();
        counted.into_iter().find(|(known, _)| *known == name).unwrap().1
    }

    pub fn with(tenant: &Tenant, options: &[(&str, f64)]) -> Self {
        Self::of(tenant, config(tenant, options))
    }

    pub fn of(tenant: &Tenant, config: Config) -> Self {
        let clock = Arc::new(TestClock::default());
        clock.advance(1_000_000);
        let issuer = Issuer::new(config.tenant.clone(), sources(), Arc::clone(&clock) as _);
        let validator = Validator::for_issuers((config, issuer), vec![], Placement::Inline);
        let validator = Arc::new(validator.unwrap());
        Self { validator, clock, domain: tenant.domain.clone() }
    }

    pub fn request(&self, key: &TestKey) -> OwnedRequest {
        request(&key.token(&self.domain))
    }

    pub fn validate(&self, key: &TestKey) -> Result<(), Error> {
        block_on(validate(&self.validator, &self.request(key))).map(drop)
    }

    /// The same, where it must not have to wait.
    pub fn validate_at_once(&self, key: &TestKey) -> Verdict {
        at_once(&self.validator, &self.request(key)).expect("nothing is waited for")
    }

    /// Lets what runs in the background run until `done`.
    pub fn settle(&self, what: &str, done: impl Fn() -> bool) {
        for _ in 0..500 {
            if done() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{what} did not happen");
    }
}

pub fn request(token: &str) -> OwnedRequest {
    OwnedRequest {
        token: token.to_owned(),
        kind: Kind::Detect,
        requirements: Arc::new(Requirements::default()),
        certificate: None,
        presented: OwnedPresented::Bearer,
        jwks: None,
        explains: false,
        now: NOW,
    }
}

/// The verdict, however long it takes.
pub async fn validate(validator: &Arc<Validator>, request: &OwnedRequest) -> Verdict {
    match validator.validate(request.view()) {
        Validation::Done(result) => text_of(validator, result, request),
        Validation::Pending(pending) => pending.verdict().await,
    }
}

/// The verdict, where nothing has to be waited for.
pub fn at_once(validator: &Arc<Validator>, request: &OwnedRequest) -> Option<Verdict> {
    match validator.validate(request.view()) {
        Validation::Done(result) => Some(text_of(validator, result, request)),
        Validation::Pending(_) => None,
    }
}

fn text_of(
    validator: &Validator,
    result: Result<Admitted, Error>,
    request: &OwnedRequest,
) -> Verdict {
    match result? {
        Admitted::Claims(text) => Ok(text),
        Admitted::Seen(_) => validator.claims_of(&request.token),
    }
}

pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    monocloud_backend_node::runtime::handle().unwrap().block_on(work)
}
