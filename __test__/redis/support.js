'use strict';

// What the tests of `createRedisCache` share. Loaded, it keeps the environment of whoever runs the tests out of them,
// and asserts that no rejection was left unhandled.

const assert = require('node:assert/strict');
const { after, beforeEach } = require('node:test');

const SCOPE = { tenantDomain: 'https://tenant.example', audience: 'https://api.example' };
const SECRET = '0123456789abcdef0123456789abcdef';

const CLAIMS = {
  iss: 'https://tenant.example',
  sub: 'user äöü 🙂',
  aud: ['https://api.example'],
  exp: 4_102_444_800,
  iat: 1,
  groups: [{ id: 'a', name: 'b' }],
  cnf: { 'x5t#S256': 'x' },
};

const inSeconds = (seconds) => Date.now() / 1000 + seconds;

const VARIABLES = ['MONOCLOUD_BACKEND_TENANT_DOMAIN', 'MONOCLOUD_BACKEND_AUDIENCE'];
const saved = VARIABLES.map((name) => process.env[name]);
const faults = [];
const onFault = (fault) => faults.push(fault);

beforeEach(() => {
  for (const name of VARIABLES) delete process.env[name];
});

after(() => {
  VARIABLES.forEach((name, i) => {
    if (saved[i] !== undefined) process.env[name] = saved[i];
  });
});

process.on('unhandledRejection', onFault);

after(() => {
  process.off('unhandledRejection', onFault);
  assert.deepEqual(faults, []);
});

module.exports = { CLAIMS, SCOPE, SECRET, VARIABLES, inSeconds };
