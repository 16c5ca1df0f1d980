//! One route's way in: the function through which every request comes.
//!
//! It is the one export that is written by hand. What `#[napi]` makes of a method finds its object,
//! checks what it is, and roots what it borrows: 0.5 µs for one that does nothing, where all of this
//! function takes 0.8 for a token that was seen before. A function that carries its route with it needs
//! none of that.

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::Arc;

use napi::bindgen_prelude::{Either, FromNapiValue, ToNapiValue, sys};
use napi::{Error, Result, Status};

use super::class::later;
use super::mailbox::Post;
use super::outcome::{Failure, Outcome, outcome};
use super::panics;
use crate::check::{Check, OwnedCheck, Route};
use crate::crew::Crew;
use crate::error::TokenError;
use crate::validator::{Accepted, Progress, Validator};

/// Becomes `(token, now, ticket, certificate?) => number | string | Failure | null`.
///
/// - a number stands for claims of a token that was seen before;
/// - a string is the claims of one that was not;
/// - `null`: the outcome comes later, as a `settled` message for `ticket`.
pub struct Gate {
    pub validator: Arc<Validator>,
    pub post: Arc<Post>,
    pub route: Arc<Route>,
}

/// Longer tokens than this take a second call to be read.
const ON_STACK: usize = 4096;

impl ToNapiValue for Gate {
    unsafe fn to_napi_value(env: sys::napi_env, gate: Self) -> Result<sys::napi_value> {
        let data = Box::into_raw(Box::new(gate)).cast::<c_void>();
        let mut function = ptr::null_mut();
        // SAFETY: `env` is the environment of this call. `data` stays valid for as long as the
        // function can be called: it is freed by the function's own finalizer.
        let status = unsafe {
            let created = sys::napi_create_function(
                env,
                c"gate".as_ptr(),
                4,
                Some(enter),
                data,
                &raw mut function,
            );
            if created == sys::Status::napi_ok {
                sys::napi_add_finalizer(
                    env,
                    function,
                    data,
                    Some(close),
                    ptr::null_mut(),
                    ptr::null_mut(),
                )
            } else {
                created
            }
        };
        if status == sys::Status::napi_ok {
            return Ok(function);
        }
        // SAFETY: nobody else has seen it, so nobody else will free it.
        drop(unsafe { Box::from_raw(data.cast::<Gate>()) });
        Err(Error::new(Status::from(status), "The native core could not make a function"))
    }
}

/// Frees a gate when its function is collected, or its environment ends.
unsafe extern "C" fn close(_: sys::napi_env, data: *mut c_void, _: *mut c_void) {
    // SAFETY: `data` is the box that `to_napi_value` has let go of; a finalizer runs once.
    drop(unsafe { Box::from_raw(data.cast::<Gate>()) });
}

unsafe extern "C" fn enter(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let mut count = 4;
    let mut arguments = [ptr::null_mut(); 4];
    let mut data = ptr::null_mut();
    // SAFETY: Node.js hands in a live `env` and `info`. It fills in as many arguments as there is
    // room for, with `undefined` where fewer were given, and the data of `napi_create_function`.
    let status = unsafe {
        sys::napi_get_cb_info(
            env,
            info,
            &raw mut count,
            arguments.as_mut_ptr(),
            ptr::null_mut(),
            &raw mut data,
        )
    };
    if status != sys::Status::napi_ok || data.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: the function's box, which its finalizer has not freed: the function is being called.
    let gate = unsafe { &*data.cast::<Gate>() };
    let passage = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: `env` is live, and the arguments belong to this very call.
        unsafe { gate.pass(env, arguments) }
    }));
    passage
        .unwrap_or_else(|_| Ok(None))
        .ok()
        .flatten()
        // SAFETY: `env` is live.
        .unwrap_or_else(|| unsafe { give(env, Either::B::<String, _>(Failure::internal())) })
}

/// A value for JavaScript; nothing where it can't even be made, which `js/client.js` takes for what
/// it is.
unsafe fn give<T: ToNapiValue>(env: sys::napi_env, value: T) -> sys::napi_value {
    // SAFETY: `env` is the environment of the call that is under way.
    unsafe { T::to_napi_value(env, value) }.unwrap_or(ptr::null_mut())
}

