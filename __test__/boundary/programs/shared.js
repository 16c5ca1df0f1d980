'use strict';

// Attacks on what the process shares, one after the other, on APIs that were there before each one and on
// those that are set up while it lasts: node shared.js FRAMEWORK. Prints what went wrong, by attack.

const [framework] = process.argv.slice(2);
const WAYS = ['cached', 'spreading'];

// Loaded before any attack; nothing is promised for a package that is loaded under one.
require('@monocloud/backend-node/express');
require('@monocloud/backend-node/fastify');
const { optionTable, environmentNames } = require('../../../js/core/bridge.js');
const { pollutions, replaced } = require('./attacks.js');
const { startRig } = require('./rig.js');

const optionNames = optionTable.map(({ name }) => name);
const TOP = optionNames.filter((name) => !name.includes('.'));
const MEMBERS = optionNames.map((name) => name.split('.').pop());
const ROUTE = ['scopes', 'validateCertificateBinding', 'clientCertificate', 'jwks'];
const RESOLVERS = ['tokenResolver', 'certificateResolver', 'validateAccessToken'];
// Names that the frameworks themselves read from plain objects.
const THEIRS = ['get', 'set', 'delete', 'key', 'cert', 'ca', 'passphrase', 'cache', 'mode'];
const NAMES = [...new Set([...TOP, ...MEMBERS, ...ROUTE, ...RESOLVERS, ...environmentNames])];

/** What came of these attacks, by name. */
async function attacked(rig, attacks) {
  const early = await rig.serve();
  const results = { beforehand: { before: await rig.round(early) } };
  for (const [name, attack] of Object.entries(attacks)) {
    const result = {};
    results[name] = result;
    // Shown where the program has to be ended.
    process.stderr.write(`${name}\n`);
    const undo = attack();
    try {
      result.during = await rig.round(early);
      try {
        result.late = await rig.round(await rig.serve());
      } catch (error) {
        result.notSetUp = String(error?.message ?? error);
      }
    } finally {
      undo();
    }
    await rig.closeOthers(early);
  }
  results.afterwards = { after: await rig.round(early) };
  await rig.closeOthers([]);
  return results;
}

async function main() {
  const rig = await startRig({ names: [framework], ways: WAYS });
  const names = NAMES.filter((name) => !THEIRS.includes(name));
  const results = {
    replaced: await attacked(rig, replaced),
    polluted: await attacked(rig, pollutions(names, { jwks: rig.jwks })),
  };
  await rig.close();
  process.stdout.write(JSON.stringify(results));
}

main();
