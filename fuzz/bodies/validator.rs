//! The validator, over a sequence of requests and changes of the key set. Each request goes to a validator with
//! a cache of signatures and to one without: both must give the same verdict. An accepted token must be on the
//! list of tokens that deleted keys have signed, or be signed by this target for this API.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock, Mutex};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use monocloud_backend_node::config::Given;
use monocloud_backend_node::error::{Error, TokenError};
use monocloud_backend_node::issuer::{Issuer, Sources, Want};
use monocloud_backend_node::token::binding::Binding;
use monocloud_backend_node::validator::explain::Answer;
use monocloud_backend_node::validator::request::{
    Kind, OwnedPresented, OwnedRequest, Requirements,
};
use monocloud_backend_node::validator::{Admitted, Placement, Validation, Validator, Verdict};

use super::certificate::{self, changed};
use super::claims::{self, MOMENT};
use super::input::Input;
use super::still::{Answering, Resolving, StillClock, Text};
use super::{json, still};

static TOKENS: LazyLock<Vec<&str>> =
    LazyLock::new(|| include_str!("known/tokens.txt").lines().collect());

struct World {
    issuer: Arc<Issuer>,
    /// Key sets: with the target's own key; without it; and with another key in its place.
    sets: [String; 3],
    own: Ed25519KeyPair,
    document: &'static Text,
}

impl World {
    fn new() -> Self {
        let pair = |seed: u8| Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("a seed");
        let known = include_str!("known/jwks.txt").trim_end().strip_suffix("]}").expect("a JWKS");
        let with = |seed| {
            let x = URL_SAFE_NO_PAD.encode(pair(seed).public_key());
            format!(r#"{known},{{"kty":"OKP","crv":"Ed25519","x":"{x}","kid":"own"}}]}}"#)
        };
        let sets = [with(7), format!("{known}]}}"), with(8)];
        let document: &'static Text = Box::leak(Box::default());
        let sources = Sources {
            transport: Arc::new(Answering(Mutex::default())),
            metadata: None,
            jwks: Some(Arc::new(Resolving(document))),
        };
        let issuer = Issuer::new(still::config(&[]).tenant, sources, Arc::new(StillClock));
        Self { issuer, sets, own: pair(7), document }
    }

    fn sign(&self, header: &str, claims: &str) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.own.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    /// Publishes a key set.
    fn publish(&self, validator: &Validator, which: usize) {
        let text = self.sets[which].clone();
        let current = self.issuer.current_keys(validator.first().terms());
        if current.is_some_and(|(keys, ..)| keys.text == text) {
            return;
        }
        *self.document.0.lock().unwrap() = text;
        let runtime = monocloud_backend_node::runtime::handle().expect("a runtime");
        runtime.block_on(validator.first().jwks(Want::New)).expect("a key set");
    }
}

/// The run of one input.
struct Run {
    world: &'static World,
    remembering: Arc<Validator>,
    forgetful: Arc<Validator>,
    /// The key set in force.
    which: usize,
    /// Tokens so far.
    tokens: Vec<String>,
    /// Those that this target has signed.
    signed: HashSet<String>,
}

pub fn run(data: &[u8]) {
    static WORLD: LazyLock<World> = LazyLock::new(World::new);
    let validator = |bytes| {
        let config = still::config(&[
            // So few that the cache evicts entries.
            ("verifiedTokensBytes", Given::Number(bytes)),
            ("clockSkew", Given::Number(MOMENT.skew)),
            ("maxTokenBytes", Given::Number(4096.0)),
        ]);
        let issuer = Arc::clone(&WORLD.issuer);
        let validator = Validator::for_issuers((config, issuer), vec![], Placement::Inline);
        Arc::new(validator.expect("a validator"))
    };
    let mut run = Run {
        world: &WORLD,
        remembering: validator(4096.0),
        forgetful: validator(0.0),
        which: 0,
        tokens: vec![],
        signed: HashSet::new(),
    };
    assert!(run.remembering.signatures().is_some_and(|tokens| tokens.is_empty()));
    assert!(run.forgetful.signatures().is_none());
    WORLD.publish(&run.forgetful, 0);
    let mut input = Input(data);
    for _ in 0..24 {
        if input.is_over() {
            return;
        }
        if input.byte() % 8 == 7 {
            run.which = usize::from(input.byte()) % WORLD.sets.len();
            WORLD.publish(&run.forgetful, run.which);
        } else {
            run.request(&mut input);
        }
    }
}

impl Run {
    fn token(&mut self, input: &mut Input<'_>) -> String {
        let known = |input: &mut Input<'_>| input.one_of(&TOKENS).to_owned();
        let seen = |run: &Self, input: &mut Input<'_>| match run.tokens.is_empty() {
            true => known(input),
            false => run.tokens[usize::from(input.byte()) % run.tokens.len()].clone(),
        };
        match input.byte() % 8 {
            0 => known(input),
            1 => changed(&known(input), input),
            2 | 3 => seen(self, input),
            4 => changed(&seen(self, input), input),
            5 => String::from_utf8_lossy(input.line()).into_owned(),
            kind => {
                let header = match (kind, input.byte() % 4) {
                    (6, 0..3) => r#"{"alg":"EdDSA","kid":"own"}"#.to_owned(),
                    (6, _) => r#"{"alg":"EdDSA"}"#.to_owned(),
                    _ => String::from_utf8_lossy(input.line()).into_owned(),
                };
                let claims = String::from_utf8_lossy(input.line()).into_owned();
                let token = self.world.sign(&header, &claims);
                self.signed.insert(token.clone());
                token
            }
        }
    }

