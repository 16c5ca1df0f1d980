//! One token, and what is asked of it.

use std::fmt;
use std::sync::Arc;

use crate::token::binding::Binding;

/// What a route asks of a token, beyond its being genuine.
#[derive(Debug, Clone, Default)]
pub struct Route {
    /// All of these scopes.
    pub scopes: Vec<String>,
    /// Any, or with `matchAll` all, of these groups.
    pub groups: Vec<String>,
    /// Certificate binding; `None` leaves it to the client's mode.
    pub binding: Option<Binding>,
}

/// A token to be validated. Never shown, nor is the certificate.
#[derive(Clone, Copy)]
pub struct Check<'a> {
    /// The token as received, trimmed.
    pub token: &'a str,
    /// What the route asks.
    pub route: &'a Route,
    /// The certificate of the request, in PEM.
    pub certificate: Option<&'a str>,
    /// Seconds since 1970.
    pub now: f64,
}

impl fmt::Debug for Check<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check").field("bytes", &self.token.len()).finish_non_exhaustive()
    }
}

/// The same, for whoever can't wait for it where it was asked.
#[derive(Clone)]
pub struct OwnedCheck {
    /// As in [`Check`].
    pub token: String,
    /// As in [`Check`].
    pub route: Arc<Route>,
    /// As in [`Check`].
    pub certificate: Option<String>,
    /// As in [`Check`].
    pub now: f64,
}

impl OwnedCheck {
    /// The check itself.
    #[must_use]
    pub fn view(&self) -> Check<'_> {
        let Self { token, route, certificate, now } = self;
        Check { token, route, certificate: certificate.as_deref(), now: *now }
    }
}

impl fmt::Debug for OwnedCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}
