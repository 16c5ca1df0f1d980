//! A whole issuer: key set, refresh, outage, rotation, introspection.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use monocloud_backend_node::clock::Clock;
use monocloud_backend_node::config::{Config, Flavour, Given, Sources as GivenSources};
use monocloud_backend_node::error::{Error, Fault, HttpError, TokenError};
use monocloud_backend_node::http::{Exchange, Request, Response, Transport};
use monocloud_backend_node::keys::algorithm::Algorithm;
use monocloud_backend_node::token::jws::Header;
use shuttle::future::{JoinHandle, block_on, spawn, yield_now};

use crate::Model;
use crate::issuer::client_auth::ClientAuth;
use crate::issuer::{ClientTerms, Issuer, Sources, Want};
use crate::sync::time::let_pass;

pub const MODELS: &[Model] = &[
    Model { name: "first keys", threads: 4, exhaustive: false, run: || first_keys(false) },
    Model {
        name: "first keys, a caller goes",
        threads: 4,
        exhaustive: false,
        run: || first_keys(true),
    },
    Model { name: "refresh ahead", threads: 4, exhaustive: false, run: refresh_ahead },
    Model { name: "outage", threads: 4, exhaustive: false, run: || outage(false) },
    Model { name: "outage, a slow tenant", threads: 4, exhaustive: false, run: || outage(true) },
    Model { name: "rotation", threads: 4, exhaustive: false, run: rotation },
    Model { name: "unknown keys", threads: 5, exhaustive: false, run: unknown_keys },
    Model { name: "introspections", threads: 4, exhaustive: false, run: || introspections(false) },
    Model {
        name: "introspections, impatient",
        threads: 4,
        exhaustive: false,
        run: || introspections(true),
    },
];

/// A clock that stands still until it is told.
#[derive(Debug, Default)]
struct Still(AtomicU64);

impl Clock for Still {
    fn elapsed(&self) -> Duration {
        Duration::from_secs(self.0.load(SeqCst))
    }

    fn chance(&self) -> f64 {
        0.5
    }
}

/// A tenant whose answers take some steps of the checker.
#[derive(Debug, Default)]
struct Tenant {
    /// Requests so far, and those in flight, by what is requested.
    counts: Mutex<HashMap<&'static str, (usize, usize)>>,
    is_down: AtomicBool,
    /// The key set is that of before the rotation, or that of after it.
    is_rotated: AtomicBool,
    most_introspections: AtomicUsize,
}

const DOMAIN: &str = "https://tenant.example";

fn key(kid: &str) -> String {
    format!(
        "{{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"{kid}\",\
         \"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\
         \"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}}"
    )
}

impl Tenant {
    fn requests(&self, what: &str) -> usize {
        self.counts.lock().unwrap().get(what).map_or(0, |(all, _)| *all)
    }

    fn begin(&self, what: &'static str) {
        let mut counts = self.counts.lock().unwrap();
        let (all, in_flight) = counts.entry(what).or_default();
        *all += 1;
        *in_flight += 1;
        match what {
            "token introspection" => {
                self.most_introspections.fetch_max(*in_flight, SeqCst);
            }
            _ => assert_eq!(*in_flight, 1, "two requests for {what} at a time"),
        }
    }

    fn answer(&self, what: &str) -> Result<String, Fault> {
        if self.is_down.load(SeqCst) {
            return Err(Fault::Interrupted);
        }
        Ok(match what {
            "metadata" => format!(
                "{{\"issuer\":\"{DOMAIN}\",\"jwks_uri\":\"{DOMAIN}/jwks\",\
                 \"introspection_endpoint\":\"{DOMAIN}/introspect\"}}"
            ),
            "JWKS" if self.is_rotated.load(SeqCst) => {
                format!("{{\"keys\":[{},{}]}}", key("old"), key("new"))
            }
            "JWKS" => format!("{{\"keys\":[{}]}}", key("old")),
            _ => "{\"active\":true}".to_owned(),
        })
    }
}

/// Ends a request, also where whoever made it has gone.
struct InFlight(Arc<Tenant>, &'static str);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.counts.lock().unwrap().get_mut(self.1).unwrap().1 -= 1;
    }
}

#[derive(Debug)]
struct Wire(Arc<Tenant>);

impl Transport for Wire {
    fn exchange(&self, request: Request) -> Exchange {
        let tenant = Arc::clone(&self.0);
        Box::pin(async move {
            tenant.begin(request.what);
            let _in_flight = InFlight(Arc::clone(&tenant), request.what);
            yield_now().await;
            let body = tenant.answer(request.what)?.into_bytes();
            yield_now().await;
            Ok(Response { status: 200, status_text: String::new(), headers: vec![], body })
        })
    }
}

struct Subject {
    tenant: Arc<Tenant>,
    clock: Arc<Still>,
    issuer: Arc<Issuer>,
    auth: Arc<ClientAuth>,
    terms: ClientTerms,
}

