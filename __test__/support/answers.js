'use strict';

// The table of contract §9, and one way to compare an answer with a row of it.

const assert = require('node:assert/strict');

const PATIENCE_MS = 15_000;

const ANSWERS = {
  'no token': { status: 401, message: 'unauthorized', challenge: 'Bearer' },
  'invalid token': {
    status: 401,
    message: 'unauthorized',
    challenge: 'Bearer error="invalid_token"',
  },
  forbidden: {
    status: 403,
    message: 'forbidden',
    // For scopes the challenge names those that the route asks for (RFC 6750 §3).
    challenge: /^Bearer error="insufficient_scope"(?:, scope="[^"]+")?$/,
  },
  unavailable: { status: 503, message: 'service unavailable', retryAfter: /^\d+$/ },
  refused: { status: 500, message: 'internal server error' },
};

/** Reasons for which an answer of the tenant can't be used. Any other fault of an exchange may pass. */
const UNUSABLE = [
  'unexpected_status',
  'unreadable_response',
  'response_too_large',
  'forbidden_url',
];

/**
 * The row that an error belongs to.
 *
 * @param {{ name: string, code?: string, reason?: string, status?: number }} error
 * @returns {keyof ANSWERS}
 */
function rowOf({ name, code, reason, status }) {
  if (name === 'MonoCloudOPError') return 'refused';
  if (name === 'MonoCloudHttpError') {
    const mayPass = status >= 500 || status === 429;
    return UNUSABLE.includes(reason) && !mayPass ? 'refused' : 'unavailable';
  }
  return code?.startsWith('insufficient_') ? 'forbidden' : 'invalid token';
}

/**
 * Asserts that a response of ./http.js is exactly a row of the table.
 *
 * @param {keyof ANSWERS} row
 * @param {string} [what] for the message
 * @param {string} [retryAfter] that very value, where the tenant named one
 */
function assertAnswer(response, row, what = row, retryAfter) {
  const expected = ANSWERS[row];
  const values = (name) =>
    response.rawHeaders.filter(([known]) => known === name).map(([, value]) => value);
  const got = `${what}: ${response.status} ${response.text.slice(0, 200)}`;
  assert.equal(response.status, expected.status, got);
  assert.equal(response.text, JSON.stringify({ message: expected.message }), got);
  assert.match(response.headers['content-type'], /^application\/json/, got);
  const challenges = values('www-authenticate');
  if (expected.challenge instanceof RegExp) {
    assert.equal(challenges.length, 1, got);
    assert.match(challenges[0], expected.challenge, got);
  } else {
    const wanted = expected.challenge === undefined ? [] : [expected.challenge];
    assert.deepEqual(challenges, wanted, got);
  }
  const times = values('retry-after');
  if (retryAfter !== undefined) assert.deepEqual(times, [retryAfter], got);
  assert.equal(times.length, expected.retryAfter ? 1 : 0, got);
  if (expected.retryAfter) assert.match(times[0], expected.retryAfter, got);
}

/**
 * Asks until the answer is 200. After a fault the tenant is left alone for a moment (a second at the
 * most after the first), and until then the answer is still the row of that fault.
 */
async function untilWell(ask, row = 'unavailable') {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const response = await ask();
    if (response.status === 200) return response;
    assertAnswer(response, row);
    assert.ok(Date.now() < deadline, 'never well again');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

module.exports = { assertAnswer, rowOf, untilWell };
