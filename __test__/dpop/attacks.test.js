'use strict';

// What other code in the process has done to prototypes and globals lets no request in without its proof
// (./programs/attacked.js, with the attacks of ../boundary/programs/attacks.js and further ones).

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');

const { runProgram } = require('../support/child.js');
const { METHOD, TARGET, holderOf, proofOf, startBinder, verdictOf } = require('./support.js');

const PROGRAM = 'dpop/programs/attacked.js';

it('methods that a program has replaced, with Express 5', async () => {
  const { said } = await runProgram(PROGRAM, { args: ['replaced', 'Express 5'] });
  assert.ok(Object.keys(said).length > 70);
  for (const [attack, rounds] of Object.entries(said)) {
    for (const [round, wrong] of Object.entries(rounds)) {
      assert.deepEqual(wrong.letIn, [], `${attack}, ${round}`);
      assert.deepEqual(wrong.unanswered, [], `${attack}, ${round}`);
    }
  }
  assert.deepEqual(said.beforehand.before.refused, []);
  assert.deepEqual(said.afterwards.after.refused, []);
});

it('names on Object.prototype, with Fastify 5', async () => {
  const { said } = await runProgram(PROGRAM, { args: ['polluted', 'Fastify 5'] });
  assert.ok(Object.keys(said).length > 200);
  const nothing = { letIn: [], refused: [], unanswered: [] };
  for (const [attack, rounds] of Object.entries(said)) {
    for (const [round, wrong] of Object.entries(rounds)) {
      // Node.js leaves a header out where its object inherits a text of that name; `dpop` is an option, too.
      const leftOut = /^(authorization|dpop) is (string|a text|dang)|^every option is a text/;
      const refused = leftOut.test(attack) ? [] : wrong.refused;
      assert.deepEqual({ ...wrong, refused }, nothing, `${attack}, ${round}`);
    }
  }
});

describe('a direct call', () => {
  const holder = holderOf('ES256');
  let issuer;
  before(async () => {
    issuer = await startBinder();
  });
  after(() => issuer?.close());

  /** Runs the synchronous part of `work` while a property is on a prototype: Node.js itself stands it for no longer. */
  function whileThere(prototype, name, descriptor, work) {
    Object.defineProperty(prototype, name, { configurable: true, ...descriptor });
    try {
      return work();
    } finally {
      delete prototype[name];
    }
  }

  it('with setters for the elements of arrays, or getters for its options', async () => {
    const client = issuer.clientWith({ dpop: 'required' });
    const token = issuer.boundTo(holder);
    await verdictOf(client.validateAccessToken(token));
    const dpop = { proof: proofOf(holder, token), method: METHOD, url: TARGET };
    for (const [prototype, name, descriptor] of [
      [Array.prototype, 0, { set() {} }],
      [Array.prototype, 1, { set() {} }],
      [Object.prototype, 'dpop', { get: () => dpop }],
      [Object.prototype, 'proof', { get: () => dpop.proof }],
      [Object.prototype, 'required', { get: () => false }],
      [Object.prototype, 'dpop', { get: () => false }],
    ]) {
      const call = (options) =>
        whileThere(prototype, name, descriptor, () =>
          verdictOf(client.validateAccessToken(token, options)),
        );
      assert.equal(await call(), 'dpop_required', name);
      assert.equal(await call({ dpop: true }), 'dpop_required', name);
      const other = { ...dpop, method: 'GET' };
      assert.equal(await call({ dpop: other }), 'dpop_method_mismatch', name);
      const empty = { method: METHOD, url: TARGET };
      assert.equal(await call({ dpop: empty }), 'dpop_proof_missing', name);
    }
    // None of them has used the proof.
    assert.equal(await verdictOf(client.validateAccessToken(token, { dpop })), 'passed');
  });

  it('takes `dpop` for what it is, and nothing else for a proof', async () => {
    const client = issuer.clientWith({ dpop: 'required' });
    const token = issuer.boundTo(holder);
    const proof = proofOf(holder, token);
    for (const dpop of [
      'x',
      1,
      [],
      () => true,
      { proof },
      { proof, method: METHOD },
      { proof, method: METHOD, url: 1 },
      { proof, method: [METHOD], url: TARGET },
      { proof, method: METHOD, url: TARGET, scheme: 'Basic' },
      { proof, method: METHOD, url: TARGET, require: false },
    ]) {
      await assert.rejects(client.validateAccessToken(token, { dpop }), {
        name: 'MonoCloudValidationError',
      });
    }
    for (const wrong of [1, {}, [proof], Buffer.from(proof), new String(proof), true]) {
      const dpop = { proof: wrong, method: METHOD, url: TARGET };
      const verdict = await verdictOf(client.validateAccessToken(token, { dpop }));
      assert.match(verdict, /^dpop_proof_/);
    }
    const bearer = { proof, method: METHOD, url: TARGET, scheme: 'Bearer' };
    assert.equal(
      await verdictOf(client.validateAccessToken(token, { dpop: bearer })),
      'dpop_scheme_mismatch',
    );
    // `false` is the program's own word, and passes; so does the proof, once.
    assert.equal(await verdictOf(client.validateAccessToken(token, { dpop: false })), 'passed');
    const dpop = { proof, method: METHOD, url: TARGET };
    assert.equal(await verdictOf(client.validateAccessToken(token, { dpop })), 'passed');
  });

  it('reads each member of `dpop` once', async () => {
    const client = issuer.clientWith({ dpop: 'required' });
    const token = issuer.boundTo(holder);
    const good = { proof: proofOf(holder, token), method: METHOD, url: TARGET };
    const reads = {};
    const dpop = {};
    for (const [name, value] of Object.entries(good)) {
      Object.defineProperty(dpop, name, {
        enumerable: true,
        get() {
          reads[name] = (reads[name] ?? 0) + 1;
          return value;
        },
      });
    }
    assert.equal(await verdictOf(client.validateAccessToken(token, { dpop })), 'passed');
    assert.deepEqual(reads, { proof: 1, method: 1, url: 1 });
  });
});
