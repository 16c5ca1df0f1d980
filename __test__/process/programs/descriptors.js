'use strict';

// Clients of a process that takes every file descriptor there is, and gives them back.

const fs = require('node:fs');
const { MonoCloudBackendNodeClient } = require('../../../js/index.js');

const held = [];

function takeAll() {
  try {
    for (;;) held.push(fs.openSync('/dev/null'));
  } catch ({ code }) {
    if (code !== 'EMFILE') throw new Error(code);
  }
}

function giveBack() {
  for (const descriptor of held.splice(0)) fs.closeSync(descriptor);
}

const CASES = {
  async 'first requests'({ input, say, client, judge, untilWell }) {
    takeAll();
    for (let i = 0; i < 20; i += 1) say(await judge(client, i % 2 ? 'opaque' : input.token));
    giveBack();
    say(await untilWell(client, input.token));
    say(await untilWell(client, 'opaque'));
  },

  async 'known keys'({ input, say, client, judge, untilWell }) {
    say(await judge(client, input.token));
    takeAll();
    say(await judge(client, input.token));
    say(await judge(client, input.expired));
    // One whose kept connection is there: it may be used, or a new one may be needed.
    say(await judge(client, input.unknown));
    giveBack();
    say(await untilWell(client, input.token));
  },

  /** The system's own roots can't be had at the first request, which is when they are read. */
  async 'roots of the system'({ input, say, client, judge, untilWell }) {
    // So that the threads are there already, and what fails is the reading.
    const other = new MonoCloudBackendNodeClient(input.other);
    await judge(other, 'opaque');
    takeAll();
    say(await judge(client, input.token));
    giveBack();
    say(await untilWell(client, input.token));
  },
};

module.exports = ({ input, outcome, say }) => {
  const judge = (client, token) =>
    outcome(async () => (await client.validateAccessToken(token)).sub);
  /** After a failure the tenant is left alone for a moment. */
  const untilWell = async (client, token) => {
    for (const deadline = Date.now() + 15_000; ; ) {
      const { value, ...failure } = await judge(client, token);
      if (value !== undefined || Date.now() > deadline) return value ?? failure;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const client = new MonoCloudBackendNodeClient(input.options);
  return CASES[input.name]({ input, say, client, judge, untilWell });
};
