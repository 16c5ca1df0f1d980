//! The native half of a client. `js/client.js` is the other and the only one who calls it.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use napi::bindgen_prelude::Either;
use napi_derive::napi;
use serde_json::{Value, json};

use super::fetcher::{CallerDocument, Fetcher};
use super::gate::Gate;
use super::mailbox::{Mailbox, Post};
use super::options::{GivenOption, GivenRoute, sources};
use super::outcome::{Failure, Outcome, outcome};
use super::panics;
use crate::check::{Check, OwnedCheck};
use crate::clock::SystemClock;
use crate::config::{Config, Flavour, Given, clock_setting, options};
use crate::error::{Error, Fault, HttpError, ValidationError};
use crate::explain::{self, Answer, Explanation};
use crate::http::Transport;
use crate::http::native::{HttpConfig, NativeTransport};
use crate::issuer::cached::Age;
use crate::issuer::watch::Observer;
use crate::issuer::{Issuer, Resolver, Sources, Want};
use crate::runtime;
use crate::token::binding;
use crate::token::facts::Expiration;
use crate::validator::Validator;

/// Which version this addon is of. `js/load.js` takes no other than its own.
#[napi]
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The names of all options, nested ones by their path.
#[napi(catch_unwind)]
pub fn option_names() -> Vec<&'static str> {
    panics::at("optionNames");
    options::table().map(|option| option.name).collect()
}

/// The names of all environment variables that are read.
#[napi(catch_unwind)]
pub fn environment_names() -> Vec<&'static str> {
    panics::at("environmentNames");
    options::environment_names().collect()
}

/// Whose certificate a PEM text is; `null` where it is none. Times are seconds since 1970.
#[napi(object, object_from_js = false)]
pub struct CertificateDescription {
    pub subject: String,
    pub not_before: i64,
    pub not_after: i64,
}

#[napi(catch_unwind)]
pub fn describe_certificate(pem: String) -> Option<CertificateDescription> {
    panics::at("describeCertificate");
    binding::describe(&pem).map(|found| CertificateDescription {
        subject: found.subject,
        not_before: found.not_before,
        not_after: found.not_after,
    })
}

#[napi]
pub struct NativeClient {
    validator: Arc<Validator>,
    post: Arc<Post>,
}

/// Reads and checks the configuration; hands back a client or says what is wrong with it.
#[napi(catch_unwind)]
pub fn create_client(
    mailbox: &Mailbox,
    client: f64,
    backend_node: bool,
    options: Vec<GivenOption>,
    environment: HashMap<String, String>,
) -> Either<NativeClient, Failure> {
    panics::at("createClient");
    match NativeClient::build(&mailbox.post, client, backend_node, options, environment) {
        Ok(client) => Either::A(client),
        Err(error) => Either::B(error.into()),
    }
}

impl NativeClient {
    fn build(
        post: &Arc<Post>,
        client: f64,
        backend_node: bool,
        options: Vec<GivenOption>,
        environment: HashMap<String, String>,
    ) -> Result<Self, Error> {
        let given = sources(options, environment);
        let flavour = if backend_node { Flavour::BackendNode } else { Flavour::OidcBackend };
        let config = Config::read(flavour, &given)?;
        let clock = Arc::new(SystemClock::get());
        let resolver = |has: bool, document| -> Option<Arc<dyn Resolver>> {
            has.then(|| Arc::new(CallerDocument { post: Arc::clone(post), client, document }) as _)
        };
        // Built in any case: its certificate and key must be good even where a fetcher goes first.
        let http = HttpConfig::new(config.tls.clone(), &given.environment);
        let native = NativeTransport::new(http.clone())?;
        let metadata = resolver(config.has_metadata_resolver, "metadata");
        let jwks = resolver(config.has_jwks_resolver, "jwks");
        let own = config.has_fetcher || metadata.is_some() || jwks.is_some();
        let sources = || {
            let transport: Arc<dyn Transport> = if config.has_fetcher {
                Arc::new(Fetcher { post: Arc::clone(post), client })
            } else {
                Arc::new(Arc::new(native))
            };
            Sources { transport, metadata, jwks }
        };
        // What a caller's functions supply is that client's alone.
        let issuer = if own {
            Issuer::new(config.tenant.clone(), sources(), clock)
        } else {
            Issuer::shared(&config.tenant, http, clock, sources)
        };
        issuer.observers.add(&(Arc::clone(post) as Arc<dyn Observer>));
        Ok(Self { validator: Arc::new(Validator::new(config, issuer)?), post: Arc::clone(post) })
    }
}

