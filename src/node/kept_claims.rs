//! Which claims JavaScript keeps (`js/core/claims-copies.js`), by the number of their token.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// JavaScript should keep one of so many claims that it does not keep, so that those of tokens that come often
/// get in. To keep claims costs as much as parsing them ten times, most of it later, in the garbage collector.
const OFFERED: u32 = 16;

/// The kept claims of one client.
#[derive(Default)]
pub struct KeptClaims(Mutex<State>);

#[derive(Default)]
struct State {
    numbers: HashSet<u64>,
    turn: u32,
    seen: u64,
}

impl KeptClaims {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a token that was admitted before. Whether its number is enough for JavaScript: because the claims
    /// are kept there, or because they should be from now on.
    pub fn stands_for(&self, number: u64) -> bool {
        let mut state = self.state();
        state.seen += 1;
        if state.numbers.contains(&number) {
            return true;
        }
        state.turn = (state.turn + 1) % OFFERED;
        state.turn == 0
    }

    /// JavaScript keeps the claims of this number from now on, or no longer.
    pub fn set(&self, number: u64, is_kept: bool) {
        let mut state = self.state();
        if is_kept {
            state.numbers.insert(number);
        } else {
            state.numbers.remove(&number);
        }
    }

    /// How many tokens had been admitted before.
    pub fn seen(&self) -> u64 {
        self.state().seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stands_for_claims_that_are_kept_and_for_one_in_sixteen_others() {
        let kept = KeptClaims::default();
        let stands = |from: u64| (from..from + 160).filter(|it| kept.stands_for(*it)).count();
        assert_eq!(stands(1000), 10);
        kept.set(7, true);
        assert!((0..100).all(|_| kept.stands_for(7)));
        kept.set(7, false);
        assert!(!kept.stands_for(7));
        assert_eq!(kept.seen(), 261);
    }
}
