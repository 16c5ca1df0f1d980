'use strict';

// An MCP server as an OAuth resource server, end to end: the SDK's client, which knows nothing but the server's URL,
// gets the 401, finds oidc-provider by the metadata document, registers itself, has the user sign in, and calls tools.

const assert = require('node:assert/strict');
const http = require('node:http');
const { once } = require('node:events');
const { after, before, describe, it } = require('node:test');

const SDK = '@modelcontextprotocol/sdk';
const { Client } = require(`${SDK}/client/index.js`);
const { UnauthorizedError } = require(`${SDK}/client/auth.js`);
const { StreamableHTTPClientTransport } = require(`${SDK}/client/streamableHttp.js`);
const { McpServer } = require(`${SDK}/server/mcp.js`);
const { StreamableHTTPServerTransport } = require(`${SDK}/server/streamableHttp.js`);
const { WebStandardStreamableHTTPServerTransport } = require(
  `${SDK}/server/webStandardStreamableHttp.js`,
);
const { requireBearerAuth } = require(`${SDK}/server/auth/middleware/bearerAuth.js`);
const express = require('express');
const {
  MonoCloudBackendNodeClient,
  MonoCloudHttpError,
  MonoCloudTokenError,
  MonoCloudValidationError,
} = require('@monocloud/backend-node');
const forExpress = require('@monocloud/backend-node/express');
const forHono = require('@monocloud/backend-node/hono');
const { authInfoOf, createTokenVerifier, protectTools } = require('@monocloud/backend-node/mcp');
const { makeBrowser } = require('../support/oidc/browser.js');
const { startOidcProvider } = require('../support/oidc/index.js');

const REDIRECT = 'http://127.0.0.1/signed-in';
const TOOLS = { requiredScopes: ['mcp'], toolScopes: { remove: ['notes:write'] } };

