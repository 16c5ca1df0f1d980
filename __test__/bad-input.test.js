'use strict';

// Issue 1, "Bad input": each gets its documented class or status, nothing is thrown past the API, and
// the process lives, through `validateAccessToken` and through both majors of both frameworks.

const { after, before, describe, it } = require('node:test');
const assert = require('node:assert/strict');
const { once } = require('node:events');
const { frameworks, raw, get } = require('./support/http.js');
const { assertAnswer, rowOf, untilWell } = require('./support/answers.js');
const { sendJson, startFaultyTenant } = require('./support/faulty-tenant.js');
const {
  MonoCloudBackendNodeClient,
  MonoCloudHttpError,
  MonoCloudTokenError,
  MonoCloudValidationError,
} = require('@monocloud/backend-node');

const adapters = {
  express: require('@monocloud/backend-node/express'),
  fastify: require('@monocloud/backend-node/fastify'),
};

const KIB = 1024;
const MIB = 1024 * KIB;
const LONGEST_BODY = 512 * KIB;
const DEEP = 100_000;
const NUL = String.fromCharCode(0);

const deepArray = '['.repeat(DEEP) + ']'.repeat(DEEP);
const deepObject = '{"a":'.repeat(DEEP) + 1 + '}'.repeat(DEEP);
const base64url = (data) => Buffer.from(data).toString('base64url');

/** All four frameworks with one `protectApi` option; `get(token)` asks each with a resolver's token. */
async function startApis(options, { route, http } = {}) {
  let current;
  const errors = [];
  const apis = await Promise.all(
    frameworks.map(async ({ name, adapter, create }) => {
      const { protectApi } = adapters[adapter];
      // What no header can hold comes by a resolver; without one the header is used.
      const protect = protectApi({ ...options, tokenResolver: () => current });
      // The claims may be too deep to be sent back; that they are there is enough.
      const handler = (request) => ({ sub: request.claims.sub });
      const routes = [{ path: '/', options: route, handler }];
      return { name, ...(await create(protect, routes, { http, record: errors })) };
    }),
  );
  return {
    apis,
    errors,
    async resolve(token, check) {
      current = token;
      try {
        for (const { name, url } of apis) check(await get(url), name);
      } finally {
        current = undefined;
      }
    },
    close: () => Promise.all(apis.map((api) => api.close())),
  };
}

