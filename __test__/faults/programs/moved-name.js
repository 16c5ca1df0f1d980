'use strict';

// Tokens of a tenant whose name moves to another address, is gone, and comes back.

const { scenario } = require('./scenario.js');

module.exports = scenario(async ({ input, say, client, judge, untilWell, step }) => {
  say(await judge(client, input.token));
  say(await judge(client, 'opaque'));
  await step('moved');
  await untilWell(client, 'opaque 2');
  await step('gone');
  say(await judge(client, 'opaque 3'));
  say(await judge(client, input.token));
  await step('back');
  await untilWell(client, 'opaque 4');
});
