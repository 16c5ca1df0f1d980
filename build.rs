//! Sets the linker's flags for an addon, and keeps what is there for tests out of a release.

use std::path::Path;

fn main() {
    let injection = std::env::var_os("CARGO_FEATURE_PANIC_INJECTION").is_some();
    // The directory is named after the profile; a variable would say "release" for `fast`, too.
    let directory = std::env::var_os("OUT_DIR").unwrap_or_default();
    let release = Path::new(&directory).iter().any(|part| part == "release");
    assert!(!(injection && release), "panic-injection is for tests, and never for a release");
    napi_build::setup();
    // Says which debug file belongs to an addon. Most linkers add one unasked, but not all.
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,--build-id=sha1");
    }
}
