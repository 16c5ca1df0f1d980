//! All unsafe code of the library: a JavaScript function that carries a Rust value, and a weak reference to
//! a JavaScript function, which are made with Node-API directly, because napi-rs offers neither; and secrets as
//! strings.
//!
//! The function: what `#[napi]` makes of a method looks its object up, checks its class and roots what it
//! borrows, 0.5 µs for a method that does nothing. A validation of a token that was seen before takes 0.8 µs
//! in all (`npm run bench -- --only micro`).

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use napi::bindgen_prelude::{
    FromNapiValue, Function, ToNapiValue, TypeName, Unknown, ValidateNapiValue,
};
use napi::{Env, Error, JsValue, Result, Status, ValueType, check_status, sys};

use crate::secret::Secret;

/// The most arguments that a function takes.
const ARGUMENTS: usize = 4;

/// Strings of fewer bytes are read onto the stack: every token up to the default `maxTokenBytes`. To count a
/// string's bytes before it is copied would take another pass of V8 over it.
pub const ON_STACK: usize = 16 * 1024 + 8;

/// A buffer for [`Call::short_string`].
pub type Buffer = [MaybeUninit<u8>; ON_STACK];

/// What a call returns to JavaScript.
#[derive(Clone, Copy)]
pub struct Returned(sys::napi_value);

/// A Rust value that JavaScript calls as a function.
pub trait Callee: Sized + 'static {
    /// Called on the environment's own thread. `None` and a panic become [`Callee::failed`].
    fn call(&self, call: &Call) -> Option<Returned>;

    /// What a call returns that has no result.
    fn failed(call: &Call) -> Option<Returned>;
}

/// A callee on its way to JavaScript.
pub struct Callable<T: Callee>(pub T);

/// One call from JavaScript: its environment and its arguments, `undefined` where fewer were given.
pub struct Call {
    env: sys::napi_env,
    arguments: [sys::napi_value; ARGUMENTS],
}

impl Call {
    fn argument(&self, index: usize) -> sys::napi_value {
        self.arguments.get(index).copied().unwrap_or(ptr::null_mut())
    }

    /// An argument as a Rust value; `None` where it is of another type.
    pub fn get<T: FromNapiValue>(&self, index: usize) -> Option<T> {
        // SAFETY: a `Call` exists only while its call is under way, so that the environment and the
        // handles are live.
        unsafe { T::from_napi_value(self.env, self.argument(index)) }.ok()
    }

    /// The length of a string argument in bytes of UTF-8; 0 where the argument is no string.
    pub fn string_length(&self, index: usize) -> usize {
        let mut length = 0;
        // SAFETY: as in `get`. Without a buffer, Node.js only counts.
        unsafe {
            sys::napi_get_value_string_utf8(
                self.env,
                self.argument(index),
                ptr::null_mut(),
                0,
                &raw mut length,
            );
        }
        length
    }

    /// A string argument that fits the buffer.
    pub fn short_string<'b>(&self, index: usize, buffer: &'b mut Buffer) -> Option<&'b str> {
        let mut length = 0;
        // SAFETY: as in `get`. Node.js writes at most `ON_STACK` bytes, a final NUL included, and sets
        // `length` to the number of bytes before that.
        let status = unsafe {
            sys::napi_get_value_string_utf8(
                self.env,
                self.argument(index),
                buffer.as_mut_ptr().cast(),
                ON_STACK,
                &raw mut length,
            )
        };
        // A full buffer may hold the beginning of a longer string: a character has at most 4 bytes.
        if status != sys::Status::napi_ok || length + 8 > ON_STACK {
            return None;
        }
        let written = buffer.get(..length)?;
        // SAFETY: Node.js has initialised these bytes.
        let bytes = unsafe { &*(ptr::from_ref(written) as *const [u8]) };
        std::str::from_utf8(bytes).ok()
    }

    /// A Rust value as what the call returns.
    pub fn give<T: ToNapiValue>(&self, value: T) -> Option<Returned> {
        // SAFETY: as in `get`.
        unsafe { T::to_napi_value(self.env, value) }.ok().map(Returned)
    }
}

