//! Threads that verify signatures, and the rule by which they are given any.
//!
//! To hand a token over, and its outcome back, costs its own thread some 10 µs, and the token itself
//! some 40 µs more where nothing else is under way. So:
//!
//! - where there is one core, every signature is verified by the call that brought it;
//! - so is a quick one (see [`Cost`]) everywhere. With 64 of them in flight and a crew to share them
//!   with, a token took 35 µs and 47 µs of processor time on two cores, against 24 and 24 without;
//! - a slow one is handed over: it would hold up the event loop for longer than that.
//!
//! `npm run bench -- --only micro` shows what each algorithm takes by this rule; the figures of a crew
//! for quick ones are those of the commit before it was taken out.

use std::collections::VecDeque;
use std::num::NonZero;
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::issuer::verifier::Cost;

type Job = Box<dyn FnOnce() + Send>;

/// No more threads than libuv has for the same kind of work.
const MOST_THREADS: usize = 4;

/// Beyond this the calls do their own work, which also slows down those who call.
const MOST_WAITING: usize = 1024;

/// A thread that has had nothing to do for so long ends.
const IDLE: Duration = Duration::from_secs(10);

static CORES: LazyLock<usize> =
    LazyLock::new(|| thread::available_parallelism().map_or(1, NonZero::get));

static CREW: Crew = Crew {
    state: Mutex::new(State { jobs: VecDeque::new(), threads: 0, idle: 0, called: false }),
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
    /// Those of them that wait for work.
    idle: usize,
    /// Whether one of those was called and has not come yet.
    called: bool,
}

impl State {
    /// Whether one more should work, and none is on its way.
    fn lacks_hands(&self) -> bool {
        !self.called && self.threads - self.idle < (*CORES).min(MOST_THREADS)
    }
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

    /// Whether a call had better verify a signature itself.
    #[must_use]
    pub fn leaves(&self, cost: Cost) -> bool {
        *CORES < 2 || cost == Cost::Quick || self.state().jobs.len() >= MOST_WAITING
    }

    /// Puts work in line, and sees to it that somebody works on it.
    pub fn take(&'static self, job: Job) {
        let mut state = self.state();
        state.jobs.push_back(job);
        if !state.lacks_hands() {
            return;
        }
        if state.idle > 0 {
            self.call(&mut state);
            return;
        }
        state.threads += 1;
        let started = thread::Builder::new()
            .name("monocloud-verify".to_owned())
            .spawn(move || self.serve())
            .is_ok();
        if !started {
            state.threads -= 1;
            // Where the system has no thread to give, somebody has to; what others wait for is left
            // to the threads there are.
            let job = if state.threads == 0 { state.jobs.pop_back() } else { None };
            drop(state);
            if let Some(job) = job {
                job();
            }
        }
    }

    fn call(&self, state: &mut State) {
        state.called = true;
        self.work.notify_one();
    }

    fn serve(&self) {
        let mut state = self.state();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                if !state.jobs.is_empty() && state.idle > 0 && state.lacks_hands() {
                    self.call(&mut state);
                }
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
            // Also where this one was not meant: nobody then waits for a call that was lost.
            state.called = false;
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
    fn a_quick_signature_is_verified_where_it_came() {
        assert!(Crew::get().leaves(Cost::Quick));
        assert_eq!(Crew::get().leaves(Cost::Slow), *CORES < 2);
    }
}
