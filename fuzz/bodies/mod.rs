//! What the fuzz targets do with their bytes. `fuzz/fuzz_targets/` hands these functions to libFuzzer,
//! which looks for new paths; `tests/fuzz_corpus.rs` hands them the seeds and mutations of those, in
//! every `cargo test`.
//!
//! None only waits for a panic. Each holds what the core answers against a second reading of the same
//! bytes, made here another way: JSON by [`json`], tokens by what was signed, certificates by their
//! base64. An answer that lets somebody in has to be right; where a rule can be said in a line, so has
//! a refusal.
#![allow(dead_code, reason = "each fuzz target runs one of them")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs,
    missing_debug_implementations,
    reason = "what panics here is found"
)]

mod certificate;
mod claims;
mod compact;
mod config;
mod discovery;
mod header;
mod input;
mod introspection;
mod json;
mod jwks;
mod still;
mod validator;

/// A target's name, what it does, and how many mutations are worth their time in `cargo test`.
pub type Target = (&'static str, fn(&[u8]), usize);

pub const TARGETS: [Target; 9] = [
    ("certificate", certificate::run, 150_000),
    ("claims", claims::run, 300_000),
    ("compact", compact::run, 300_000),
    ("config", config::run, 150_000),
    ("discovery", discovery::run, 200_000),
    ("header", header::run, 300_000),
    ("introspection", introspection::run, 150_000),
    ("jwks", jwks::run, 40_000),
    ("validator", validator::run, 8_000),
];

/// What a target does.
pub fn body(name: &str) -> fn(&[u8]) {
    TARGETS.iter().find(|(known, ..)| *known == name).expect("a target's name").1
}
