'use strict';

// What other code in the process has done to prototypes and globals lets nobody in (./programs/attacks.js).

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');

const { runProgram } = require('./run.js');

for (const framework of ['Express 5', 'Fastify 5']) {
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
          // Node.js leaves the header out where its object inherits one of that name.
          const refused = /^authorization/.test(attack) ? [] : wrong.refused;
          assert.deepEqual({ ...wrong, refused }, nothing, `${attack}, ${round}`);
        }
      }
    });
  });
}