fn subject() -> Subject {
    let text = |text: &str| Given::Text(text.into());
    let options = [
        ("tenantDomain", text(DOMAIN)),
        ("audience", text("https://api.example")),
        ("clientId", text("me")),
        ("clientSecret", text("secret")),
        ("jwksCacheDuration", Given::Number(100.0)),
        ("maxConcurrentIntrospections", Given::Number(1.0)),
        // Longer than any model takes: the timers of the core's own do not end.
        ("responseTimeout", Given::Number(600_000.0)),
    ];
    let options = options.map(|(name, value)| (name.to_owned(), value)).into();
    let given = GivenSources { options, issuers: None, environment: HashMap::new() };
    let config = Config::read(Flavour::BackendNode, &given).unwrap();
    let (tenant, clock) = (Arc::<Tenant>::default(), Arc::<Still>::default());
    clock.0.store(1000, SeqCst);
    let sources =
        Sources { transport: Arc::new(Wire(Arc::clone(&tenant))), metadata: None, jwks: None };
    let issuer = Issuer::new(config.tenant.clone(), sources, Arc::clone(&clock) as _);
    let auth = ClientAuth::new(&config).unwrap().unwrap();
    Subject { tenant, clock, issuer, auth, terms: ClientTerms::new(&config) }
}

impl Subject {
    fn keys(&self) -> JoinHandle<bool> {
        let (issuer, terms) = (Arc::clone(&self.issuer), self.terms);
        spawn(async move { issuer.keys(terms, Want::Fresh).await.is_ok() })
    }

    fn look_for(&self, kid: &str) -> JoinHandle<Result<(), Error>> {
        let (issuer, terms) = (Arc::clone(&self.issuer), self.terms);
        let header = Header { algorithm: Algorithm::Es256, key_id: Some(kid.to_owned()) };
        spawn(async move { issuer.look_for(&header, terms).await.map(drop) })
    }

    fn introspect(&self) -> JoinHandle<Result<(), Error>> {
        let auth = Arc::clone(&self.auth);
        let asked = self.issuer.introspect(auth, "opaque".to_owned(), 1e9, self.terms);
        spawn(async move { asked.await.map(drop) })
    }

    fn have_keys(&self) {
        assert!(block_on(self.keys()).unwrap());
    }
}

/// All who need the first keys get them, with one request.
fn first_keys(one_goes: bool) {
    let subject = subject();
    let mut callers: Vec<_> = (0..3).map(|_| subject.keys()).collect();
    if one_goes {
        callers.remove(0).abort();
    }
    for caller in callers {
        assert!(block_on(caller).unwrap());
    }
    assert_eq!((subject.tenant.requests("metadata"), subject.tenant.requests("JWKS")), (1, 1));
}

/// Keys that are due serve all who ask, and are fetched once.
fn refresh_ahead() {
    let subject = subject();
    subject.have_keys();
    subject.clock.0.fetch_add(90, SeqCst);
    let callers: Vec<_> = (0..3)
        .map(|_| {
            let (issuer, terms) = (Arc::clone(&subject.issuer), subject.terms);
            spawn(async move { assert!(issuer.keys_at_hand(terms).is_some()) })
        })
        .collect();
    for caller in callers {
        block_on(caller).unwrap();
    }
    // Waits for the fetch that the first of them has started.
    while subject.issuer.current_keys(subject.terms).unwrap().1 > Duration::ZERO {
        shuttle::thread::yield_now();
    }
    assert_eq!(subject.tenant.requests("JWKS"), 2);
}

/// Expired keys serve all who ask while the tenant can't be reached, or does not answer in time.
fn outage(is_slow: bool) {
    let subject = subject();
    subject.have_keys();
    subject.clock.0.fetch_add(150, SeqCst);
    subject.tenant.is_down.store(!is_slow, SeqCst);
    let_pass(is_slow);
    let callers: Vec<_> = (0..3).map(|_| subject.keys()).collect();
    for caller in callers {
        assert!(block_on(caller).unwrap());
    }
    let_pass(false);
}

/// All who bring a new key at the same time pass, at the cost of no more requests than the limit.
fn rotation() {
    let subject = subject();
    subject.have_keys();
    subject.tenant.is_rotated.store(true, SeqCst);
    let callers: Vec<_> = (0..3).map(|_| subject.look_for("new")).collect();
    for caller in callers {
        assert_eq!(block_on(caller).unwrap(), Ok(()));
    }
    assert_eq!(subject.tenant.requests("JWKS"), 2);
}

/// Invented keys cost two requests, however many there are, and each is refused.
fn unknown_keys() {
    let subject = subject();
    subject.have_keys();
    let callers: Vec<_> =
        ["a", "b", "c", "d"].into_iter().map(|kid| subject.look_for(kid)).collect();
    for caller in callers {
        let refused = block_on(caller).unwrap();
        assert_eq!(refused, Err(Error::Token(TokenError::UnknownKey)));
    }
    assert!(subject.tenant.requests("JWKS") <= 3, "{}", subject.tenant.requests("JWKS"));
}

/// One introspection is in flight at a time, and whoever goes or gives up leaves its place to the next.
fn introspections(are_impatient: bool) {
    let subject = subject();
    subject.have_keys();
    let_pass(are_impatient);
    let mut callers: Vec<_> = (0..3).map(|_| subject.introspect()).collect();
    if !are_impatient {
        callers.remove(1).abort();
    }
    for caller in callers {
        match block_on(caller).unwrap() {
            Ok(()) => {}
            Err(Error::Http(HttpError { fault: Fault::IntrospectionLimit, .. }))
                if are_impatient => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    let_pass(false);
    assert_eq!(block_on(subject.introspect()).unwrap(), Ok(()));
    assert_eq!(subject.tenant.most_introspections.load(SeqCst), 1);
}
