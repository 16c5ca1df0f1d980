//! The core's files of this module that the models are about.

#[path = "../../src/validator/inline_budget.rs"]
mod inline_budget;
#[path = "../../src/validator/replay.rs"]
pub mod replay;
#[path = "../../src/validator/verify_pool.rs"]
pub mod verify_pool;
