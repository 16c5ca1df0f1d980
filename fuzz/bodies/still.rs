//! A clock that stands still, a tenant's documents, and a transport with fixed responses.

use std::collections::HashMap;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;

use monocloud_backend_node::clock::Clock;
use monocloud_backend_node::config::{Config, Flavour, Given, Sources};
use monocloud_backend_node::error::Fault;
use monocloud_backend_node::http::{Exchange, Request, Response, Transport};
use monocloud_backend_node::issuer::Resolver;

#[derive(Debug)]
pub struct StillClock;

impl Clock for StillClock {
    fn elapsed(&self) -> Duration {
        Duration::from_secs(1_000_000)
    }

    fn chance(&self) -> f64 {
        0.5
    }
}

/// A transport that gives every request the same response.
#[derive(Debug)]
pub struct Answering(pub Mutex<Option<Response>>);

impl Transport for Answering {
    fn exchange(&self, _request: Request) -> Exchange {
        let answer = self.0.lock().unwrap().clone();
        Box::pin(ready(answer.ok_or(Fault::Connect)))
    }
}

/// A document that a target can replace.
#[derive(Debug, Default)]
pub struct Text(pub Mutex<String>);

#[derive(Debug)]
pub struct Resolving(pub &'static Text);

impl Resolver for Resolving {
    fn resolve(&self) -> Pin<Box<dyn Future<Output = Result<String, Fault>> + Send>> {
        Box::pin(ready(Ok(self.0.0.lock().unwrap().clone())))
    }
}

/// A configuration for the API of [`super::claims`].
pub fn config(options: &[(&str, Given)]) -> Config {
    let text = |text: &str| Given::Text(text.into());
    let mut sources = Sources {
        options: HashMap::from([
            ("tenantDomain".to_owned(), text(super::claims::ISSUER)),
            ("audience".to_owned(), text(super::claims::AUDIENCE)),
        ]),
        issuers: None,
        environment: HashMap::new(),
    };
    for (name, given) in options {
        sources.options.insert((*name).to_owned(), given.clone());
    }
    Config::read(Flavour::BackendNode, &sources).expect("a good configuration")
}