impl Gate {
    /// `None` where JavaScript did not hand in what it has to.
    unsafe fn pass(
        &self,
        env: sys::napi_env,
        [token, now, ticket, certificate]: [sys::napi_value; 4],
    ) -> Result<Option<sys::napi_value>> {
        panics::at("gate, called");
        let mut stack = [MaybeUninit::<u8>::uninit(); ON_STACK];
        let heap: String;
        // SAFETY: here and below, `env` is live and the values are those of the call under way.
        let token = match unsafe { read_short(env, token, &mut stack) } {
            Some(token) => token,
            None => {
                if unsafe { length_of(env, token) } > self.validator.config().max_token_bytes {
                    let failure = Failure::from(crate::error::Error::from(TokenError::TooLarge));
                    return Ok(Some(unsafe { give(env, failure) }));
                }
                heap = unsafe { String::from_napi_value(env, token) }?;
                &heap
            }
        };
        let now = unsafe { f64::from_napi_value(env, now) }?;
        let certificate = unsafe { Option::<String>::from_napi_value(env, certificate) }?;
        let check = Check { token, route: &self.route, certificate: certificate.as_deref(), now };
        let progress = self.validator.at_once(check, |cost| Crew::get().leaves(cost));
        let verify = match progress {
            Progress::Done(Ok(Accepted::Seen(number))) => {
                return Ok(Some(unsafe { give(env, number as f64) }));
            }
            Progress::Done(Ok(Accepted::Claims(text))) => {
                return Ok(Some(unsafe { give(env, text) }));
            }
            Progress::Done(Err(error)) => {
                return Ok(Some(unsafe { give(env, Failure::from(error)) }));
            }
            Progress::Verify => true,
            Progress::Fetch => false,
        };
        let ticket = unsafe { f64::from_napi_value(env, ticket) }?;
        let check = OwnedCheck {
            token: token.to_owned(),
            route: Arc::clone(&self.route),
            certificate,
            now,
        };
        let done = if verify { self.hand_over(ticket, check) } else { self.fetch(ticket, check) };
        Ok(Some(unsafe { give(env, done) }))
    }

    fn fetch(&self, ticket: f64, check: OwnedCheck) -> Option<Outcome> {
        let validator = Arc::clone(&self.validator);
        later(&self.post, ticket, async move { outcome(validator.with_fetch(check).await) })
    }

    fn hand_over(&self, ticket: f64, check: OwnedCheck) -> Option<Outcome> {
        let (validator, post) = (Arc::clone(&self.validator), Arc::clone(&self.post));
        let job = move || {
            let answer = Answer { post: &post, ticket, owed: true };
            panics::at("crew");
            let done = match validator.at_once(check.view(), |_| true) {
                Progress::Done(done) => {
                    outcome(done.and_then(|accepted| validator.text_of(accepted, &check.token)))
                }
                // Meanwhile the keys have gone stale.
                Progress::Verify | Progress::Fetch => {
                    let work = async move { outcome(validator.with_fetch(check).await) };
                    match later(&post, ticket, work) {
                        Some(done) => done,
                        None => return answer.comes_later(),
                    }
                }
            };
            answer.give(done);
        };
        Crew::get().take(Box::new(job));
        None
    }
}

/// An answer that is given in any case, also where the work on it panics.
struct Answer<'a> {
    post: &'a Post,
    ticket: f64,
    owed: bool,
}

impl Answer<'_> {
    fn give(mut self, outcome: Outcome) {
        self.owed = false;
        self.post.settle(self.ticket, outcome);
    }

    fn comes_later(mut self) {
        self.owed = false;
    }
}

impl Drop for Answer<'_> {
    fn drop(&mut self) {
        if self.owed {
            self.post.settle(self.ticket, Either::B(Failure::internal()));
        }
    }
}

/// Of a string, in bytes of UTF-8.
unsafe fn length_of(env: sys::napi_env, value: sys::napi_value) -> usize {
    let mut length = 0;
    // SAFETY: without a buffer Node.js only counts; `env` and `value` are those of the call.
    unsafe {
        sys::napi_get_value_string_utf8(env, value, ptr::null_mut(), 0, &raw mut length);
    }
    length
}

/// A string that fits the buffer.
unsafe fn read_short(
    env: sys::napi_env,
    value: sys::napi_value,
    buffer: &mut [MaybeUninit<u8>; ON_STACK],
) -> Option<&str> {
    let mut length = 0;
    // SAFETY: Node.js writes at most `ON_STACK` bytes, a final NUL among them, and says how many came
    // before that.
    let status = unsafe {
        sys::napi_get_value_string_utf8(
            env,
            value,
            buffer.as_mut_ptr().cast(),
            ON_STACK,
            &raw mut length,
        )
    };
    // A buffer that is all but full may hold the beginning of a longer string.
    if status != sys::Status::napi_ok || length + 8 > ON_STACK {
        return None;
    }
    let written = buffer.get(..length)?;
    // SAFETY: Node.js has written these.
    let bytes = unsafe { &*(ptr::from_ref(written) as *const [u8]) };
    std::str::from_utf8(bytes).ok()
}
