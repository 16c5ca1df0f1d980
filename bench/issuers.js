'use strict';

// npm run bench -- --only issuers: a seen token at a client of 100 issuers, over the same token at a client of
// its issuer alone. Mark: at most 3 % more.

const { MonoCloudBackendNodeClient } = require('..');
const { createTestTenant } = require('../js/testing');
const { conditions } = require('./support/machine.js');
const { alternate, ratios, summary } = require('./support/stats.js');

const ISSUERS = 100;
const CALLS = 20_000;
const ROUNDS = { full: 41, quick: 5 };

async function run({ quick, progress }) {
  const tenant = await createTestTenant();
  try {
    const token = await tenant.issueToken();
    const { tenantDomain, audience } = tenant;
    const others = Array.from({ length: ISSUERS - 1 }, (_, i) => ({
      issuer: `https://tenant-${i}.example`,
      audience,
    }));
    const clients = {
      one: new MonoCloudBackendNodeClient({ tenantDomain, audience }),
      many: new MonoCloudBackendNodeClient({
        issuers: [...others, { issuer: tenantDomain, audience }],
      }),
    };
    const measure = (name) => nanoseconds(clients[name], token);
    progress('issuers');
    await alternate(['one', 'many'], 2, measure);
    const values = await alternate(['one', 'many'], quick ? ROUNDS.quick : ROUNDS.full, measure);
    return { ...conditions(), ratio: summary(ratios(values.many, values.one)) };
  } finally {
    await tenant.close();
  }
}

/** The time of one call, as the mean of many. */
async function nanoseconds(client, token) {
  const start = process.hrtime.bigint();
  for (let i = 0; i < CALLS; i += 1) await client.validateAccessToken(token);
  return Number(process.hrtime.bigint() - start) / CALLS;
}

const section = ({ ratio: { median, low, high } }) => `## Several issuers

A seen token costs ${median.toFixed(3)} (quartiles ${low.toFixed(3)} and ${high.toFixed(3)}) times as much at a client of
${ISSUERS} issuers as at a client of one.
`;

module.exports = { run, section };
