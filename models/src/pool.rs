//! The threads that verify signatures.

use std::sync::Arc;

use shuttle::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use shuttle::thread;

use crate::Model;
use crate::sync::time::let_pass;
use crate::validator::verify_pool::VerifyPool;

pub const MODELS: &[Model] = &[
    Model { name: "verify pool", threads: 4, exhaustive: false, run: || pool(false) },
    Model { name: "verify pool, threads end", threads: 4, exhaustive: false, run: || pool(true) },
];

/// Every job is done, and once; also where threads of the pool end because they were idle.
fn pool(threads_end: bool) {
    let_pass(threads_end);
    // The pool lives as long as the process.
    let pool: &'static VerifyPool = Box::leak(Box::new(VerifyPool::empty()));
    let (send, receive) = shuttle::sync::mpsc::channel();
    let runs = Arc::new(AtomicUsize::new(0));
    let submit = move |first: usize| {
        for number in first..first + 3 {
            let (send, runs) = (send.clone(), Arc::clone(&runs));
            pool.submit(Box::new(move || {
                runs.fetch_add(1, SeqCst);
                send.send(number).unwrap();
            }));
        }
    };
    let other = submit.clone();
    let other = thread::spawn(move || other(3));
    submit(0);
    // A job that nobody gets to is waited for in vain, which the checker reports as a deadlock.
    let mut done: Vec<usize> = (0..6).map(|_| receive.recv().unwrap()).collect();
    done.sort_unstable();
    assert_eq!(done, [0, 1, 2, 3, 4, 5]);
    other.join().unwrap();
    let_pass(false);
}
