'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');

const { root } = require('../support/snippets/pages.js');
const { environment, run } = require('../support/programs.js');
const { client, server } = require('../support/snippets/common.js');
const { sendJson, startFaultyTenant } = require('../support/faulty-tenant.js');

const skip = process.platform === 'win32' && 'its snippets are for a POSIX shell';

/** Runs a shell snippet in a project that has the package installed, its command among it. */
async function inShell(snippet, { directory, env }) {
  assert.equal(snippet.language, 'sh');
  const bin = path.join(directory, 'node_modules', '.bin');
  fs.mkdirSync(bin, { recursive: true });
  fs.writeFileSync(path.join(directory, 'package.json'), '{ "private": true }\n');
  const target = path.join(root, 'js', 'bin.js');
  fs.symlinkSync(target, path.join(bin, 'monocloud-backend'));
  return run('sh', ['-c', snippet.text], { cwd: directory, env: environment(env) });
}

const shell = (status, prints, more) => ({
  skip,
  ...more,
  async check(snippet, context) {
    const ended = await inShell(snippet, context);
    assert.equal(ended.status, status, ended.output);
    assert.match(ended.output, prints);
  },
});

/** Three things wrong at once. */
const REFUSED = { audience: 'https://api.example.com/', expiresIn: -420, scopes: ['data:read'] };

const issue =
  (options) =>
  async ({ tenant }) => ({
    env: { TOKEN: await tenant.issueToken(options) },
  });

module.exports = {
  page: 'docs/doctor.md',
  snippets: {
    'The doctor': shell(0, /^✓ introspection .*\n\nNothing has to be mended\.\n$/m),
    'A token that is refused': shell(1, /1 check failed\.\n$/, { setup: issue(REFUSED) }),
    'A token that is refused 2': {
      skip,
      setup: issue(REFUSED),
      // What is printed on the page is what is printed.
      async check(snippet, context) {
        const command =
          'echo "$TOKEN" | npx monocloud-backend doctor --token - --scope data:read --scope data:write';
        const { output } = await inShell({ language: 'sh', text: command }, context);
        assert.ok(output.includes(`\n${snippet.text}`), output);
      },
    },
    'Settings that are not in the environment': {
      file: 'protect-options.mjs',
      usedBy: 'Settings that are not in the environment 2',
    },
    'Settings that are not in the environment 2': shell(0, /^✓ introspection/m, {
      async setup({ directory, after }) {
        const tls = {
          key: server.key,
          cert: server.cert,
          requestCert: true,
          rejectUnauthorized: false,
        };
        const tenant = await startFaultyTenant({ tls });
        after(() => tenant.close());
        tenant.on('introspection', (request, response) => {
          const { raw } = request.socket.getPeerCertificate();
          const isClient =
            raw?.toString('base64') === client.cert.replaceAll(/-----.*-----|\s/g, '');
          sendJson(response, isClient ? { active: false } : {}, isClient ? 200 : 401);
        });
        const source = path.join(directory, '..', 'protect-options.mjs');
        fs.copyFileSync(source, path.join(directory, 'protect-options.mjs'));
        return {
          env: {
            MONOCLOUD_BACKEND_TENANT_DOMAIN: tenant.origin,
            MONOCLOUD_BACKEND_CLIENT_SECRET: undefined,
          },
        };
      },
    }),
    'In CI': shell(1, /^\[ 'introspection' \]\n$/, {
      env: { MONOCLOUD_BACKEND_CLIENT_SECRET: 'not the one that the tenant knows' },
    }),
    'In your program': {
      setup: issue(REFUSED),
      ends: /^false 401\naudience: audience_mismatch\. The token's audience has a slash.*\nexpiration: expired\. .*\nscopes: missing_scopes\. Have the client ask for "data:write".*\n$/,
    },
  },
};
