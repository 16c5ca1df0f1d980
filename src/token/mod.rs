//! Tokens: their form, their claims, and the rules on them. Pure: no I/O, and the time is an argument.

pub mod binding;
pub mod claim_path;
pub mod claim_reading;
pub mod claim_rules;
pub mod claims;
pub mod dpop;
pub mod jws;
pub mod required_claims;
