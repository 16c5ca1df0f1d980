'use strict';

// Rounds of forged, long and good tokens, and of tenants whose documents are endless or deep.

const { scenario } = require('./scenario.js');

module.exports = scenario(async ({ input, say, clients, judge, step }) => {
  const [client, ...broken] = clients;
  const reasons = {};
  const ask = async (to, tokens) => {
    const judged = await Promise.all(tokens.map((token) => judge(to, token)));
    for (const { value, reason } of judged) {
      reasons[value ?? reason] = (reasons[value ?? reason] ?? 0) + 1;
    }
  };
  const askAll = (tokens) => ask(client, tokens);
  await askAll([input.token, 'opaque']);
  await step('limited');
  const long = 'a'.repeat(16 * 1024 - 20);
  for (let round = 0; round < input.rounds; round += 1) {
    const each = Array.from({ length: 20 }, (_, i) => `${i}-${round}`);
    await askAll(each.map((i) => input.token + i));
    await askAll(each.map((i) => long + i));
    await askAll(each.map((i) => long + long + i));
    await askAll(each.map((i) => i + 'e'.repeat(2 ** 20)));
    await askAll(each.map(() => input.token));
    for (const to of broken) await ask(to, [input.token, `opaque${round}`]);
  }
  say(reasons);
  say(await judge(client, input.token));
});
