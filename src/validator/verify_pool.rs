//! Threads that verify slow signatures, and the rule that decides which signatures they get.
//!
//! To hand a token over, and its outcome back, costs the calling thread some 10 µs, and adds some 60 µs
//! to the token's own time where nothing else is under way. So:
//!
//! - on a machine with one core, every signature is verified by the call that brought it;
//! - a quick signature (see [`Cost`]) is verified by the call on every machine. With 64 of them in flight
//!   and a pool for them, a token took 35 µs and 47 µs of processor time on two cores, against 24 and 24
//!   without;
//! - a slow signature is verified by the call for as long as the thread's budget lasts
//!   ([`super::inline_budget`]), and handed over beyond it: many in a row would block the event loop.
//!
//! `npm run bench -- --only micro` prints what each algorithm takes by this rule.

use std::collections::VecDeque;
use std::num::NonZero;
use std::sync::{LazyLock, PoisonError};
use std::time::Duration;

use super::inline_budget::{Caller, Spending};
use crate::keys::verifying_key::Cost;
use crate::sync::{Condvar, Mutex, MutexGuard, thread};

type Job = Box<dyn FnOnce() + Send>;

/// The number of threads that libuv has for the same kind of work.
const MAX_THREADS: usize = 4;

/// With more jobs queued, calls verify by themselves, which also slows the callers down.
const MAX_QUEUED: usize = 1024;

/// An idle thread ends after this time.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

static CORES: LazyLock<usize> =
    LazyLock::new(|| thread::available_parallelism().map_or(1, NonZero::get));

static POOL: VerifyPool = VerifyPool::empty();

/// The process's threads. None is started before there is work for it.
pub struct VerifyPool {
    state: Mutex<State>,
    work: Condvar,
}

struct State {
    jobs: VecDeque<Job>,
    threads: usize,
    /// Threads that wait for work.
    idle: usize,
    /// Whether an idle thread was woken and has not run yet.
    woken: bool,
}

impl State {
    /// Whether one more thread should work, and none is about to.
    fn needs_thread(&self) -> bool {
        !self.woken && self.threads - self.idle < (*CORES).min(MAX_THREADS)
    }
}

impl std::fmt::Debug for VerifyPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("VerifyPool")
    }
}

impl VerifyPool {
    /// No threads yet.
    #[must_use]
    pub const fn empty() -> Self {
        let state = State { jobs: VecDeque::new(), threads: 0, idle: 0, woken: false };
        Self { state: Mutex::new(state), work: Condvar::new() }
    }

    /// The process's pool.
    #[must_use]
    pub fn get() -> &'static Self {
        &POOL
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The permission for the calling thread to verify a signature of this cost itself.
    pub fn inline(&self, cost: Cost) -> Option<Spending> {
        if is_free(*CORES, cost, || self.state().jobs.len()) {
            return Some(Spending::FREE);
        }
        Caller::current().spend()
    }

    /// Queues a job, and wakes or starts a thread for it.
    pub fn submit(&'static self, job: Job) {
        self.submit_with(job, || {
            thread::Builder::new()
                .name("monocloud-verify".to_owned())
                .spawn(move || self.serve(IDLE_TIMEOUT))
                .is_ok()
        });
    }

    /// The same; `start` starts a thread, and tells whether there is one.
    fn submit_with(&self, job: Job, start: impl FnOnce() -> bool) {
        let mut state = self.state();
        state.jobs.push_back(job);
        if !state.needs_thread() {
            return;
        }
        if state.idle > 0 {
            self.wake(&mut state);
            return;
        }
        state.threads += 1;
        if !start() {
            state.threads -= 1;
            // Without any thread, the caller runs the job; else the threads there are get to it.
            let job = if state.threads == 0 { state.jobs.pop_back() } else { None };
            drop(state);
            if let Some(job) = job {
                job();
            }
        }
    }

    fn wake(&self, state: &mut State) {
        state.woken = true;
        self.work.notify_one();
    }

