//! Time and randomness, which tests replace.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// A source of time and randomness.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Time since a fixed moment. Never goes backwards, even if the wall clock is set.
    fn elapsed(&self) -> Duration;

    /// A random number from 0 (inclusive) to 1 (exclusive).
    fn chance(&self) -> f64;
}

/// The jump of the wall clock against the monotonic clock that counts as suspension, in milliseconds. Smaller
/// differences are drift and corrections.
const SHORTEST_SUSPENSION: i64 = 30_000;

/// A monotonic clock that includes the time in which the machine was suspended or stored as a snapshot. The
/// system's monotonic clock stops then, and keys that the tenant has withdrawn in the meantime would look
/// fresh. Where the wall clock jumps ahead of the monotonic clock, the jump is added. A wall clock that somebody
/// sets forward makes documents look older than they are, which costs one request for each.
#[derive(Debug, Default)]
struct SuspensionClock {
    /// How far the wall clock was ahead at the last jump, milliseconds.
    ahead: AtomicI64,
    /// The sum of all suspensions, milliseconds.
    suspended: AtomicU64,
}

impl SuspensionClock {
    /// The time from two clocks that started at the same moment; the wall clock in milliseconds.
    fn read(&self, monotonic: Duration, wall: i64) -> Duration {
        let ahead = wall.saturating_sub(i64::try_from(monotonic.as_millis()).unwrap_or(i64::MAX));
        let before = self.ahead.load(Ordering::Relaxed);
        let jump = ahead.saturating_sub(before);
        if !(0..=SHORTEST_SUSPENSION).contains(&jump) {
            // Of several threads that see the jump, one adds it.
            let is_first =
                self.ahead.compare_exchange(before, ahead, Ordering::Relaxed, Ordering::Relaxed);
            if is_first.is_ok() && jump > SHORTEST_SUSPENSION {
                self.suspended.fetch_add(jump.unsigned_abs(), Ordering::Relaxed);
            }
        }
        monotonic.saturating_add(Duration::from_millis(self.suspended.load(Ordering::Relaxed)))
    }
}

/// The system's clocks and random numbers. Its fixed moment is the same for all threads of the process.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock(&'static Start);

#[derive(Debug)]
struct Start {
    monotonic: Instant,
    wall: SystemTime,
    suspension: SuspensionClock,
}

impl SystemClock {
    /// The clock of the process.
    #[must_use]
    pub fn get() -> Self {
        static START: OnceLock<Start> = OnceLock::new();
        Self(START.get_or_init(|| Start {
            monotonic: Instant::now(),
            wall: SystemTime::now(),
            suspension: SuspensionClock::default(),
        }))
    }
}

/// Milliseconds from one time to another; negative if the second is earlier.
fn between(from: SystemTime, to: SystemTime) -> i64 {
    let milliseconds = |span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    match to.duration_since(from) {
        Ok(span) => milliseconds(span),
        Err(error) => milliseconds(error.duration()).saturating_neg(),
    }
}

impl Clock for SystemClock {
    fn elapsed(&self) -> Duration {
        let Start { monotonic, wall, suspension } = self.0;
        suspension.read(monotonic.elapsed(), between(*wall, SystemTime::now()))
    }

    fn chance(&self) -> f64 {
        let mut bytes = [0; 4];
        match aws_lc_rs::rand::fill(&mut bytes) {
            Ok(()) => f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0),
            // Without randomness, refreshes are not spread in time.
            Err(_) => 0.5,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_passes_while_the_machine_is_suspended() {
        let clock = SuspensionClock::default();
        let read = |monotonic: u64, wall: i64| {
            clock.read(Duration::from_secs(monotonic), wall * 1000).as_secs()
        };
        assert_eq!(read(0, 0), 0);
        assert_eq!(read(10, 10), 10);
        // A small correction, and drift: no suspension.
        assert_eq!(read(20, 45), 20);
        // An hour of suspension, which is counted once.
        assert_eq!(read(21, 3_646), 3_646);
        assert_eq!(read(22, 3_647), 3_647);
        // The wall clock is set back by a day.
        assert_eq!(read(32, 3_657 - 86_400), 3_657);
        // Two hours of suspension after that.
        assert_eq!(read(33, 3_658 - 86_400 + 7_200), 3_658 + 7_200);
        assert!(read(34, i64::MAX / 1000) > 0);
        assert!(read(35, i64::MIN / 1000) > 0);
    }

    #[test]
    fn it_never_goes_backwards() {
        let clock = SuspensionClock::default();
        let mut last = Duration::ZERO;
        for step in 0..10_000_u64 {
            let wall = i64::try_from(step * step % 7_919).unwrap() * 60_000 - 200_000_000;
            let now = clock.read(Duration::from_millis(step), wall);
            assert!(now >= last, "{step}");
            last = now;
        }
    }

    #[test]
    fn spans_have_a_direction() {
        let (early, late) =
            (SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH + Duration::from_millis(1_500));
        assert_eq!((between(early, late), between(late, early)), (1_500, -1_500));
    }
}
