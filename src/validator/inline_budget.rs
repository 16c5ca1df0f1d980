//! How long slow signatures may keep the calling thread.
//!
//! To hand a signature over pays where another one comes while it is away: two are then verified at once, and
//! the caller's event loop goes on. Where none comes, the token takes some 60 µs longer, and nobody gains. So
//! each thread has a budget of time for slow signatures, and hands over what goes beyond it.
//!
//! - What was spent comes back with time, a sixteenth of it.
//! - A signature that was handed over alone, and came back before any other arrived: the budget is full again, and
//!   twice as large, up to 1 ms.
//! - Another one arrived before it came back: that is a burst. The budget is 125 µs from then on, so that the next
//!   burst is handed over almost at once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The most that a thread spends before it hands one signature over.
const FULL: Duration = Duration::from_millis(1);

/// The most after a burst.
const LEAST: Duration = Duration::from_micros(125);

/// In how much time one unit of the budget comes back.
const REFILL: u32 = 16;

/// What slow signatures have taken of a thread's budget, and where they are.
#[derive(Debug)]
struct Budget {
    /// What the thread may spend, from `LEAST` to `FULL`.
    most: Duration,
    /// What it has spent of that. The last signature may have taken more than was left.
    spent: Duration,
    /// When `spent` was last brought up to date.
    at: Instant,
    /// How many signatures there were so far.
    count: u64,
    /// How many are with the pool.
    away: u64,
}

impl Budget {
    fn new(now: Instant) -> Self {
        Self { most: FULL, spent: Duration::ZERO, at: now, count: 0, away: 0 }
    }

    /// Counts one more signature. Whether the thread verifies it itself, at this moment.
    fn allows(&mut self, now: Instant) -> bool {
        self.count += 1;
        let earned = now.saturating_duration_since(self.at) / REFILL;
        self.spent = self.spent.saturating_sub(earned);
        self.at = now;
        self.away == 0 && self.spent < self.most
    }

    fn spend(&mut self, time: Duration) {
        self.spent = self.spent.saturating_add(time);
    }
}

/// The slow signatures of one calling thread.
#[derive(Debug)]
pub(super) struct Caller(Mutex<Budget>);

thread_local! {
    static CALLER: Arc<Caller> = Arc::new(Caller::new());
}

impl Caller {
    fn new() -> Self {
        Self(Mutex::new(Budget::new(Instant::now())))
    }

    /// That of the thread that asks. A thread that is about to end has a new one.
    pub(super) fn current() -> Arc<Self> {
        CALLER.try_with(Arc::clone).unwrap_or_else(|_| Arc::new(Self::new()))
    }

    fn budget(&self) -> MutexGuard<'_, Budget> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The permission to verify one more on this thread. What it takes until it is dropped is spent.
    pub(super) fn spend(self: Arc<Self>) -> Option<Spending> {
        let began = Instant::now();
        let may = self.budget().allows(began);
        may.then(|| Spending(Some((self, began))))
    }

    /// Notes that one is handed over. It is back when the result is dropped.
    pub(super) fn hand_over(self: Arc<Self>) -> Away {
        let (alone, count) = {
            let mut budget = self.budget();
            budget.away += 1;
            (budget.away == 1, budget.count)
        };
        Away { caller: self, alone, count }
    }
}

/// A verification on the calling thread.
#[derive(Debug)]
#[must_use = "the verification is over when it is dropped"]
pub struct Spending(Option<(Arc<Caller>, Instant)>);

impl Spending {
    /// One that is not counted.
    pub const FREE: Self = Self(None);
}

impl Drop for Spending {
    fn drop(&mut self) {
        if let Some((caller, began)) = &self.0 {
            caller.budget().spend(began.elapsed());
        }
    }
}

/// A signature that is with the pool.
#[derive(Debug)]
pub(super) struct Away {
    caller: Arc<Caller>,
    /// Whether no other was with the pool when it was handed over.
    alone: bool,
    /// How many signatures there were at that moment.
    count: u64,
}

impl Drop for Away {
    fn drop(&mut self) {
        let mut budget = self.caller.budget();
        budget.away -= 1;
        if self.alone && budget.count == self.count {
            budget.spent = Duration::ZERO;
            budget.most = (budget.most * 2).min(FULL);
        } else if self.alone {
            budget.most = LEAST;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller() -> Arc<Caller> {
        Arc::new(Caller::new())
    }

    /// Spends the budget of hours.
    fn exhaust(caller: &Arc<Caller>) {
        caller.budget().spend(FULL * 1_000_000);
    }

    fn may_spend(caller: &Arc<Caller>) -> bool {
        Arc::clone(caller).spend().is_some()
    }

    #[test]
    fn a_budget_is_spent_and_comes_back_with_time() {
        let start = Instant::now();
        let mut budget = Budget::new(start);
        assert!(budget.allows(start));
        budget.spend(FULL * 3);
        assert!(!budget.allows(start));
        let third = start + FULL * 2 * REFILL;
        assert!(!budget.allows(third), "the last one took more than was left");
        assert!(budget.allows(third + Duration::from_micros(1)));
        let hour = third + Duration::from_secs(3600);
        assert!(budget.allows(hour));
        budget.spend(FULL);
        assert!(!budget.allows(hour), "an idle hour saves up no more than the whole budget");
    }

    #[test]
    fn signatures_without_a_pause_are_handed_over_once_the_budget_is_spent() {
        let mut now = Instant::now();
        let mut budget = Budget::new(now);
        let signature = Duration::from_micros(65);
        let mut inline = 0;
        for _ in 0..1000 {
            if budget.allows(now) {
                budget.spend(signature);
                now += signature;
                inline += 1;
            }
            now += Duration::from_micros(3);
        }
        assert!((16..25).contains(&inline), "{inline}");
    }

    #[test]
    fn a_verification_on_the_calling_thread_is_spent() {
        let caller = caller();
        let spending = Arc::clone(&caller).spend().unwrap();
        std::thread::sleep(FULL * 2);
        drop(spending);
        assert!(caller.budget().spent >= FULL * 2);
    }

    #[test]
    fn one_that_was_handed_over_alone_fills_the_budget() {
        let caller = caller();
        exhaust(&caller);
        drop(Arc::clone(&caller).hand_over());
        assert!(may_spend(&caller));
    }

    #[test]
    fn where_another_came_meanwhile_the_next_are_handed_over_too() {
        let caller = caller();
        let first = Arc::clone(&caller).hand_over();
        assert!(!may_spend(&caller), "one is away");
        let second = Arc::clone(&caller).hand_over();
        exhaust(&caller);
        drop(first);
        drop(second);
        assert!(!may_spend(&caller));
    }

    #[test]
    fn the_budget_is_small_after_a_burst_and_grows_where_signatures_come_one_by_one() {
        let caller = caller();
        let first = Arc::clone(&caller).hand_over();
        drop(Arc::clone(&caller).hand_over());
        assert!(!may_spend(&caller), "one is away");
        drop(first);
        for most in [LEAST, LEAST * 2, LEAST * 4, FULL, FULL] {
            assert_eq!(caller.budget().most, most);
            drop(Arc::clone(&caller).hand_over());
        }
    }

    #[test]
    fn each_thread_has_a_budget_of_its_own() {
        exhaust(&Caller::current());
        let other = std::thread::spawn(|| may_spend(&Caller::current()));
        assert!(other.join().unwrap());
    }
}
