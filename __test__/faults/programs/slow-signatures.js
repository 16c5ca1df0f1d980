'use strict';

// Slow signatures at once, without another thread to verify them.

const { scenario } = require('./scenario.js');

module.exports = scenario(async ({ input, say, client, judge, step }) => {
  say(await judge(client, input.tokens.pop()));
  await step('none');
  for (const each of await Promise.all(input.tokens.map((token) => judge(client, token))))
    say(each);
});
