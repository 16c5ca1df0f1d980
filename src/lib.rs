//! Validates OAuth 2.0 access tokens: the core of `@monocloud/backend-node`.
//!
//! A request goes down through these rooms and comes back with claims or an [`error::Error`]. Imports
//! point downwards only, and nothing but [`node`] knows that JavaScript exists.
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
// The unit tests run without Node.js, where nothing of it could be called.
#[cfg(not(test))]
mod node;
mod panics;
pub mod runtime;
pub mod token;
pub mod validator;
