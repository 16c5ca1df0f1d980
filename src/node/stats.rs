//! The counters of a tenant's documents and the state of its key set, as JSON.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::issuer::Issuer;
use crate::issuer::document_age::Age;
use crate::validator::Validator;

/// What `stats()` shows of the core.
pub fn json(validator: &Validator) -> String {
    let issuer = validator.issuer();
    let mut stats: Map<String, Value> = issuer
        .events()
        .counted()
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    stats.insert("heard".to_owned(), heard(issuer));
    stats.insert("keys".to_owned(), keys(validator));
    Value::Object(stats).to_string()
}

fn keys(validator: &Validator) -> Value {
    let Some((keys, age, state)) = validator.issuer().current_keys(validator.terms()) else {
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

/// The tenant's last `Date`, beside the time here when it came.
pub fn heard(issuer: &Issuer) -> Value {
    issuer.tenant_time().map_or(Value::Null, |time| json!({ "date": time.date, "at": time.at_ms }))
}
