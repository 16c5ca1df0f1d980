'use strict';

// A panic in the native core, in each of its exports: the call that met it ends as an error of the
// documented class, which shows nothing of what was in hand, and the next call is as if nothing had been.

const { describe, it } = require('node:test');
const assert = require('node:assert/strict');
const os = require('node:os');
const { runScript } = require('../support/child.js');
const { startTenant } = require('../support/guarded.js');
const { tally } = require('../support/tally.js');

const { injectPanic } = require('../../js/binding.js');
const { EXPORTS } = require('./programs/panics.js');

// The addon of `npm run build` has it. In CI it must be there.
const skip =
  injectPanic === undefined &&
  process.env.CI !== 'true' &&
  'this addon is built without panic-injection: npm run build';

// What a panic may quote.
const SECRET = 'eyJhbGciOi.a-token-of-somebody';

/** So many signatures at once take more than the calling thread's budget. */
const MANY = 60;

describe('a panic', { skip }, () => {
  it('in any export ends one call, and no more', async (t) => {
    assert.ok(injectPanic, 'the addon must be built with panic-injection in CI');
    const tenant = await startTenant(t);
    const { createClientCert } = require('../support/certs.js');
    const { cert } = createClientCert();
    const input = {
      options: tenant.options(tenant.credentials),
      jwks: await (await fetch(tenant.jwksUri)).json(),
      token: tenant.token(),
      opaque: 'opaque',
      bound: tenant.token({ cnf: { 'x5t#S256': 'A'.repeat(43) } }),
      certificate: cert,
      many: MANY,
      fresh: Array.from({ length: 20 + 3 * MANY }, (_, i) => tenant.token({ jti: String(i) })),
      secret: SECRET,
    };
    const result = await runScript('process/programs/panics.js', { input });
    assert.deepEqual([result.code, result.signal], [0, null], result.stderr);
    assert.deepEqual(
      result.said.map(({ name }) => name),
      Object.keys(EXPORTS),
    );
    for (const { name, before: first, amid, after: last } of result.said) {
      const { http, heals, threads } = EXPORTS[name];
      assert.ok(first.value, `${name}, before: ${JSON.stringify(first)}`);
      assert.deepEqual(last, first, `${name}, afterwards`);
      // On one core no other thread is asked.
      if (heals || (threads && os.cpus().length < 2)) {
        assert.deepEqual(amid, first, name);
        continue;
      }
      assert.equal(amid.isOurs, true, `${name}: ${JSON.stringify(amid)}`);
      assert.equal(amid.name, http ? 'MonoCloudHttpError' : 'MonoCloudAuthBaseError', name);
      if (!http) {
        assert.equal(amid.message, 'The native core failed; this is a defect, please report it');
      }
      assert.ok(!amid.shown.includes('token-of-somebody'), `${name}: ${amid.shown}`);
    }
    // Where it was, and nothing of what it said.
    assert.match(result.stderr, /^@monocloud\/backend-node: a panic at src\/panics\.rs:/m);
    assert.ok(!result.stderr.includes('token-of-somebody'), result.stderr);
    tally('a panic in every export', { inputs: result.said.length });
  });
});
