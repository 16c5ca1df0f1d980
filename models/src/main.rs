//! Models of the core's concurrency, checked by shuttle. The code under test is the core's own: its files are
//! compiled here once more, over `sync` and `runtime` of this crate, which are the checker's.
//!
//! Arguments: the number of schedules of each kind, and a seed. `MODEL`: a part of the names of the models to run. A
//! failure prints its schedule and ends the program.
#![allow(dead_code, unused_imports, reason = "the models use a part of the core")]

mod issuers;
mod pool;
mod runtime;
mod small;
mod sync;

/// The core's files that the models are about.
#[path = "../../src/issuer/mod.rs"]
mod issuer;
#[path = "../../src/mailbox.rs"]
mod mailbox;
mod validator;

/// What these files use.
pub use monocloud_backend_node::{
    base64url, clock, config, error, http, json, keys, secret, token,
};

use std::time::Instant;

use shuttle::scheduler::{DfsScheduler, PctScheduler, RandomScheduler};
use shuttle::{Config, Runner};

/// One model: a program that fails where a promise is broken.
pub struct Model {
    pub name: &'static str,
    /// Threads and tasks that run at the same time.
    pub threads: usize,
    /// Whether all schedules are tried.
    pub exhaustive: bool,
    pub run: fn(),
}

/// The preemptions of a schedule that PCT chooses.
const DEPTH: usize = 4;

fn main() {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>().unwrap());
    let schedules = arguments.next().unwrap_or(500) as usize;
    let seed = arguments.next().unwrap_or(1);
    let wanted = std::env::var("MODEL").unwrap_or_default();
    // The core's own timers, none of which ends within a model.
    let timers =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build();
    let timers = timers.unwrap();
    let _entered = timers.enter();
    for Model { name, threads, exhaustive, run } in
        small::MODELS.iter().chain(pool::MODELS).chain(issuers::MODELS)
    {
        if !name.contains(&wanted) {
            continue;
        }
        let began = Instant::now();
        let mut config = Config::new();
        config.stack_size = 1 << 19;
        let tried = if *exhaustive {
            let all = Runner::new(DfsScheduler::new(None, false), config).run(run);
            format!("{all}, which are all")
        } else {
            let random = RandomScheduler::new_from_seed(seed, schedules);
            let random = Runner::new(random, config.clone()).run(run);
            let pct = PctScheduler::new_from_seed(seed, DEPTH, schedules);
            let pct = Runner::new(pct, config).run(run);
            format!("{random} random, {pct} PCT")
        };
        let seconds = began.elapsed().as_secs_f64();
        println!("{name}: {threads} threads, schedules: {tried} ({seconds:.1} s)");
    }
}
