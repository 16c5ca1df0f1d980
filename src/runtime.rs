//! The Tokio runtime, which does all I/O.
//!
//! The process has one, started at the first request. It belongs to no JavaScript environment: a worker that is
//! terminated ends only its own requests. The runtime does not keep the process alive.

use std::sync::Mutex;

use tokio::runtime::{Builder, Handle, Runtime};

/// One thread can wait for all sockets.
const THREADS: usize = 1;

/// Why a request fails where [`handle`] is `None`.
pub const NO_THREAD: &str = "No thread could be started";

static RUNTIME: Mutex<Option<Runtime>> = Mutex::new(None);

/// The runtime, which the first call starts. `None` if the system could not start a thread; the next call tries
/// again.
#[must_use]
pub fn handle() -> Option<Handle> {
    let mut runtime = RUNTIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if runtime.is_none() && can_start_thread() {
        // Tokio panics where it can't start its thread, which another one may have taken since.
        *runtime = std::panic::catch_unwind(build).ok().flatten();
    }
    runtime.as_ref().map(|runtime| runtime.handle().clone())
}

fn build() -> Option<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(THREADS)
        // For DNS, the only blocking work.
        .max_blocking_threads(4)
        .thread_name("monocloud-io")
        .enable_io()
        .enable_time()
        .build()
        .ok()
}

/// Whether the system lets the process start a thread now.
fn can_start_thread() -> bool {
    std::thread::Builder::new().spawn(|| ()).is_ok_and(|thread| thread.join().is_ok())
}
