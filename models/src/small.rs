//! Single flight, mailbox, replay memory.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use shuttle::future::{block_on, spawn, yield_now};
use shuttle::thread;

use crate::Model;
use crate::issuer::single_flight::SingleFlight;
use crate::mailbox::Mailbox;
use crate::token::dpop::Spending;
use crate::validator::replay::{SharedMemory, Spent};

pub const MODELS: &[Model] = &[
    Model { name: "replay memory", threads: 3, exhaustive: true, run: replay },
    Model { name: "mailbox, small", threads: 2, exhaustive: true, run: || mailbox(1, 2) },
    Model { name: "mailbox", threads: 4, exhaustive: false, run: || mailbox(3, 3) },
    Model { name: "single flight, small", threads: 3, exhaustive: true, run: || flight(2, false) },
    Model { name: "single flight", threads: 5, exhaustive: false, run: || flight(4, false) },
    Model {
        name: "single flight, a caller goes",
        threads: 5,
        exhaustive: false,
        run: || flight(4, true),
    },
];

/// Of all who spend one proof, one may.
fn replay() {
    let memory = Arc::new(SharedMemory::empty());
    let spend = |memory: &SharedMemory| {
        memory.spend(&Spending { key: [7; 32], expires_at: 1120.0 }, 1000.0)
    };
    let others: Vec<_> = (0..2)
        .map(|_| {
            let memory = Arc::clone(&memory);
            thread::spawn(move || spend(&memory))
        })
        .collect();
    let mut spent = vec![spend(&memory)];
    spent.extend(others.into_iter().map(|other| other.join().unwrap()));
    assert_eq!(spent.iter().filter(|it| **it == Spent::Fresh).count(), 1);
    assert_eq!(spent.iter().filter(|it| **it == Spent::Replayed).count(), 2);
}

/// Whoever collects after each announcement gets each value once.
fn mailbox(senders: usize, each: usize) {
    let mailbox = Arc::new(Mailbox::default());
    let (announce, announced) = shuttle::sync::mpsc::channel();
    for sender in 0..senders {
        let (mailbox, announce) = (Arc::clone(&mailbox), announce.clone());
        thread::spawn(move || {
            for number in 0..each {
                mailbox.put(sender * each + number, || announce.send(()).unwrap());
            }
        });
    }
    let mut got = Vec::new();
    // A lost announcement is waited for in vain, which the checker reports as a deadlock.
    while got.len() < senders * each {
        announced.recv().unwrap();
        got.extend(mailbox.take());
    }
    got.sort_unstable();
    assert_eq!(got, (0..senders * each).collect::<Vec<_>>());
}

/// All who ask at the same time share one piece of work, and each gets its result, whoever goes meanwhile.
fn flight(callers: usize, one_goes: bool) {
    let flights = Arc::<SingleFlight<u8, usize>>::default();
    let (running, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(None)));
    let mut tasks: Vec<_> = (0..callers)
        .map(|_| {
            let (flights, running, done) =
                (Arc::clone(&flights), Arc::clone(&running), Arc::clone(&done));
            spawn(async move {
                let stored = Arc::clone(&done);
                let at_hand = || done.lock().unwrap().clone();
                let work = || async move {
                    assert_eq!(running.fetch_add(1, SeqCst), 0, "started twice");
                    yield_now().await;
                    let value = Arc::new(7);
                    *stored.lock().unwrap() = Some(Arc::clone(&value));
                    Ok(value)
                };
                flights.join(1, at_hand, work).await
            })
        })
        .collect();
    if one_goes {
        tasks.remove(0).abort();
    }
    for task in tasks {
        assert_eq!(block_on(task).unwrap(), Ok(Arc::new(7)));
        assert!(!flights.is_running(&1), "the key is there after the result");
    }
}
