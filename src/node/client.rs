//! The native half of a client. `js/core/core.js` is its only caller.

use std::future::Future;
use std::sync::Arc;

use napi::bindgen_prelude::Either;
use napi_derive::napi;

use super::failure::{Failure, Outcome, outcome};
use super::functions::Functions;
use super::js_bridge::{Bridge, JsBridge};
use super::kept_claims::KeptClaims;
use super::options::{GivenOption, GivenPossession, GivenRequirements, sources};
use super::raw::Callable;
use super::settings::Settings;
use super::validate_fn::ValidateFn;
use super::{explanation, stats};
use crate::config::{Config, Flavour, Given, clock_setting};
use crate::error::{Error, TokenError};
use crate::http::client::{HttpConfig, NativeTransport};
use crate::issuer::Want;
use crate::issuer::events::Observer;
use crate::secret::Secret;
use crate::token::claim_rules::Expiration;
use crate::validator::dpop::replay_store_unavailable;
use crate::validator::request::{Kind, Request};
use crate::validator::{Admitted, Placement, Validation, Validator};
use crate::{panics, runtime};

#[napi]
pub struct NativeClient {
    validator: Arc<Validator>,
    bridge: Arc<JsBridge>,
    kept: Arc<KeptClaims>,
}

/// Reads and checks the configuration: a client, or what is wrong with the configuration.
/// `environment` is a list of pairs.
#[napi(catch_unwind)]
pub fn create_client(
    bridge: &Bridge,
    client: f64,
    backend_node: bool,
    options: Vec<GivenOption>,
    issuers: Option<Vec<Vec<GivenOption>>>,
    #[napi(ts_arg_type = "Array<Array<string>>")] environment: Vec<Vec<Secret>>,
) -> Either<NativeClient, Failure> {
    panics::at("createClient");
    match NativeClient::build(&bridge.bridge, client, backend_node, options, issuers, environment) {
        Ok(client) => Either::A(client),
        Err(error) => Either::B(error.into()),
    }
}

impl NativeClient {
    fn build(
        bridge: &Arc<JsBridge>,
        client: f64,
        backend_node: bool,
        options: Vec<GivenOption>,
        issuers: Option<Vec<Vec<GivenOption>>>,
        environment: Vec<Vec<Secret>>,
    ) -> Result<Self, Error> {
        let given = sources(options, issuers, environment);
        let flavour = if backend_node { Flavour::BackendNode } else { Flavour::OidcBackend };
        let mut configs = Config::read_all(flavour, &given)?.into_iter();
        let first = configs.next().ok_or(Error::Defect)?;
        let several = configs.len() > 0;
        let http = HttpConfig::new(first.tls.clone(), &given.environment);
        // Built in any case: certificate and key must be good even where a fetcher replaces this client.
        let native = Arc::new(NativeTransport::new(http.clone())?);
        let connect = |config: Config| {
            let functions = Functions { bridge, client, several };
            let issuer = functions.issuer(&config, &http, &native);
            issuer.events().add_observer(&(Arc::clone(bridge) as Arc<dyn Observer>));
            (config, issuer)
        };
        let first = connect(first);
        let others = configs.map(connect).collect();
        let validator = Arc::new(Validator::for_issuers(first, others, Placement::Adaptive)?);
        Ok(Self { validator, bridge: Arc::clone(bridge), kept: Arc::default() })
    }

    /// Runs work on the core's threads; its outcome comes for `ticket`.
    fn later<F>(&self, ticket: f64, work: F) -> Option<Outcome>
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let Some(runtime) = runtime::handle() else {
            return Some(outcome(Err(Error::given_up(runtime::NO_THREAD))));
        };
        let bridge = Arc::clone(&self.bridge);
        runtime.spawn(async move {
            let work = async move {
                panics::at("later");
                work.await
            };
            // A panic ends as an error of this one call.
            let done = tokio::spawn(work).await;
            bridge.settle(ticket, done.unwrap_or_else(|_| outcome(Err(Error::Defect))));
        });
        None
    }
}

fn kind_of(word: &str) -> Kind {
    match word {
        "jwt" => Kind::Jwt,
        "opaque" => Kind::Opaque,
        _ => Kind::Detect,
    }
}

#[napi]
impl NativeClient {
    #[napi(catch_unwind)]
    pub fn settings(&self) -> Settings {
        panics::at("settings");
        Settings::of(&self.validator)
    }

    /// Whether the tenant is asked about a token.
    #[napi(catch_unwind)]
    pub fn is_introspected(&self, token: String) -> bool {
        panics::at("isIntrospected");
        self.validator.is_introspected(&token)
    }

