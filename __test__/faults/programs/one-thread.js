'use strict';

// First requests where one further thread is all there may be.

const fs = require('node:fs');
const { scenario } = require('./scenario.js');

module.exports = scenario(async ({ input, say, client, judge, untilWell, step }) => {
  await fs.promises.readFile(input.steps);
  await step('one');
  const begun = Date.now();
  const tokens = Array.from({ length: 10 }, (_, i) => (i % 2 ? 'opaque' : input.token));
  for (const failed of await Promise.all(tokens.map((token) => judge(client, token)))) say(failed);
  say(Date.now() - begun);
  await step('many');
  await untilWell(client, input.token);
  await untilWell(client, 'opaque');
});
