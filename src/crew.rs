//! Threads that verify signatures, and the rule by which they are given any.
//!
//! Handing a token over costs its own thread some 10 µs, and the token itself some 40 µs more where
//! nothing else is under way. So:
//!
//! - where there is one core, every signature is verified by the call that brought it;
//! - a slow one (see [`Cost`]) is always handed over: it would hold up the event loop for longer;
//! - a quick one is verified by the call, unless the same turn of the event loop has brought others
//!   before it: then the crew takes as many as keep it busy, and the call goes on with the rest.
//!
//! `npm run bench -- --only micro` has the figures.

use std::collections::VecDeque;
use std::num::NonZero;
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::issuer::jwk::Cost;

type Job = Box<dyn FnOnce() + Send>;

/// No more threads than libuv has for the same kind of work.
const MOST_THREADS: usize = 4;

/// Quick ones that wait for each thread: enough that none runs dry while the event loop is busy.
const WAITING: usize = 2;

/// However slow: beyond this the calls do their own work, which also slows down those who call.
const MOST_WAITING: usize = 1024;

/// A thread that has had nothing to do for so long ends.
const IDLE: Duration = Duration::from_secs(10);

static CORES: LazyLock<usize> =
    LazyLock::new(|| thread::available_parallelism().map_or(1, NonZero::get));

static CREW: Crew = Crew {
    state: Mutex::new(State { jobs: VecDeque::new(), threads: 0, idle: 0 }),
    work: Condvar::new(),
};

/// The process's threads. None is started before there is work for one.
pub struct Crew {
    state: Mutex<State>,
    work: Condvar,
}

struct State {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
}

impl std::fmt::Debug for Crew {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Crew")
    }
}

impl Crew {
    /// The crew.
    #[must_use]
    pub fn get() -> &'static Self {
        &CREW
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a call had better verify a signature itself. `crowded`: others came with it.
    #[must_use]
    pub fn leaves(&self, cost: Cost, crowded: bool) -> bool {
        if *CORES < 2 {
            return true;
        }
        match cost {
            Cost::Quick if !crowded => true,
            Cost::Quick => self.state().jobs.len() >= WAITING * most_threads(),
            Cost::Slow => self.state().jobs.len() >= MOST_WAITING,
        }
    }

    /// Does the work on another thread, or where the system has none to give, here and now.
    pub fn take(&'static self, job: Job) {
        let mut state = self.state();
        state.jobs.push_back(job);
        if state.idle > 0 {
            self.work.notify_one();
            return;
        }
        if state.threads >= most_threads() {
            return;
        }
        state.threads += 1;
        let started = thread::Builder::new()
            .name("monocloud-verify".to_owned())
            .spawn(move || self.serve())
            .is_ok();
        if !started {
            state.threads -= 1;
            // Somebody has to; those that are left to the threads there are stay with them.
            let job = if state.threads == 0 { state.jobs.pop_back() } else { None };
            drop(state);
            if let Some(job) = job {
                job();
            }
        }
    }

    fn serve(&self) {
        let mut state = self.state();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                drop(state);
                // A panic of ours ends this one token's work and not the thread.
                drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(job)));
                state = self.state();
                continue;
            }
            state.idle += 1;
            let (woken, timeout) =
                self.work.wait_timeout(state, IDLE).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.idle -= 1;
            if timeout.timed_out() && state.jobs.is_empty() {
                state.threads -= 1;
                return;
            }
        }
    }
}

fn most_threads() -> usize {
    (*CORES).min(MOST_THREADS)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_crew_survives_a_job_that_panics() {
        let (send, receive) = mpsc::channel();
        Crew::get().take(Box::new(|| panic!("as a defect of ours would")));
        for number in 0..100 {
            let send = send.clone();
            Crew::get().take(Box::new(move || send.send(number).unwrap()));
        }
        drop(send);
        let mut done: Vec<i32> = receive.iter().collect();
        done.sort_unstable();
        assert_eq!(done, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn a_lone_quick_signature_is_verified_where_it_came() {
        assert!(Crew::get().leaves(Cost::Quick, false));
        assert_eq!(Crew::get().leaves(Cost::Slow, false), *CORES < 2);
    }
}
