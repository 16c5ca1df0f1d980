'use strict';

// What other code in the process has done to prototypes and globals lets nobody in (./programs/attacks.js).

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');

const { all } = require('../support/frameworks.js');
const { runProgram } = require('./run.js');

const NAMES = ['Express 5', 'Fastify 5', 'Hono', 'Koa 3', 'Nest 11 on express', 'web'];
// Some are for Node.js 20 and later.
const FRAMEWORKS = NAMES.filter((name) => all.some((known) => known.name === name));

for (const framework of FRAMEWORKS) {
  describe(`${framework}, and methods that a program has replaced`, () => {
    it('lets nobody in, and answers', async () => {
      const { said } = await runProgram('shared', { args: ['replaced', framework] });
      assert.ok(Object.keys(said).length > 70);
      for (const [attack, rounds] of Object.entries(said)) {
        for (const [round, wrong] of Object.entries(rounds)) {
          if (round === 'notSetUp') continue;
          assert.deepEqual(wrong.letIn, [], `${attack}, ${round}`);
          assert.deepEqual(wrong.unanswered, [], `${attack}, ${round}`);
        }
      }
      assert.deepEqual(said.beforehand.before.refused, []);
    });
  });

  describe(`${framework}, and names on Object.prototype`, () => {
    it('lets nobody in, refuses nobody, and answers', async () => {
      const { said } = await runProgram('shared', { args: ['polluted', framework] });
      assert.ok(Object.keys(said).length > 20);
      const nothing = { letIn: [], refused: [], unanswered: [] };
      for (const [attack, rounds] of Object.entries(said)) {
        for (const [round, wrong] of Object.entries(rounds)) {
          // Node.js leaves the header out where its object inherits one of that name. Hono's own c.json() fails
          // where an object inherits what can be enumerated and is no string.
          const theirs =
            /^authorization/.test(attack) || (framework === 'Hono' && !/not enum/.test(attack));
          const refused = theirs ? [] : wrong.refused;
          assert.deepEqual({ ...wrong, refused }, nothing, `${attack}, ${round}`);
        }
      }
    });
  });
}
