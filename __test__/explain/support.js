'use strict';

const AUDIENCE = 'https://api.example.com';

/** `rule: reason` of each step that failed. */
const failures = ({ steps }) =>
  steps
    .filter(({ outcome }) => outcome === 'failed')
    .map(({ rule, reason }) => (reason === undefined ? rule : `${rule}: ${reason}`));

const stepOf = ({ steps }, rule) => steps.find((step) => step.rule === rule);

module.exports = { AUDIENCE, failures, stepOf };
