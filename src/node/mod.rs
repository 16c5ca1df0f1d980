//! The boundary: the only Rust that knows JavaScript exists. Every export hands on and hands back.
#![allow(
    missing_docs,
    missing_debug_implementations,
    reason = "documented in index.d.ts, for JavaScript"
)]

mod class;
mod fetcher;
mod gate;
mod mailbox;
mod options;
mod outcome;
mod panics;
mod receiver;
