'use strict';

// The package loaded over and over: by a test runner that empties the module cache before each file
// (Jest), by one that gives each file a context of its own, and by a reload of the addon itself.

const { describe, it } = require('node:test');
const assert = require('node:assert/strict');
const { runScript } = require('../support/child.js');
const { startTenant } = require('../support/guarded.js');

const ROUNDS = 60;
/** Of the heap, for each time: 7 where nothing is kept, 37 where one module's receiver is. */
const MOST_GROWTH_KIB = 16;

const WITH_ADDON = 'with the addon itself loaded again';
/** Node.js and napi remember each time that an addon was loaded. No test runner does that. */
const ADDON_KIB = 25;

/** The names in programs/reloading.js. */
const WAYS = {
  'with an empty module cache': 'emptied',
  [WITH_ADDON]: 'addon',
  'in a context of its own': 'context',
};

describe('the package loaded again and again', () => {
  for (const [title, way] of Object.entries(WAYS)) {
    it(title, async (t) => {
      const tenant = await startTenant(t);
      const input = {
        way,
        rounds: ROUNDS,
        options: tenant.options(),
        metadata: tenant.metadata(),
        jwks: await (await fetch(tenant.jwksUri)).json(),
        token: tenant.token(),
        expired: tenant.token({ exp: 1 }),
      };
      const result = await runScript('process/programs/reloading.js', {
        input,
        flags: ['--expose-gc'],
      });
      assert.deepEqual([result.code, result.signal], [0, null], result.stderr);
      const [{ first, last, seen }] = result.said;
      assert.deepEqual(seen, ['user', 'expired']);
      assert.equal(last.size, ROUNDS, 'each time classes of its own');
      // One of a pool's may come late; one for each time would be sixty.
      assert.ok(
        last.threads <= first.threads + 4,
        `${first.threads} threads, then ${last.threads}`,
      );
      const grown = (last.heap - first.heap) / ROUNDS;
      const most = MOST_GROWTH_KIB + (title === WITH_ADDON ? ADDON_KIB : 0);
      assert.ok(grown < most, `${grown.toFixed(1)} KiB each time`);
    });
  }
});
