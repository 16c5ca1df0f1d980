//! Nonces that the resource server provides (RFC 9449 §9). Nothing is remembered: a nonce is an HMAC over a
//! time step, so that all processes with one secret take each other's.

use aws_lc_rs::hmac;
use subtle::ConstantTimeEq;

use crate::base64url::encode;

/// The fewest bytes of a secret: those of the HMAC's output (RFC 2104 §3).
pub const SHORTEST_SECRET: usize = 32;

/// Makes and recognises nonces.
#[derive(Clone)]
pub struct Nonces {
    key: hmac::Key,
    /// Seconds of a step.
    lifetime: f64,
}

impl std::fmt::Debug for Nonces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Nonces").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

impl Nonces {
    /// Nonces of this secret, each good for this many seconds at least, and twice as many at the most.
    #[must_use]
    pub fn new(secret: &str, lifetime: f64) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), lifetime }
    }

    /// The nonce to use at this time.
    #[must_use]
    pub fn current(&self, now: f64) -> String {
        self.of_step(self.step(now))
    }

    /// Whether a nonce is of the present step or of the one before.
    #[must_use]
    pub fn is_good(&self, nonce: &str, now: f64) -> bool {
        let step = self.step(now);
        let is = |step| self.of_step(step).as_bytes().ct_eq(nonce.as_bytes());
        bool::from(is(step) | is(step.wrapping_sub(1)))
    }

    fn step(&self, now: f64) -> u64 {
        (now / self.lifetime) as u64
    }

    fn of_step(&self, step: u64) -> String {
        let mut context = hmac::Context::with_key(&self.key);
        // The secret may be used for something else, too.
        context.update(b"monocloud DPoP-Nonce ");
        context.update(&step.to_be_bytes());
        encode(context.sign())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "a secret of at least thirty-two bytes";

    #[test]
    fn a_nonce_is_good_for_its_step_and_the_next() {
        let nonces = Nonces::new(SECRET, 300.0);
        let nonce = nonces.current(3000.0);
        for now in [3000.0, 3299.0, 3300.0, 3599.0] {
            assert!(nonces.is_good(&nonce, now), "{now}");
        }
        for now in [0.0, 2999.0, 3600.0, 1e18] {
            assert!(!nonces.is_good(&nonce, now), "{now}");
        }
        assert_eq!(nonce, nonces.current(3299.0));
        assert_ne!(nonce, nonces.current(3300.0));
    }

    #[test]
    fn every_process_with_the_secret_takes_it_and_no_other() {
        let nonce = Nonces::new(SECRET, 300.0).current(3000.0);
        assert!(Nonces::new(SECRET, 300.0).is_good(&nonce, 3000.0));
        let other = Nonces::new("another secret of thirty-two bytes or more", 300.0);
        assert!(!other.is_good(&nonce, 3000.0));
        for altered in ["", "x", &nonce[1..], &format!("{nonce}A"), &nonce.to_ascii_lowercase()] {
            assert!(!other.is_good(altered, 3000.0));
        }
    }
}
