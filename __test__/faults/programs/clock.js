'use strict';

// What comes of every token, before and after the test has set the wall clock of this process.

const { scenario } = require('./scenario.js');

module.exports = scenario(async ({ input, say, client, judge, until, untilWell, step }) => {
  const begun = Date.now() / 1000;
  const judgeAll = async () => {
    const judged = {};
    for (const [name, token] of Object.entries(input.tokens)) {
      const { value, reason } = await judge(client, token);
      judged[name] = value ?? reason;
    }
    say(judged);
  };
  await judgeAll();
  for (const [name, seconds] of input.clock) {
    await step(name);
    await until(() => Math.abs(Date.now() / 1000 - begun - seconds) < 600);
    await judgeAll();
  }
  if (input.recovers) {
    say(await judge(client, input.tokens.long));
    await step('reachable');
    await untilWell(client, input.tokens.long);
  }
  say(client.stats().jwksRequests);
});
