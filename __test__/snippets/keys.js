'use strict';

const assert = require('node:assert/strict');

const { FORBIDDEN, HELLO, NO_TOKEN, UNAUTHORIZED } = require('../support/snippets/common.js');

module.exports = {
  page: 'docs/keys.md',
  snippets: {
    'A rotation': { ends: /^before 1\nafter 2\nbefore 2\n$/ },
    'Withdrawing a key quickly': {
      ownTenant: true,
      requests: [
        ...HELLO,
        { to: '/admin/keys', method: 'POST', answer: NO_TOKEN },
        { to: '/admin/keys', method: 'POST', token: {}, answer: FORBIDDEN },
        async ({ base, send, tenant }) => {
          const ask = async (method, path, token) => {
            const headers = { authorization: `Bearer ${token}` };
            const { status, text } = await send(base + path, { method, headers });
            return { status, json: JSON.parse(text) };
          };
          const token = await tenant.issueToken({ scopes: ['keys:refresh'] });
          const before = await ask('POST', '/admin/keys', token);
          assert.equal(before.status, 200);
          assert.ok(before.json.keys > 0);
          await tenant.rotateKeys({ keepOld: false });
          assert.equal((await ask('GET', '/api/hello', token)).status, 200);
          assert.equal((await ask('POST', '/admin/keys', token)).status, 200);
          assert.deepEqual(await ask('GET', '/api/hello', token), UNAUTHORIZED);
        },
      ],
    },
    'An outage': { ends: /^passes\npasses stale\nMonoCloudHttpError connection_failed expired\n$/ },
    'An outage 2': {
      check({ text }) {
        assert.match(text, module.exports.snippets['An outage'].ends);
      },
    },
    // One more lookup is allowed each 10 seconds.
    'A flood of unknown keys': { ends: /^unknown_key (2 3|3 4|4 5|5 6|6 7|7 8)\n$/ },
  },
};
