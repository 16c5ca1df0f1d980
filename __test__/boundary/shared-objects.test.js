'use strict';

// What other code in the process has done to prototypes and globals lets nobody in (./programs/attacks.js).

const assert = require('node:assert/strict');
const { before, describe, it } = require('node:test');

const { all } = require('../support/frameworks.js');
const { runProgram } = require('../support/child.js');

const NAMES = ['Express 5', 'Fastify 5', 'Hono', 'Koa 3', 'Nest 11 on express', 'web'];
// Some are for Node.js 20 and later.
const FRAMEWORKS = NAMES.filter((name) => all.some((known) => known.name === name));

for (const framework of FRAMEWORKS) {
  describe(`${framework}, and what a program has done to what it shares`, () => {
    let said;
    before(async () => {
      ({ said } = await runProgram('boundary/programs/shared.js', { args: [framework] }));
    });

    it('lets nobody in, and answers, where methods are replaced', () => {
      const { replaced } = said;
      assert.ok(Object.keys(replaced).length > 70);
      for (const [attack, rounds] of Object.entries(replaced)) {
        for (const [round, wrong] of Object.entries(rounds)) {
          if (round === 'notSetUp') continue;
          assert.deepEqual(wrong.letIn, [], `${attack}, ${round}`);
          assert.deepEqual(wrong.unanswered, [], `${attack}, ${round}`);
        }
      }
      assert.deepEqual(replaced.beforehand.before.refused, []);
    });

    it('lets nobody in, refuses nobody, and answers, with names on Object.prototype', () => {
      const { polluted } = said;
      assert.ok(Object.keys(polluted).length > 20);
      const nothing = { letIn: [], refused: [], unanswered: [] };
      for (const [attack, rounds] of Object.entries(polluted)) {
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
