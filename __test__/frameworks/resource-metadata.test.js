'use strict';

// Contract §9b: the option `resourceMetadata`, and what the document says of a guard.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');

const { MonoCloudBackendNodeClient, MonoCloudValidationError } = require('@monocloud/backend-node');
const { protectApi } = require('@monocloud/backend-node/web');

const RESOURCE = 'https://api.example.com';
const OPTIONS = { tenantDomain: 'https://tenant.example.com', audience: RESOURCE };
/** A token whose key has to be fetched. */
const UNKNOWN_KEY = ['{"alg":"RS256","kid":"1"}', '{}', 'x']
  .map((part) => Buffer.from(part).toString('base64url'))
  .join('.');
const WELL_KNOWN = '/.well-known/oauth-protected-resource';

/** The document of an API with these options. */
async function documentOf(metadata, more = {}) {
  const given = { resource: RESOURCE, ...metadata };
  const protect = protectApi({ ...OPTIONS, ...more, resourceMetadata: given });
  const { origin, pathname } = new URL(given.resource);
  const path = WELL_KNOWN + pathname.replace(/\/$/, '');
  return (await protect.metadata()(new Request(origin + path))).json();
}

describe('resourceMetadata', () => {
  it('is refused where a member is wrong, by its name', () => {
    const good = { resource: RESOURCE };
    for (const [given, message] of [
      ['https://api.example.com', /^"resourceMetadata" must be an object/],
      [[good], /^"resourceMetadata" must be an object/],
      [true, /^"resourceMetadata" must be an object/],
      [{}, /^"resourceMetadata.resource" is required/],
      [{ ...good, scopes: ['a'] }, /^"resourceMetadata" has no option "scopes"/],
      ...[
        'api.example.com',
        'http://api.example.com',
        'ftp://api.example.com',
        'ftp://localhost',
        'http://localhost.example.com',
        'http://127.0.0.1.example.com',
        'http://my.localhost',
        'https://api.example.com?a',
        'https://api.example.com#a',
        'https://api.example.com?',
        'https://api.example.com#',
        'https://me@api.example.com',
        'https://api.example.com/"',
        'https://api.example.com/a b',
        'https://api.example.com\\a',
        '',
        1,
        {},
      ].map((resource) => [{ resource }, /^"resourceMetadata.resource" must be /]),
      [
        { ...good, authorizationServers: RESOURCE },
        /^"resourceMetadata.authorizationServers" must be a list of https: URLs/,
      ],
      [{ ...good, authorizationServers: ['x'] }, /must be a list of https: URLs/],
      [{ ...good, scopesSupported: 'a' }, /^"resourceMetadata.scopesSupported" must be a list/],
      [{ ...good, scopesSupported: ['a b'] }, /must be a list of scopes/],
      [{ ...good, scopesSupported: ['"'] }, /must be a list of scopes/],
      [{ ...good, scopesSupported: [1] }, /must be a list of scopes/],
      [{ ...good, scopesSupported: ['a', '"'] }, /must be a list of scopes/],
      [{ ...good, resourceName: '' }, /^"resourceMetadata.resourceName" must be a string/],
      [{ ...good, resourceName: 5 }, /^"resourceMetadata.resourceName" must be a string/],
      [{ ...good, resource: 'https://:secret@api.example.com' }, /without query, fragment or user/],
      [{ ...good, resourceTosUri: 'terms' }, /^"resourceMetadata.resourceTosUri" must be /],
    ]) {
      const resourceMetadata = given;
      for (const make of [
        () => new MonoCloudBackendNodeClient({ ...OPTIONS, resourceMetadata }),
        () => protectApi({ ...OPTIONS, resourceMetadata }),
      ]) {
        assert.throws(make, (error) => {
          assert.ok(error instanceof MonoCloudValidationError, error.stack);
          assert.match(error.message, message, JSON.stringify(given));
          return true;
        });
      }
    }
  });

  it('is needed for the document, in the client or beside it', () => {
    for (const protect of [
      protectApi(OPTIONS),
      protectApi(new MonoCloudBackendNodeClient(OPTIONS)),
      protectApi({ validateAccessToken: async () => ({}) }),
    ]) {
      assert.throws(() => protect.metadata(), {
        name: 'MonoCloudValidationError',
        message: '"resourceMetadata" is required for protect.metadata()',
      });
    }
    const client = new MonoCloudBackendNodeClient({
      ...OPTIONS,
      resourceMetadata: { resource: RESOURCE },
    });
    assert.equal(typeof protectApi(client).metadata(), 'function');
    class Subclass extends MonoCloudBackendNodeClient {}
    const own = new Subclass({ ...OPTIONS, resourceMetadata: { resource: RESOURCE } });
    assert.equal(typeof protectApi(own).metadata(), 'function');
  });

  it('names the issuers of the client, unless it names others', async () => {
    const servers = async (metadata, more) =>
      (await documentOf(metadata, more)).authorization_servers;
    assert.deepEqual(await servers({}), [OPTIONS.tenantDomain]);
    const issuer = 'https://issuer.example/';
    assert.deepEqual(await servers({}, { issuer, tenantDomain: undefined }), [issuer]);
    const issuers = [{ issuer }, { issuer: 'https://other.example' }];
    const several = { issuers, tenantDomain: undefined };
    assert.deepEqual(await servers({}, several), [issuer, 'https://other.example']);
    const authorizationServers = ['https://login.example'];
    assert.deepEqual(await servers({ authorizationServers }), authorizationServers);
    assert.equal(await servers({ authorizationServers: [] }), undefined);
  });

  it('says of the guard what it does', async () => {
    const said = async (more) => {
      const document = await documentOf({}, more);
      return [
        document.bearer_methods_supported,
        document.tls_client_certificate_bound_access_tokens,
        document.dpop_signing_alg_values_supported?.length > 0,
        document.dpop_bound_access_tokens_required,
      ];
    };
    const certificateResolver = () => undefined;
    const ignored = { validateCertificateBinding: 'dangerously_ignore' };
    assert.deepEqual(await said(), [['header'], undefined, true, undefined]);
    assert.deepEqual(await said({ certificateResolver }), [['header'], true, true, undefined]);
    assert.deepEqual(await said({ certificateResolver, ...ignored }), [
      ['header'],
      undefined,
      true,
      undefined,
    ]);
    assert.deepEqual(await said({ tokenResolver: () => undefined }), [
      undefined,
      undefined,
      true,
      undefined,
    ]);
    assert.deepEqual(await said({ dpop: 'required' }), [['header'], undefined, true, true]);
    assert.deepEqual(await said({ dpop: 'dangerously_ignore' }), [
      ['header'],
      undefined,
      false,
      undefined,
    ]);
  });

  it('has members for people, and is published as it was given', async () => {
    const given = {
      resource: 'https://API.example.com:443/v1/',
      resourceName: 'Posts “of” Example',
      resourceDocumentation: 'https://example.com/docs',
      resourcePolicyUri: 'https://example.com/policy?a=b#c',
      resourceTosUri: 'http://localhost:1/terms',
    };
    const document = await documentOf(given);
    assert.equal(document.resource, given.resource);
    assert.equal(document.resource_name, given.resourceName);
    assert.equal(document.resource_documentation, given.resourceDocumentation);
    assert.equal(document.resource_policy_uri, given.resourcePolicyUri);
    assert.equal(document.resource_tos_uri, given.resourceTosUri);
  });

  it('has one URL, in challenges and for requests, whatever slash the resource has', async () => {
    for (const [resource, url] of [
      ['https://api.example.com', 'https://api.example.com/.well-known/oauth-protected-resource'],
      ['https://api.example.com/', 'https://api.example.com/.well-known/oauth-protected-resource'],
      ['https://api.example.com/a', `https://api.example.com${WELL_KNOWN}/a`],
      ['https://api.example.com/a/', `https://api.example.com${WELL_KNOWN}/a`],
      ['http://localhost:3000/a/b', `http://localhost:3000${WELL_KNOWN}/a/b`],
    ]) {
      const protect = protectApi({ ...OPTIONS, resourceMetadata: { resource } });
      const refusal = await protect()(new Request('https://api.example.com/'));
      const challenge = `Bearer resource_metadata="${url}"`;
      assert.equal(refusal.headers.get('www-authenticate'), challenge);
      for (const each of [url, `${url}/`]) {
        const response = protect.metadata()(new Request(each));
        assert.equal((await response.json()).resource, resource);
        assert.equal(protect.metadata()(new Request(`${each}x`)), undefined);
      }
    }
  });

  it('is middleware of Node.js that counts by the URL before any router', () => {
    const forExpress = require('@monocloud/backend-node/express');
    const resourceMetadata = { resource: `${RESOURCE}/v1` };
    const metadata = forExpress.protectApi({ ...OPTIONS, resourceMetadata }).metadata();
    const answer = (request) => {
      let served = 'next';
      const end = (body) => {
        served = JSON.parse(body).resource;
      };
      metadata({ method: 'GET', ...request }, { setHeader() {}, end }, () => {});
      return served;
    };
    const url = `${WELL_KNOWN}/v1`;
    assert.equal(answer({ url }), resourceMetadata.resource);
    assert.equal(answer({ url: '/v1', originalUrl: url }), resourceMetadata.resource);
    assert.equal(answer({ url, originalUrl: `/mounted${url}` }), 'next');
  });

  it('is a hook and a handler of Fastify', async (t) => {
    const app = require('fastify')();
    t.after(() => app.close());
    const forFastify = require('@monocloud/backend-node/fastify');
    const resourceMetadata = { resource: `${RESOURCE}/v1` };
    app.get('/*', forFastify.protectApi({ ...OPTIONS, resourceMetadata }).metadata());
    const { statusCode, body } = await app.inject(`${WELL_KNOWN}/v1`);
    assert.deepEqual([statusCode, JSON.parse(body).resource], [200, `${RESOURCE}/v1`]);
    assert.equal((await app.inject('/other')).statusCode, 404);
  });

  it('extends every challenge of an answer', async () => {
    const resourceMetadata = { resource: RESOURCE };
    const protect = protectApi({ ...OPTIONS, resourceMetadata, dpop: 'when_present' });
    const refusal = await protect()(new Request(RESOURCE));
    const url = `resource_metadata="${RESOURCE}${WELL_KNOWN}"`;
    const algs = 'ES256 ES384 PS256 PS384 PS512 RS256 RS384 RS512 EdDSA Ed25519';
    const expected = `Bearer ${url}, DPoP algs="${algs}", ${url}`;
    assert.equal(refusal.headers.get('www-authenticate'), expected);
  });

  it('extends no other header', async () => {
    const fetcher = async () => new Response('', { status: 503, headers: { 'retry-after': '7' } });
    const resourceMetadata = { resource: RESOURCE };
    const protect = protectApi({ ...OPTIONS, resourceMetadata, fetcher });
    const headers = { authorization: `Bearer ${UNKNOWN_KEY}` };
    const refusal = await protect()(new Request(RESOURCE, { headers }));
    assert.deepEqual([refusal.status, refusal.headers.get('retry-after')], [503, '7']);
  });
});
