//! The threads that wait for the network.
//!
//! One runtime for the process, started at the first request and never at load time. It belongs to
//! no JavaScript environment, so terminating a worker ends nobody's request but its own, and nothing
//! here keeps a process from ending.

use std::sync::Mutex;

use tokio::runtime::{Builder, Handle, Runtime};

/// A thread that waits for sockets needs one core of a server at the most.
const THREADS: usize = 1;

static RUNTIME: Mutex<Option<Runtime>> = Mutex::new(None);

/// The runtime, started if need be. `None` where the system has no thread to give: the next call
/// tries again.
#[must_use]
pub fn handle() -> Option<Handle> {
    let mut runtime = RUNTIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if runtime.is_none() {
        *runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            // Name look-ups: the only blocking work.
            .max_blocking_threads(4)
            .thread_name("monocloud-io")
            .enable_io()
            .enable_time()
            .build()
            .ok();
    }
    runtime.as_ref().map(|runtime| runtime.handle().clone())
}