const CLIENT = {
  application_type: 'native',
  redirect_uris: [REDIRECT],
  grant_types: ['authorization_code'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
};

/** The SDK's transports for servers stand on @hono/node-server, which is for Node.js 20 and later. */
const isOld = Number.parseInt(process.versions.node, 10) < 20;

function mcpServer() {
  const server = new McpServer({ name: 'notes', version: '1.0.0' });
  const text = (value) => ({ content: [{ type: 'text', text: value }] });
  server.registerTool('whoami', {}, ({ authInfo }) => text(JSON.stringify(authInfo)));
  server.registerTool('remove', {}, () => text('removed'));
  return server;
}

/** The SDK's own middleware, and then the scopes of the tools. */
function expressApp(client, resourceMetadataUrl) {
  const app = express();
  const protect = forExpress.protectApi(client);
  const verifier = createTokenVerifier(client, { requiredScopes: ['mcp'] });
  const guardOf = protectTools(protect, TOOLS);
  app.use(protect.metadata());
  app.use(requireBearerAuth({ verifier, requiredScopes: ['mcp'], resourceMetadataUrl }));
  app.post(
    '/mcp',
    express.json(),
    (req, res, next) => guardOf(req.body)(req, res, next),
    async (req, res) => {
      const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
      await mcpServer().connect(transport);
      await transport.handleRequest(req, res, req.body);
    },
  );
  return app;
}

/** Without the SDK's middleware, which is for Express alone. */
function honoListener(client) {
  const { Hono } = require('hono');
  const { getRequestListener } = require('@hono/node-server');
  const app = new Hono({ strict: false });
  const protect = forHono.protectApi(client);
  const guardOf = protectTools(protect, TOOLS);
  app.use(protect.metadata());
  app.use('/mcp', protect({ scopes: ['mcp'] }));
  app.post(
    '/mcp',
    async (c, next) => guardOf(await c.req.json())(c, next),
    async (c) => {
      const transport = new WebStandardStreamableHTTPServerTransport();
      await mcpServer().connect(transport);
      const authInfo = authInfoOf(c.get('claims'), c.req.header('authorization'));
      return transport.handleRequest(c.req.raw, { authInfo, parsedBody: await c.req.json() });
    },
  );
  return getRequestListener(app.fetch);
}

/** What a client keeps, which may be registered; where it is sent to sign in is in `asked`. */
function memory(client) {
  const kept = { client };
  return {
    kept,
    redirectUrl: REDIRECT,
    clientMetadata: { client_name: 'test', ...CLIENT },
    clientInformation: () => kept.client,
    saveClientInformation: (client) => {
      kept.client = client;
    },
    tokens: () => kept.tokens,
    saveTokens: (tokens) => {
      kept.tokens = tokens;
    },
    redirectToAuthorization: (url) => {
      kept.asked = url;
    },
    saveCodeVerifier: (verifier) => {
      kept.verifier = verifier;
    },
    codeVerifier: () => kept.verifier,
  };
}

const SERVERS = { Express: expressApp, Hono: honoListener };

describe('an MCP server', { skip: isOld }, () => {
  let provider;
  let browse;
  const servers = {};

  before(async () => {
    for (const name of Object.keys(SERVERS)) {
      const server = http.createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      servers[name] = { server, url: `http://127.0.0.1:${server.address().port}/mcp` };
    }
    const urls = Object.values(servers).map(({ url }) => url);
    provider = await startOidcProvider({
      algorithms: ['RS256', 'ES256'],
      scopes: ['mcp', 'notes:write'],
      // One that registers itself may not ask for more scopes than it has named then.
      clients: [{ client_id: 'known', ...CLIENT }],
      logins: { acrs: ['pwd'], firstAge: 0 },
      resources: urls.flatMap((url) => [url, `${url}/`]),
    });
    browse = makeBrowser(REDIRECT);
  });
  after(async () => {
    for (const { server } of Object.values(servers)) {
      server.closeAllConnections();
      server.close();
    }
    await provider?.close();
  });

  /** Puts an API in place whose resource is the server's URL, or that and a slash. */
  function serve(name, slash) {
    const { server, url } = servers[name];
    const resource = url + slash;
    const client = new MonoCloudBackendNodeClient({
      tenantDomain: provider.issuer,
      audience: resource,
      resourceMetadata: { resource, scopesSupported: ['mcp'] },
    });
    const metadataUrl = new URL('/.well-known/oauth-protected-resource/mcp', url).href;
    server.removeAllListeners('request');
    server.on('request', SERVERS[name](client, metadataUrl));
    return { url, resource, metadataUrl };
  }

  /** A client that is connected, after the user has signed in. */
  async function connect(t, url, known) {
    const auth = memory(known);
    const transportTo = () =>
      new StreamableHTTPClientTransport(new URL(url), { authProvider: auth });
    const first = transportTo();
    const client = new Client({ name: 'test', version: '1.0.0' });
    await assert.rejects(client.connect(first), UnauthorizedError);
    const signedIn = await browse(auth.kept.asked);
    await first.finishAuth(signedIn.searchParams.get('code'));
    const second = transportTo();
    await client.connect(second);
    t.after(() => client.close());
    return { auth, client, transport: second };
  }

  for (const name of Object.keys(SERVERS)) {
    // The SDK asks for the `resource` of the document, and takes one without a slash for both spellings of the URL.
    for (const [slash, asked] of [
      ['', ''],
      ['', '/'],
      ['/', '/'],
    ]) {
      const spelling = `/mcp${slash}, called as /mcp${asked}`;
      it(`is found, signed in to and called, on ${name}, ${spelling}`, async (t) => {
        const { url: bare, resource, metadataUrl } = serve(name, slash);
        const url = bare + asked;
        const challenge = (await fetch(url, { method: 'POST' })).headers.get('www-authenticate');
        assert.match(challenge, /^Bearer /);
        assert.ok(challenge.includes(`resource_metadata="${metadataUrl}"`), challenge);

        const { auth, client } = await connect(t, url);
        assert.equal(auth.kept.asked.searchParams.get('resource'), resource);
        assert.equal(auth.kept.asked.searchParams.get('scope'), 'mcp');
        const { content } = await client.callTool({ name: 'whoami' });
        const info = JSON.parse(content[0].text);
        assert.equal(info.clientId, auth.kept.client.client_id);
        assert.equal(info.token, auth.kept.tokens.access_token);
        assert.deepEqual(info.scopes, ['mcp']);
        assert.equal(info.extra.claims.sub, 'ada');
        assert.equal(info.extra.claims.aud, resource);
        assert.equal(typeof info.expiresAt, 'number');
        if (name === 'Express') assert.equal(info.resource, resource);
      });
    }

    it(`makes a client ask for the scope of a tool, on ${name}`, async (t) => {
      const { url } = serve(name, '');
      const known = { client_id: 'known' };
      const { auth, client, transport } = await connect(t, url, known);
      await assert.rejects(client.callTool({ name: 'remove' }), UnauthorizedError);
      assert.equal(auth.kept.asked.searchParams.get('scope'), 'mcp notes:write');
      const signedIn = await browse(auth.kept.asked);
      await transport.finishAuth(signedIn.searchParams.get('code'));
      const { content } = await client.callTool({ name: 'remove' });
      assert.equal(content[0].text, 'removed');
    });

    it(`refuses a token for another audience, and a batch with a tool, on ${name}`, async (t) => {
      const { url } = serve(name, '');
      const { auth } = await connect(t, url);
      const call = (tool) => ({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: tool },
      });
      const post = (body) =>
        fetch(url, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${auth.kept.tokens.access_token}`,
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
          },
          body: JSON.stringify(body),
        });
      const batch = await post([call('whoami'), call('remove')]);
      assert.equal(batch.status, 403);
      assert.match(batch.headers.get('www-authenticate'), /scope="mcp notes:write"/);
      // The same server under the other spelling of its name is another audience.
      const { metadataUrl } = serve(name, '/');
      const refused = await post(call('whoami'));
      assert.equal(refused.status, 401);
      const challenge = refused.headers.get('www-authenticate');
      assert.match(challenge, /^Bearer error="invalid_token"/);
      assert.ok(challenge.includes(`resource_metadata="${metadataUrl}"`), challenge);
    });
  }
});

describe('createTokenVerifier()', () => {
  const { InsufficientScopeError, InvalidTokenError, ServerError } = require(
    `${SDK}/server/auth/errors.js`,
  );

  it('rejects with the errors of the SDK, which say nothing of the token', async () => {
    const rows = [
      [async () => Promise.reject(new MonoCloudTokenError('x')), InvalidTokenError],
      [async () => Promise.reject(new MonoCloudValidationError('x')), InvalidTokenError],
      [
        async () => Promise.reject(new MonoCloudTokenError('x', 'insufficient_scope')),
        InsufficientScopeError,
      ],
      [async () => Promise.reject(new MonoCloudHttpError('x')), ServerError],
      [async () => Promise.reject('a string'), ServerError],
      [async () => Promise.reject(undefined), ServerError],
      [async () => Promise.reject({ code: 'insufficient_scope' }), ServerError],
      [async () => undefined, InvalidTokenError],
      [async () => true, InvalidTokenError],
      [async () => [{ sub: 'eve' }], InvalidTokenError],
    ];
    for (const [validateAccessToken, expected] of rows) {
      const verifier = createTokenVerifier({ validateAccessToken });
      await assert.rejects(verifier.verifyAccessToken('token'), (error) => {
        assert.ok(error instanceof expected, error.stack);
        assert.ok(!error.message.includes('x"'), error.message);
        return true;
      });
    }
  });

  it('is for the errors of the copy of the SDK that the program has', async () => {
    const { createTokenVerifier: imported } = await import('@monocloud/backend-node/mcp');
    const errors = await import(`${SDK}/server/auth/errors.js`);
    const verifier = imported({ validateAccessToken: async () => undefined });
    await assert.rejects(verifier.verifyAccessToken('token'), errors.InvalidTokenError);
  });

  it('takes no client without an audience, and no bad options', () => {
    const options = { issuer: 'https://issuer.example', audience: false, clientIds: ['app'] };
    const without = new MonoCloudBackendNodeClient(options);
    assert.throws(() => createTokenVerifier(without), {
      name: 'MonoCloudValidationError',
      message: '"audience" must not be false for an MCP server',
    });
    const client = { validateAccessToken: async () => ({}) };
    for (const args of [
      [],
      [null],
      [{}],
      [client, { scopes: ['mcp'] }],
      [client, { requiredScopes: 'mcp' }],
      [client, { requiredScopes: [1] }],
    ]) {
      assert.throws(() => createTokenVerifier(...args), MonoCloudValidationError);
    }
  });

  it('has the scopes that it requires in AuthInfo, wherever the token has them', async () => {
    const claims = { sub: 'ada', azp: 'app', permissions: ['mcp'] };
    const verifier = createTokenVerifier(
      { validateAccessToken: async () => claims },
      { requiredScopes: ['mcp'] },
    );
    assert.deepEqual(await verifier.verifyAccessToken('token'), {
      token: 'token',
      clientId: 'app',
      scopes: ['mcp'],
      extra: { claims },
    });
  });

  it('names the resource where the token is for it, with or without a slash at its end', async () => {
    const resource = 'https://api.example.com/v1/';
    let claims;
    class Client extends MonoCloudBackendNodeClient {
      async validateAccessToken() {
        return claims;
      }
    }
    const client = new Client({
      issuer: 'https://issuer.example',
      audience: 'https://api.example.com',
      resourceMetadata: { resource },
    });
    const verifier = createTokenVerifier(client);
    for (const [aud, isNamed] of [
      [resource, true],
      ['https://api.example.com/v1', true],
      [['https://api.example.com', 'https://api.example.com/v1'], true],
      ['https://api.example.com', false],
      [['https://api.example.com', 7], false],
      [undefined, false],
    ]) {
      claims = { sub: 'ada', aud };
      const info = await verifier.verifyAccessToken('token');
      assert.equal(info.resource?.href, isNamed ? resource : undefined, JSON.stringify(aud));
    }
  });
});

describe('authInfoOf()', () => {
  it('has the token of the header, and members of the types that the SDK expects', () => {
    const claims = { client_id: 7, exp: 'soon', scope: ['a'] };
    const info = { clientId: '', scopes: [], extra: { claims } };
    assert.deepEqual(authInfoOf(claims, 'Bearer x'), { ...info, token: 'x' });
    assert.deepEqual(authInfoOf(claims), { ...info, token: '' });
  });
});

describe('protectTools()', () => {
  const protect = ({ scopes }) => scopes.join(' ');
  const toolScopes = { remove: ['write'], share: ['share', 'write'], constructor: ['odd'] };
  const guardOf = protectTools(protect, { requiredScopes: ['mcp'], toolScopes });
  const call = (name, method = 'tools/call') => ({ method, params: { name } });

  it('picks the guard by the tools that are called', () => {
    for (const [body, scopes] of [
      [{}, 'mcp'],
      [[], 'mcp'],
      [[null, 1, 'x'], 'mcp'],
      [call('whoami'), 'mcp'],
      [call('remove', 'tools/list'), 'mcp'],
      [call('toString'), 'mcp'],
      [call(['remove']), 'mcp'],
      [call({ toString: 1 }), 'mcp'],
      [call('remove'), 'mcp write'],
      [call('constructor'), 'mcp odd'],
      [[call('whoami'), call('remove')], 'mcp write'],
      [[call('remove'), call('remove'), call('share')], 'mcp write share'],
    ]) {
      assert.equal(guardOf(body), scopes, JSON.stringify(body));
    }
  });

  it('needs the scopes of each tool, whatever a program has done to prototypes', () => {
    const set = { set() {}, get() {} };
    for (const [holder, name, replaced] of [
      [Object.prototype, '0', set],
      [Object.prototype, '1', set],
      [Array.prototype, '0', set],
      [Array.prototype, Symbol.iterator, { *value() {} }],
      [Array.prototype, 'flatMap', { value: () => [] }],
      [Array.prototype, 'push', { value() {} }],
      [Set.prototype, 'add', { value() {} }],
    ]) {
      const before = Object.getOwnPropertyDescriptor(holder, name);
      Object.defineProperty(holder, name, { ...replaced, configurable: true });
      const needed = {};
      try {
        needed.one = guardOf(call('remove'));
        needed.both = guardOf([call('remove'), call('share')]);
      } finally {
        if (before) Object.defineProperty(holder, name, before);
        else delete holder[name];
      }
      assert.deepEqual(needed, { one: 'mcp write', both: 'mcp write share' }, String(name));
    }
  });

  it('needs the scopes of all tools where a member "__proto__" may name one', () => {
    // Zod 3.25, 4.0 and 4.1 make it a prototype, and the SDK calls the tool that it names.
    for (const text of [
      '{"method":"tools/call","params":{"__proto__":{"name":"remove"}}}',
      '{"method":"tools/call","params":{"name":"whoami","__proto__":{"name":"remove"}}}',
      '{"method":"tools/call","__proto__":{"params":{"name":"remove"}}}',
      '{"params":{"name":"remove"},"__proto__":{"method":"tools/call"}}',
      '[{"method":"ping"},{"method":"tools/call","params":{"__proto__":{"name":"remove"}}}]',
    ]) {
      assert.equal(guardOf(JSON.parse(text)), 'mcp write share odd', text);
    }
  });

  it('throws for a body that is not parsed, and for bad options', () => {
    for (const body of [undefined, null, '{}', '', 1, Buffer.from('{}'), true]) {
      assert.throws(() => guardOf(body), MonoCloudValidationError);
    }
    for (const args of [
      [],
      [protect],
      [protect, {}],
      [protect, { toolScopes: [] }],
      [protect, { toolScopes: null }],
      [protect, { toolScopes: { remove: 'write' } }],
      [protect, { toolScopes, scopes: [] }],
      [undefined, { toolScopes }],
    ]) {
      assert.throws(() => protectTools(...args), MonoCloudValidationError);
    }
  });
});
