//! Keys: from a JWK to what verifies or makes a signature. Pure: no I/O and no clock.

pub mod algorithm;
pub mod jwk;
pub mod jwk_set;
pub mod signing_key;
pub mod unusable;
pub mod verifying_key;
