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
        if *CORES < 2 || cost == Cost::Quick || self.state().jobs.len() >= MAX_QUEUED {
            return Some(Spending::FREE);
        }
        Caller::current().spend()
    }

    /// Queues a job, and wakes or starts a thread for it.
    pub fn submit(&'static self, job: Job) {
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
        let started = thread::Builder::new()
            .name("monocloud-verify".to_owned())
            .spawn(move || self.serve())
            .is_ok();
        if !started {
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

    fn serve(&self) {
        let mut state = self.state();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                if !state.jobs.is_empty() && state.idle > 0 && state.needs_thread() {
                    self.wake(&mut state);
                }
                drop(state);
                // A panic ends the work on this one token and not the thread.
                drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(job)));
                state = self.state();
                continue;
            }
            state.idle += 1;
            let (woken, timeout) =
                self.work.wait_timeout(state, IDLE_TIMEOUT).unwrap_or_else(PoisonError::into_inner);
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

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
