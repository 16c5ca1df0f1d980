'use strict';

// Introspections before and after a proxy has forgotten its idle connections.

const { scenario } = require('./scenario.js');

module.exports = scenario(async ({ input, say, client, judge, step }) => {
  say(await judge(client, 'first'));
  await step('forgotten');
  const begun = Date.now();
  say(await judge(client, 'second'));
  say(Date.now() - begun);
  say(await judge(client, 'third'));
  say(await judge(client, input.token));
});
