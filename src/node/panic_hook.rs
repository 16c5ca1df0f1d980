//! What a panic prints. A panic is a defect of this library: it costs the caller that one call, as an error
//! of the documented class, and shows nothing of what was in hand.

use std::io::Write as _;
use std::sync::Once;

/// From now on a panic prints its place, and its message only where that is a literal of the source: a
/// formatted message may quote a token, as that of a string cut at the wrong byte does.
pub fn install() {
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
