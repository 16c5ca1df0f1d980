//! What strangers may cause by naming keys that nobody knows.

use std::collections::VecDeque;
use std::time::Duration;

use sha2::{Digest, Sha256};

/// A `kid`'s digest: what a stranger has written is not kept, however long it is.
pub type KeyName = [u8; 32];

/// The name under which a `kid` is remembered.
#[must_use]
pub fn key_name(kid: Option<&str>) -> KeyName {
    Sha256::digest(kid.unwrap_or_default().as_bytes()).into()
}

/// A token bucket for requests, and the names that were looked for in vain a moment ago.
#[derive(Debug)]
pub struct UnknownKeys {
    left: u32,
    /// When the last one was refilled.
    refilled: Duration,
    in_vain: VecDeque<(KeyName, Duration)>,
}

impl UnknownKeys {
    const MOST: u32 = 2;
    const REFILL: Duration = Duration::from_secs(10);
    /// A key may reach the JWKS a moment after its first token, so a name is not forgotten about for
    /// longer than this.
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

    /// Whether a request for this name could be made.
    pub fn is_worth_looking(&mut self, name: &KeyName, now: Duration) -> bool {
        self.refill(now);
        self.left > 0 && !self.is_known_to_be_unknown(name, now)
    }

    /// Whether the name was looked for in vain a moment ago.
    #[must_use]
    pub fn is_known_to_be_unknown(&self, name: &KeyName, now: Duration) -> bool {
        let recent = |at: &Duration| now.saturating_sub(*at) < Self::REMEMBERED;
        self.in_vain.iter().any(|(known, at)| known == name && recent(at))
    }

    /// Takes one request out of the bucket, where there is one.
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
    pub fn remember(&mut self, name: KeyName, now: Duration) {
        if self.in_vain.len() >= Self::MOST_REMEMBERED {
            self.in_vain.pop_front();
        }
        self.in_vain.push_back((name, now));
    }
}

impl Default for UnknownKeys {
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
        let mut keys = UnknownKeys::new();
        let taken =
            |keys: &mut UnknownKeys, second| (0..100).filter(|_| keys.take(at(second))).count();
        assert_eq!(taken(&mut keys, 0), 2);
        assert_eq!(taken(&mut keys, 9), 0);
        assert_eq!(taken(&mut keys, 10), 1);
        assert_eq!(taken(&mut keys, 19), 0);
        assert_eq!(taken(&mut keys, 20), 1);
        assert_eq!(taken(&mut keys, 1000), 2);
    }

    #[test]
    fn a_name_is_remembered_for_five_seconds_and_256_of_them() {
        let mut keys = UnknownKeys::new();
        let name = key_name(Some("a"));
        assert!(keys.is_worth_looking(&name, at(0)));
        keys.remember(name, at(0));
        assert!(!keys.is_worth_looking(&name, at(4)));
        assert!(keys.is_worth_looking(&name, at(5)));
        keys.remember(name, at(10));
        for other in 0..256 {
            keys.remember(key_name(Some(&format!("b{other}"))), at(10));
        }
        assert!(!keys.is_known_to_be_unknown(&name, at(10)));
        assert_eq!(keys.in_vain.len(), 256);
        assert_ne!(key_name(None), key_name(Some("x")));
    }
}
