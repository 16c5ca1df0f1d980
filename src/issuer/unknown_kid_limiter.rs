//! Limits the requests that tokens with made-up `kid`s cause.

use std::collections::VecDeque;
use std::time::Duration;

use sha2::{Digest, Sha256};

/// A `kid`'s SHA-256 digest: of a fixed size, however long the `kid` is.
pub type KidDigest = [u8; 32];

/// The digest of a token's `kid`.
#[must_use]
pub fn kid_digest(kid: Option<&str>) -> KidDigest {
    Sha256::digest(kid.unwrap_or_default().as_bytes()).into()
}

/// A token bucket for requests, and the `kid`s that were looked for in vain a moment ago.
#[derive(Debug)]
pub struct UnknownKidLimiter {
    left: u32,
    /// When the bucket was last refilled.
    refilled: Duration,
    in_vain: VecDeque<(KidDigest, Duration)>,
}

impl UnknownKidLimiter {
    const MOST: u32 = 2;
    const REFILL: Duration = Duration::from_secs(10);
    /// Short, because a key may reach the JWKS a moment after its first token.
    const REMEMBERED: Duration = Duration::from_secs(5);
    const MOST_REMEMBERED: usize = 256;

    /// A full bucket.
    #[must_use]
    pub fn new() -> Self {
        Self { left: Self::MOST, refilled: Duration::ZERO, in_vain: VecDeque::new() }
    }

    fn refill(&mut self, now: Duration) {
        while self.left < Self::MOST && now.saturating_sub(self.refilled) >= Self::REFILL {
            self.left += 1;
            self.refilled += Self::REFILL;
        }
    }

    /// Whether a request for this `kid` may be made.
    pub fn may_look(&mut self, kid: &KidDigest, now: Duration) -> bool {
        self.refill(now);
        self.left > 0 && !self.was_looked_for(kid, now)
    }

    /// Whether the `kid` was looked for in vain a moment ago.
    #[must_use]
    pub fn was_looked_for(&self, kid: &KidDigest, now: Duration) -> bool {
        let recent = |at: &Duration| now.saturating_sub(*at) < Self::REMEMBERED;
        self.in_vain.iter().any(|(known, at)| known == kid && recent(at))
    }

    /// Takes one request out of the bucket; `false` where it is empty.
    pub fn take(&mut self, now: Duration) -> bool {
        self.refill(now);
        if self.left == Self::MOST {
            self.refilled = now;
        }
        let allowed = self.left > 0;
        self.left = self.left.saturating_sub(1);
        allowed
    }

    /// Remembers that the tenant does not have this key now.
    pub fn remember(&mut self, kid: KidDigest, now: Duration) {
        if self.in_vain.len() >= Self::MOST_REMEMBERED {
            self.in_vain.pop_front();
        }
        self.in_vain.push_back((kid, now));
    }
}

impl Default for UnknownKidLimiter {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(1000 + seconds)
    }

    #[test]
    fn a_flood_gets_two_at_once_and_one_each_ten_seconds() {
        let mut keys = UnknownKidLimiter::new();
        let taken = |keys: &mut UnknownKidLimiter, second| {
            (0..100).filter(|_| keys.take(at(second))).count()
        };
        assert!(keys.may_look(&kid_digest(None), at(0)));
        assert_eq!(taken(&mut keys, 0), 2);
        assert!(!keys.may_look(&kid_digest(None), at(0)));
        assert_eq!(taken(&mut keys, 9), 0);
        assert_eq!(taken(&mut keys, 10), 1);
        assert_eq!(taken(&mut keys, 19), 0);
        assert_eq!(taken(&mut keys, 20), 1);
        assert_eq!(taken(&mut keys, 1000), 2);
    }

    #[test]
    fn a_name_is_remembered_for_five_seconds_and_256_of_them() {
        let mut keys = UnknownKidLimiter::new();
        let name = kid_digest(Some("a"));
        assert!(keys.may_look(&name, at(0)));
        keys.remember(name, at(0));
        assert!(!keys.may_look(&name, at(4)));
        assert!(keys.may_look(&name, at(5)));
        keys.remember(name, at(10));
        for other in 0..256 {
            keys.remember(kid_digest(Some(&format!("b{other}"))), at(10));
        }
        assert!(!keys.was_looked_for(&name, at(10)));
        assert_eq!(keys.in_vain.len(), 256);
        assert_ne!(kid_digest(None), kid_digest(Some("x")));
    }
}