describe('a bad token', () => {
  let tenant;
  let client;
  let introspecting;
  let served;
  let servedIntrospecting;

  before(async () => {
    tenant = await startFaultyTenant();
    tenant.on('introspection', (_, response) => sendJson(response, { active: false }));
    const options = tenant.options({ maxTokenBytes: MIB });
    const credentials = { ...options, ...tenant.credentials };
    const http = { maxHeaderSize: 2 * MIB };
    client = new MonoCloudBackendNodeClient(options);
    introspecting = new MonoCloudBackendNodeClient(credentials);
    served = await startApis(options, { http });
    servedIntrospecting = await startApis(credentials, { http });
  });
  after(async () => {
    await served?.close();
    await servedIntrospecting?.close();
    await tenant?.close();
  });

  /** A token that is refused everywhere, as that class and with that reason; then a good one passes. */
  async function refused(token, { type = MonoCloudTokenError, reason } = {}) {
    const expected = reason === undefined ? type : (error) => matches(error, type, reason);
    await assert.rejects(client.validateAccessToken(token), expected);
    await served.resolve(token, (answer, name) => assertAnswer(answer, 'invalid token', name));
    await good();
  }

  async function good() {
    const token = tenant.token();
    assert.equal((await client.validateAccessToken(token)).sub, 'user');
    for (const { name, url } of served.apis) {
      assert.equal((await get(url, token)).status, 200, name);
    }
    assert.deepEqual(served.errors, []);
    assert.deepEqual(servedIntrospecting.errors, []);
  }

  const matches = (error, type, reason) => {
    assert.ok(error instanceof type, String(error?.stack));
    assert.equal(error.reason, reason);
    return true;
  };

  it('is refused as an argument where it is no string, or an empty one', async () => {
    for (const token of [undefined, null, '', '  \t', 0, 42, true, {}, [], ['a.b.c'], () => {}]) {
      await assert.rejects(client.validateAccessToken(token), {
        name: 'MonoCloudValidationError',
        message: 'Access token must be a valid non-empty string',
      });
    }
    await good();
  });

  it('is missing without a header, with `Bearer` alone, and with two tokens', async () => {
    const token = tenant.token();
    const variants = [
      [],
      [['Authorization', 'Bearer']],
      [['Authorization', 'Bearer ']],
      [['Authorization', '']],
      [['Authorization', `Bearer ${token} ${token}`]],
      [['Authorization', `Bearer ${token}, Bearer ${token}`]],
    ];
    for (const headers of variants) {
      for (const { name, url } of served.apis) {
        assertAnswer(await raw(url, { headers }), 'no token', name);
      }
    }
    await good();
  });

  it('is what the first of two headers says, as Node.js has it', async () => {
    const right = ['Authorization', `Bearer ${tenant.token()}`];
    const wrong = ['Authorization', 'Bearer a.b.c'];
    for (const { name, url } of served.apis) {
      assert.equal((await raw(url, { headers: [right, wrong] })).status, 200, name);
      assertAnswer(await raw(url, { headers: [wrong, right] }), 'invalid token', name);
    }
  });

  it('may be 1 MiB long', async () => {
    const parts = `${base64url('{"alg":"ES256"}')}.${base64url('{}')}.`;
    const tokens = {
      malformed_header: `${'a'.repeat(MIB - 4)}.b.c`,
      unknown_key: undefined,
      token_too_large: `${'a'.repeat(MIB)}.b.c`,
    };
    await refused(tokens.malformed_header, { reason: 'malformed_header' });
    await refused(tokens.token_too_large, { reason: 'token_too_large' });
    await refused(parts + 'A'.repeat(MIB - parts.length), { reason: 'invalid_signature' });
    await refused('.'.repeat(MIB), { type: MonoCloudValidationError }); // opaque, and no clientId
    await refused('x'.repeat(MIB), { type: MonoCloudValidationError });
    for (const token of Object.values(tokens).filter(Boolean)) {
      for (const { name, url } of served.apis) {
        assertAnswer(await get(url, token), 'invalid token', name);
      }
    }
    await good();
  });

  it('of 1 MiB is refused as too long by a client that has no limit of its own', async () => {
    const standard = new MonoCloudBackendNodeClient(tenant.options(tenant.credentials));
    const before_ = { ...tenant.requests };
    for (const token of [
      'x'.repeat(MIB),
      `${'a'.repeat(MIB)}.b.c`,
      'é'.repeat(MIB),
      '😀'.repeat(MIB),
    ]) {
      await assert.rejects(standard.validateAccessToken(token), (error) =>
        matches(error, MonoCloudTokenError, 'token_too_large'),
      );
    }
    assert.deepEqual(tenant.requests, before_, 'and nobody was asked about it');
    const apis = await startApis(tenant.options(tenant.credentials), {
      http: { maxHeaderSize: 2 * MIB },
    });
    try {
      for (const { name, url } of apis.apis) {
        assertAnswer(await get(url, 'x'.repeat(MIB)), 'invalid token', name);
        assert.equal((await get(url, tenant.token())).status, 200, name);
      }
    } finally {
      await apis.close();
    }
  });

  it('too long for Node.js is 431, and never reaches us', async () => {
    const api = await startApis(tenant.options());
    try {
      for (const { name, url } of api.apis) {
        const { status } = await get(url, 'x'.repeat(MIB));
        assert.equal(status, 431, name);
        assert.equal((await get(url, tenant.token())).status, 200, name);
      }
    } finally {
      await api.close();
    }
  });

  const odd = {
    NUL: NUL,
    'an unpaired high surrogate': '\ud800',
    'an unpaired low surrogate': '\udc00',
    'surrogates the wrong way round': '\udc00\ud800',
    emoji: '😀',
    'an emoji of many': '👩‍👩‍👧‍👦',
    'a right-to-left override': '\u202e',
    'a byte order mark': '\ufeff',
    'a combining mark': 'e\u0301',
    'a line separator': '\u2028',
    'a line break': '\r\n',
  };

  for (const [what, text] of Object.entries(odd)) {
    it(`with ${what} is refused wherever that is in it`, async () => {
      const [header, payload, signature] = tenant.token().split('.');
      const place = (part) => part.slice(0, 5) + text + part.slice(5);
      await refused(`${place(header)}.${payload}.${signature}`, { reason: 'malformed_header' });
      await refused(`${header}.${place(payload)}.${signature}`, { reason: 'invalid_signature' });
      await refused(`${header}.${payload}.${place(signature)}`, { reason: 'invalid_signature' });
      // Opaque: a token that nobody can be asked about, then one that the tenant does not know.
      const opaque = `opaque${text}token`;
      await refused(opaque, { type: MonoCloudValidationError });
      await assert.rejects(introspecting.validateAccessToken(opaque), (error) =>
        matches(error, MonoCloudTokenError, 'inactive'),
      );
      await servedIntrospecting.resolve(opaque, (answer, name) =>
        assertAnswer(answer, 'invalid token', name),
      );
    });
  }

  it('with NUL on the wire is refused by Node.js, with other odd bytes by us', async () => {
    for (const { name, url } of served.apis) {
      const nul = Buffer.from(`Bearer a${NUL}.b.c`);
      assert.equal((await raw(url, { headers: [['Authorization', nul]] })).status, 400, name);
      for (const bytes of [
        Buffer.from('Bearer 😀.😀.😀'),
        Buffer.from([...Buffer.from('Bearer '), 0xff, 0xfe, 0x2e, 0x80, 0x2e, 0xc0]),
        Buffer.from([...Buffer.from('Bearer '), 0xed, 0xa0, 0x80, 0x2e, 0x2e]), // a surrogate, as WTF-8
      ]) {
        const answer = await raw(url, { headers: [['Authorization', bytes]] });
        assertAnswer(answer, 'invalid token', name);
      }
    }
    await good();
  });

  it('with odd strings inside its JSON is refused, or is what it says', async () => {
    const lone = tenant.sign(JSON.stringify(tenant.claims()).replace('"user"', '"\\ud800"'));
    // RFC 8259 §8.2: such an escape is JSON; what it means differs from one reader to the next.
    const settled = await client.validateAccessToken(lone).then(
      (claims) => claims.sub,
      (error) => matches(error, MonoCloudTokenError, error.reason),
    );
    assert.ok(settled === true || settled === '\ud800', String(settled));
    const nul = tenant.sign({ ...tenant.claims(), sub: `a${NUL}b😀` });
    assert.equal((await client.validateAccessToken(nul)).sub, `a${NUL}b😀`);
    const header = tenant.sign(tenant.claims(), { kid: `key${NUL}` });
    await refused(header, { reason: 'unknown_key' });
    await refused(tenant.sign(tenant.claims(), { kid: '😀' }), { reason: 'unknown_key' });
    await refused(tenant.sign(Buffer.from([0xff, 0xfe, 0x7b, 0x7d])), {
      reason: 'malformed_payload',
    });
    await refused(tenant.sign('\ufeff{}'), { reason: 'malformed_payload' });
  });

  it('with empty parts is refused', async () => {
    const [header, payload, signature] = tenant.token().split('.');
    await refused('..', { reason: 'malformed_header' });
    await refused(`.${payload}.${signature}`, { reason: 'malformed_header' });
    await refused(`${header}..${signature}`, { reason: 'invalid_signature' });
    await refused(`${header}.${payload}.`, { reason: 'invalid_signature' });
    await refused(`${header}..`, { reason: 'invalid_signature' });
    await refused(tenant.sign(''), { reason: 'malformed_payload' });
    for (const opaque of [
      '.',
      '...',
      `${header}.${payload}`,
      `${header}.${payload}.${signature}.`,
    ]) {
      await refused(opaque, { type: MonoCloudValidationError });
    }
  });

  it('whose JSON is no object is refused', async () => {
    for (const text of ['null', '1', '"{}"', '[]', '[{}]', 'true', '-0.5e10']) {
      const forged = `${base64url(text)}.${base64url('{}')}.AA`;
      await refused(forged, { reason: 'malformed_header' });
      await assert.rejects(client.validateAccessToken(forged), {
        message: 'JWT Header must be a top level object',
      });
      const signed = tenant.sign(text);
      await refused(signed, { reason: 'malformed_payload' });
      await assert.rejects(client.validateAccessToken(signed), {
        message: 'JWT Payload must be a top level object',
      });
    }
    for (const text of ['', ' ', '{', '{}{}', '{"a":1,}', "{'a':1}", '{"a":NaN}', 'undefined']) {
      const forged = `${base64url(text)}.${base64url('{}')}.AA`;
      await refused(forged, { reason: 'malformed_header' });
      await refused(tenant.sign(text), { reason: 'malformed_payload' });
    }
  });

  for (const [what, deep] of [
    ['arrays', deepArray],
    ['objects', deepObject],
  ]) {
    const inside = (member, value = deep) => {
      const claims = { ...tenant.claims(), [member]: '…' };
      return JSON.stringify(claims).replace('"…"', value);
    };

    it(`of ${what} in ${DEEP} levels is refused as its header`, async () => {
      const header = `{"alg":"ES256","kid":"key","x":${deep}}`;
      await refused(`${base64url(deep)}.${base64url('{}')}.AA`);
      await refused(`${base64url(header)}.${base64url('{}')}.AA`, { reason: 'invalid_signature' });
      for (const member of ['alg', 'kid', 'typ', 'crit']) {
        const odd_ = `{"alg":"ES256","kid":"key","${member}":${deep}}`;
        await refused(`${base64url(odd_)}.${base64url('{}')}.AA`);
      }
    });

    it(`of ${what} in ${DEEP} levels is refused as its payload`, async () => {
      await refused(tenant.sign(deep));
      await refused(tenant.sign(deep.slice(0, -1)), { reason: 'malformed_payload' });
      for (const member of ['iss', 'aud', 'exp', 'nbf', 'sub']) {
        await refused(tenant.sign(inside(member)));
      }
      await refused(tenant.sign(inside('cnf', `{"x5t#S256":${deep}}`)));
    });

    it(`of ${what} in ${DEEP} levels passes as a claim that nobody looks at`, async () => {
      const token = tenant.sign(inside('other'));
      assert.equal((await client.validateAccessToken(token)).sub, 'user');
      await served.resolve(token, ({ status }, name) => assert.equal(status, 200, name));
      await good();
    });

    it(`of ${what} in ${DEEP} levels as scope or groups is 403 where they are asked for`, async () => {
      const options = tenant.options({ maxTokenBytes: MIB });
      for (const [member, route] of [
        ['scope', { scopes: ['posts:read'] }],
        ['groups', { groups: ['admin'] }],
      ]) {
        const apis = await startApis(options, { route });
        try {
          for (const value of [deep, `[${deep}]`, `["admi",${deep}]`]) {
            const token = tenant.sign(inside(member, value));
            await assert.rejects(client.validateAccessToken(token, route), MonoCloudTokenError);
            await apis.resolve(token, (answer, name) => {
              assert.ok([401, 403].includes(answer.status), `${name}: ${answer.status}`);
            });
          }
          assert.deepEqual(apis.errors, []);
        } finally {
          await apis.close();
        }
      }
      await good();
    });
  }

  it('is shown by no error, neither in its message nor in its stack', async () => {
    const marker = 'c2VjcmV0LW1hcmtlcg';
    for (const token of [`${marker}.b.c`, `a.${marker}.c`, `${marker}${NUL}😀`, `a.b.${marker}`]) {
      const error = await client.validateAccessToken(token).catch((caught) => caught);
      assert.ok(!`${error.message}${error.stack}${JSON.stringify(error)}`.includes(marker));
    }
  });
});

