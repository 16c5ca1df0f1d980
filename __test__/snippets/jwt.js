'use strict';

const fs = require('node:fs');
const path = require('node:path');

const { BAD_TOKEN, HELLO, granted } = require('../support/snippets/common.js');

const HERE = { to: '/api/hello' };

/** The tenant's keys, as a file beside the snippet. */
async function writeKeys({ tenant, directory }) {
  const response = await fetch(`${tenant.tenantDomain}/.well-known/openid-configuration/jwks`);
  fs.writeFileSync(path.join(directory, 'jwks.json'), await response.text());
}

module.exports = {
  page: 'docs/jwt.md',
  snippets: {
    'Looking at one token': {
      setup: async ({ tenant }) => ({
        env: { TOKEN: await tenant.issueToken({ scopes: ['posts:write'] }) },
      }),
      ends: /^insufficient_scope missing_scopes \{ aud: 'https:\/\/api.example.com', scope: 'posts:write' \}\n$/,
    },
    'Times and clocks': { ends: /^300 passes\n10 expired\n$/ },
    Audiences: {
      requests: [
        ...HELLO,
        {
          ...HERE,
          token: { audience: ['https://else.example.com', 'https://api.example.com/v2'] },
          answer: granted('hello'),
        },
        { ...HERE, token: { audience: 'https://else.example.com' }, answer: BAD_TOKEN },
        { ...HERE, token: () => 'rubbish', answer: BAD_TOKEN },
      ],
    },
    'Keys from elsewhere': {
      async setup(context) {
        await writeKeys(context);
        const token = await context.tenant.issueToken({ subject: 'ada' });
        return { env: { TOKEN: token } };
      },
      ends: /^signed for ada\n$/,
    },
    'Keys from elsewhere 2': {
      ownTenant: true,
      async setup(context) {
        await writeKeys(context);
        await context.tenant.close();
      },
      requests: HELLO,
    },
  },
};
