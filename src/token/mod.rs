//! The pure part: bytes, keys and a clock in, claims or a refusal out. No I/O.

pub mod binding;
pub mod claim_path;
pub mod claim_rules;
pub mod claims;
pub mod jws;
pub mod required_claims;
