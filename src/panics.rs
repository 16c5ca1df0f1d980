//! Injected panics, for tests of panic handling. Only the addon for tests (`npm run build`) has them; `build.rs`
//! refuses the feature in a release.

#[cfg(not(feature = "panic-injection"))]
mod injection {
    /// Does nothing without the feature.
    #[inline(always)]
    pub const fn at(_place: &str) {}
}

#[cfg(feature = "panic-injection")]
mod injection {
    use std::sync::{Mutex, PoisonError};

    static NEXT: Mutex<Option<(String, String)>> = Mutex::new(None);

    /// The next call of [`at`] with this place panics once, with this message.
    #[cfg_attr(
        test,
        allow(dead_code, reason = "called by the boundary, which unit tests leave out")
    )]
    pub fn inject(place: String, message: String) {
        *NEXT.lock().unwrap_or_else(PoisonError::into_inner) = Some((place, message));
    }

    /// Panics if a panic was injected here.
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
