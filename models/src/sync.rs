//! In place of the core's `sync`: locks at which the checker may let another thread go on, threads of the checker,
//! and time that passes when the checker says so.

use std::ops::{Deref, DerefMut};
use std::sync::LockResult;
use std::time::Duration;

/// The checker's, with guards that know their mutex.
#[derive(Debug, Default)]
pub struct Mutex<T>(shuttle::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub const fn new(value: T) -> Self {
        Self(shuttle::sync::Mutex::new(value))
    }

    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        Ok(MutexGuard { mutex: self, guard: Some(self.0.lock().unwrap()) })
    }
}

pub struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    guard: Option<shuttle::sync::MutexGuard<'a, T>>,
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.guard.as_ref().unwrap()
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.guard.as_mut().unwrap()
    }
}

/// The checker's, whose own `wait_timeout` never times out.
pub struct Condvar(shuttle::sync::Condvar);

impl Condvar {
    pub const fn new() -> Self {
        Self(shuttle::sync::Condvar::new())
    }

    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    /// Where time passes, one wait in two ends by itself. It has left the queue before it has the lock again, so
    /// that a wake-up may come in between, and wake nobody.
    pub fn wait_timeout<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        _limit: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, TimedOut)> {
        let mutex = guard.mutex;
        let inner = guard.guard.take().unwrap();
        if time::passes() {
            drop(inner);
            shuttle::thread::yield_now();
            return Ok((mutex.lock().unwrap(), TimedOut(true)));
        }
        let inner = self.0.wait(inner).unwrap();
        Ok((MutexGuard { mutex, guard: Some(inner) }, TimedOut(false)))
    }
}

pub struct TimedOut(bool);

impl TimedOut {
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

/// Threads that may wait for ever, as those of a pool do.
pub mod thread {
    use std::io;
    use std::num::NonZero;

    /// Enough for a pool of two threads and a caller.
    pub fn available_parallelism() -> io::Result<NonZero<usize>> {
        Ok(NonZero::new(2).unwrap())
    }

    pub struct Builder;

    impl Builder {
        pub fn new() -> Self {
            Self
        }

        pub fn name(self, _name: String) -> Self {
            self
        }

        pub fn spawn(self, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
            drop(shuttle::future::spawn(async move { work() }));
            Ok(())
        }
    }
}

pub mod time {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::Poll;
    use std::time::Duration;

    use shuttle::rand::{Rng, thread_rng};

    static PASSES: AtomicBool = AtomicBool::new(false);

    /// Whether a limit of time may be reached from now on: then any may be, at any moment.
    pub fn let_pass(whether: bool) {
        PASSES.store(whether, Ordering::SeqCst);
    }

    pub fn passes() -> bool {
        PASSES.load(Ordering::SeqCst) && thread_rng().r#gen()
    }

    pub async fn timeout<T>(_limit: Duration, work: impl Future<Output = T>) -> Result<T, ()> {
        let mut work = pin!(work);
        poll_fn(|context| match work.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Ok(done)),
            Poll::Pending if passes() => Poll::Ready(Err(())),
            Poll::Pending => {
                if PASSES.load(Ordering::SeqCst) {
                    context.waker().wake_by_ref();
                }
                Poll::Pending
            }
        })
        .await
    }
}
