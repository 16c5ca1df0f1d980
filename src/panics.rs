//! Panics on demand, for the tests of what becomes of a panic. Only in the addon that the tests build
//! (`npm run build`); `build.rs` refuses the feature in a release.

#[cfg(not(feature = "panic-injection"))]
mod injection {
    /// Does nothing outside the tests' build.
    #[inline(always)]
    pub const fn at(_place: &str) {}
}

#[cfg(feature = "panic-injection")]
mod injection {
    use std::sync::{Mutex, PoisonError};

    static NEXT: Mutex<Option<(String, String)>> = Mutex::new(None);

    /// Makes the next call of [`at`] with this place panic, once, with this message.
    #[cfg_attr(
        test,
        allow(dead_code, reason = "called by the boundary, which unit tests leave out")
    )]
    pub fn inject(place: String, message: String) {
        *NEXT.lock().unwrap_or_else(PoisonError::into_inner) = Some((place, message));
    }

    /// Panics if this is the place.
    pub fn at(place: &str) {
        let mut next = NEXT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, message)) = next.take_if(|(wanted, _)| wanted == place) {
            drop(next);
            #[allow(clippy::panic, reason = "a panic is what the test asks for")]
            {
                panic!("{message}");
            }
        }
    }
}

pub use injection::at;
#[cfg(all(feature = "panic-injection", not(test)))]
pub use injection::inject;
