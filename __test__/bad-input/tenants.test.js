'use strict';

// Bad answers of a tenant: each lets nobody in, with the documented error, and reads no more than 512 KiB. Metadata
// that points elsewhere is in ../incidents/metadata.test.js.

const { describe, it } = require('node:test');
const assert = require('node:assert/strict');
const { once } = require('node:events');

const { get } = require('../support/http.js');
const { assertAnswer, rowOf, untilWell } = require('../support/answers.js');
const { sendJson, startFaultyTenant } = require('../support/faulty-tenant.js');
const {
  MonoCloudBackendNodeClient,
  MonoCloudHttpError,
  MonoCloudTokenError,
} = require('@monocloud/backend-node');
const { DEEP, KIB, MIB, deepArray, startApis } = require('./support.js');

const LONGEST_BODY = 512 * KIB;

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
    'redirects to itself': [
      (request, response) => reply(307, '{}', { location: request.url })(request, response),
      'unexpected_status',
    ],
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
  }

  for (const uri of [undefined, null, 42, {}, []]) {
    it(`whose jwks_uri is ${JSON.stringify(uri)} lets nobody in until it has one`, async (t) => {
      const fault = (_request, response, _right, tenant) =>
        sendJson(response, { ...tenant.metadata(), jwks_uri: uri });
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
});