/// An explanation as JavaScript reads it.
fn explained(explanation: &Explanation, validator: &Validator) -> Value {
    let failure = |error: &Error| Failure::from(error.clone()).json();
    let steps = explanation.steps.iter().map(|step| {
        let (outcome, failed) = match &step.answer {
            Answer::Passed => ("passed", None),
            Answer::Failed(error) => ("failed", Some(failure(error))),
            Answer::NotAsked => ("not_asked", None),
            Answer::NotReached => ("not_reached", None),
        };
        json!({
            "rule": step.rule.as_str(), "outcome": outcome, "failure": failed,
            "found": step.found, "expected": step.expected,
        })
    });
    json!({
        "introspected": explanation.introspected,
        "failure": explanation.verdict.as_ref().err().map(failure),
        "steps": steps.collect::<Value>(),
        "heard": heard(validator.issuer()),
    })
}

/// What time the tenant last said it is, beside what time it was here.
fn heard(issuer: &Issuer) -> Value {
    let heard = issuer.heard();
    heard.map_or(Value::Null, |heard| json!({ "date": heard.date, "at": heard.at_ms }))
}

/// Each member of a JWKS document: what it may verify, or why it verifies nothing. As JSON.
#[napi(catch_unwind)]
pub fn describe_keys(jwks: String) -> Outcome {
    panics::at("describeKeys");
    let described = explain::describe_keys(&jwks).map(|keys| Value::from(keys).to_string());
    outcome(described.map_err(|why| ValidationError::new(why).into()))
}

/// Lets a validation run on our threads and tells JavaScript how it ended.
pub fn later<F>(post: &Arc<Post>, ticket: f64, work: F) -> Option<Outcome>
where
    F: Future<Output = Outcome> + Send + 'static,
{
    let Some(runtime) = runtime::handle() else {
        let error = HttpError {
            what: "tenant documents",
            url: String::new(),
            fault: Fault::Local("No thread could be started"),
            raw: None,
            retry_after: None,
        };
        return Some(Either::B(Error::from(error).into()));
    };
    let post = Arc::clone(post);
    runtime.spawn(async move {
        // A panic of ours ends as an error of this one call.
        let work = async move {
            panics::at("later");
            work.await
        };
        let outcome = match tokio::spawn(work).await {
            Ok(outcome) => outcome,
            Err(_) => Either::B(Failure::internal()),
        };
        post.settle(ticket, outcome);
    });
    None
}

#[napi]
impl NativeClient {
    /// `introspectJwtTokens`.
    #[napi(getter, catch_unwind)]
    pub fn introspects_jwts(&self) -> bool {
        panics::at("introspectsJwts");
        self.validator.config().introspect_jwt_tokens
    }

    /// `tenantDomain`.
    #[napi(getter, catch_unwind)]
    pub fn tenant_domain(&self) -> String {
        panics::at("tenantDomain");
        self.validator.config().tenant.as_str().to_owned()
    }

    /// `introspectionCacheDuration`, seconds.
    #[napi(getter, catch_unwind)]
    pub fn introspection_cache_duration(&self) -> Option<f64> {
        panics::at("introspectionCacheDuration");
        self.validator.config().introspection_cache_duration
    }

    /// `verifiedTokensBytes`.
    #[napi(getter, catch_unwind)]
    pub fn verified_tokens_bytes(&self) -> f64 {
        panics::at("verifiedTokensBytes");
        self.validator.config().verified_tokens_bytes as f64
    }

    /// `cacheTimeout`, milliseconds.
    #[napi(getter, catch_unwind)]
    pub fn cache_timeout(&self) -> f64 {
        panics::at("cacheTimeout");
        self.validator.config().cache_timeout
    }

