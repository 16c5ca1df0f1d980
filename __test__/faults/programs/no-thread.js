'use strict';

// First requests without any further thread, and known keys without one.

const fs = require('node:fs');
const { scenario } = require('./scenario.js');

module.exports = scenario(async ({ input, say, client, judge, untilWell, step }) => {
  // What libuv needs for `fs` is there before.
  await fs.promises.readFile(input.steps);
  await step('none');
  for (let i = 0; i < 10; i += 1) say(await judge(client, i % 2 ? 'opaque' : input.token));
  await step('many');
  await untilWell(client, input.token);
  await untilWell(client, 'opaque');
  await step('none again');
  say(await judge(client, input.token));
  say(await judge(client, input.expired));
  await step('many again');
  await untilWell(client, 'another');
});
