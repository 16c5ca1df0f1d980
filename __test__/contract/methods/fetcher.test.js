'use strict';

// Contract §3: `fetcher`, the caller's own function for requests to the tenant.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');
const util = require('node:util');

const { MonoCloudBackendNodeClient, MonoCloudHttpError } = require('@monocloud/backend-node');
const { createTestTenant } = require('@monocloud/backend-node/testing');
const { METADATA } = require('../../support/tokens.js');
const {
  CLAIMS,
  ISSUER,
  METADATA_DOCUMENT,
  clientWith,
  failureOf,
  httpError,
  jwks,
  tenantFetcher,
  token,
  validate,
} = require('./support.js');

describe('§3 fetcher', () => {
  it('is called as fetch(url, init), for every request', async () => {
    const fetcher = tenantFetcher();
    const client = clientWith({ fetcher, clientId: 'me', clientSecret: 'a b' });
    assert.deepEqual(await validate(client), CLAIMS);
    assert.deepEqual(await validate(client, 'opaque'), CLAIMS);
    const urls = [ISSUER + METADATA, `${ISSUER}/jwks`, `${ISSUER}/introspection`];
    assert.deepEqual(fetcher.urls(), urls);
    for (const [url, init] of fetcher.calls) {
      assert.equal(typeof url, 'string');
      assert.equal(init.redirect, 'manual');
      assert.ok(init.signal instanceof AbortSignal);
      assert.equal(init.signal.aborted, false);
      // What fetch would take.
      const request = new Request(url, init);
      assert.equal(request.headers.get('accept'), 'application/json');
      if (url.endsWith('/introspection')) {
        assert.equal(request.method, 'POST');
        const type = 'application/x-www-form-urlencoded';
        assert.equal(request.headers.get('content-type'), type);
        assert.deepEqual(Object.fromEntries(new URLSearchParams(await request.text())), {
          token: 'opaque',
          token_type_hint: 'access_token',
          client_id: 'me',
          client_secret: 'a b',
        });
      } else {
        assert.equal(request.method, 'GET');
        assert.equal(request.headers.get('content-type'), null);
        assert.equal(init.body, undefined);
      }
    }
  });

  it('is called without this of ours, and in the caller’s own thread', async () => {
    const contexts = [];
    const client = clientWith({
      async fetcher() {
        contexts.push(this);
        return Response.json(METADATA_DOCUMENT);
      },
    });
    await client.getMetadata();
    assert.equal(contexts.length, 1);
    assert.ok(contexts[0] === undefined || contexts[0]?.native === undefined);
  });

  it('may be fetch itself', async () => {
    const tenant = await createTestTenant({ algorithms: ['ES256'] });
    const client = new MonoCloudBackendNodeClient(tenant.clientOptions({ fetcher: fetch }));
    assert.equal((await client.validateAccessToken(await tenant.issueToken())).sub, 'test-user');
    const opaque = await tenant.issueOpaqueToken();
    assert.equal((await client.validateAccessToken(opaque)).sub, 'test-user');
    await tenant.close();
  });

  const text = JSON.stringify(METADATA_DOCUMENT);
  const bytes = Buffer.from(text);
  const chunked = async function* chunked() {
    for (let at_ = 0; at_ < bytes.length; at_ += 7) yield bytes.subarray(at_, at_ + 7);
  };
  const good = {
    'a Response': () => new Response(text),
    'a Response of a stream': () => new Response(new Blob([text]).stream()),
    'a promise of one': async () => new Response(text),
    'status and json': () => ({ status: 200, json: async () => METADATA_DOCUMENT }),
    'status and json at once': () => ({ status: 200, json: () => METADATA_DOCUMENT }),
    'status and text': () => ({ status: 200, text: async () => text }),
    'status and arrayBuffer': () => ({
      status: 200,
      arrayBuffer: async () => new Uint8Array(bytes).buffer,
    }),
    'a body that is an async iterable of bytes': () => ({ status: 200, body: chunked() }),
    'a Node.js stream': () => ({
      status: 200,
      body: require('node:stream').Readable.from([bytes.subarray(0, 5), bytes.subarray(5)]),
    }),
    'headers of every kind': () => ({
      status: 200,
      headers: new Map([['Content-Type', 'text/html']]),
      text: async () => text,
    }),
    'ok and headers as people write them': () => ({
      ok: true,
      status: 200,
      statusText: 'OK',
      headers: { 'Content-Type': 'application/json', 'x-odd': 5, 'x-none': undefined },
      json: async () => METADATA_DOCUMENT,
    }),
    'an object without prototype': () =>
      Object.assign(Object.create(null), { status: 200, json: async () => METADATA_DOCUMENT }),
  };

  for (const [name, fetcher] of Object.entries(good)) {
    it(`may answer with ${name}`, async () => {
      assert.deepEqual(await clientWith({ fetcher }).getMetadata(), METADATA_DOCUMENT);
    });
  }

  const hostile = new Proxy(
    {},
    {
      get() {
        throw new Error('mine');
      },
    },
  );
  const endless = async function* endless() {
    for (;;) yield Buffer.alloc(65_536, 0x20);
  };
  const bad = {
    'a throw': () => {
      throw new Error('mine');
    },
    'a throw of nothing': () => {
      throw undefined;
    },
    'a rejection': () => Promise.reject(new TypeError('mine')),
    'a rejection with a text': () => Promise.reject('mine'),
    'a rejection with something hostile': () => Promise.reject(hostile),
    nothing: () => undefined,
    null: () => null,
    'a number': () => 200,
    'a text': () => text,
    'an empty object': () => ({}),
    'no status': () => ({ json: async () => METADATA_DOCUMENT }),
    'a status of text': () => ({ status: '200', json: async () => METADATA_DOCUMENT }),
    'a broken status': () => ({ status: 200.5, json: async () => METADATA_DOCUMENT }),
    'a negative status': () => ({ status: -1, json: async () => METADATA_DOCUMENT }),
    'a status past all counting': () => ({
      status: 2 ** 32 + 200,
      json: async () => METADATA_DOCUMENT,
    }),
    'no body': () => ({ status: 200 }),
    'a body that throws': () => ({ status: 200, json: () => Promise.reject(new Error('mine')) }),
    'a body that is no JSON': () => ({ status: 200, json: async () => 5n }),
    'a body of nothing': () => ({ status: 200, json: async () => undefined }),
    'a text that is none': () => ({ status: 200, text: async () => 5 }),
    'a hostile object': () => hostile,
    'hostile headers': () => ({ status: 200, headers: hostile, json: async () => ({}) }),
    'headers that are no pairs': () => ({ status: 200, headers: [1], json: async () => ({}) }),
    'a body that was read': async () => {
      const response = new Response(text);
      await response.text();
      return response;
    },
    'a body that breaks': () => ({
      status: 200,
      body: (async function* broken() {
        yield bytes;
        throw new Error('mine');
      })(),
    }),
    'Response.error()': () => Response.error(),
    'a redirect': () => Response.redirect('http://127.0.0.1:9/'),
    204: () => new Response(null, { status: 204 }),
    500: () => new Response(text, { status: 500 }),
    HTML: () => new Response('<html>'),
    'an empty body': () => new Response(''),
    'bytes that are no UTF-8': () => new Response(Buffer.from([0x7b, 0xff, 0x7d])),
    'too much text': () => ({ status: 200, text: async () => ' '.repeat(600 * 1024) }),
    'too many bytes': () => new Response(Buffer.alloc(512 * 1024 + 1, 0x20)),
    'an endless body': () => ({ status: 200, body: endless() }),
    'an endless Response': () => new Response(require('node:stream').Readable.from(endless())),
  };

  for (const [name, fetcher] of Object.entries(bad)) {
    it(`that answers with ${name} is a MonoCloudHttpError, and a forced call asks again`, async () => {
      let healthy = false;
      const answer = tenantFetcher();
      const client = clientWith({ fetcher: (...args) => (healthy ? answer : fetcher)(...args) });
      const error = await httpError(() => client.getMetadata());
      assert.ok(!`${error.stack}${JSON.stringify(error)}`.includes('mine'));
      await httpError(() => client.validateAccessToken(token));
      healthy = true;
      // Forced: after a failure the tenant is left alone for a moment.
      assert.deepEqual(await client.getMetadata(true), METADATA_DOCUMENT);
      assert.deepEqual(await client.getJwks(true), jwks);
      assert.deepEqual(await validate(client), CLAIMS);
    });
  }

  it('a status is from 0 to 65535', async () => {
    for (const [status, reason] of [
      [-1, 'fetcher_failed'],
      [0, 'unexpected_status'],
      [65_535, 'unexpected_status'],
      [65_536, 'fetcher_failed'],
    ]) {
      const client = clientWith({ fetcher: () => ({ status, text: async () => '' }) });
      await httpError(() => client.getMetadata(), reason);
    }
  });

  it('a status text is a text', async () => {
    for (const [statusText, shown] of [
      ['Busy', 'Busy'],
      [5, ''],
      [undefined, ''],
    ]) {
      const fetcher = () => ({ status: 503, statusText, text: async () => '' });
      const { raw } = await httpError(() => clientWith({ fetcher }).getMetadata());
      assert.equal(raw.statusText, shown);
    }
  });

  it('headers are read from whatever has them', async () => {
    const pairs = [['Retry-After', '7']];
    for (const headers of [new Headers(pairs), new Map(pairs), pairs, Object.fromEntries(pairs)]) {
      const fetcher = () => ({ status: 503, headers, text: async () => '' });
      const error = await httpError(() => clientWith({ fetcher }).getMetadata());
      assert.equal(error.retryAfter, 7, util.inspect(headers));
    }
  });

  it('the errors of 256 calls at once are kept as causes, the last ones', async () => {
    let called = 0;
    let goOn;
    const all = new Promise((resolve) => {
      goOn = resolve;
    });
    const fetcher = async () => {
      called += 1;
      const number = called;
      if (number === 260) goOn();
      await all;
      throw number;
    };
    const calls = Array.from({ length: 260 }, () =>
      httpError(() => clientWith({ fetcher }).getMetadata()),
    );
    const causes = (await Promise.all(calls)).map(({ cause }) => cause);
    const known = causes.filter((cause) => cause !== undefined).sort((a, b) => a - b);
    assert.deepEqual(
      known,
      Array.from({ length: 256 }, (_, index) => index + 5),
    );
  });

  it('512 KiB are read, one byte more is not', async () => {
    const padded = (length) => new Response(text + ' '.repeat(length - text.length));
    const limit = 512 * 1024;
    const fits = clientWith({ fetcher: () => padded(limit) });
    assert.deepEqual(await fits.getMetadata(), METADATA_DOCUMENT);
    const longer = clientWith({ fetcher: () => padded(limit + 1) });
    await httpError(() => longer.getMetadata(), 'response_too_large');
  });

  it('an endless body is cancelled', async () => {
    let cancelled = false;
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
      cancel: () => {
        cancelled = true;
      },
    });
    const client = clientWith({ fetcher: () => new Response(body) });
    await httpError(() => client.getMetadata(), 'response_too_large');
    assert.ok(cancelled);
  });

  it('that never settles is a MonoCloudHttpError within responseTimeout, and is told to stop', async () => {
    const hang = () => new Promise(() => {});
    const hanging = {
      never: hang,
      'a body that never ends': () => new Response(new ReadableStream({ pull: hang })),
      'a body that is never read': () => ({ status: 200, text: hang }),
    };
    await Promise.all(
      Object.entries(hanging).map(async ([name, fetcher]) => {
        let signal;
        const client = clientWith({
          responseTimeout: 1000,
          fetcher: (_url, init) => {
            signal = init.signal;
            return fetcher();
          },
        });
        const from = performance.now();
        const error = await httpError(() => client.getMetadata(), 'timeout');
        const elapsed = performance.now() - from;
        assert.ok(elapsed > 950 && elapsed < 5000, `${name}: ${elapsed}`);
        assert.match(error.message, /within 1000 ms/);
        // Being told comes after the answer, and keeps no process alive: the test has to.
        const holding = setTimeout(() => {}, 5000);
        if (!signal.aborted)
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
        clearTimeout(holding);
        assert.ok(signal.aborted, name);
      }),
    );
  });

  it('that is neither text nor bytes is the fetcher’s failure', async () => {
    for (const text of [5, null, undefined, {}, [1]]) {
      const client = clientWith({ fetcher: () => ({ status: 200, text: async () => text }) });
      await httpError(() => client.getMetadata(), 'fetcher_failed');
    }
  });

  it('that holds the thread until responseTimeout is over harms nobody', async () => {
    const client = clientWith({
      responseTimeout: 1000,
      fetcher: () => {
        const until = performance.now() + 1300;
        while (performance.now() < until);
        return new Response(text);
      },
    });
    await httpError(() => client.getMetadata(), 'timeout');
    // By now the core has told it to stop, although it had answered.
    await new Promise(setImmediate);
  });

  it('that settles too late harms nobody', async () => {
    const late = [];
    const client = clientWith({
      responseTimeout: 1000,
      fetcher: () => new Promise((...settle) => late.push(settle)),
    });
    await httpError(() => client.getMetadata(), 'timeout');
    for (const [resolve] of late) resolve(new Response(text));
    const again = failureOf(() => client.getMetadata(true));
    await new Promise(setImmediate);
    for (const [, reject] of late.slice(1)) reject(new Error('mine'));
    assert.ok((await again) instanceof MonoCloudHttpError);
  });
});
