//! Proxies, by the variables that every HTTP client honours (curl's names, in either case).

use std::collections::HashMap;
use std::fmt;

use reqwest::{ClientBuilder, NoProxy, Proxy};
use url::Url;

use crate::error::{Fault, ValidationError};
use crate::secret::Secret;

/// Which requests go through which proxy.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Proxies {
    https: Option<Secret>,
    http: Option<Secret>,
    /// The entries of `NO_PROXY` that reqwest understands.
    exceptions: Option<String>,
    /// The entries of `NO_PROXY` that name a port, which reqwest does not support.
    exceptions_with_port: Vec<(String, u16)>,
}

/// The address of a proxy may hold a password: nothing is shown.
impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proxies(…)")
    }
}

/// The first of these variables that is set. One that is only white space counts as unset.
pub fn variable(environment: &HashMap<String, Secret>, names: &[&str]) -> Option<Secret> {
    let mut values = names.iter().filter_map(|name| environment.get(*name));
    values.find(|value| !value.trim().is_empty()).cloned()
}

impl Proxies {
    /// Reads `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`.
    #[must_use]
    pub fn read(environment: &HashMap<String, Secret>) -> Self {
        let no_proxy = variable(environment, &["NO_PROXY", "no_proxy"]).unwrap_or_default();
        let (exceptions, exceptions_with_port) = exceptions(&no_proxy);
        Self {
            https: variable(environment, &["HTTPS_PROXY", "https_proxy"]),
            http: variable(environment, &["HTTP_PROXY", "http_proxy"]),
            exceptions,
            exceptions_with_port,
        }
    }

    /// Whether the addresses can be used.
    pub fn check(&self) -> Result<(), ValidationError> {
        for (name, proxy) in [("HTTPS_PROXY", &self.https), ("HTTP_PROXY", &self.http)] {
            // The value may hold a password: only the variable is named.
            if proxy.as_deref().is_some_and(|proxy| Proxy::all(proxy).is_err()) {
                return Err(ValidationError::new(format!("{name} must be a valid proxy uri")));
            }
        }
        Ok(())
    }

    /// Whether an exception with a port applies: then the request uses no proxy.
    #[must_use]
    pub fn bypass(&self, url: &Url) -> bool {
        let (host, port) = (url.host_str(), url.port_or_known_default());
        self.exceptions_with_port.iter().any(|(name, number)| {
            Some(*number) == port
                && host.is_some_and(|host| {
                    let domain = name.trim_start_matches('.');
                    host == domain
                        || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
                })
        })
    }

    /// Adds the proxies, with the exceptions that reqwest understands.
    pub fn apply(&self, mut builder: ClientBuilder) -> Result<ClientBuilder, Fault> {
        let exceptions = self.exceptions.as_deref().and_then(NoProxy::from_string);
        let proxies =
            [self.https.as_deref().map(Proxy::https), self.http.as_deref().map(Proxy::http)];
        for proxy in proxies.into_iter().flatten() {
            let proxy = proxy.map_err(|_| Fault::Local("The proxy's address can't be used"))?;
            builder = builder.proxy(proxy.no_proxy(exceptions.clone()));
        }
        Ok(builder)
    }
}

/// The entries of `NO_PROXY`: those that reqwest understands, and those with a port.
fn exceptions(list: &str) -> (Option<String>, Vec<(String, u16)>) {
    let mut known = Vec::new();
    let mut ports = Vec::new();
    for entry in list.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        if entry == "*" {
            // Names, and addresses of either kind.
            known.extend(["*", "0.0.0.0/0", "::/0"]);
        } else if let Some(domain) = entry.strip_prefix('*') {
            known.push(domain);
        } else if let Some((host, port)) = entry.rsplit_once(':')
            && let Ok(port) = port.parse()
            && (!host.contains(':') || host.starts_with('['))
        {
            ports.push((host.to_ascii_lowercase(), port));
        } else {
            known.push(entry);
        }
    }
    ((!known.is_empty()).then(|| known.join(",")), ports)
}
