//! The counters of a tenant's documents and the state of its key set, as JSON.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::issuer::Issuer;
use crate::issuer::document_age::Age;
use crate::validator::{TrustedIssuer, Validator};

/// What `stats()` shows of the core. With several issuers, the counters are sums, and each issuer has its own
/// under `issuers`; the key set and the time are those of the first. `seen`: tokens that had been admitted before.
pub fn json(validator: &Validator, seen: u64) -> String {
    let mut stats = Map::new();
    for trusted in validator.issuers() {
        for (name, value) in counted(trusted) {
            let sum = stats.get(name).and_then(Value::as_u64).unwrap_or(0) + value;
            stats.insert(name.to_owned(), sum.into());
        }
    }
    stats.insert("seenBefore".to_owned(), seen.into());
    stats.insert("heard".to_owned(), heard(validator.first().issuer()));
    stats.insert("keys".to_owned(), keys(validator.first()));
    if validator.issuers().count() > 1 {
        stats.insert("issuers".to_owned(), validator.issuers().map(of_issuer).collect());
    }
    Value::Object(stats).to_string()
}

fn of_issuer(trusted: &TrustedIssuer) -> Value {
    let mut stats: Map<String, Value> =
        counted(trusted).into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    stats.insert("issuer".to_owned(), trusted.reading().issuer.as_str().into());
    stats.insert("keys".to_owned(), keys(trusted));
    Value::Object(stats)
}

fn keys(trusted: &TrustedIssuer) -> Value {
    let Some((keys, age, state)) = trusted.issuer().current_keys(trusted.terms()) else {
        return json!({ "state": "none", "usable": 0, "skipped": {} });
    };
    let mut skipped = BTreeMap::<_, u64>::new();
    for why in &keys.set.skipped {
        *skipped.entry(why.as_str()).or_default() += 1;
    }
    let state = match state {
        Age::Fresh | Age::Due => "fresh",
        Age::Expired => "stale",
        Age::Dead => "expired",
    };
    json!({
        "state": state, "ageSeconds": age.as_secs(), "usable": keys.set.len(), "skipped": skipped,
    })
}

fn counted(trusted: &TrustedIssuer) -> [(&'static str, u64); 6] {
    trusted.issuer().events().counted()
}

/// The tenant's last `Date`, beside the time here when it came.
pub fn heard(issuer: &Issuer) -> Value {
    issuer.tenant_time().map_or(Value::Null, |time| json!({ "date": time.date, "at": time.at_ms }))
}
