//! Sets the linker's flags for an addon, and refuses `panic-injection` in a release.

use std::path::Path;

fn main() {
    let injection = std::env::var_os("CARGO_FEATURE_PANIC_INJECTION").is_some();
    // OUT_DIR contains the name of the profile. The variable PROFILE is "release" for `fast`, too.
    let directory = std::env::var_os("OUT_DIR").unwrap_or_default();
    let release = Path::new(&directory).iter().any(|part| part == "release");
    assert!(!(injection && release), "panic-injection is for tests, not for a release");
    napi_build::setup();
    // The build id connects an addon with its debug file. Not all linkers add one by default.
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,--build-id=sha1");
    }
}
