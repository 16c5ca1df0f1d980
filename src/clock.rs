//! Time and chance come in from outside: a test lets hours pass in a line.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// What a cache asks how old it is, and by how much to vary.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Time since some fixed moment; never goes backwards, whatever happens to the wall clock.
    fn elapsed(&self) -> Duration;

    /// A number from 0 up to, but not including, 1.
    fn chance(&self) -> f64;
}

/// How far the wall clock may get ahead before that counts as time that the other one has missed,
/// in milliseconds. To be a little wrong, or set right a little, is no such thing.
const MISSED: i64 = 30_000;

/// Time that also passes while the machine is suspended, or lies as a snapshot on a disk. The monotonic
/// clock stands still then, and keys that the tenant has withdrawn meanwhile would look as good as new. So
/// where the wall clock has got ahead of it by much, it is set forward by as much; never back. A wall clock
/// that was set right by hand makes documents look older than they are, which costs a request each.
#[derive(Debug, Default)]
struct Wakeful {
    /// How far the wall clock was ahead when that was last noted, milliseconds.
    ahead: AtomicI64,
    /// All that was missed, milliseconds.
    missed: AtomicU64,
}

impl Wakeful {
    /// The time by two clocks that began at the same moment; the wall clock in milliseconds.
    fn read(&self, monotonic: Duration, wall: i64) -> Duration {
        let ahead = wall.saturating_sub(i64::try_from(monotonic.as_millis()).unwrap_or(i64::MAX));
        let before = self.ahead.load(Ordering::Relaxed);
        let jump = ahead.saturating_sub(before);
        if !(0..=MISSED).contains(&jump) {
            // Of several threads that see it, one notes it.
            let noted =
                self.ahead.compare_exchange(before, ahead, Ordering::Relaxed, Ordering::Relaxed);
            if noted.is_ok() && jump > MISSED {
                self.missed.fetch_add(jump.unsigned_abs(), Ordering::Relaxed);
            }
        }
        monotonic.saturating_add(Duration::from_millis(self.missed.load(Ordering::Relaxed)))
    }
}

/// The machine's clocks and its randomness. One moment for the whole process, so that what one thread
/// has stamped another can read.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock(&'static Start);

#[derive(Debug)]
struct Start {
    monotonic: Instant,
    wall: SystemTime,
    wakeful: Wakeful,
}

impl SystemClock {
    /// The process's clock.
    #[must_use]
    pub fn get() -> Self {
        static START: OnceLock<Start> = OnceLock::new();
        Self(START.get_or_init(|| Start {
            monotonic: Instant::now(),
            wall: SystemTime::now(),
            wakeful: Wakeful::default(),
        }))
    }
}

/// Milliseconds from one time to another, which may lie before it.
fn between(from: SystemTime, to: SystemTime) -> i64 {
    let milliseconds = |span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    match to.duration_since(from) {
        Ok(span) => milliseconds(span),
        Err(error) => milliseconds(error.duration()).saturating_neg(),
    }
}

impl Clock for SystemClock {
    fn elapsed(&self) -> Duration {
        let Start { monotonic, wall, wakeful } = self.0;
        wakeful.read(monotonic.elapsed(), between(*wall, SystemTime::now()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_passes_while_the_machine_sleeps() {
        let clock = Wakeful::default();
        let read = |monotonic: u64, wall: i64| {
            clock.read(Duration::from_secs(monotonic), wall * 1000).as_secs()
        };
        assert_eq!(read(0, 0), 0);
        assert_eq!(read(10, 10), 10);
        // Set right by a little, and drifting: no sleep.
        assert_eq!(read(20, 45), 20);
        // An hour of sleep, seen once.
        assert_eq!(read(21, 3_646), 3_646);
        assert_eq!(read(22, 3_647), 3_647);
        // Set back by a day: time goes on.
        assert_eq!(read(32, 3_657 - 86_400), 3_657);
        // Two hours of sleep after that are seen, too.
        assert_eq!(read(33, 3_658 - 86_400 + 7_200), 3_658 + 7_200);
        assert!(read(34, i64::MAX / 1000) > 0);
        assert!(read(35, i64::MIN / 1000) > 0);
    }

    #[test]
    fn it_never_goes_backwards() {
        let clock = Wakeful::default();
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
