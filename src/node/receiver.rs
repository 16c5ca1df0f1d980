//! The function that a queue calls, held weakly.
//!
//! It belongs to the module that owns the mailbox, and the queue lives as long as the mailbox. A strong
//! reference would close that circle where no garbage collector sees it: a test runner that loads the
//! package anew for each file (Jest) would keep every context that it has ever made.

use std::ptr;

use napi::bindgen_prelude::{FromNapiValue, Function, Unknown};
use napi::{Env, JsValue, Result, check_status, sys};

/// Another function, which calls `receiver` for as long as somebody in JavaScript holds that one.
pub fn weakly<'env, T>(
    env: &'env Env,
    receiver: Function<'env, T, ()>,
) -> Result<Function<'env, T, ()>>
where
    T: napi::bindgen_prelude::JsValuesTupleIntoVec,
{
    let weak = WeakFunction::new(env, receiver.raw())?;
    env.create_function_from_closure("receive", move |context| {
        // Nobody is left to be told.
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
