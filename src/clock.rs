//! Time and chance come in from outside: a test lets hours pass in a line.

use std::time::{Duration, Instant};

/// What a cache asks how old it is, and by how much to vary.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Time since some fixed moment; never goes backwards, whatever happens to the wall clock.
    fn elapsed(&self) -> Duration;

    /// A number from 0 up to, but not including, 1.
    fn chance(&self) -> f64;
}

/// The machine's monotonic clock and its randomness. One moment for the whole process, so that what
/// one thread has stamped another can read.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock(Instant);

impl SystemClock {
    /// The process's clock.
    #[must_use]
    pub fn get() -> Self {
        static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        Self(*START.get_or_init(Instant::now))
    }
}

impl Clock for SystemClock {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn chance(&self) -> f64 {
        let mut bytes = [0; 4];
        match aws_lc_rs::rand::fill(&mut bytes) {
            Ok(()) => f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0),
            // Without randomness all go at the same moment, which is no reason to fail.
            Err(_) => 0.5,
        }
    }
}
