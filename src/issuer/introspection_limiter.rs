//! Limits the introspections in flight at a tenant, and those that wait. Without a limit each made-up
//! opaque token would open a connection.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::sync::{Mutex, MutexGuard, time};

/// The most introspections that wait for a place.
const MOST_WAITING: usize = 1024;

/// The introspections in flight, and the queue, first in, first out. Clients that share a tenant may have
/// different limits: the first of the queue starts as soon as fewer than its own limit are in flight.
#[derive(Debug, Default)]
pub struct IntrospectionLimiter(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    in_flight: usize,
    waiting: VecDeque<Waiter>,
}

#[derive(Debug)]
struct Waiter {
    limit: usize,
    turn: oneshot::Sender<Place>,
}

/// One introspection in flight. Dropping it gives its place to the next in the queue.
#[derive(Debug)]
pub struct Place(Arc<IntrospectionLimiter>);

/// No place became free in time, or too many wait already.
#[derive(Debug, PartialEq, Eq)]
pub struct Full;

impl IntrospectionLimiter {
    /// Waits until fewer than `limit` introspections are in flight and no other one is ahead in the queue,
    /// for at most `patience`.
    pub async fn enter(self: &Arc<Self>, limit: usize, patience: Duration) -> Result<Place, Full> {
        let turn = {
            let mut state = self.state();
            if state.waiting.len() >= MOST_WAITING {
                state.waiting.retain(|waiter| !waiter.turn.is_closed());
            }
            if state.waiting.len() >= MOST_WAITING {
                return Err(Full);
            }
            let (turn, receiver) = oneshot::channel();
            state.waiting.push_back(Waiter { limit, turn });
            receiver
        };
        self.admit();
        let waited = time::timeout(patience, turn).await;
        waited.ok().and_then(Result::ok).ok_or_else(|| {
            // The next of the queue may have a higher limit.
            self.admit();
            Full
        })
    }

    /// Gives places to the front of the queue for as long as its limit allows.
    fn admit(self: &Arc<Self>) {
        let mut admitted = Vec::new();
        let mut state = self.state();
        while let Some(waiter) = state.waiting.front() {
            let gone = waiter.turn.is_closed();
            if !gone && state.in_flight >= waiter.limit {
                break;
            }
            let waiter = state.waiting.pop_front();
            if !gone {
                state.in_flight += 1;
                admitted.extend(waiter);
            }
        }
        drop(state);
        for waiter in admitted {
            // Where the waiter has gone meanwhile, its place is dropped here and goes to the next.
            drop(waiter.turn.send(Place(Arc::clone(self))));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.state().in_flight -= 1;
        self.0.admit();
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::{Pin, pin};
    use std::task::{Context, Poll, Waker};

    use tokio::runtime::{Builder, Runtime};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    type Entering = Pin<Box<dyn Future<Output = Result<Place, Full>>>>;

    fn enter(limiter: &Arc<IntrospectionLimiter>, limit: usize, patience: Duration) -> Entering {
        let limiter = Arc::clone(limiter);
        Box::pin(async move { limiter.enter(limit, patience).await })
    }

    /// Whether a future is done, without waiting for it.
    fn poll(future: &mut Entering) -> Option<Result<Place, Full>> {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => Some(result),
            Poll::Pending => None,
        }
    }

    fn runtime() -> Runtime {
        Builder::new_current_thread().enable_time().build().unwrap()
    }

    #[test]
    fn places_are_given_first_in_first_out() {
        let (runtime, limiter) = (runtime(), Arc::default());
        let _entered = runtime.enter();
        let mut first = enter(&limiter, 1, PATIENCE);
        let place = poll(&mut first).unwrap().unwrap();
        let mut queue: Vec<_> = (0..5).map(|_| enter(&limiter, 1, PATIENCE)).collect();
        assert!(queue.iter_mut().all(|waiter| poll(waiter).is_none()));
        let mut held = place;
        for next in 0..queue.len() {
            drop(held);
            for later in (next + 1..queue.len()).rev() {
                assert!(poll(&mut queue[later]).is_none(), "{later} before {next}");
            }
            held = poll(&mut queue[next]).unwrap().unwrap();
        }
        drop(held);
        assert_eq!(limiter.state().in_flight, 0);
    }

    #[test]
    fn a_wait_ends_after_its_patience_and_leaves_nothing_behind() {
        let (runtime, limiter) = (runtime(), Arc::default());
        runtime.block_on(async {
            let place = enter(&limiter, 1, PATIENCE).await.unwrap();
            assert!(enter(&limiter, 1, Duration::from_millis(50)).await.is_err());
            drop(place);
            drop(enter(&limiter, 1, PATIENCE).await.unwrap());
        });
        assert_eq!(limiter.state().in_flight, 0);
        assert!(limiter.state().waiting.is_empty());
    }

    #[test]
    fn no_more_than_1024_wait() {
        let (runtime, limiter) = (runtime(), Arc::default());
        let _entered = runtime.enter();
        let place = poll(&mut enter(&limiter, 1, PATIENCE)).unwrap().unwrap();
        let mut queue: Vec<_> = (0..MOST_WAITING).map(|_| enter(&limiter, 1, PATIENCE)).collect();
        assert!(queue.iter_mut().all(|waiter| poll(waiter).is_none()));
        assert!(poll(&mut enter(&limiter, 1, PATIENCE)).unwrap().is_err());
        // Waiters that have gone do not count.
        queue.truncate(1);
        let mut late = enter(&limiter, 1, PATIENCE);
        assert!(poll(&mut late).is_none());
        queue.clear();
        drop(place);
        assert!(poll(&mut late).unwrap().is_ok());
        assert_eq!(limiter.state().in_flight, 0);
    }

    #[test]
    fn a_place_that_comes_too_late_goes_to_the_next() {
        let (runtime, limiter) = (runtime(), Arc::default());
        let _entered = runtime.enter();
        let place = poll(&mut enter(&limiter, 1, PATIENCE)).unwrap().unwrap();
        let mut queue: Vec<_> = (0..3).map(|_| enter(&limiter, 1, PATIENCE)).collect();
        assert!(queue.iter_mut().all(|waiter| poll(waiter).is_none()));
        drop(place);
        // The first is given its place, and goes before it takes it.
        drop(queue.remove(0));
        assert!(poll(&mut queue[0]).unwrap().is_ok());
    }

    #[test]
    fn each_is_held_to_its_own_limit() {
        let (runtime, limiter) = (runtime(), Arc::default());
        runtime.block_on(async {
            let places: Vec<_> =
                [enter(&limiter, 2, PATIENCE).await, enter(&limiter, 2, PATIENCE).await].into();
            assert!(poll(&mut enter(&limiter, 2, PATIENCE)).is_none());
            let third = enter(&limiter, 3, PATIENCE).await.unwrap();
            // A waiter whose limit is reached delays those behind it, for as long as it waits.
            let mut strict = enter(&limiter, 1, Duration::from_millis(50));
            let mut generous = enter(&limiter, 64, PATIENCE);
            assert!(poll(&mut strict).is_none() && poll(&mut generous).is_none());
            assert!(strict.await.is_err());
            assert!(poll(&mut generous).unwrap().is_ok());
            drop((places, third));
            assert!(enter(&limiter, 1, PATIENCE).await.is_ok());
        });
    }
}
