//! The boundary: the only Rust that knows JavaScript exists. Every export hands on and hands back.
#![allow(
    missing_docs,
    missing_debug_implementations,
    reason = "documented in index.d.ts, for JavaScript"
)]

mod about;
mod client;
mod explanation;
mod failure;
mod fetcher;
mod functions;
mod js_bridge;
mod kept_claims;
mod options;
mod panic_hook;
mod raw;
mod settings;
mod stats;
#[cfg(feature = "panic-injection")]
mod testing;
mod validate_fn;
