'use strict';

// What the tests of introspection share: a tenant that writes down what it is asked, and a look at
// everything that an error could show.

const assert = require('node:assert/strict');
const util = require('node:util');

const { sendJson } = require('./faulty-tenant.js');

async function readBody(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * Lets a tenant of ./faulty-tenant.js write down what its introspection endpoint is asked, and
 * answer by `answer(response, seen, request)`, or rightly, with `claims` over those of the tenant.
 *
 * @returns {object[]} one entry a request, in order: `method`, `headers`, `body`, `form` (an object
 *   of its members, none of which may be there twice), `certificate` (its DER, as base64)
 */
function recordIntrospections(tenant, answer, claims) {
  const seen = [];
  tenant.on('introspection', async (request, response) => {
    const body = (await readBody(request)).toString();
    const pairs = [...new URLSearchParams(body)];
    const form = Object.fromEntries(pairs);
    assert.equal(Object.keys(form).length, pairs.length, 'a member was sent twice');
    const raw = request.socket.getPeerCertificate?.()?.raw;
    const entry = {
      method: request.method,
      url: request.url,
      headers: request.headers,
      body,
      form,
      certificate: raw?.toString('base64'),
    };
    seen.push(entry);
    if (answer) answer(response, entry, request);
    else sendJson(response, { active: true, ...tenant.claims(), ...claims });
  });
  return seen;
}

/** All that showing an error could show; `raw`, which holds what was answered, on demand. */
function everythingIn(error, { withRaw = false } = {}) {
  const more = withRaw
    ? [JSON.stringify(error.raw), util.inspect(error, { showHidden: true })]
    : [];
  return [
    error.message,
    error.stack,
    String(error),
    JSON.stringify(error),
    JSON.stringify({ ...error }),
    util.inspect(error, { depth: 20 }),
    util.format('%s %O', error.name, { error }),
    ...more,
  ].join('\n');
}

/** Asserts that an error shows none of these texts, neither as they are nor encoded. */
function assertClean(error, secrets) {
  const shown = everythingIn(error);
  for (const secret of secrets) {
    for (const form of [
      secret,
      encodeURIComponent(secret),
      Buffer.from(secret).toString('base64'),
      Buffer.from(secret).toString('base64url'),
    ]) {
      assert.ok(!shown.includes(form), `the error shows ${secret}: ${shown}`);
    }
  }
}

/** The error of a call that must fail. */
async function failureOf(call) {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return assert.fail('it passed');
}

/** Runs `work`, which must not wait, under other MONOCLOUD_BACKEND_* variables. */
function withEnvironment(variables, work) {
  const before = { ...process.env };
  for (const [name, value] of Object.entries(variables)) {
    process.env[`MONOCLOUD_BACKEND_${name}`] = value;
  }
  try {
    return work();
  } finally {
    for (const name of Object.keys(variables)) {
      const full = `MONOCLOUD_BACKEND_${name}`;
      if (before[full] === undefined) delete process.env[full];
      else process.env[full] = before[full];
    }
  }
}

module.exports = {
  assertClean,
  everythingIn,
  failureOf,
  readBody,
  recordIntrospections,
  withEnvironment,
};
