//! Keys that verify and make signatures, and the JWKs that they come in. No I/O and no clock.

pub mod algorithm;
pub mod jwk;
pub mod jwk_set;
pub mod proof_key;
pub mod signing_key;
pub mod unusable;
pub mod verifying_key;