    /// The function that validates the tokens of one route (src/node/validate_fn.rs).
    #[napi(
        catch_unwind,
        ts_return_type = "(token: string, now: number, ticket: number, possession?: GivenPossession) => number | string | Failure | null"
    )]
    pub fn validate_function(
        &self,
        requirements: GivenRequirements,
    ) -> Either<Callable<ValidateFn>, Failure> {
        panics::at("validateFunction");
        match requirements.read() {
            Ok(requirements) => Either::A(Callable(ValidateFn {
                validator: Arc::clone(&self.validator),
                bridge: Arc::clone(&self.bridge),
                kept: Arc::clone(&self.kept),
                requirements,
            })),
            Err(error) => Either::B(Error::from(error).into()),
        }
    }

    /// Validates a token of a given kind, with the caller's keys where there are any. The outcome, or
    /// `null`: then it comes for `ticket`.
    #[napi(catch_unwind)]
    #[allow(
        clippy::too_many_arguments,
        reason = "a token, what is asked of it, and with which keys"
    )]
    pub fn validate(
        &self,
        ticket: f64,
        token: String,
        kind: String,
        now: f64,
        requirements: GivenRequirements,
        possession: Option<GivenPossession>,
        jwks: Option<String>,
    ) -> Option<Outcome> {
        panics::at("validate");
        let requirements = match requirements.read() {
            Ok(requirements) => requirements,
            Err(error) => return Some(outcome(Err(error.into()))),
        };
        let (certificate, presented) = GivenPossession::read(possession.as_ref());
        let request = Request {
            token: &token,
            kind: kind_of(&kind),
            requirements: &requirements,
            certificate,
            presented,
            jwks: jwks.as_deref(),
            explains: false,
            now,
        };
        match self.validator.validate(request) {
            Validation::Done(Ok(Admitted::Claims(text))) => Some(outcome(Ok(text))),
            Validation::Done(Ok(Admitted::Seen(_))) => {
                Some(outcome(self.validator.claims_of(&token)))
            }
            Validation::Done(Err(error)) => Some(outcome(Err(error))),
            Validation::Pending(pending) => {
                let bridge = Arc::clone(&self.bridge);
                pending.run(move |verdict| bridge.settle(ticket, outcome(verdict)));
                None
            }
        }
    }

    /// The claims of a token that a validate function has just returned a number for.
    #[napi(catch_unwind)]
    pub fn claims_of(&self, token: String) -> Outcome {
        panics::at("claimsOf");
        outcome(self.validator.claims_of(&token))
    }

    /// JavaScript keeps the claims of this number from now on, or no longer.
    #[napi(catch_unwind)]
    pub fn set_kept(&self, number: f64, is_kept: bool) {
        panics::at("setKept");
        self.kept.set(number as u64, is_kept);
    }

    /// The claims of the caller's cache, or of the caller's own introspection, if they pass.
    #[napi(catch_unwind)]
    pub fn check_claims(
        &self,
        claims: String,
        token: String,
        now: f64,
        requirements: GivenRequirements,
        possession: Option<GivenPossession>,
        may_lack_exp: bool,
    ) -> Outcome {
        panics::at("checkClaims");
        let expiration = if may_lack_exp { Expiration::Optional } else { Expiration::Required };
        let requirements = match requirements.read() {
            Ok(requirements) => requirements,
            Err(error) => return outcome(Err(error.into())),
        };
        let (certificate, presented) = GivenPossession::read(possession.as_ref());
        let request = Request {
            token: &token,
            kind: Kind::Detect,
            requirements: &requirements,
            certificate,
            presented,
            jwks: None,
            explains: false,
            now,
        };
        outcome(self.validator.check_claims(&claims, &request, expiration))
    }

    /// The nonce that the client of a request should use from now on, where its proof has another one.
    #[napi(catch_unwind)]
    pub fn next_nonce(&self, proof: Option<String>, now: f64) -> Option<String> {
        panics::at("nextNonce");
        self.validator.next_nonce(proof.as_deref(), now)
    }

    /// Refusals of a request whose proof the caller's replay store has not taken as new: because it knows the
    /// proof, or because it gave no answer.
    #[napi(catch_unwind)]
    pub fn unspendable(&self, replayed: bool) -> Failure {
        panics::at("unspendable");
        let replayed_error = Error::from(TokenError::DpopProofReplayed);
        if replayed { replayed_error } else { replay_store_unavailable() }.into()
    }

    /// The way of a token through the rules, as JSON: always later, for `ticket`.
    #[napi(catch_unwind)]
    pub fn explain(
        &self,
        ticket: f64,
        token: String,
        now: f64,
        requirements: GivenRequirements,
        possession: Option<GivenPossession>,
        jwks: Option<String>,
    ) -> Option<Outcome> {
        panics::at("explain");
        let validator = Arc::clone(&self.validator);
        let requirements = match requirements.read() {
            Ok(requirements) => requirements,
            Err(error) => return Some(outcome(Err(error.into()))),
        };
        let (certificate, presented) = GivenPossession::read(possession.as_ref());
        let request = Request {
            token: &token,
            kind: Kind::Detect,
            requirements: &requirements,
            certificate,
            presented,
            jwks: jwks.as_deref(),
            explains: true,
            now,
        }
        .to_owned();
        self.later(ticket, async move {
            let explained = validator.explain(request).await;
            Either::A(explanation::json(&explained, &validator))
        })
    }

    /// `getMetadata`, `getJwks`: always later, for `ticket`. `issuer` is needed where there are several.
    #[napi(catch_unwind)]
    pub fn document(
        &self,
        ticket: f64,
        document: String,
        force: bool,
        issuer: Option<String>,
    ) -> Option<Outcome> {
        panics::at("document");
        let validator = Arc::clone(&self.validator);
        let want = if force { Want::New } else { Want::Fresh };
        self.later(ticket, async move {
            let trusted = match validator.issuer_or_only(issuer.as_deref()) {
                Ok(trusted) => trusted,
                Err(error) => return outcome(Err(error.into())),
            };
            outcome(match document.as_str() {
                "jwks" => trusted.jwks(want).await,
                _ => trusted.metadata(want).await,
            })
        })
    }

    /// Counters and the state of the key set, as JSON.
    #[napi(catch_unwind)]
    pub fn stats(&self) -> String {
        panics::at("stats");
        stats::json(&self.validator, self.kept.seen())
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