    /// The next job. Where there are more, an idle thread is woken for them.
    fn take(&self, state: &mut State) -> Option<Job> {
        let job = state.jobs.pop_front()?;
        if !state.jobs.is_empty() && state.idle > 0 && state.needs_thread() {
            self.wake(state);
        }
        Some(job)
    }

    fn serve(&self, idle_timeout: Duration) {
        let mut state = self.state();
        loop {
            if let Some(job) = self.take(&mut state) {
                drop(state);
                // A panic ends the work on this one token and not the thread.
                drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(job)));
                state = self.state();
                continue;
            }
            state.idle += 1;
            let (woken, timeout) =
                self.work.wait_timeout(state, idle_timeout).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.idle -= 1;
            // Also after a spurious wake-up, so that no wake-up is waited for in vain.
            state.woken = false;
            if timeout.timed_out() && state.jobs.is_empty() {
                state.threads -= 1;
                return;
            }
        }
    }
}

/// Whether the call verifies a signature itself, whatever its thread's budget.
fn is_free(cores: usize, cost: Cost, queued: impl FnOnce() -> usize) -> bool {
    cores < 2 || cost == Cost::Quick || queued() >= MAX_QUEUED
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, mpsc};

    use super::*;

    /// Threads that work at the same time.
    fn most() -> usize {
        (*CORES).min(MAX_THREADS)
    }

    /// A pool that counts so many jobs and threads. The jobs do nothing, and there are no threads.
    fn pool(jobs: usize, threads: usize, idle: usize, woken: bool) -> VerifyPool {
        let jobs = (0..jobs).map(|_| Box::new(|| ()) as Job).collect();
        let state = State { jobs, threads, idle, woken };
        VerifyPool { state: Mutex::new(state), work: Condvar::new() }
    }

    /// Jobs, threads, idle threads, and whether one of these is woken.
    fn counts(pool: &VerifyPool) -> (usize, usize, usize, bool) {
        let state = pool.state();
        (state.jobs.len(), state.threads, state.idle, state.woken)
    }

    /// Waits until the pool has these counts.
    fn settle(pool: &VerifyPool, expected: (usize, usize, usize, bool)) {
        for _ in 0..1000 {
            if counts(pool) == expected {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("{:?} and not {expected:?}", counts(pool));
    }

    #[test]
    fn a_thread_more_is_needed_while_fewer_than_the_limit_work_and_none_is_woken() {
        for idle in [0, 1, 3] {
            for working in 0..6 {
                for woken in [false, true] {
                    let pool = pool(0, working + idle, idle, woken);
                    let expected = working < most() && !woken;
                    assert_eq!(pool.state().needs_thread(), expected, "{working} {idle} {woken}");
                }
            }
        }
    }

    #[test]
    fn a_job_starts_a_thread_or_wakes_one_or_waits() {
        let full = most();
        for (before, starts, after, runs) in [
            // No thread is idle.
            ((0, 0, 0, false), Some(true), (1, 1, 0, false), false),
            ((0, full - 1, 0, false), Some(true), (1, full, 0, false), false),
            // One is, and is woken unless it has been.
            ((0, 1, 1, false), None, (1, 1, 1, true), false),
            ((0, full, 1, false), None, (1, full, 1, true), false),
            ((1, 1, 1, true), None, (2, 1, 1, true), false),
            // As many work as may.
            ((0, full, 0, false), None, (1, full, 0, false), false),
            ((2, full + 1, 1, false), None, (3, full + 1, 1, false), false),
            // The system starts no thread: those that are there get to it, or the caller does it.
            ((0, 0, 0, false), Some(false), (0, 0, 0, false), true),
        ] {
            let pool = pool(before.0, before.1, before.2, before.3);
            let (asked, ran) = (AtomicBool::new(false), Arc::new(AtomicBool::new(false)));
            let job = Arc::clone(&ran);
            pool.submit_with(Box::new(move || job.store(true, Ordering::SeqCst)), || {
                asked.store(true, Ordering::SeqCst);
                starts.unwrap_or(true)
            });
            assert_eq!(asked.into_inner(), starts.is_some(), "{before:?}");
            assert_eq!(counts(&pool), after, "{before:?}");
            assert_eq!(ran.load(Ordering::SeqCst), runs, "{before:?}");
        }
    }

    #[test]
    fn where_no_thread_more_starts_a_job_waits_for_those_there_are() {
        let pool = pool(0, 1, 0, false);
        pool.submit_with(Box::new(|| panic!("by the caller")), || false);
        assert_eq!(counts(&pool), (1, 1, 0, false));
    }

    #[test]
    fn a_thread_that_takes_a_job_wakes_another_for_the_next() {
        for (before, after) in [
            ((0, 1, 0, false), (0, 1, 0, false)),
            // No job is left.
            ((1, 1, 0, false), (0, 1, 0, false)),
            ((1, 2, 1, false), (0, 2, 1, false)),
            // No thread is idle, or one is woken already.
            ((2, 1, 0, false), (1, 1, 0, false)),
            ((2, 2, 1, true), (1, 2, 1, true)),
            // As many work as may.
            ((2, most() + 1, 1, false), (1, most() + 1, 1, false)),
            ((2, most(), 1, false), (1, most(), 1, true)),
        ] {
            let pool = pool(before.0, before.1, before.2, before.3);
            let taken = pool.take(&mut pool.state());
            assert_eq!(taken.is_some(), before.0 > 0, "{before:?}");
            assert_eq!(counts(&pool), after, "{before:?}");
        }
    }

    #[test]
    fn a_thread_does_what_is_queued_and_ends_when_it_was_idle() {
        let pool = pool(2, 1, 0, true);
        pool.serve(Duration::from_millis(1));
        assert_eq!(counts(&pool), (0, 0, 0, false));
    }

    #[test]
    fn a_thread_that_is_woken_for_nothing_waits_on() {
        let pool: &'static VerifyPool = Box::leak(Box::new(pool(0, 1, 0, false)));
        std::thread::spawn(|| pool.serve(IDLE_TIMEOUT));
        settle(pool, (0, 1, 1, false));
        pool.wake(&mut pool.state());
        settle(pool, (0, 1, 1, false));
        // It is there for the next job.
        let (send, receive) = mpsc::channel();
        pool.submit_with(Box::new(move || send.send(()).unwrap()), || false);
        assert_eq!(receive.recv_timeout(Duration::from_secs(5)), Ok(()));
        settle(pool, (0, 1, 1, false));
    }

    #[test]
    fn the_call_verifies_what_is_quick_and_what_nobody_else_could() {
        for (cores, cost, expected) in [
            (1, Cost::Slow, true),
            (1, Cost::Quick, true),
            (2, Cost::Quick, true),
            (2, Cost::Slow, false),
            (3, Cost::Slow, false),
        ] {
            assert_eq!(is_free(cores, cost, || 0), expected, "{cores} {cost:?}");
            assert_eq!(is_free(cores, cost, || MAX_QUEUED - 1), expected, "{cores} {cost:?}");
            assert!(is_free(cores, cost, || MAX_QUEUED), "{cores} {cost:?}");
        }
    }

    #[test]
    fn the_pool_survives_a_job_that_panics() {
        let (send, receive) = mpsc::channel();
        VerifyPool::get().submit(Box::new(|| panic!("a defect")));
        for number in 0..100 {
            let send = send.clone();
            VerifyPool::get().submit(Box::new(move || send.send(number).unwrap()));
        }
        drop(send);
        let mut done: Vec<i32> = receive.iter().collect();
        done.sort_unstable();
        assert_eq!(done, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn a_quick_signature_is_verified_inline() {
        let away = Caller::current().hand_over();
        assert!(VerifyPool::get().inline(Cost::Quick).is_some());
        assert_eq!(VerifyPool::get().inline(Cost::Slow).is_some(), *CORES < 2);
        drop(away);
    }
}
