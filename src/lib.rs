//! Validates OAuth 2.0 access tokens: the core of `@monocloud/backend-node`.
//!
//! From the top: [`node`] is the boundary to JavaScript; [`validator`] turns a request into a verdict; [`issuer`]
//! fetches documents over [`http`]; [`token`] and [`keys`] are pure. Imports point downwards only, and only
//! [`node`] depends on Node.js. `docs/architecture.md` walks one request through the modules.
#![deny(missing_debug_implementations, unsafe_op_in_unsafe_fn)]
#![warn(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        reason = "a test that panics is a test that fails"
    )
)]

pub mod base64url;
pub mod clock;
pub mod config;
pub mod error;
pub mod http;
pub mod issuer;
pub mod json;
pub mod keys;
pub mod mailbox;
// Unit tests run without Node.js, whose functions this module calls.
#[cfg(not(test))]
mod node;
mod panics;
pub mod runtime;
pub mod secret;
mod sync;
pub mod token;
pub mod validator;
