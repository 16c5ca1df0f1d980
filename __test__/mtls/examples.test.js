'use strict';

// The mTLS guide of the vendor's documentation and its twin for Express, compiled and run as they are,
// with real certificates and with tokens that oidc-provider has bound to them.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');

const { createCa, createClientCert, createServerCert } = require('../support/certs.js');
const { compile } = require('../support/compiler.js');
const { startOidcProvider } = require('../support/oidc/index.js');
const { withServer } = require('../support/programs.js');
const { decode, request } = require('./support.js');

const ROOT = path.resolve(__dirname, '../..');

const ca = createCa();
const clientCa = createCa({ name: 'Client CA' });
const server = createServerCert(ca);
const own = createClientCert(clientCa, { san: ['DNS:own.client.test'] });
const other = createClientCert(clientCa, { san: ['DNS:other.client.test'] });

// The programs name their files so. Windows has no such names.
const skip = process.platform === 'win32' ? 'there are no such file names here' : false;

describe('the mTLS examples', { skip }, () => {
  let provider;
  let directory;
  let tokens;

  before(async () => {
    provider = await startOidcProvider({
      algorithms: ['RS256'],
      tls: { ...server, ca: ca.cert },
      mtls: { ca: clientCa.cert },
      clients: [
        {
          client_id: 'own',
          grant_types: ['client_credentials'],
          redirect_uris: [],
          response_types: [],
          token_endpoint_auth_method: 'tls_client_auth',
          tls_client_auth_san_dns: 'own.client.test',
          tls_client_certificate_bound_access_tokens: true,
        },
      ],
    });
    tokens = {
      bound: [
        await provider.token({ clientId: 'own', certificate: own }),
        await provider.opaqueToken({ clientId: 'own', certificate: own }),
      ],
      free: await provider.token(),
    };
    const cache = path.join(ROOT, 'node_modules', '.cache');
    fs.mkdirSync(cache, { recursive: true });
    directory = fs.mkdtempSync(path.join(cache, 'mtls-examples-'));
    fs.writeFileSync(path.join(directory, 'ca.pem'), ca.cert);
    // Inside node_modules no package finds itself by its own name.
    fs.mkdirSync(path.join(directory, 'node_modules', '@monocloud'), { recursive: true });
    const link = path.join(directory, 'node_modules', '@monocloud', 'backend-node');
    fs.symlinkSync(ROOT, link, 'junction');
  });
  after(async () => {
    await provider?.close();
    if (directory !== undefined) fs.rmSync(directory, { recursive: true, force: true });
  });

  /** What a user does with .env.example: copies it and puts the own values in. */
  function dotenv(example) {
    const { clientId, clientSecret } = provider.clients.post;
    const values = {
      MONOCLOUD_BACKEND_TENANT_DOMAIN: provider.issuer,
      MONOCLOUD_BACKEND_AUDIENCE: provider.audience,
      MONOCLOUD_BACKEND_CLIENT_ID: clientId,
      MONOCLOUD_BACKEND_CLIENT_SECRET: clientSecret,
    };
    return example.replace(/^(\w+)=.*$/gm, (_, name) => {
      assert.ok(name in values, `${name} is no variable of ours`);
      return `${name}=${values[name]}`;
    });
  }

  function build(project) {
    const out = path.join(directory, path.basename(project));
    const options = { noEmit: false, rootDir: project, outDir: out };
    assert.equal(compile(project, 'tsconfig.json', options, { emit: true }), '');
    const example = fs.readFileSync(path.join(project, '.env.example'), 'utf8');
    fs.writeFileSync(path.join(out, '.env'), dotenv(example));
    fs.writeFileSync(path.join(out, '<your-server-key.pem>'), server.key);
    fs.writeFileSync(path.join(out, '<your-server-cert.pem>'), server.cert);
    return out;
  }

  for (const framework of ['fastify', 'express']) {
    it(`examples/mtls-${framework} lets a token in with its certificate alone`, async () => {
      const project = path.join(ROOT, 'examples', `mtls-${framework}`);
      const files = fs.readdirSync(project).filter((file) => /ts$/.test(file));
      assert.deepEqual(files, ['server.ts'], 'every program is run here');
      const out = build(project);
      const env = { NODE_EXTRA_CA_CERTS: path.join(directory, 'ca.pem') };
      await withServer(path.join(out, 'server.js'), out, env, letsIn);
    });
  }

  async function letsIn(port, printed) {
    for (const version of ['TLSv1.2', 'TLSv1.3']) {
      const tls = { ca: ca.cert, minVersion: version, maxVersion: version };
      const ask = (token, identity, session) =>
        request(`https://127.0.0.1:${port}/api/data`, {
          token,
          tls: { ...tls, cert: identity?.cert, key: identity?.key, session },
        });
      const refused = async (answering, challenge = 'Bearer error="invalid_token"') => {
        const answer = await answering;
        assert.equal(answer.status, 401, printed());
        assert.deepEqual(answer.json, { message: 'unauthorized' });
        assert.equal(answer.headers['www-authenticate'], challenge);
        return answer;
      };

      await refused(ask(undefined, own), 'Bearer');
      await refused(ask('rubbish.rubbish.rubbish', own));
      await refused(ask(tokens.free, own));
      for (const token of tokens.bound) {
        const answer = await ask(token, own);
        assert.equal(answer.status, 200, printed());
        assert.deepEqual(answer.json.claims.cnf, { 'x5t#S256': own.thumbprint });
        await refused(ask(token, other));
        const { session } = await refused(ask(token));
        const resumed = await refused(ask(token, own, session));
        assert.equal(resumed.reused, true);
      }
      const { json } = await ask(tokens.bound[0], own);
      assert.deepEqual(json.claims, decode(tokens.bound[0]));
    }
    assert.match(printed(), /HTTPS server running on https:\/\/localhost:3000/);
    assert.ok(!printed().includes('BEGIN CERTIFICATE'));
  }

  it('examples/mtls-fastify is the guide, word for word', () => {
    const read = (file) => fs.readFileSync(path.join(ROOT, file), 'utf8');
    // The line above it is ours, and so are indentation and quotes in the example.
    const [, guide] = read('__test__/types/seeds/fastify-mtls.mts').split('// As documented:\n');
    const words = (text) => text.replaceAll('"', "'").split(/\s+/).join(' ').trim();
    assert.equal(words(read('examples/mtls-fastify/server.ts')), words(guide));
  });
});
