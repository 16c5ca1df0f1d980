//! What the core does, but for its unit tests: one program, because each takes seconds to compile and to link.

#[path = "../support/mod.rs"]
mod support;

mod explain;
mod issuers;
mod living_keys;
mod possession;
mod second_opinion;
mod secrets;
mod seen_before;
mod unknown_kids;
mod work;
