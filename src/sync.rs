//! Locks, threads and limits of time, for the code that `models/` checks: it compiles the same files over a checker's
//! own.

pub use std::sync::{Condvar, Mutex, MutexGuard};
pub use std::thread;
pub use tokio::time;
