'use strict';

// A tenant whose metadata points elsewhere: to a stranger's keys, into our own network, to our files.
// What it names is asked only if it is https, or loopback where the tenant itself is there; a redirect
// is never followed. More of what a bad tenant may send is in ../bad-input/tenants.test.js.

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');

const { createClientCert } = require('../support/certs.js');
const { answerText, inHouse } = require('./support.js');
const { startTally } = require('../support/tally.js');
const { makeKey, setOf, startServer } = require('../support/tokens.js');

const tally = startTally('incidents/metadata');
const evil = makeKey('ES256', { kid: 'key' });

describe('metadata that points elsewhere', { concurrency: 4 }, () => {
  const requests = [];
  let listener;
  before(async () => {
    listener = await startServer((request, response) => {
      requests.push(`${request.method} ${request.url}`);
      const isMetadata = request.url.startsWith('/.well-known');
      const keys = setOf(evil);
      const body = isMetadata ? { issuer: listener.url, jwks_uri: `${listener.url}/jwks` } : keys;
      answerText(JSON.stringify({ active: true, ...body }))(request, response);
    });
  });
  after(async () => {
    await listener.close();
    // The stranger may be named where loopback is allowed; it is for nobody else to be asked.
    assert.deepEqual(
      requests.filter((request) => !request.startsWith('GET /allowed')),
      [],
    );
  });

  /** A tenant that answers its metadata with other members is out of reach, and so is what it named. */
  async function outOfReach(change, reason, { token, options } = {}) {
    await inHouse(tally, { options }, async (house) => {
      const members = change(house.tenant);
      const note = JSON.stringify(members);
      house.serve('discovery', JSON.stringify({ ...house.tenant.metadata(), ...members }));
      await house.refuses(token ?? house.tenant.token(), reason, { note });
      await house.refuses(token ?? house.sign(evil), reason, { note });
      const { jwks, introspection, other } = house.tenant.requests;
      // With `token` it is the tenant's own endpoint that must not have been asked instead.
      assert.deepEqual({ introspection, other }, { introspection: 0, other: 0 }, note);
      if (token === undefined) assert.equal(jwks, 0, note);
    });
  }

  it('to another issuer', async () => {
    const others = [
      () => listener.url,
      () => 'https://other.example',
      () => '',
      () => null,
      () => 0,
      ({ issuer }) => [issuer],
      ({ issuer }) => ({ 0: issuer }),
      ({ issuer }) => `${issuer}/`,
      ({ issuer }) => `${issuer}#`,
      ({ issuer }) => `${issuer}\0`,
      ({ issuer }) => issuer.replace('127.0.0.1', 'localhost'),
      ({ issuer }) => issuer.replace('127.0.0.1', '127.1'),
      ({ issuer }) => issuer.replace('http', 'https'),
      ({ issuer }) => issuer.replace('http', 'HTTP'),
      ({ issuer }) => issuer.replace('http', 'һttp'),
      ({ issuer }) => ` ${issuer}`,
      ({ issuer }) => `${issuer}.other.example`,
      () => undefined,
    ];
    for (const issuer of others) {
      const change = (tenant) => ({ issuer: issuer(tenant), jwks_uri: `${listener.url}/jwks` });
      await outOfReach(change, 'unreadable_response');
    }
  });

  // Where a request for keys or about a token may not go.
  const FORBIDDEN = {
    'http on the internet': () => 'http://tenant.example.com/x',
    'http on an address': () => 'http://93.184.216.34/x',
    'http in a private network': () => 'http://10.0.0.1/x',
    'http in another private network': () => 'http://192.168.0.1/x',
    'http on a link-local address': () => 'http://169.254.169.254/latest/meta-data/iam',
    'http on a link-local address, as a number': () => 'http://2852039166/latest/meta-data',
    'http on a link-local address, in IPv6': () => 'http://[::ffff:169.254.169.254]/latest',
    'http on any address': () => 'http://0.0.0.0/x',
    'http to a name that says localhost': () => 'http://localhost.example.com/x',
    'http to a name that begins with loopback': () => 'http://127.0.0.1.example.com/x',
    'http to Google’s metadata': () => 'http://metadata.google.internal/computeMetadata/v1',
    file: () => 'file:///etc/passwd',
    'file on loopback': () => 'file://127.0.0.1/etc/passwd',
    ftp: () => 'ftp://127.0.0.1/x',
    gopher: () => 'gopher://127.0.0.1:6379/_FLUSHALL',
    data: () => 'data:application/json,{"keys":[]}',
    blob: () => 'blob:https://tenant.example.com/x',
    javascript: () => 'javascript:alert(1)',
    'a socket': () => 'unix:/var/run/docker.sock',
    websocket: () => 'ws://127.0.0.1/x',
    'a path': () => '/x',
    'a name': () => 'x',
    'no scheme': ({ issuer }) => issuer.replace('http:', ''),
    'no slashes': ({ issuer }) => `${issuer.replace('//', '')}/x`,
    'one slash': () => 'https:/tenant.example.com/x',
    'no host': () => 'https:///',
    backslashes: ({ issuer }) => `${issuer.replace('//', '\\\\')}/x`,
    'user and password': ({ issuer }) => `${issuer.replace('//', '//user:password@')}/x`,
    'a user': ({ issuer }) => `${issuer.replace('//', '//user@')}/x`,
    'a password': ({ issuer }) => `${issuer.replace('//', '//:password@')}/x`,
    'the issuer for user': ({ issuer }) =>
      `${listener.url.replace('//', `//${new URL(issuer).host}@`)}/x`,
    'a line break': ({ issuer }) => `${issuer}\n/x`,
    'a tab in the scheme': ({ issuer }) => issuer.replace('http', 'ht\ttp'),
    'a space before it': ({ issuer }) => ` ${issuer}/x`,
    'a header in it': ({ issuer }) => `${issuer}/x HTTP/1.1\r\nx-injected: 1\r\n`,
    'an empty one': () => '',
  };

  for (const [what, url] of Object.entries(FORBIDDEN)) {
    it(`jwks_uri: ${what}`, () =>
      outOfReach((tenant) => ({ jwks_uri: url(tenant) }), 'forbidden_url'));

    it(`introspection_endpoint: ${what}`, async () => {
      const options = { clientId: 'api', clientSecret: 'a secret that nobody gets' };
      const change = (tenant) => ({ introspection_endpoint: url(tenant) });
      await outOfReach(change, 'forbidden_url', { token: 'opaque', options });
    });

    it(`an alias for mutual TLS: ${what}`, async () => {
      const { cert, key } = createClientCert();
      const options = { clientId: 'api', clientAuthMethod: 'tls_client_auth', tls: { cert, key } };
      const change = (tenant) => ({
        mtls_endpoint_aliases: { introspection_endpoint: url(tenant) },
      });
      await outOfReach(change, 'forbidden_url', { token: 'opaque', options });
    });
  }

  it('a tenant on the internet may not send us to loopback', async () => {
    // Its documents come by a fetcher: nobody owns an internet to test with.
    const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
    const tenantDomain = 'https://tenant.example.com';
    const uris = [
      `${listener.url}/jwks`,
      'http://localhost/jwks',
      'http://[::1]/jwks',
      'http://127.1/jwks',
    ];
    for (const jwksUri of uris) {
      tally.inputs += 1;
      const asked = [];
      const client = new MonoCloudBackendNodeClient({
        tenantDomain,
        audience: 'https://api.example.com',
        fetcher: async (url) => {
          asked.push(url);
          return new Response(JSON.stringify({ issuer: tenantDomain, jwks_uri: jwksUri }));
        },
      });
      await assert.rejects(client.getJwks(), {
        name: 'MonoCloudHttpError',
        reason: 'forbidden_url',
      });
      assert.deepEqual(asked, [`${tenantDomain}/.well-known/openid-configuration`]);
    }
  });

  const REDIRECTS = [300, 301, 302, 303, 304, 305, 307, 308];
  const TARGETS = {
    'the stranger on loopback': () => `${listener.url}/redirected`,
    'a link-local address': () => 'http://169.254.169.254/latest/meta-data',
    'a private address': () => 'http://10.0.0.1/jwks',
    'a private address, by https': () => 'https://192.168.0.1/jwks',
    'a file': () => 'file:///etc/passwd',
    'another path of its own': ({ origin }) => `${origin}/elsewhere`,
    'a path': () => '/elsewhere',
    'the right place': ({ jwksUri }) => jwksUri,
    credentials: ({ origin }) => `${origin.replace('//', '//user:password@')}/elsewhere`,
    rubbish: () => 'http://[',
    nowhere: () => '',
  };

  for (const endpoint of ['discovery', 'jwks', 'introspection']) {
    for (const [what, target] of Object.entries(TARGETS)) {
      it(`${endpoint} redirects to ${what}: nobody goes`, async () => {
        const statuses = what === 'the stranger on loopback' ? REDIRECTS : [302, 308];
        for (const status of statuses) {
          const options = ({ credentials }) => (endpoint === 'introspection' ? credentials : {});
          await inHouse(tally, { options }, async (house) => {
            house.tenant.on(endpoint, (_request, response, _right, tenant) => {
              response.writeHead(status, { location: target(tenant) });
              response.end(JSON.stringify(setOf(evil)));
            });
            const token = endpoint === 'introspection' ? 'opaque' : house.sign(evil);
            await house.refuses(token, 'unexpected_status', { note: `${status} ${what}` });
            assert.equal(house.tenant.requests.other, 0);
          });
        }
      });
    }
  }

  it('a place that it may name is asked, and only for what is there', async () => {
    await inHouse(tally, {}, async (house) => {
      const metadata = { ...house.tenant.metadata(), jwks_uri: `${listener.url}/allowed` };
      house.serve('discovery', JSON.stringify(metadata));
      await house.accepts(house.sign(evil));
      await house.refuses(house.tenant.token(), 'invalid_signature');
    });
  });
});
