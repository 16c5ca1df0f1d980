'use strict';

// What the programs of these tests share: clients, what comes of their tokens, and the steps of the test.

const fs = require('node:fs');
const { MonoCloudBackendNodeClient } = require('../../../js/index.js');

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function until(holds) {
  while (!(await holds())) await pause(20);
}

/**
 * A program for `runFaulty`.
 * @param {(scenario: object) => Promise<void>} run gets what `runScript` gives, and:
 *   `clients`, one for each of the options in `input.options`, and `client`, the first;
 *   `judge(client, token)`, what comes of a token; `untilWell`, the same until the token is accepted;
 *   `step(name)`, which tells the test a step and waits until the test has done it; `until(holds)`
 */
function scenario(run) {
  return async ({ input, outcome, say }) => {
    const clients = [input.options].flat().map((each) => new MonoCloudBackendNodeClient(each));
    const judge = (client, token) =>
      outcome(async () => (await client.validateAccessToken(token)).sub);
    const untilWell = async (client, token) => {
      await until(async () => (await judge(client, token)).value !== undefined);
      say('well');
    };
    const step = async (name) => {
      say({ step: name });
      await until(() => fs.readFileSync(input.steps, 'utf8').includes(name));
    };
    await run({ input, say, clients, client: clients[0], judge, until, untilWell, step });
  };
}

module.exports = { scenario };
