//! The whole validator, over a sequence of requests and changes of the key set. Each request is made
//! to a validator that remembers tokens, and to one that does not: both must say the same. Whatever is
//! accepted must have been signed for this API: by a key whose private half nobody has, which signed
//! those on a list, or by this target itself.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock, Mutex};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use monocloud_backend_node::check::{Check, OwnedCheck, Route};
use monocloud_backend_node::config::Given;
use monocloud_backend_node::error::{Error, TokenError};
use monocloud_backend_node::explain::Answer;
use monocloud_backend_node::issuer::{Issuer, Sources, Want};
use monocloud_backend_node::token::binding::Binding;
use monocloud_backend_node::validator::{Outcome, Progress, Validator};

use super::certificate::{self, changed};
use super::claims::{self, MOMENT};
use super::input::Input;
use super::still::{Answering, Resolving, StillClock, Text};
use super::{json, still};

static TOKENS: LazyLock<Vec<&str>> =
    LazyLock::new(|| include_str!("known/tokens.txt").lines().collect());

struct World {
    issuer: Arc<Issuer>,
    /// The key set as it is; as it is without our own key; and with another key in its place.
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
        let current = self.issuer.current_keys(validator.terms());
        if current.is_some_and(|(keys, ..)| keys.text == text) {
            return;
        }
        *self.document.0.lock().unwrap() = text;
        let runtime = monocloud_backend_node::runtime::handle().expect("a runtime");
        runtime.block_on(validator.jwks(Want::New)).expect("a key set");
    }
}

/// What one input goes through.
struct Run {
    world: &'static World,
    remembering: Validator,
    forgetful: Validator,
    /// The key set in force.
    which: usize,
    /// Tokens so far.
    tokens: Vec<String>,
    /// Those of them that this target has signed.
    signed: HashSet<String>,
}

pub fn run(data: &[u8]) {
    static WORLD: LazyLock<World> = LazyLock::new(World::new);
    let validator = |bytes| {
        let config = still::config(&[
            // So few that some are pushed out again.
            ("verifiedTokensBytes", Given::Number(bytes)),
            ("clockSkew", Given::Number(MOMENT.skew)),
            ("maxTokenBytes", Given::Number(4096.0)),
        ]);
        Validator::new(config, Arc::clone(&WORLD.issuer)).expect("a validator")
    };
    let mut run = Run {
        world: &WORLD,
        remembering: validator(4096.0),
        forgetful: validator(0.0),
        which: 0,
        tokens: vec![],
        signed: HashSet::new(),
    };
    assert!(run.remembering.verified().is_some_and(|tokens| tokens.is_empty()));
    assert!(run.forgetful.verified().is_none());
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
        let route = Route {
            scopes: words(["", "", "a", "a b", "x"]),
            groups: words(["", "", "a", "b x", "x"]),
            binding: input.one_of(&[None, None, Some(Binding::Required), Some(Binding::Ignored)]),
        };
        let certificate = input.one_of(&[None, Some(certificate::PEM), Some("x"), Some(" ")]);
        let now = MOMENT.now + f64::from(input.one_of(&[0, 0, 0, 890, 889, 891, -900, i32::MAX]));
        let check = Check { token: &token, route: &route, certificate, now };

        // What a busy server does first: look, and verify only what is quick.
        let quick = input.byte().is_multiple_of(2);
        let first = self.remembering.at_once(check, |_| false);
        let outcome = outcome(&self.forgetful, check);
        match first {
            Progress::Done(done) => {
                let done = done.and_then(|accepted| self.remembering.text_of(accepted, &token));
                assert_eq!(done, outcome, "at once: {token}");
            }
            Progress::Fetch => assert_eq!(outcome, Err(TokenError::UnknownKey.into())),
            Progress::Verify if quick => {}
            Progress::Verify => return self.tokens.push(token),
        }
        assert_eq!(self::outcome(&self.remembering, check), outcome, "remembering: {token}");
        if input.byte() % 16 == 15 {
            let given = self.forgetful.with_given_keys(check, &self.world.sets[self.which]);
            assert_eq!(given, outcome, "with keys by hand: {token}");
            self.explain(check, &outcome);
        }
        self.judge(check, &outcome);
        self.tokens.push(token);
    }

    /// An explanation says the same, and where it stops is why.
    fn explain(&self, check: Check<'_>, outcome: &Outcome) {
        let owned = OwnedCheck {
            token: check.token.to_owned(),
            route: Arc::new(check.route.clone()),
            certificate: check.certificate.map(ToOwned::to_owned),
            now: check.now,
        };
        let keys = self.world.sets[self.which].clone();
        let runtime = monocloud_backend_node::runtime::handle().expect("a runtime");
        let explained = runtime.block_on(self.forgetful.explain_jwt(owned, Some(keys)));
        assert_eq!(explained.verdict.as_ref().err(), outcome.as_ref().err(), "{}", check.token);
        let stop = explained.steps.iter().find_map(|step| match &step.answer {
            Answer::Failed(error) => Some(error),
            _ => None,
        });
        assert_eq!(stop, outcome.as_ref().err(), "{}", check.token);
    }

    /// What may be accepted, and what must be.
    fn judge(&self, check: Check<'_>, outcome: &Outcome) {
        let Check { token, route, certificate, now } = check;
        let listed = TOKENS.contains(&token);
        let moment = monocloud_backend_node::token::facts::Moment { now, ..MOMENT };
        match outcome {
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
                assert!(route.scopes.iter().all(|needed| scope.split(' ').any(|s| s == needed)));
                let (_, groups) = claims::groups(member("groups"));
                assert!(route.groups.is_empty() || route.groups.iter().any(|g| groups.contains(g)));
                let bound = match route.binding {
                    Some(Binding::Ignored) => true,
                    Some(Binding::Required) => certificate == Some(certificate::PEM),
                    _ => {
                        !member("cnf").is_some_and(names_a_certificate)
                            || certificate == Some(certificate::PEM)
                    }
                };
                assert!(bound, "no proof for {text}");
            }
            Err(Error::Token(_) | Error::Validation(_)) => {
                let plain = route.groups.is_empty() && route.scopes.is_empty();
                let free = plain && route.binding != Some(Binding::Required);
                assert!(!(listed && free && now == MOMENT.now), "a good token: {outcome:?}");
            }
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// Whether a `cnf`, an object or that object as a string, has the member that binds; and not one whose name
/// begins alike.
fn names_a_certificate(cnf: &str) -> bool {
    let inner = json::string(cnf);
    let members = json::object(inner.as_deref().unwrap_or(cnf));
    members.is_some_and(|members| json::member(&members, "x5t#S256").is_some())
}

/// The answer, with the keys at hand. A key that might be new is unknown: nobody asks for it here.
fn outcome(validator: &Validator, check: Check<'_>) -> Outcome {
    match validator.at_once(check, |_| true) {
        Progress::Done(done) => done.and_then(|accepted| validator.text_of(accepted, check.token)),
        Progress::Fetch => Err(TokenError::UnknownKey.into()),
        Progress::Verify => panic!("it may be verified here"),
    }
}