// Most of the time nothing happens but that a deadline or a pause comes nearer.
describe('a bad tenant', { concurrency: 6 }, () => {
  /** Writes for as long as somebody listens, and says how much the system took. */
  function endless(state, head = { 'content-type': 'application/json' }) {
    return (_request, response) => {
      response.writeHead(200, head);
      const chunk = Buffer.alloc(16 * KIB, ' ');
      const write = () => {
        while (!response.destroyed) {
          state.written += chunk.length;
          if (!response.write(chunk)) return response.once('drain', write);
        }
        return undefined;
      };
      state.closed = once(response, 'close');
      write();
    };
  }

  const reply =
    (status, body, headers = {}) =>
    (_request, response) => {
      response.writeHead(status, headers);
      response.end(body);
    };
  const html = '<!doctype html><html><body><h1>Sign in</h1></body></html>';

  const never = () => {};
  const trickle = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const timer = setInterval(() => response.write(' '), 50);
    response.on('close', () => clearInterval(timer));
  };
  const trickledHead = (request) => {
    request.socket.write('HTTP/1.1 200 OK\r\n');
    const timer = setInterval(() => request.socket.write('x-trickle: 1\r\n'), 50);
    request.socket.on('close', () => clearInterval(timer));
  };
  const bytes = (text) => (request) => request.socket.end(text);
  const resetMidBody = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
    response.write('{"issuer":', () => response.socket.resetAndDestroy?.());
    if (!response.socket.resetAndDestroy) response.socket.destroy();
  };
  const closedMidBody = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
    response.write('{"keys":[]}', () => response.socket.destroy());
  };
  const chunkedCutOff = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{"keys":[]}', () => response.socket.destroy());
  };

  /** What each endpoint may do, and the reason of the error that it ends in. */
  const faults = {
    'answers HTML': [reply(200, html, { 'content-type': 'text/html' }), 'unreadable_response'],
    'answers HTML and calls it JSON': [
      reply(200, html, { 'content-type': 'application/json' }),
      'unreadable_response',
    ],
    'answers an empty body': [reply(200, ''), 'unreadable_response'],
    'answers white space': [reply(200, ' \n '), 'unreadable_response'],
    'answers 204': [reply(204), 'unexpected_status'],
    'answers a JSON array': [reply(200, '[]'), 'unreadable_response'],
    'answers null': [reply(200, 'null'), 'unreadable_response'],
    'answers half a JSON object': [reply(200, '{"issuer":'), 'unreadable_response'],
    'answers what is not UTF-8': [
      reply(200, Buffer.from([0x7b, 0xff, 0xfe, 0x7d])),
      'unreadable_response',
    ],
    'answers UTF-16': [reply(200, Buffer.from('{}', 'utf16le')), 'unreadable_response'],
    'answers compressed bytes that nobody asked for': [
      reply(200, require('node:zlib').gzipSync('{}'), { 'content-encoding': 'gzip' }),
      'unreadable_response',
    ],
    [`answers arrays in ${DEEP} levels`]: [reply(200, deepArray), 'unreadable_response'],
    'never answers': [never, 'timeout'],
    'trickles its body': [trickle, 'timeout'],
    'trickles its headers': [trickledHead, 'timeout'],
    'resets the connection amid its body': [resetMidBody, 'connection_lost'],
    'closes the connection amid its body': [closedMidBody, 'connection_lost'],
    'closes the connection amid its chunks': [chunkedCutOff, 'connection_lost'],
    'closes the connection at once': [(request) => request.socket.destroy(), 'connection_lost'],
    'does not speak HTTP': [bytes('220 smtp.example.com ESMTP\r\n'), 'connection_lost'],
    'answers a broken status line': [bytes('HTTP/1.1 OK\r\n\r\n{}'), 'connection_lost'],
    'answers a broken chunk': [
      bytes('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n'),
      'connection_lost',
    ],
    'answers endless headers': [
      (request) => {
        request.socket.write('HTTP/1.1 200 OK\r\n');
        const line = `x-more: ${'x'.repeat(8 * KIB)}\r\n`;
        const write = () => {
          while (request.socket.writable) {
            if (!request.socket.write(line)) return request.socket.once('drain', write);
          }
          return undefined;
        };
        write();
      },
      'connection_lost',
    ],
    'answers a body of one byte more than is read': [
      reply(200, `{}${' '.repeat(LONGEST_BODY - 1)}`),
      'response_too_large',
    ],
    'announces more than is read': [
      (_request, response) => {
        response.writeHead(200, { 'content-length': String(8 * 1024 * MIB) });
        response.write(' '.repeat(LONGEST_BODY + 1));
      },
      'response_too_large',
    ],
  };

  /** The shortest there is, for those who let us wait; a loaded machine gets more for the others. */
  const SHORTEST_TIMEOUT = 1000;

  async function startServed(t) {
    const tenant = await startFaultyTenant();
    t.after(() => tenant.close());
    return tenant;
  }

  /**
   * What a client and each framework make of a fault at one endpoint of a tenant that they never met
   * before; each has to find its way back once the tenant is well again.
   */
  async function check(t, endpoint, fault, verify, responseTimeout = 20_000) {
    const tenant = await startServed(t);
    const options = tenant.options({
      responseTimeout,
      ...(endpoint === 'introspection' && tenant.credentials),
    });
    const token = endpoint === 'introspection' ? 'opaque' : tenant.token();
    const client = new MonoCloudBackendNodeClient(options);
    const apis = await startApis(options);
    t.after(() => apis.close());

    tenant.on(endpoint, fault);
    const start = Date.now();
    const [error, ...answers] = await Promise.all([
      client.validateAccessToken(token).then(
        () => assert.fail('the token passed'),
        (caught) => caught,
      ),
      ...apis.apis.map(({ url }) => get(url, token)),
    ]);
    // The deadline is for one exchange; the rest is what a loaded machine may take.
    assert.ok(Date.now() - start < responseTimeout + 4000, `took ${Date.now() - start} ms`);
    verify(error, tenant);
    const row = rowOf(error);
    answers.forEach((answer, index) => {
      assertAnswer(answer, row, apis.apis[index].name);
    });

    tenant.on(endpoint);
    await Promise.all(apis.apis.map(({ url }) => untilWell(() => get(url, token), row)));
    assert.equal((await client.validateAccessToken(token)).sub, 'user');
    assert.deepEqual(apis.errors, []);
    return tenant;
  }

  const httpError = (reason) => (error) => {
    assert.ok(error instanceof MonoCloudHttpError, String(error?.stack));
    assert.equal(error.reason, reason, error.message);
  };

  for (const endpoint of ['discovery', 'jwks', 'introspection']) {
    for (const [what, [fault, reason]] of Object.entries(faults)) {
      it(`that ${what} for ${endpoint} lets nobody in`, async (t) => {
        const timeout = reason === 'timeout' ? SHORTEST_TIMEOUT : undefined;
        await check(t, endpoint, fault, httpError(reason), timeout);
      });
    }

    it(`is read up to 512 KiB for ${endpoint}`, async (t) => {
      const tenant = await startServed(t);
      tenant.on(endpoint, (request, response, right) => {
        const { end } = response;
        response.end = (body) => end.call(response, body.padEnd(LONGEST_BODY, ' '));
        right(request, response);
      });
      const client = new MonoCloudBackendNodeClient(tenant.options(tenant.credentials));
      const token = endpoint === 'introspection' ? 'opaque' : tenant.token();
      assert.equal((await client.validateAccessToken(token)).sub, 'user');
    });

    it(`that answers ${endpoint} without end is left alone after 512 KiB`, async (t) => {
      const state = { written: 0 };
      const verify = httpError('response_too_large');
      await check(t, endpoint, endless(state), verify);
      await state.closed;
      // What we read, and what the two ends' socket buffers hold, of a few connections at most.
      assert.ok(state.written < 6 * (LONGEST_BODY + 8 * MIB), `${state.written} bytes were taken`);
    });

    for (const status of [301, 302, 303, 307, 308]) {
      it(`that redirects ${endpoint} with ${status} is not followed`, async (t) => {
        const target = await startServed(t);
        const locations = (tenant) => [
          target.jwksUri,
          `${tenant.origin}/elsewhere`,
          '/elsewhere',
          '//127.0.0.1/elsewhere',
          '',
        ];
        const tenants = await Promise.all(
          locations({ origin: '' }).map((_, index) => {
            const fault = (_request, response, _right, tenant) => {
              response.writeHead(status, { location: locations(tenant)[index] });
              response.end('{}');
            };
            return check(t, endpoint, fault, (error) => {
              httpError('unexpected_status')(error);
              assert.equal(error.status, status);
            });
          }),
        );
        for (const tenant of tenants) assert.equal(tenant.requests.other, 0);
        assert.equal(target.sockets.length, 0);
      });
    }
  }

  /** Metadata with other members, one after another. */
  const metadata = (change) => (_request, response, _right, tenant) =>
    sendJson(response, { ...tenant.metadata(), ...change(tenant) });

  it('that names another issuer lets nobody in', async (t) => {
    const others = [
      () => 'https://other.example.com',
      (issuer) => `${issuer}/`,
      (issuer) => issuer.toUpperCase(),
      (issuer) => issuer.replace('127.0.0.1', 'localhost'),
      (issuer) => ` ${issuer}`,
      () => '',
      () => null,
      () => 42,
      (issuer) => [issuer],
      () => undefined,
    ];
    await Promise.all(
      others.map((other) => {
        const fault = metadata(({ issuer }) => ({ issuer: other(issuer) }));
        return check(t, 'discovery', fault, httpError('unreadable_response'));
      }),
    );
  });

  it('that names its issuer twice lets nobody in', async (t) => {
    const fault = (_request, response, _right, tenant) => {
      const text = JSON.stringify(tenant.metadata());
      response.end(text.replace('{', '{"issuer":"https://other.example.com",'));
    };
    await check(t, 'discovery', fault, httpError('unreadable_response'));
  });

  it('may not send us where nobody may go for its keys', async (t) => {
    const uris = [
      () => 'http://tenant.example.com/jwks',
      () => 'http://10.0.0.1/jwks',
      () => 'http://169.254.169.254/latest/meta-data',
      () => 'http://[::ffff:10.0.0.1]/jwks',
      () => 'http://127.0.0.1.example.com/jwks',
      () => 'http://localhost.example.com/jwks',
      () => 'file:///etc/passwd',
      () => 'ftp://127.0.0.1/jwks',
      () => 'data:application/json,{"keys":[]}',
      () => 'javascript:alert(1)',
      () => 'unix:/var/run/docker.sock',
      () => '/jwks',
      () => '//127.0.0.1/jwks',
      () => 'jwks',
      () => 'https://',
      () => 'https:/tenant.example.com/jwks',
      () => '',
      (uri) => ` ${uri}`,
      (uri) => uri.replace('//', '//user:password@'),
      (uri) => uri.replace('//', '//user@'),
      (uri) => uri.replace('//', '//:password@'),
      (uri) => uri.replace('/jwks', '\n/jwks'),
    ];
    const verify = (error) => {
      httpError('forbidden_url')(error);
      assert.ok(!error.message.includes('password'), error.message);
    };
    await Promise.all(
      uris.map(async (uri) => {
        let asked;
        const fault = metadata(({ jwksUri }) => ({ jwks_uri: uri(jwksUri) }));
        await check(t, 'discovery', fault, (error, tenant) => {
          verify(error);
          asked = tenant.requests.jwks;
        });
        assert.equal(asked, 0, String(uri));
      }),
    );
  });

  for (const uri of [undefined, null, 42, {}, []]) {
    it(`whose jwks_uri is ${JSON.stringify(uri)} lets nobody in until it has one`, async (t) => {
      const fault = metadata(() => ({ jwks_uri: uri }));
      await check(t, 'discovery', fault, httpError('unreadable_response'));
    });
  }

  it('that publishes something else than keys lets nobody in', async (t) => {
    const bodies = ['{}', '{"keys":null}', '{"keys":{}}', '{"keys":"x"}', '{"Keys":[]}'];
    await Promise.all(
      bodies.map((body) => check(t, 'jwks', reply(200, body), httpError('unreadable_response'))),
    );
  });

  it('that publishes no usable key has none for the token', async (t) => {
    const deep = `{"keys":[{"kid":"key","kty":"EC","x":${deepArray}}]}`;
    const odd = [null, 1, 'x', [], {}, { kty: 'EC' }, { kty: 'oct', k: 'AA', kid: 'key' }];
    for (const body of ['{"keys":[]}', JSON.stringify({ keys: odd }), deep]) {
      const tenant = await startServed(t);
      tenant.on('jwks', reply(200, body));
      const client = new MonoCloudBackendNodeClient(tenant.options());
      const error = await client.validateAccessToken(tenant.token()).catch((caught) => caught);
      assert.ok(error instanceof MonoCloudTokenError, String(error?.stack));
      assert.equal(error.reason, 'unknown_key');
    }
  });

  it('that answers introspection with anything but true for `active` knows no such token', async (t) => {
    const tenant = await startServed(t);
    for (const active of [false, 'true', 1, null, [true], {}, undefined]) {
      tenant.on('introspection', (_, response) =>
        sendJson(response, { ...tenant.claims(), active }),
      );
      const client = new MonoCloudBackendNodeClient(tenant.options(tenant.credentials));
      await assert.rejects(client.validateAccessToken('opaque'), {
        name: 'MonoCloudTokenError',
        code: 'inactive_token',
      });
    }
  });
});
