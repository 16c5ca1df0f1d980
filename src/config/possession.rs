//! How a client proves that a token is its own: certificates, DPoP, and profiles that ask for one of them.

use super::options;
use super::reader::{Given, Reader, Result};
use crate::keys::algorithm::Algorithm;
use crate::token::binding::Binding;
use crate::token::dpop::nonce::{Nonces, SHORTEST_SECRET};
use crate::token::dpop::target_uri::TargetUri;
use crate::token::dpop::{DEFAULT_ALGORITHMS, Mode, Settings};

/// A set of rules for an API, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Profile {
    /// `fapi2`: the FAPI 2.0 Security Profile §5.3.4 and §5.4.
    Fapi2,
}

impl Profile {
    /// The algorithms of tokens and proofs.
    #[must_use]
    pub const fn algorithms(self) -> &'static [Algorithm] {
        match self {
            Self::Fapi2 => &[Algorithm::Ps256, Algorithm::Es256, Algorithm::Ed25519],
        }
    }

    /// How old a proof may be, in seconds.
    const fn oldest_proof(self) -> f64 {
        match self {
            Self::Fapi2 => 60.0,
        }
    }
}

pub fn profile(reader: &Reader<'_>) -> Result<Option<Profile>> {
    Ok(reader.word(&options::PROFILE)?.map(|_| Profile::Fapi2))
}

const IGNORED_UNDER_PROFILE: &str = "can't be \"dangerously_ignore\" with \"profile\"";

pub fn binding(reader: &Reader<'_>, profile: Option<Profile>) -> Result<Binding> {
    let option = options::CERTIFICATE_BINDING;
    Ok(match reader.word(&option)? {
        Some("required") => Binding::Required,
        Some("dangerously_ignore") if profile.is_some() => {
            return Err(reader.error(&option, IGNORED_UNDER_PROFILE));
        }
        Some("dangerously_ignore") => Binding::Ignored,
        _ => Binding::WhenPresent,
    })
}

pub fn dpop(reader: &Reader<'_>, profile: Option<Profile>) -> Result<Settings> {
    let mode = mode(reader)?;
    if mode == Some(Mode::Ignored) && profile.is_some() {
        return Err(reader.error(&options::DPOP_MODE, IGNORED_UNDER_PROFILE));
    }
    Ok(Settings {
        is_configured: mode.is_some()
            || profile.is_some()
            || !matches!(reader.find(&options::DPOP), Given::Absent),
        mode: mode.unwrap_or(Mode::WhenPresent),
        algorithms: algorithms(reader, profile)?,
        max_age: max_age(reader, profile)?,
        origin: origin(reader)?,
        nonces: nonces(reader)?,
        has_replay_store: has_replay_store(reader)?,
    })
}

/// The mode, by itself or as a member; `None` where it is not given.
fn mode(reader: &Reader<'_>) -> Result<Option<Mode>> {
    let is_object = reader.word_or_object(&options::DPOP)?;
    let option = if is_object { options::DPOP_MODE } else { options::DPOP };
    let word = match reader.word(&option)? {
        None => reader.word(&options::DPOP_MODE)?,
        word => word,
    };
    Ok(word.map(|word| match word {
        "required" => Mode::Required,
        "dangerously_ignore" => Mode::Ignored,
        _ => Mode::WhenPresent,
    }))
}

fn algorithms(reader: &Reader<'_>, profile: Option<Profile>) -> Result<Vec<Algorithm>> {
    let allowed = |algorithm: &Algorithm| {
        profile.is_none_or(|profile| profile.algorithms().contains(algorithm))
    };
    let known: Vec<_> = DEFAULT_ALGORITHMS.into_iter().filter(allowed).collect();
    let Some(names) = reader.words(&options::DPOP_ALGORITHMS)? else { return Ok(known) };
    let algorithm = |name: &String| Algorithm::parse(name).filter(|it| known.contains(it));
    names.iter().map(algorithm).collect::<Option<Vec<_>>>().ok_or_else(|| {
        let names: Vec<_> = known.iter().map(|algorithm| algorithm.name()).collect();
        let rule = format!("must be a list of [{}]", names.join(", "));
        reader.error(&options::DPOP_ALGORITHMS, &rule)
    })
}

fn max_age(reader: &Reader<'_>, profile: Option<Profile>) -> Result<f64> {
    let seconds = reader.number(&options::DPOP_MAX_AGE)?;
    match profile.map(Profile::oldest_proof) {
        Some(most) if seconds > most => {
            let rule = format!("must be less than or equal to {most} with \"profile\"");
            Err(reader.error(&options::DPOP_MAX_AGE, &rule))
        }
        _ => Ok(seconds),
    }
}

fn origin(reader: &Reader<'_>) -> Result<Option<TargetUri>> {
    let Some(text) = reader.text(&options::DPOP_ORIGIN)? else { return Ok(None) };
    let rule = "must be an origin: scheme, host and port, as in \"https://api.example.com\"";
    let origin = TargetUri::parse_origin(&text);
    origin.map(Some).ok_or_else(|| reader.error(&options::DPOP_ORIGIN, rule))
}

fn nonces(reader: &Reader<'_>) -> Result<Option<Nonces>> {
    let lifetime = reader.number(&options::DPOP_NONCE_LIFETIME)?;
    if !reader.object(&options::DPOP_NONCE)? {
        return Ok(None);
    }
    let option = options::DPOP_NONCE_SECRET;
    match reader.secret(&option)? {
        Some(secret) if secret.len() >= SHORTEST_SECRET => Ok(Some(Nonces::new(&secret, lifetime))),
        Some(_) => {
            let rule = format!("must have at least {SHORTEST_SECRET} bytes");
            Err(reader.error(&option, &rule))
        }
        None => Err(reader.error(&option, "is required")),
    }
}

fn has_replay_store(reader: &Reader<'_>) -> Result<bool> {
    if !reader.object(&options::DPOP_REPLAY_STORE)? {
        return Ok(false);
    }
    let add = options::DPOP_REPLAY_STORE_ADD;
    if reader.function(&add)? { Ok(true) } else { Err(reader.error(&add, "must be a function")) }
}