    fn request(&mut self, input: &mut Input<'_>) {
        let token = self.token(input);
        let mut words = |choices: [&str; 5]| {
            let words = input.one_of(&choices).split_ascii_whitespace();
            words.map(ToOwned::to_owned).collect::<Vec<_>>()
        };
        let requirements = Requirements {
            scopes: words(["", "", "a", "a b", "x"]),
            groups: words(["", "", "a", "b x", "x"]),
            binding: input.one_of(&[
                None,
                Some(Binding::Required),
                Some(Binding::NotChecked),
                Some(Binding::Ignored),
            ]),
            ..Requirements::default()
        };
        let certificate = input.one_of(&[None, Some(certificate::PEM), Some("x"), Some(" ")]);
        let now = MOMENT.now + f64::from(input.one_of(&[0, 0, 0, 890, 889, 891, -900, i32::MAX]));
        let last = input.byte();
        let mut request = OwnedRequest {
            token,
            kind: Kind::Jwt,
            requirements: Arc::new(requirements),
            certificate: certificate.map(ToOwned::to_owned),
            presented: match last >> 4 & 7 {
                6 => OwnedPresented::BearerWithProof,
                7 => {
                    OwnedPresented::Dpop(["a.b.c", "GET", "https://a.example/"].map(str::to_owned))
                }
                _ => OwnedPresented::Bearer,
            },
            jwks: None,
            explains: false,
            now,
        };
        let verdict = verdict(&self.forgetful, &request);
        for time in ["first", "second"] {
            let again = self::verdict(&self.remembering, &request);
            assert_eq!(again, verdict, "remembering, {time} time: {}", request.token);
        }
        if last % 16 == 15 {
            request.jwks = Some(self.world.sets[self.which].clone());
            let given = self::verdict(&self.forgetful, &request);
            assert_eq!(given, verdict, "with given keys: {}", request.token);
            self.explain(&request, &verdict);
        }
        self.judge(&request, &verdict);
        self.tokens.push(request.token);
    }

    /// An explanation has the same verdict, and the error of its first failed step.
    fn explain(&self, request: &OwnedRequest, verdict: &Verdict) {
        let runtime = monocloud_backend_node::runtime::handle().expect("a runtime");
        let explained = runtime.block_on(self.forgetful.explain(request.clone()));
        let token = &request.token;
        assert_eq!(explained.verdict.as_ref().err(), verdict.as_ref().err(), "{token}");
        let stop = explained.steps.iter().find_map(|step| match &step.answer {
            Answer::Failed(error) => Some(error),
            _ => None,
        });
        assert_eq!(stop, verdict.as_ref().err(), "{token}");
    }

    /// Checks a verdict: which tokens may be accepted, and which must be.
    fn judge(&self, request: &OwnedRequest, verdict: &Verdict) {
        let OwnedRequest { token, requirements: required, certificate, now, .. } = request;
        let (token, now) = (token.as_str(), *now);
        let certificate = certificate.as_deref();
        let listed = TOKENS.contains(&token);
        let moment = monocloud_backend_node::token::claim_rules::Moment { now, ..MOMENT };
        match verdict {
            Ok(text) => {
                let own = self.signed.contains(token) && self.which == 0;
                assert!(listed || own, "nobody signed {token}");
                let payload = token.split('.').nth(1).expect("three parts");
                assert_eq!(URL_SAFE_NO_PAD.encode(text), payload, "other claims than those signed");
                let members = json::unambiguous(text).expect("claims are an object");
                let member = |name| json::member(&members, name);
                let registered = claims::registered(member, true, moment);
                assert!(matches!(registered, None | Some(Ok(()))), "{registered:?}: {text}");
                let scope = member("scope").and_then(json::string).unwrap_or_default();
                assert!(required.scopes.iter().all(|needed| scope.split(' ').any(|s| s == needed)));
                let (_, groups) = claims::groups(member("groups"));
                assert!(
                    required.groups.is_empty()
                        || required.groups.iter().any(|g| groups.contains(g))
                );
                let names = |name| member("cnf").is_some_and(|cnf| names_proof(cnf, name));
                let proved = certificate == Some(certificate::PEM);
                let bound = match required.binding {
                    Some(Binding::Ignored | Binding::NotChecked) => true,
                    Some(Binding::Required) => proved,
                    _ => proved || !names("x5t#S256"),
                };
                let as_bearer = matches!(request.presented, OwnedPresented::Bearer);
                assert!(as_bearer, "no proof of these is good: {text}");
                assert!(!names("jkt"), "a DPoP-bound token as a bearer token: {text}");
                assert!(bound, "no proof for {text}");
            }
            Err(Error::Token(_) | Error::Validation(_)) => {
                let plain = required.groups.is_empty() && required.scopes.is_empty();
                let as_bearer = matches!(request.presented, OwnedPresented::Bearer);
                let free = plain && as_bearer && required.binding != Some(Binding::Required);
                assert!(!(listed && free && now == MOMENT.now), "a good token: {verdict:?}");
            }
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// Whether a `cnf`, an object or that object as a string, has a member of exactly this name.
fn names_proof(cnf: &str, name: &str) -> bool {
    let inner = json::string(cnf);
    let members = json::object(inner.as_deref().unwrap_or(cnf));
    members.is_some_and(|members| json::member(&members, name).is_some())
}

/// The verdict with the current keys. A key that may be new is unknown, because no keys are fetched.
fn verdict(validator: &Arc<Validator>, request: &OwnedRequest) -> Verdict {
    match validator.validate(request.view()) {
        Validation::Done(Ok(Admitted::Claims(text))) => Ok(text),
        Validation::Done(Ok(Admitted::Seen(_))) => validator.claims_of(&request.token),
        Validation::Done(Err(error)) => Err(error),
        Validation::Pending(_) => Err(TokenError::UnknownKey.into()),
    }
}
