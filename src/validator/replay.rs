//! The proofs that this process has let in: each may be used once (RFC 9449 §11.1). One memory for all threads
//! and clients.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::{Mutex, PoisonError};

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

/// Proofs by the second of their `iat`, which is part of a proof and never changes: what has to be forgotten
/// stands together.
#[derive(Default)]
pub struct ReplayMemory {
    seconds: BTreeMap<u64, Second>,
    count: usize,
    /// When it was last swept, seconds since 1970.
    swept: f64,
}

impl fmt::Debug for ReplayMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReplayMemory({})", self.count)
    }
}

#[derive(Default)]
struct Second {
    /// The first half of each proof's key.
    proofs: HashSet<[u8; 16]>,
    /// When all of them are too old, seconds since 1970.
    expires_at: f64,
}

impl ReplayMemory {
    /// Remembers a proof until it expires.
    pub fn spend(&mut self, proof: &Spending, now: f64) -> Spent {
        self.spend_within(proof, now, MOST)
    }

    fn spend_within(&mut self, proof: &Spending, now: f64, most: usize) -> Spent {
        if now > self.swept {
            self.sweep(now);
        }
        let second = self.seconds.entry(proof.issued_at.max(0.0) as u64).or_default();
        let (half, _) = proof.key.split_at(16);
        let Ok(half) = <[u8; 16]>::try_from(half) else { return Spent::Full };
        if second.proofs.contains(&half) {
            return Spent::Replayed;
        }
        if self.count >= most {
            return Spent::Full;
        }
        second.proofs.insert(half);
        second.expires_at = second.expires_at.max(proof.expires_at);
        self.count += 1;
        Spent::Fresh
    }

    fn sweep(&mut self, now: f64) {
        self.swept = now;
        self.seconds.retain(|_, second| second.expires_at >= now);
        self.count = self.seconds.values().map(|second| second.proofs.len()).sum();
    }
}

static PROCESS: Mutex<Option<ReplayMemory>> = Mutex::new(None);

/// Spends a proof in the memory of the process.
pub fn spend(proof: &Spending, now: f64) -> Spent {
    let mut memory = PROCESS.lock().unwrap_or_else(PoisonError::into_inner);
    memory.get_or_insert_default().spend(proof, now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof(number: u64, issued_at: f64) -> Spending {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.to_be_bytes());
        Spending { key, issued_at, expires_at: issued_at + 120.0 }
    }

    #[test]
    fn a_proof_passes_once() {
        let mut memory = ReplayMemory::default();
        assert_eq!(memory.spend(&proof(1, 1000.0), 1000.0), Spent::Fresh);
        assert_eq!(memory.spend(&proof(1, 1000.0), 1000.0), Spent::Replayed);
        assert_eq!(memory.spend(&proof(2, 1000.0), 1000.0), Spent::Fresh);
        // To the end, and not before it is too old.
        assert_eq!(memory.spend(&proof(1, 1000.0), 1120.0), Spent::Replayed);
        assert_eq!(memory.spend(&proof(3, 1120.5), 1121.0), Spent::Fresh);
        assert_eq!(memory.count, 1);
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
        assert_eq!(memory.spend_within(&proof(2, 1100.0), 1121.0, 1), Spent::Fresh);
    }
}
