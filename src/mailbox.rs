//! Values from many threads for one receiver, which is told once for all that have come since it last took them.

use std::sync::PoisonError;

use crate::sync::{Mutex, MutexGuard};

/// Values that have not been taken.
#[derive(Debug)]
pub struct Mailbox<T>(Mutex<Vec<T>>);

impl<T> Default for Mailbox<T> {
    fn default() -> Self {
        Self(Mutex::new(Vec::new()))
    }
}

impl<T> Mailbox<T> {
    /// Adds a value, and calls `announce` where none is announced and not taken.
    pub fn put(&self, value: T, announce: impl FnOnce()) {
        let mut values = self.values();
        values.push(value);
        let is_first = values.len() == 1;
        drop(values);
        if is_first {
            announce();
        }
    }

    /// All values that have come so far.
    #[must_use]
    pub fn take(&self) -> Vec<T> {
        std::mem::take(&mut *self.values())
    }

    fn values(&self) -> MutexGuard<'_, Vec<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
