//! The fuzz targets. `fuzz/fuzz_targets/` runs them with libFuzzer; `tests/fuzz_corpus.rs` runs them with the
//! seeds and mutations of those, in every `cargo test`.
//!
//! Each target compares the core's answer with that of an independent implementation: JSON with [`json`],
//! tokens with the list of those that were signed, certificates with their base64. Every acceptance must be
//! right, and every refusal whose rule is simple enough to write again.
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
mod dpop;
mod header;
mod input;
mod introspection;
mod json;
mod jwks;
mod still;
mod validator;

/// A target: its name, its function, and the number of mutations in `cargo test`.
pub type Target = (&'static str, fn(&[u8]), usize);

pub const TARGETS: [Target; 10] = [
    ("certificate", certificate::run, 150_000),
    ("claims", claims::run, 300_000),
    ("compact", compact::run, 300_000),
    ("config", config::run, 150_000),
    ("discovery", discovery::run, 200_000),
    ("dpop", dpop::run, 60_000),
    ("header", header::run, 300_000),
    ("introspection", introspection::run, 150_000),
    ("jwks", jwks::run, 40_000),
    ("validator", validator::run, 8_000),
];

/// The function of a target.
pub fn body(name: &str) -> fn(&[u8]) {
    TARGETS.iter().find(|(known, ..)| *known == name).expect("a target's name").1
}
