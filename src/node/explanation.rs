//! An explanation as JSON.

use serde_json::{Value, json};

use super::failure::Failure;
use super::stats::heard;
use crate::error::Error;
use crate::validator::Validator;
use crate::validator::explain::{Answer, Explanation};

/// What `js/explain` reads.
pub fn json(explanation: &Explanation, validator: &Validator) -> String {
    let failure = |error: &Error| Failure::from(error.clone()).json();
    let steps = explanation.steps.iter().map(|step| {
        let (outcome, failed) = match &step.answer {
            Answer::Passed => ("passed", None),
            Answer::Failed(error) => ("failed", Some(failure(error))),
            Answer::NotAsked => ("not_asked", None),
            Answer::NotReached => ("not_reached", None),
        };
        json!({
            "rule": step.rule.as_str(), "outcome": outcome, "failure": failed,
            "found": step.found, "expected": step.expected,
        })
    });
    json!({
        "introspected": explanation.introspected,
        "failure": explanation.verdict.as_ref().err().map(failure),
        "steps": steps.collect::<Value>(),
        "heard": heard(validator.first().issuer()),
    })
    .to_string()
}
