//! The proofs that this process has let in: each may be used once (RFC 9449 §11.1). One memory for all threads
//! and clients.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::PoisonError;

use crate::sync::Mutex;
use crate::token::dpop::Spending;

/// The most proofs that are remembered: they take up to 64 MiB.
const MOST: usize = 1_000_000;

/// What came of spending a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    /// For the first time.
    Fresh,
    /// The proof has come before.
    Replayed,
    /// There is no room to remember it.
    Full,
}

/// Seconds after which proofs are forgotten together.
const WIDTH: f64 = 30.0;

/// The proofs that have been used, in groups that expire together.
#[derive(Default)]
pub struct ReplayMemory {
    /// By the time of their expiry, in units of [`WIDTH`]. Of each proof the first half of its key.
    groups: BTreeMap<u64, HashSet<[u8; 16]>>,
    count: usize,
}

impl fmt::Debug for ReplayMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReplayMemory({})", self.count)
    }
}

impl ReplayMemory {
    /// Remembers a proof until it expires.
    pub fn spend(&mut self, proof: &Spending, now: f64) -> Spent {
        self.spend_within(proof, now, MOST)
    }

    fn spend_within(&mut self, proof: &Spending, now: f64, most: usize) -> Spent {
        self.forget(now);
        let (half, _) = proof.key.split_at(16);
        let Ok(half) = <[u8; 16]>::try_from(half) else { return Spent::Full };
        // In any group: a key may sign one `jti` with two times.
        if self.groups.values().any(|group| group.contains(&half)) {
            return Spent::Replayed;
        }
        if self.count >= most {
            return Spent::Full;
        }
        let group = (proof.expires_at / WIDTH) as u64;
        self.groups.entry(group).or_default().insert(half);
        self.count += 1;
        Spent::Fresh
    }

    fn forget(&mut self, now: f64) {
        while let Some(first) = self.groups.first_entry() {
            if (first.key() + 1) as f64 * WIDTH > now {
                return;
            }
            self.count -= first.remove().len();
        }
    }
}

/// A memory that threads share.
#[derive(Debug)]
pub struct SharedMemory(Mutex<Option<ReplayMemory>>);

impl SharedMemory {
    /// No proof yet.
    #[must_use]
    pub const fn empty() -> Self {
        Self(Mutex::new(None))
    }

    /// Remembers a proof until it expires.
    pub fn spend(&self, proof: &Spending, now: f64) -> Spent {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        memory.get_or_insert_default().spend(proof, now)
    }
}

/// That of the process.
pub static PROCESS: SharedMemory = SharedMemory::empty();

#[cfg(test)]
mod tests {
    use super::*;

    fn proof(number: u64, issued_at: f64) -> Spending {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.to_be_bytes());
        Spending { key, expires_at: issued_at + 120.0 }
    }

    #[test]
    fn a_proof_passes_once() {
        let mut memory = ReplayMemory::default();
        assert_eq!(memory.spend(&proof(1, 1000.0), 1000.0), Spent::Fresh);
        assert_eq!(memory.spend(&proof(1, 1000.0), 1000.0), Spent::Replayed);
        assert_eq!(memory.spend(&proof(2, 1000.0), 1000.0), Spent::Fresh);
        // To the end, and not before it is too old.
        assert_eq!(memory.spend(&proof(1, 1000.0), 1120.0), Spent::Replayed);
        assert_eq!(memory.spend(&proof(3, 1140.0), 1140.0), Spent::Fresh);
        assert_eq!(memory.count, 1);
    }

    #[test]
    fn a_jti_that_is_signed_with_another_time_is_the_same_proof() {
        let mut memory = ReplayMemory::default();
        assert_eq!(memory.spend(&proof(1, 1000.0), 1000.0), Spent::Fresh);
        for issued_at in [940.0, 970.5, 1030.0, 1060.0] {
            assert_eq!(memory.spend(&proof(1, issued_at), 1000.0), Spent::Replayed);
        }
    }

    #[test]
    fn a_clock_that_goes_back_brings_no_proof_back() {
        let mut memory = ReplayMemory::default();
        assert_eq!(memory.spend(&proof(1, 1000.0), 1000.0), Spent::Fresh);
        assert_eq!(memory.spend(&proof(1, 1000.0), 900.0), Spent::Replayed);
    }

    #[test]
    fn what_is_full_lets_nothing_in() {
        let mut memory = ReplayMemory::default();
        assert_eq!(memory.spend_within(&proof(1, 1000.0), 1000.0, 1), Spent::Fresh);
        assert_eq!(memory.spend_within(&proof(2, 1000.0), 1000.0, 1), Spent::Full);
        assert_eq!(memory.spend_within(&proof(1, 1000.0), 1000.0, 1), Spent::Replayed);
        // There is room again once the first is too old.
        assert_eq!(memory.spend_within(&proof(2, 1140.0), 1140.0, 1), Spent::Fresh);
    }
}
