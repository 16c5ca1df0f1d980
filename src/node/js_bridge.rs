//! How the core's threads speak to one JavaScript environment: one queue, one receiver.
//!
//! Everything that belongs to JavaScript (promises, the caller's functions) stays there and is named by a
//! number, so that a terminated worker leaves nothing dangling. The queue is weak: it keeps no process
//! alive. When the environment ends, the queue ends, and what is sent afterwards is dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dashmap::DashMap;
use napi::bindgen_prelude::{Buffer, FnArgs, Function};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Result, Status};
use napi_derive::napi;
use serde_json::json;
use tokio::sync::oneshot;

use super::failure::Outcome;
use super::{panic_hook, raw};
use crate::clock::{Clock, SystemClock};
use crate::config::TenantDomain;
use crate::error::Fault;
use crate::http::{LONGEST_BODY, Response};
use crate::issuer::events::{Event, Observer};
use crate::mailbox::Mailbox;
use crate::panics;
use crate::secret::Secret;

/// A message to JavaScript.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct Message {
    /// `settled`, `fetch`, `resolve`, `abort` or `event`.
    pub kind: &'static str,
    /// `event`: its name.
    pub name: Option<&'static str>,
    /// `fetch`, `resolve`, `abort`: the number of the exchange.
    pub id: f64,
    /// `event`: the message, as JSON.
    pub event: Option<String>,
    /// `fetch`, `resolve`: the number of the client whose function is called.
    pub client: Option<f64>,
    /// `resolve`: `metadata` or `jwks`.
    pub document: Option<&'static str>,
    /// `resolve`: whose document, for a client of several issuers.
    pub issuer: Option<String>,
    /// `fetch`: the request.
    pub url: Option<String>,
    #[napi(ts_type = "Array<Array<string>>")]
    pub headers: Option<Vec<Vec<Secret>>>,
    #[napi(ts_type = "string")]
    pub form: Option<Secret>,
}

type Queue = ThreadsafeFunction<Message, (), Message, Status, false, true>;

/// The result of an exchange over the caller's own functions.
type Reply = std::result::Result<Response, Fault>;

/// The queue, and the exchanges that wait for an answer through it.
pub struct JsBridge {
    queue: Queue,
    /// Outcomes that JavaScript has not collected. One `settled` message announces all of them, because
    /// entering JavaScript costs more than an outcome does.
    settled: Mailbox<(f64, Outcome)>,
    exchanges: DashMap<u64, oneshot::Sender<Reply>>,
    next: AtomicU64,
    stale: StaleUses,
}

impl JsBridge {
    /// Sends a message; `false` once the environment is closing.
    pub fn send(&self, message: Message) -> bool {
        self.queue.call(message, ThreadsafeFunctionCallMode::NonBlocking) == Status::Ok
    }

    /// Hands an outcome to whoever waits for the ticket.
    pub fn settle(&self, ticket: f64, outcome: Outcome) {
        self.settled.put((ticket, outcome), || {
            self.send(Message { kind: "settled", ..Message::default() });
        });
    }

    /// Sends a message and waits for the reply. Dropped before that, it tells JavaScript to stop.
    pub async fn ask(self: &Arc<Self>, message: Message) -> Reply {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (send, receive) = oneshot::channel();
        self.exchanges.insert(id, send);
        let waiting = Waiting { bridge: self, id };
        let sent = self.send(Message { id: id as f64, ..message });
        let reply = if sent { receive.await.ok() } else { None };
        drop(waiting);
        reply.unwrap_or(Err(Fault::Local("The JavaScript environment is closing")))
    }

    fn reply(&self, id: f64, reply: Reply) {
        if let Some((_, waiting)) = self.exchanges.remove(&(id as u64)) {
            // The receiver may be gone.
            drop(waiting.send(reply));
        }
    }
}

impl Observer for JsBridge {
    fn observe(&self, tenant: &TenantDomain, event: &Event) {
        let (kind, mut event) = match event {
            Event::Refreshed { document, keys, skipped, unchanged } => (
                "refresh",
                json!({
                    "document": document,
                    "keys": keys,
                    "skipped": skipped,
                    "unchanged": unchanged,
                }),
            ),
            Event::RefreshFailed { document, reason, retry_in } => (
                "refreshFailed",
                json!({
                    "document": document,
                    "reason": reason,
                    "retryInSeconds": retry_in.as_secs_f64(),
                }),
            ),
            Event::StaleUse { age } => match self.stale.note() {
                Some(uses) => ("staleUse", json!({ "ageSeconds": age.as_secs(), "uses": uses })),
                None => return,
            },
        };
        if let Some(members) = event.as_object_mut() {
            members.insert("tenantDomain".to_owned(), tenant.as_str().into());
        }
        self.send(Message {
            kind: "event",
            name: Some(kind),
            event: Some(event.to_string()),
            ..Message::default()
        });
    }
}