    /// The way in for requests of one route (src/node/gate.rs).
    #[napi(
        catch_unwind,
        ts_return_type = "(token: string, now: number, ticket: number, certificate?: string) => number | string | Failure | null"
    )]
    pub fn gate(&self, route: GivenRoute) -> Gate {
        panics::at("gate");
        Gate {
            validator: Arc::clone(&self.validator),
            post: Arc::clone(&self.post),
            route: Arc::new(route.into()),
        }
    }

    /// The claims of a token that a gate has just given a number for.
    #[napi(catch_unwind)]
    pub fn claims_of(&self, token: String) -> Outcome {
        panics::at("claimsOf");
        outcome(self.validator.claims_of(&token))
    }

    /// Validates a JWT with the caller's keys: always at once.
    #[napi(catch_unwind)]
    pub fn validate_with(
        &self,
        token: String,
        now: f64,
        route: GivenRoute,
        certificate: Option<String>,
        jwks: String,
    ) -> Outcome {
        panics::at("validateWith");
        let (route, certificate) = (route.into(), certificate.as_deref());
        let check = Check { token: &token, route: &route, certificate, now };
        outcome(self.validator.with_given_keys(check, &jwks))
    }

    /// The outcome for a token that the tenant has to be asked about, or `null`: then it comes as a
    /// `settled` message for `ticket`.
    #[napi(catch_unwind)]
    pub fn introspect(
        &self,
        ticket: f64,
        token: String,
        now: f64,
        route: GivenRoute,
        certificate: Option<String>,
    ) -> Option<Outcome> {
        panics::at("introspect");
        if let Err(error) = self.validator.check_introspection(&token) {
            return Some(outcome(Err(error)));
        }
        let check = OwnedCheck { token, route: Arc::new(route.into()), certificate, now };
        let validator = Arc::clone(&self.validator);
        later(&self.post, ticket, async move { outcome(validator.introspect(check).await) })
    }

    /// A token's way through the rules, as JSON; always later, as a `settled` message for `ticket`.
    #[napi(catch_unwind)]
    #[allow(
        clippy::too_many_arguments,
        reason = "a token, what is asked of it, and with which keys"
    )]
    pub fn explain(
        &self,
        ticket: f64,
        token: String,
        now: f64,
        route: GivenRoute,
        certificate: Option<String>,
        jwks: Option<String>,
        introspected: bool,
    ) -> Option<Outcome> {
        panics::at("explain");
        let check = OwnedCheck { token, route: Arc::new(route.into()), certificate, now };
        let validator = Arc::clone(&self.validator);
        later(&self.post, ticket, async move {
            let explanation = if introspected {
                validator.explain_introspected(check).await
            } else {
                validator.explain_jwt(check, jwks).await
            };
            Either::A(explained(&explanation, &validator).to_string())
        })
    }

    /// What is wrong with claims that a cache returned, or nothing.
    #[napi(catch_unwind)]
    pub fn recheck(
        &self,
        claims: String,
        now: f64,
        route: GivenRoute,
        certificate: Option<String>,
        may_lack_exp: bool,
    ) -> Option<Failure> {
        panics::at("recheck");
        let rule = if may_lack_exp { Expiration::Optional } else { Expiration::Required };
        let (route, certificate) = (route.into(), certificate.as_deref());
        let check = Check { token: "", route: &route, certificate, now };
        self.validator.recheck(&claims, check, rule).err().map(Failure::from)
    }

    /// `getMetadata`, `getJwks`: as [`Self::validate_jwt`], always later.
    #[napi(catch_unwind)]
    pub fn document(&self, ticket: f64, document: String, force: bool) -> Option<Outcome> {
        panics::at("document");
        let validator = Arc::clone(&self.validator);
        let want = if force { Want::New } else { Want::Fresh };
        later(&self.post, ticket, async move {
            outcome(match document.as_str() {
                "jwks" => validator.jwks(want).await,
                _ => validator.metadata(want).await,
            })
        })
    }

    /// Counters of the tenant's documents by name, and the state of its key set, as JSON.
    #[napi(catch_unwind)]
    pub fn stats(&self) -> String {
        panics::at("stats");
        let issuer = self.validator.issuer();
        let keys = issuer.current_keys(self.validator.terms());
        let mut stats: serde_json::Map<String, serde_json::Value> =
            issuer.counted().into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        stats.insert("heard".to_owned(), heard(issuer));
        stats.insert(
            "keys".to_owned(),
            match keys {
                None => serde_json::json!({ "state": "none", "usable": 0, "skipped": {} }),
                Some((keys, age, state)) => {
                    let mut skipped = std::collections::BTreeMap::<_, u64>::new();
                    for why in &keys.set.skipped {
                        *skipped.entry(why.as_str()).or_default() += 1;
                    }
                    serde_json::json!({
                        "state": match state {
                            Age::Fresh | Age::Due => "fresh",
                            Age::Expired => "stale",
                            Age::Dead => "expired",
                        },
                        "ageSeconds": age.as_secs(),
                        "usable": keys.set.len(),
                        "skipped": skipped,
                    })
                }
            },
        );
        serde_json::Value::Object(stats).to_string()
    }

    /// Takes the metadata of a caller who has replaced `getMetadata`.
    #[napi(catch_unwind)]
    pub fn adopt_metadata(&self, text: String) -> Option<Failure> {
        panics::at("adoptMetadata");
        self.validator.adopt_metadata(text).err().map(Failure::from)
    }

    /// `setClockSkew`, `setClockTolerance`.
    #[napi(catch_unwind)]
    pub fn set_clock(&self, name: String, value: GivenOption) -> Option<Failure> {
        panics::at("setClock");
        match clock_setting(&name, &Given::from(value)) {
            Ok(seconds) if name == "clockSkew" => self.validator.set_clock_skew(seconds),
            Ok(seconds) => self.validator.set_clock_tolerance(seconds),
            Err(error) => return Some(Error::from(error).into()),
        }
        None
    }
}
