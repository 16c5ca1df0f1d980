//! In place of the core's `runtime`: tasks of the checker.

pub const NO_THREAD: &str = "";

pub struct Handle;

#[allow(clippy::unnecessary_wraps, reason = "as the core's")]
pub fn handle() -> Option<Handle> {
    Some(Handle)
}

impl Handle {
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        // Not detached: a model ends when all its tasks have ended, and one that does not end is a deadlock.
        std::mem::forget(shuttle::future::spawn(work));
    }
}