/// Every request of an outage is a stale use: one message a second counts them.
#[derive(Default)]
struct StaleUses {
    /// When the last message went, in milliseconds of the process's clock.
    told: AtomicU64,
    untold: AtomicU64,
}

impl StaleUses {
    const INTERVAL_MS: u64 = 1000;

    fn note(&self) -> Option<u64> {
        let untold = self.untold.fetch_add(1, Ordering::Relaxed) + 1;
        let now = u64::try_from(SystemClock::get().elapsed().as_millis()).unwrap_or(u64::MAX);
        let told = self.told.load(Ordering::Relaxed);
        if told != 0 && now.saturating_sub(told) < Self::INTERVAL_MS {
            return None;
        }
        self.told.store(now.max(1), Ordering::Relaxed);
        self.untold.fetch_sub(untold, Ordering::Relaxed);
        Some(untold)
    }
}

/// Removes an exchange when it ends or is dropped.
struct Waiting<'a> {
    bridge: &'a JsBridge,
    id: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.bridge.exchanges.remove(&self.id).is_some() {
            self.bridge.send(Message { kind: "abort", id: self.id as f64, ..Message::default() });
        }
    }
}

/// The JavaScript end of the bridge: one for each environment, shared by its clients.
#[napi]
pub struct Bridge {
    pub(super) bridge: Arc<JsBridge>,
}

#[napi]
impl Bridge {
    /// `receive` is held weakly: the owner of the bridge must hold it.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env, receive: Function<'_, Message, ()>) -> Result<Self> {
        panic_hook::install();
        panics::at("new Bridge");
        let queue = raw::weakly(&env, receive)?
            .build_threadsafe_function::<Message>()
            .weak::<true>()
            .callee_handled::<false>()
            .build_callback(|context| Ok(context.value))?;
        let bridge = JsBridge {
            queue,
            settled: Mailbox::default(),
            exchanges: DashMap::new(),
            next: AtomicU64::new(1),
            stale: StaleUses::default(),
        };
        Ok(Self { bridge: Arc::new(bridge) })
    }

    /// Hands over the outcomes that a `settled` message announces, each with its ticket.
    #[napi(catch_unwind)]
    pub fn collect(&self, settle: Function<'_, FnArgs<(f64, Outcome)>, ()>) -> Result<()> {
        panics::at("collect");
        // One call for each: in an array, elements could run into a setter on `Array.prototype`.
        let settled = self.bridge.settled.take();
        let mut result = Ok(());
        for outcome in settled {
            result = settle.call(outcome.into()).and(result);
        }
        result
    }

    /// The caller's `fetcher` has answered. `headers` alternates names and values.
    #[napi(catch_unwind)]
    pub fn replied(
        &self,
        id: f64,
        status: u32,
        status_text: String,
        headers: Vec<String>,
        body: Buffer,
    ) {
        panics::at("replied");
        let mut pairs = Vec::with_capacity(headers.len() / 2);
        let mut headers = headers.into_iter();
        while let (Some(name), Some(value)) = (headers.next(), headers.next()) {
            pairs.push((name.to_ascii_lowercase(), value));
        }
        let reply = match u16::try_from(status) {
            Ok(status) => Ok(Response { status, status_text, headers: pairs, body: body.to_vec() }),
            Err(_) => Err(Fault::Unreadable("The fetcher's answer has no HTTP status")),
        };
        self.bridge.reply(id, reply);
    }

    /// The caller's function threw. `too_large` where it was we who stopped reading.
    #[napi(catch_unwind)]
    pub fn failed(&self, id: f64, name: String, too_large: bool) {
        panics::at("failed");
        let fault = if too_large {
            Fault::TooLarge { limit: LONGEST_BODY }
        } else {
            Fault::Caller { name, id: Some(id as u64) }
        };
        self.bridge.reply(id, Err(fault));
    }
}
