//! A validation whose verdict has to be waited for.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::inline_budget::{Away, Caller};
use super::request::OwnedRequest;
use super::verify_pool::VerifyPool;
use super::{Placement, Step, Validator, Verdict};
use crate::error::Error;
use crate::runtime;

/// What a validation waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// A thread of the pool that verifies the signature.
    Signature,
    /// Keys that have to be fetched.
    Keys,
    /// The tenant's introspection response.
    Introspection,
}

/// Work that has not begun: one of [`Pending::run`] and [`Pending::verdict`] begins it.
#[derive(Debug)]
#[must_use = "nothing happens before it is run"]
pub struct Pending {
    validator: Arc<Validator>,
    request: OwnedRequest,
    wait: Wait,
    /// Since when, by the clock of the issuer.
    began: Duration,
}

impl Pending {
    pub(super) fn new(validator: Arc<Validator>, request: OwnedRequest, wait: Wait) -> Self {
        let began = validator.elapsed();
        Self { validator, request, wait, began }
    }

    /// What it waits for.
    #[must_use]
    pub fn wait(&self) -> Wait {
        self.wait
    }

    /// Does the work on other threads and calls `done` once, on one of them, with the verdict; with
    /// [`Error::Defect`] where the work panics.
    pub fn run(self, done: impl FnOnce(Verdict) + Send + 'static) {
        let done = Completion(Some(done));
        match self.wait {
            Wait::Signature => {
                let away = Caller::current().hand_over();
                VerifyPool::get().submit(Box::new(move || self.verify(away, done)));
            }
            Wait::Keys | Wait::Introspection => self.spawn(done),
        }
    }

    /// The verdict as a future.
    pub async fn verdict(self) -> Verdict {
        let (send, receive) = oneshot::channel();
        self.run(move |verdict| drop(send.send(verdict)));
        receive.await.unwrap_or(Err(Error::Defect))
    }

    fn verify<F: FnOnce(Verdict) + Send + 'static>(self, away: Away, done: Completion<F>) {
        crate::panics::at("verify pool");
        let step = self.validate_inline();
        // Before the caller hears of it, and sends the next one.
        drop(away);
        match step {
            Step::Done(result) => {
                let text = |admitted| self.validator.text_of(admitted, &self.request.token);
                done.call(result.and_then(text));
            }
            // The keys have become too old since.
            Step::Wait(_) => self.spawn(done),
        }
    }

    fn validate_inline(&self) -> Step {
        let request = self.validator.after_waiting(&self.request.view(), self.began);
        let (validator, placement) = (&self.validator, Placement::Inline);
        let remembered = validator.remembered(&request);
        let seen = |it| validator.seen_before(&request, it, placement);
        match remembered.as_ref().and_then(seen) {
            Some(step) => step,
            None => validator.validate_jwt(&request, remembered, placement),
        }
    }

    fn spawn<F: FnOnce(Verdict) + Send + 'static>(self, done: Completion<F>) {
        let Some(runtime) = runtime::handle() else {
            return done.call(Err(Error::given_up(runtime::NO_THREAD)));
        };
        runtime.spawn(async move {
            crate::panics::at("later");
            let Self { validator, request, wait, began } = self;
            let verdict = match wait {
                Wait::Introspection => validator.introspect(&request, began).await,
                Wait::Keys | Wait::Signature => {
                    validator.fetch_and_validate(&request.view(), began).await
                }
            };
            done.call(verdict);
        });
    }
}

/// Calls a function once: with a verdict, or with [`Error::Defect`] when it is dropped without one.
struct Completion<F: FnOnce(Verdict)>(Option<F>);

impl<F: FnOnce(Verdict)> Completion<F> {
    fn call(mut self, verdict: Verdict) {
        if let Some(done) = self.0.take() {
            done(verdict);
        }
    }
}

impl<F: FnOnce(Verdict)> Drop for Completion<F> {
    fn drop(&mut self) {
        if let Some(done) = self.0.take() {
            done(Err(Error::Defect));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_is_dropped_calls_back_once() {
        let (mut answers, text) = (Vec::new(), || Ok("claims".to_owned()));
        drop(Completion(Some(|verdict| answers.push(verdict))));
        Completion(Some(|verdict| answers.push(verdict))).call(text());
        assert_eq!(answers, [Err(Error::Defect), text()]);
    }
}