impl<T: Callee> ToNapiValue for Callable<T> {
    unsafe fn to_napi_value(env: sys::napi_env, callable: Self) -> Result<sys::napi_value> {
        let data = Box::into_raw(Box::new(callable.0)).cast::<c_void>();
        let mut function = ptr::null_mut();
        // SAFETY: `env` is the environment of the call under way. `data` is valid for as long as the
        // function can be called: the function's own finalizer frees it.
        let status = unsafe {
            let created = sys::napi_create_function(
                env,
                c"validate".as_ptr(),
                8,
                Some(enter::<T>),
                data,
                &raw mut function,
            );
            if created == sys::Status::napi_ok {
                sys::napi_add_finalizer(
                    env,
                    function,
                    data,
                    Some(finalize::<T>),
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
        // SAFETY: without a finalizer nothing else frees it, and the function was not handed out.
        drop(unsafe { Box::from_raw(data.cast::<T>()) });
        Err(Error::new(Status::from(status), "The native core could not create a function"))
    }
}

/// Frees a callee when its function is collected, or when its environment ends.
unsafe extern "C" fn finalize<T: Callee>(_: sys::napi_env, data: *mut c_void, _: *mut c_void) {
    // SAFETY: `data` is the box that `to_napi_value` released; a finalizer runs once.
    drop(unsafe { Box::from_raw(data.cast::<T>()) });
}

unsafe extern "C" fn enter<T: Callee>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    let mut call = Call { env, arguments: [ptr::null_mut(); ARGUMENTS] };
    let (mut count, mut data) = (ARGUMENTS, ptr::null_mut());
    // SAFETY: Node.js passes a live `env` and `info`. It fills in as many arguments as there is room
    // for, with `undefined` where fewer were given, and the data of `napi_create_function`.
    let status = unsafe {
        sys::napi_get_cb_info(
            env,
            info,
            &raw mut count,
            call.arguments.as_mut_ptr(),
            ptr::null_mut(),
            &raw mut data,
        )
    };
    if status != sys::Status::napi_ok || data.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: the function's box, which its finalizer has not freed: the function is being called.
    let callee = unsafe { &*data.cast::<T>() };
    let returned = catch_unwind(AssertUnwindSafe(|| callee.call(&call))).unwrap_or(None);
    returned.or_else(|| T::failed(&call)).map_or(ptr::null_mut(), |value| value.0)
}

/// A function that calls `receiver` for as long as JavaScript holds `receiver`.
///
/// A thread-safe function lives as long as its owner, and a strong reference from it to its owner's module
/// would be a cycle that no garbage collector sees: a test runner that loads the package anew for each file
/// (Jest) would keep every context.
pub fn weakly<'env, T>(
    env: &'env Env,
    receiver: Function<'env, T, ()>,
) -> Result<Function<'env, T, ()>>
where
    T: napi::bindgen_prelude::JsValuesTupleIntoVec,
{
    let weak = WeakFunction::new(env, receiver.raw())?;
    env.create_function_from_closure("receive", move |context| {
        let Some(receiver) = weak.get()? else { return Ok(()) };
        receiver.call(context.get::<Unknown>(0)?).map(drop)
    })
}

struct WeakFunction {
    env: sys::napi_env,
    reference: sys::napi_ref,
}

impl WeakFunction {
    fn new(env: &Env, function: sys::napi_value) -> Result<Self> {
        let mut reference = ptr::null_mut();
        // SAFETY: a value of this environment, in a call of it. A count of 0 makes the reference weak.
        check_status!(unsafe {
            sys::napi_create_reference(env.raw(), function, 0, &mut reference)
        })?;
        Ok(Self { env: env.raw(), reference })
    }

    fn get(&self) -> Result<Option<Function<'_, Unknown<'_>, Unknown<'_>>>> {
        let mut value = ptr::null_mut();
        // SAFETY: the reference lives as long as `self`, and only the environment's own thread calls
        // the closure that owns it. A null pointer says that the function is gone.
        unsafe {
            check_status!(sys::napi_get_reference_value(self.env, self.reference, &mut value))?;
            if value.is_null() {
                Ok(None)
            } else {
                Function::from_napi_value(self.env, value).map(Some)
            }
        }
    }
}

impl Drop for WeakFunction {
    fn drop(&mut self) {
        // SAFETY: as above; the closure is dropped by its finalizer, on the environment's own thread.
        unsafe { sys::napi_delete_reference(self.env, self.reference) };
    }
}

/// A secret is a string in JavaScript.
impl TypeName for Secret {
    fn type_name() -> &'static str {
        String::type_name()
    }

    fn value_type() -> ValueType {
        String::value_type()
    }
}

impl ValidateNapiValue for Secret {}

impl FromNapiValue for Secret {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        // SAFETY: the caller's promises are those that `String` asks for.
        unsafe { String::from_napi_value(env, value) }.map(Self::from)
    }
}

impl ToNapiValue for Secret {
    unsafe fn to_napi_value(env: sys::napi_env, secret: Self) -> Result<sys::napi_value> {
        // SAFETY: as above.
        unsafe { <&str>::to_napi_value(env, &secret) }
    }
}
