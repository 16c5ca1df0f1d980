//! What becomes of a panic, which is always a defect of ours. It costs the caller that one call: napi
//! (`catch_unwind`) or tokio catches it, and `js/native.js` makes it an error of the documented class.
//! And it shows nobody what was in hand.

use std::io::Write as _;
use std::sync::Once;

/// From now on a panic prints where it was, and its message only where that was written down in the
/// source: one that was put together may quote a token, as that of a string cut at the wrong byte does.
pub fn hush() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            let what = panic.payload().downcast_ref::<&'static str>().unwrap_or(&"a panic");
            // A closed stderr is no reason to panic once more, which would end the process.
            drop(writeln!(
                std::io::stderr(),
                "@monocloud/backend-node: {what} at {place}; this is a defect, please report it"
            ));
        }));
    });
}

#[cfg(not(feature = "panic-injection"))]
pub use absent::at;
#[cfg(feature = "panic-injection")]
pub use present::at;

#[cfg(not(feature = "panic-injection"))]
mod absent {
    /// Nothing, but for tests.
    #[inline(always)]
    pub const fn at(_place: &str) {}
}

/// Only in the addon that the tests build (`npm run build`); build.rs refuses it in a release.
#[cfg(feature = "panic-injection")]
mod present {
    use std::sync::{Mutex, PoisonError};

    use napi_derive::napi;

    static NEXT: Mutex<Option<(String, String)>> = Mutex::new(None);

    /// Lets the next call that comes by `place` panic, once, with that message.
    #[napi(catch_unwind)]
    pub fn inject_panic(place: String, message: String) {
        *NEXT.lock().unwrap_or_else(PoisonError::into_inner) = Some((place, message));
    }

    /// Panics, if this is the place.
    pub fn at(place: &str) {
        let mut next = NEXT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, message)) = next.take_if(|(wanted, _)| wanted == place) {
            drop(next);
            #[allow(clippy::panic, reason = "this is what it is for")]
            {
                panic!("{message}");
            }
        }
    }
}
