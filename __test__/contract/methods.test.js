'use strict';

// Contract §3: the methods of both classes, what may be put in their place, where errors begin, and
// the caller's own functions that a client calls: `fetcher`, `metadataResolver`, `jwksResolver`.

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const { after, before, describe, it } = require('node:test');
const util = require('node:util');

const {
  MonoCloudAuthBaseError,
  MonoCloudBackendNodeClient,
  MonoCloudHttpError,
  MonoCloudOidcBackendClient,
  MonoCloudTokenError,
  MonoCloudValidationError,
} = require('@monocloud/backend-node');
const { createTestTenant } = require('@monocloud/backend-node/testing');
const { METADATA, at, encode, makeKey, setOf, sign, startIssuer } = require('../support/tokens.js');

const run = util.promisify(execFile);

const ISSUER = 'https://tenant.example';
const AUDIENCE = 'https://api.example.com';
const BASE = { tenantDomain: ISSUER, audience: AUDIENCE };
const NOW = 1_800_000_000;
const CLAIMS = { iss: ISSUER, sub: 'ada', aud: AUDIENCE, exp: NOW + 60 };

const key = makeKey('ES256');
const jwks = setOf(key);
const token = sign(key, { claims: CLAIMS });
const METADATA_DOCUMENT = {
  issuer: ISSUER,
  jwks_uri: `${ISSUER}/jwks`,
  introspection_endpoint: `${ISSUER}/introspection`,
};

const clientWith = (options) => new MonoCloudBackendNodeClient({ ...BASE, ...options });

const validate = (client, text = token, route = {}) =>
  at(NOW, () => client.validateAccessToken(text, route));

/** A fetcher that answers as a tenant does; `calls` has all that it was called with. */
function tenantFetcher(answers = {}) {
  const documents = {
    [ISSUER + METADATA]: METADATA_DOCUMENT,
    [`${ISSUER}/jwks`]: jwks,
    [`${ISSUER}/introspection`]: { ...CLAIMS, active: true },
    ...answers,
  };
  const fetcher = async (url, init) => {
    fetcher.calls.push([url, init]);
    return new Response(JSON.stringify(documents[url]), { status: documents[url] ? 200 : 404 });
  };
  fetcher.calls = [];
  fetcher.urls = () => fetcher.calls.map(([url]) => url);
  return fetcher;
}

async function failureOf(work) {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new assert.AssertionError({ message: 'nothing failed' });
}

async function httpError(work, reason) {
  const error = await failureOf(work);
  assert.ok(error instanceof MonoCloudHttpError, error?.stack ?? util.inspect(error));
  if (reason) assert.equal(error.reason, reason, error.message);
  return error;
}

describe('§3 the classes', () => {
  it('MonoCloudBackendNodeClient extends MonoCloudOidcBackendClient', () => {
    const client = clientWith();
    assert.ok(client instanceof MonoCloudOidcBackendClient);
    assert.equal(Object.getPrototypeOf(MonoCloudBackendNodeClient), MonoCloudOidcBackendClient);
    assert.equal(MonoCloudBackendNodeClient.name, 'MonoCloudBackendNodeClient');
    assert.equal(MonoCloudOidcBackendClient.name, 'MonoCloudOidcBackendClient');
    assert.equal(MonoCloudBackendNodeClient.decodeJwt, MonoCloudOidcBackendClient.decodeJwt);
    assert.deepEqual(Object.keys(client), []);
  });

  it('are not functions', () => {
    assert.throws(() => MonoCloudBackendNodeClient(BASE), TypeError);
  });

  it('have the documented methods', () => {
    const methods = [
      'validateJwtAccessToken',
      'introspectAccessToken',
      'getMetadata',
      'getJwks',
      'setClockSkew',
      'setClockTolerance',
    ];
    const base = new MonoCloudOidcBackendClient(ISSUER, AUDIENCE);
    for (const name of methods) assert.equal(typeof base[name], 'function', name);
    assert.equal(typeof clientWith().validateAccessToken, 'function');
  });

  it('return promises, whatever they are given', async () => {
    const client = clientWith({
      fetcher() {
        throw new Error();
      },
    });
    const throwing = {
      get scopes() {
        throw new RangeError('mine');
      },
    };
    for (const call of [
      () => client.validateAccessToken(),
      () => client.validateAccessToken(token),
      () => client.validateAccessToken('opaque'),
      () => client.validateAccessToken(token, throwing),
      () => client.validateAccessToken(token, 5),
      () => client.validateJwtAccessToken(),
      () => client.validateJwtAccessToken(token, { jwks: 5 }),
      () => client.validateJwtAccessToken(token, { scopes: 'a' }),
      () => client.introspectAccessToken(),
      () => client.introspectAccessToken('opaque'),
      () => client.getMetadata(),
      () => client.getJwks(Symbol('x')),
    ]) {
      let promise;
      assert.doesNotThrow(() => {
        promise = call();
      }, String(call));
      assert.ok(promise instanceof Promise, String(call));
      await failureOf(() => promise);
    }
  });

  it('route options of the wrong type are a MonoCloudValidationError', async () => {
    const client = clientWith();
    // biome-ignore lint/suspicious/noSparseArray: a hole is no scope
    const holes = ['a', , 'b'];
    for (const options of [
      5,
      'x',
      true,
      ['a'],
      { scopes: 'a' },
      { scopes: [1] },
      { scopes: [null] },
      { scopes: holes },
      { scopes: new Array(3) },
      { scopes: { length: 1, 0: 'a' } },
      { groups: new Set(['a']) },
      { groups: [['a']] },
      { groups: [Object('a')] },
      { validateCertificateBinding: 'yes' },
      { validateCertificateBinding: 1 },
    ]) {
      for (const method of ['validateAccessToken', 'validateJwtAccessToken']) {
        const error = await failureOf(() => client[method](token, options));
        assert.ok(error instanceof MonoCloudValidationError, error.stack);
      }
    }
  });

  it('claims are a fresh plain object for each call', async () => {
    const client = clientWith();
    const claims = { ...CLAIMS, groups: [{ id: 'a' }] };
    const text = sign(key, { claims });
    const call = () => at(NOW, () => client.validateJwtAccessToken(text, { jwks }));
    const [one, two] = [await call(), await call()];
    assert.notEqual(one, two);
    assert.notEqual(one.groups, two.groups);
    one.groups[0].id = 'changed';
    one.sub = 'eve';
    assert.deepEqual(two, claims);
    assert.deepEqual(await call(), claims);
    assert.equal(Object.getPrototypeOf(one), Object.prototype);
    assert.ok(!Object.isFrozen(one));
  });

  it('two calls at once get claims of their own, fetched or introspected', async () => {
    const fetcher = tenantFetcher();
    const client = clientWith({ fetcher, clientId: 'me', clientSecret: 'x' });
    for (const text of [token, 'opaque']) {
      const [one, two] = await Promise.all([validate(client, text), validate(client, text)]);
      one.sub = 'eve';
      assert.deepEqual(two, CLAIMS);
    }
  });

  it('documents are a fresh plain object for each call', async () => {
    const client = clientWith({ fetcher: tenantFetcher() });
    const metadata = await client.getMetadata();
    metadata.jwks_uri = 'https://evil.example';
    assert.deepEqual(await client.getMetadata(), METADATA_DOCUMENT);
    const keys = await client.getJwks();
    keys.keys.length = 0;
    assert.deepEqual(await client.getJwks(), jwks);
    assert.deepEqual(await validate(client), CLAIMS);
  });
});

describe('§3 subclasses and replaced methods', () => {
  it('a subclass may override each method and call its parent’s', async () => {
    const seen = [];
    class Mine extends MonoCloudBackendNodeClient {
      constructor(options) {
        super(options);
        this.mine = true;
      }
      async validateAccessToken(...args) {
        seen.push('validateAccessToken');
        return { ...(await super.validateAccessToken(...args)), mine: this.mine };
      }
      validateJwtAccessToken(...args) {
        seen.push('validateJwtAccessToken');
        return super.validateJwtAccessToken(...args);
      }
      introspectAccessToken(...args) {
        seen.push('introspectAccessToken');
        return super.introspectAccessToken(...args);
      }
      getMetadata(...args) {
        seen.push('getMetadata');
        return super.getMetadata(...args);
      }
      getJwks(...args) {
        seen.push('getJwks');
        return super.getJwks(...args);
      }
      setClockSkew(seconds) {
        super.setClockSkew(seconds + 1);
      }
    }
    const options = { ...BASE, fetcher: tenantFetcher(), clientId: 'me', clientSecret: 'x' };
    const client = new Mine(options);
    assert.deepEqual(await validate(client), { ...CLAIMS, mine: true });
    assert.deepEqual(seen.splice(0, 3), [
      'validateAccessToken',
      'validateJwtAccessToken',
      'getJwks',
    ]);
    seen.length = 0;
    assert.deepEqual(await validate(client, 'opaque'), { ...CLAIMS, mine: true });
    assert.deepEqual(seen, ['validateAccessToken', 'introspectAccessToken', 'getMetadata']);
    client.setClockSkew(358);
    assert.deepEqual(await validate(client), { ...CLAIMS, mine: true });
    client.setClockSkew(359);
    assert.equal((await failureOf(() => validate(client))).reason, 'expired');
  });

  it('a subclass of the base class may name its own tenant', async () => {
    class Ours extends MonoCloudOidcBackendClient {
      constructor() {
        super(ISSUER, AUDIENCE, { fetcher: tenantFetcher() });
      }
    }
    const ours = new Ours();
    assert.ok(ours instanceof Ours);
    assert.deepEqual(await at(NOW, () => ours.validateJwtAccessToken(token)), CLAIMS);
  });

  for (const [method, text] of [
    ['validateJwtAccessToken', token],
    ['introspectAccessToken', 'opaque'],
  ]) {
    // What either method must answer for is in ../boundary/replaced-introspection.test.js.
    const alone = method === 'introspectAccessToken';
    const answer = { ...CLAIMS, sub: 'mine', scope: 'a', groups: ['b'] };

    it(`a replaced ${method} is the one that is called, as documented`, async () => {
      const client = clientWith({ fetcher: tenantFetcher(), clientId: 'me', clientSecret: 'x' });
      const calls = [];
      const options = { scopes: ['a'], groups: ['b'], clientCertificate: 'x' };
      client[method] = async function replaced(...args) {
        assert.equal(this, client);
        calls.push(args);
        return answer;
      };
      const claims = await at(NOW, () => client.validateAccessToken(text, options));
      assert.deepEqual(claims, answer);
      assert.equal(calls.length, 1);
      assert.equal(calls[0][0], text);
      assert.deepEqual(calls[0].slice(1), alone ? [] : [options]);
      client[method] = async () => {
        throw new MonoCloudTokenError('mine', 'inactive_token');
      };
      const error = await failureOf(() => client.validateAccessToken(text));
      assert.equal(error.message, 'mine');
      delete client[method];
      assert.deepEqual(await validate(client, text), CLAIMS);
    });

    it(`${method} replaced on the prototype is the one that is called`, async (t) => {
      const client = clientWith();
      const original = MonoCloudOidcBackendClient.prototype[method];
      t.after(() => {
        MonoCloudOidcBackendClient.prototype[method] = original;
      });
      MonoCloudOidcBackendClient.prototype[method] = async () => answer;
      assert.deepEqual(await at(NOW, () => client.validateAccessToken(text)), answer);
    });
  }

  it('a replaced getJwks is the one that is called, and no request is made', async () => {
    const fetcher = tenantFetcher();
    const client = clientWith({ fetcher });
    let calls = 0;
    client.getJwks = async () => {
      calls += 1;
      return jwks;
    };
    assert.deepEqual(await validate(client), CLAIMS);
    assert.deepEqual(await at(NOW, () => client.validateJwtAccessToken(token)), CLAIMS);
    assert.ok(calls >= 1);
    assert.deepEqual(fetcher.calls, []);
    // It need not be a promise.
    client.getJwks = () => setOf(makeKey('ES256'));
    assert.equal((await failureOf(() => validate(client))).reason, 'invalid_signature');
    client.getJwks = () => setOf();
    assert.equal((await failureOf(() => validate(client))).reason, 'unknown_key');
  });

  it('a replaced getMetadata is the one that says where the keys and the introspection are', async () => {
    const elsewhere = `${ISSUER}/elsewhere`;
    const other = makeKey('ES256');
    const fetcher = tenantFetcher({
      [elsewhere]: setOf(other),
      [`${elsewhere}/ask`]: { ...CLAIMS, sub: 'eve', active: true },
    });
    const client = clientWith({ fetcher, clientId: 'me', clientSecret: 'x' });
    client.getMetadata = async () => ({
      issuer: ISSUER,
      jwks_uri: elsewhere,
      introspection_endpoint: `${elsewhere}/ask`,
    });
    assert.deepEqual(await validate(client, sign(other, { claims: CLAIMS })), CLAIMS);
    assert.equal((await validate(client, 'opaque')).sub, 'eve');
    assert.deepEqual(await client.getJwks(), setOf(other));
    assert.deepEqual(fetcher.urls(), [elsewhere, `${elsewhere}/ask`]);
  });

  it('a getMetadata replaced on one client is nobody else’s', async () => {
    const tenant = await createTestTenant();
    const [one, two] = [tenant, tenant].map(
      (t) => new MonoCloudBackendNodeClient(t.clientOptions()),
    );
    const real = await two.getMetadata();
    const other = makeKey('ES256');
    const elsewhere = await startIssuer(setOf(other));
    const theirs = { ...real, jwks_uri: `${elsewhere.url}/jwks` };
    one.getMetadata = async () => theirs;
    const claims = { iss: tenant.tenantDomain, aud: tenant.audience, exp: 9_999_999_999 };
    assert.deepEqual(await one.validateAccessToken(sign(other, { claims })), claims);
    const forged = await two.validateAccessToken(sign(other, { claims })).catch((error) => error);
    const metadata = await two.getMetadata();
    await Promise.all([tenant.close(), elsewhere.close()]);
    assert.ok(forged instanceof MonoCloudTokenError, `accepted: ${util.inspect(forged)}`);
    assert.equal(forged.reason, 'unknown_key');
    assert.deepEqual(metadata, real);
  });

  it('what a replaced method rejects with is what the caller gets', async () => {
    const mine = new RangeError('mine');
    for (const method of ['getJwks', 'getMetadata']) {
      const client = clientWith({ clientId: 'me', clientSecret: 'x' });
      for (const replaced of [
        () => Promise.reject(mine),
        () => {
          throw mine;
        },
      ]) {
        client[method] = replaced;
        assert.equal(await failureOf(() => validate(client)), mine);
      }
    }
  });

  it('a replaced method that returns rubbish gives a documented error', async () => {
    const cyclic = {};
    cyclic.self = cyclic;
    const rubbish = [undefined, null, 1, 'x', [], {}, 5n, Symbol('x'), cyclic, () => {}];
    for (const method of ['getJwks', 'getMetadata']) {
      for (const value of [...rubbish, { keys: 1 }, { issuer: 'https://other.example' }]) {
        const client = clientWith();
        client[method] = async () => value;
        const error = await failureOf(() => validate(client));
        assert.ok(error instanceof MonoCloudAuthBaseError, `${method}: ${error?.stack}`);
      }
    }
  });
});

describe('§3 getMetadata and getJwks', () => {
  let tenant;
  let client;
  before(async () => {
    tenant = await createTestTenant();
    client = new MonoCloudBackendNodeClient(tenant.clientOptions());
  });
  after(() => tenant.close());

  it('resolve to the tenant’s documents', async () => {
    const metadata = await client.getMetadata();
    assert.equal(metadata.issuer, tenant.tenantDomain);
    const answer = await fetch(metadata.jwks_uri);
    assert.deepEqual(await client.getJwks(), await answer.json());
  });

  it('are answered from the cache', async () => {
    const earlier = tenant.requests;
    await Promise.all([client.getMetadata(), client.getMetadata(), client.getJwks(false)]);
    await client.validateAccessToken(await tenant.issueToken());
    assert.deepEqual(tenant.requests, earlier);
  });

  it('are fetched anew with forceRefresh', async () => {
    const earlier = tenant.requests;
    await client.getMetadata(true);
    assert.equal(tenant.requests.discovery, earlier.discovery + 1);
    await tenant.rotateKeys();
    await client.getJwks(true);
    assert.equal(tenant.requests.jwks, earlier.jwks + 1);
    const { keys } = await client.getJwks();
    assert.ok(keys.length > 0);
    assert.equal(tenant.requests.jwks, earlier.jwks + 1);
    await client.validateAccessToken(await tenant.issueToken());
    assert.equal(tenant.requests.jwks, earlier.jwks + 1);
  });

  it('forced by many at once are one request, or a few', async () => {
    const earlier = tenant.requests.jwks;
    await Promise.all(Array.from({ length: 20 }, () => client.getJwks(true)));
    const made = tenant.requests.jwks - earlier;
    assert.ok(made >= 1 && made <= 2, String(made));
  });

  it('forced, they reject where the tenant is gone', async () => {
    const gone = await createTestTenant();
    const lonely = new MonoCloudBackendNodeClient(gone.clientOptions());
    await lonely.getJwks();
    await gone.close();
    await httpError(() => lonely.getMetadata(true), 'connection_failed');
    await httpError(() => lonely.getJwks(true), 'connection_failed');
  });
});

describe('§3 setClockSkew and setClockTolerance', () => {
  const check = (client, claims) =>
    at(NOW, () =>
      client.validateJwtAccessToken(sign(key, { claims: { ...CLAIMS, ...claims } }), { jwks }),
    ).then(
      () => true,
      (error) => error.reason,
    );

  it('count from the next token on', async () => {
    for (const client of [clientWith(), new MonoCloudOidcBackendClient(ISSUER, AUDIENCE)]) {
      assert.equal(client.setClockTolerance(10), undefined);
      assert.equal(await check(client, { exp: NOW - 10 }), 'expired');
      assert.equal(await check(client, { exp: NOW - 9 }), true);
      assert.equal(client.setClockSkew(20), undefined);
      assert.equal(await check(client, { exp: NOW + 10 }), 'expired');
      assert.equal(await check(client, { exp: NOW + 11 }), true);
      assert.equal(await check(client, { exp: NOW + 99, nbf: NOW + 30 }), true);
      assert.equal(await check(client, { exp: NOW + 99, nbf: NOW + 31 }), 'not_yet_valid');
      client.setClockSkew(0);
      client.setClockTolerance(0);
      assert.equal(await check(client, { exp: NOW }), 'expired');
      assert.equal(await check(client, { exp: NOW + 1 }), true);
    }
  });

  it('are of one client', async () => {
    const [one, two] = [clientWith(), clientWith()];
    one.setClockTolerance(0);
    assert.equal(await check(one, { exp: NOW - 1 }), 'expired');
    assert.equal(await check(two, { exp: NOW - 1 }), true);
  });

  it('throw at once for another value, and keep the old one', async () => {
    const client = clientWith();
    for (const name of ['clockSkew', 'clockTolerance']) {
      const method = `set${name[0].toUpperCase()}${name.slice(1)}`;
      for (const value of [
        Number.NaN,
        Number.POSITIVE_INFINITY,
        Number.NEGATIVE_INFINITY,
        -1,
        -0.001,
        '5',
        '',
        true,
        null,
        undefined,
        5n,
        Symbol('x'),
        {},
        [],
        [5],
        () => 5,
        new Date(),
        Object(5),
      ]) {
        assert.throws(
          () => client[method](value),
          (error) => {
            assert.ok(error instanceof MonoCloudValidationError, error.stack);
            assert.ok(error.message.startsWith(`"${name}" must be`), error.message);
            return true;
          },
          util.inspect(value),
        );
      }
    }
    assert.equal(await check(client, { exp: NOW - 300 }), 'expired');
    assert.equal(await check(client, { exp: NOW - 299 }), true);
  });
});

describe('§3 decodeJwt', () => {
  const { decodeJwt } = MonoCloudOidcBackendClient;

  it('decodes and verifies nothing', () => {
    assert.deepEqual(decodeJwt(token), CLAIMS);
    assert.deepEqual(MonoCloudBackendNodeClient.decodeJwt(token), CLAIMS);
    const expired = { exp: 1, text: 'é😀', deep: [{}] };
    assert.deepEqual(decodeJwt(sign(key, { claims: expired })), expired);
    assert.deepEqual(decodeJwt(`rubbish.${encode(CLAIMS)}.rubbish`), CLAIMS);
    assert.deepEqual(decodeJwt(`.${encode('{}')}.`), {});
  });

  it('gives a fresh object each time, and a member __proto__ is a member', () => {
    assert.notEqual(decodeJwt(token), decodeJwt(token));
    const claims = decodeJwt(`.${encode('{"__proto__":{"admin":true}}')}.`);
    assert.equal(Object.getPrototypeOf(claims), Object.prototype);
    assert.equal(claims.admin, undefined);
  });

  it('of garbage throws MonoCloudTokenError at once', () => {
    const garbage = [
      undefined,
      null,
      1,
      5n,
      Symbol('x'),
      {},
      [],
      ['a', 'b', 'c'],
      () => {},
      Object(token),
      '',
      'a',
      '.',
      '..',
      'a..c',
      'a.!.c',
      'a.b c.d',
      `.${encode('{')}.`,
      `.${encode('')}.`,
      `.${encode('undefined')}.`,
      `.${encode('[]')}.`,
      `.${encode('null')}.`,
      `.${encode('1')}.`,
      `.${encode('"x"')}.`,
      `.${encode(Buffer.from([0x7b, 0xff, 0x7d]))}.`,
      `.${encode('\ufeff{}')}.`,
      `.${encode('{}')}=.`,
      `. ${encode('{}')}.`,
      `.${encode('['.repeat(100_000))}.`,
      `.${'\0'}.`,
      `.${'\ud800'}.`,
      'x'.repeat(1_000_000),
      `.${'A'.repeat(1_000_000)}.`,
    ];
    for (const jwt of garbage) {
      assert.throws(
        () => decodeJwt(jwt),
        (error) => {
          assert.ok(error instanceof MonoCloudTokenError, `${error.stack}`);
          assert.equal(error.code, 'invalid_token');
          assert.equal(typeof error.reason, 'string');
          return true;
        },
      );
    }
    assert.throws(() => decodeJwt(`.${encode('[]')}.`), {
      message: 'JWT Payload must be a top level object',
    });
    assert.throws(() => decodeJwt(`.${encode('{')}.`), { message: 'Failed to parse JWT Payload' });
  });
});

describe('§3 where an error’s stack begins', () => {
  const source = fs.readFileSync(__filename, 'utf8').split('\n');

  /** In this file, and not in ours; in the line with `mark`, where there is one. */
  function assertBegins(error, mark) {
    assert.ok(error instanceof MonoCloudAuthBaseError, util.inspect(error));
    assert.match(error.stack, new RegExp(`^${error.name}: `));
    const frame = error.stack.split('\n').find((text) => /^\s+at /.test(text)) ?? '';
    const [, line] = /methods\.test\.js:(\d+):\d+/.exec(frame) ?? [];
    assert.ok(line, `${error.name} (${error.message}) begins at\n${error.stack}`);
    if (mark) assert.ok(source[line - 1].includes(mark), `${source[line - 1]}\n${error.stack}`);
  }

  const failing = {
    fetcher: async () => new Response('', { status: 500 }),
    clientId: 'me',
    clientSecret: 'x',
  };

  const calls = {
    'a token that is none': (c) => c.validateAccessToken(''),
    'a bad header': (c) => c.validateAccessToken('..'),
    'no JWT': (c) => c.validateJwtAccessToken('x'),
    'a bad signature': (c) => c.validateJwtAccessToken(`${token}A`, { jwks }),
    'a bad set of keys': (c) => c.validateJwtAccessToken(token, { jwks: {} }),
    'a late error of a JWT': (c) => c.validateAccessToken(token),
    'a late error of validateJwtAccessToken': (c) => c.validateJwtAccessToken(token),
    'a late error of an opaque token': (c) => c.validateAccessToken('opaque'),
    'a late error of introspectAccessToken': (c) => c.introspectAccessToken('opaque'),
    'a late error of getMetadata': (c) => c.getMetadata(),
    'a late error of getJwks': (c) => c.getJwks(true),
    'bad options': (c) => c.validateAccessToken(token, 5),
    'bad scopes': (c) => c.validateJwtAccessToken(token, { scopes: 'a' }),
    'no clientId': () => clientWith().validateAccessToken('opaque'),
  };

  for (const [name, call] of Object.entries(calls)) {
    it(`${name}: at the caller’s line`, async () => {
      assertBegins(await failureOf(() => call(clientWith(failing))));
    });
  }

  it('to the very line, for early and for late errors', async () => {
    const client = clientWith(failing);
    let error = await client.validateAccessToken('..').catch((thrown) => thrown); // early
    assertBegins(error, '// early');
    error = await client.validateAccessToken(token).catch((thrown) => thrown); // late
    assertBegins(error, '// late');
    error = await client.introspectAccessToken('x').catch((thrown) => thrown); // asked
    assertBegins(error, '// asked');
  });

  it('with getJwks and getMetadata replaced: at the caller’s line', async () => {
    for (const method of ['getJwks', 'getMetadata']) {
      const client = clientWith(failing);
      client[method] = async () => ({});
      const error = await client.validateAccessToken(token).catch((thrown) => thrown); // replaced
      assertBegins(error, '// replaced');
    }
  });

  const sync = {
    'a constructor': () => new MonoCloudBackendNodeClient({ ...BASE, clockSkew: -1 }),
    'a constructor’s options': () => new MonoCloudBackendNodeClient(5),
    'an option that can’t be read': () => new MonoCloudBackendNodeClient(unreadable),
    'the base class’s constructor': () => new MonoCloudOidcBackendClient(),
    'a setter': () => clientWith().setClockSkew(-1),
    'the other setter': () => clientWith().setClockTolerance('x'),
    decodeJwt: () => MonoCloudOidcBackendClient.decodeJwt('x'),
    'decodeJwt of a subclass': () => MonoCloudBackendNodeClient.decodeJwt('.e.'),
    'protectApi() of Express': () => express.protectApi({ ...BASE, clockSkew: -1 }),
    'protectApi() of Fastify': () => fastify.protectApi({ ...BASE, clockSkew: -1 }),
    'a resolver that is none': () => express.protectApi({ ...BASE, tokenResolver: 1 }),
    'protect() of Express': () => protectors.express({ scopes: 'a' }),
    'protect() of Fastify': () => protectors.fastify({ scopes: 'a' }),
  };
  const express = require('@monocloud/backend-node/express');
  const fastify = require('@monocloud/backend-node/fastify');
  const protectors = { express: express.protectApi(BASE), fastify: fastify.protectApi(BASE) };
  const unreadable = {
    get fetcher() {
      throw new Error();
    },
  };

  for (const [name, call] of Object.entries(sync)) {
    it(`${name}: at the caller’s line`, async () => {
      assertBegins(await failureOf(call));
    });
  }

  it('a subclass’s constructor: at the line that makes one', async () => {
    class Mine extends MonoCloudBackendNodeClient {}
    const make = () => new Mine({ ...BASE, clockSkew: -1 }); // made
    assertBegins(await failureOf(make), '// made');
  });

  it('goes on to those who wait for the caller', async () => {
    const client = clientWith(failing);
    const inner = async () => client.validateAccessToken('..');
    async function outer() {
      return await inner();
    }
    const error = await failureOf(outer);
    assert.match(error.stack, /inner/);
  });

  it('survives a program that has its own idea of stacks', async () => {
    const client = clientWith(failing);
    const { stackTraceLimit, prepareStackTrace } = Error;
    const ideas = [
      () => {
        Error.stackTraceLimit = 0;
      },
      () => {
        Error.stackTraceLimit = undefined;
      },
      () => {
        Reflect.deleteProperty(Error, 'stackTraceLimit');
      },
      () => {
        Error.prepareStackTrace = () => undefined;
      },
      () => {
        Error.prepareStackTrace = (_error, sites) => sites;
      },
      () => {
        Error.prepareStackTrace = () => ({});
      },
    ];
    const works = [
      () => client.validateAccessToken('..'),
      () => client.validateAccessToken(token),
      () => client.getMetadata(),
      async () => clientWith({ clockSkew: -1 }),
    ];
    for (const [index, idea] of ideas.entries()) {
      for (const work of works) {
        let error;
        try {
          idea();
          error = await failureOf(work);
        } finally {
          Object.assign(Error, { stackTraceLimit, prepareStackTrace });
        }
        assert.ok(error instanceof MonoCloudAuthBaseError, `${index} ${work}: ${error}`);
      }
    }
  });
});

describe('§3 the jwks option', () => {
  it('serves in place of the tenant’s, and no request is made', async () => {
    const fetcher = tenantFetcher();
    const client = clientWith({ fetcher });
    const call = (keys) => at(NOW, () => client.validateJwtAccessToken(token, { jwks: keys }));
    assert.deepEqual(await call(jwks), CLAIMS);
    assert.equal((await failureOf(() => call({ keys: [] }))).reason, 'unknown_key');
    assert.deepEqual(fetcher.calls, []);
    assert.deepEqual(await call(undefined), CLAIMS);
    assert.deepEqual(await call(null), CLAIMS);
    assert.deepEqual(fetcher.urls(), [ISSUER + METADATA, `${ISSUER}/jwks`]);
  });

  it('is not kept', async () => {
    const other = makeKey('ES256');
    const client = clientWith({ fetcher: tenantFetcher() });
    const text = sign(other, { claims: CLAIMS });
    const call = (options) => at(NOW, () => client.validateJwtAccessToken(text, options));
    assert.deepEqual(await call({ jwks: setOf(other) }), CLAIMS);
    assert.equal((await failureOf(() => call())).reason, 'invalid_signature');
  });

  it('that is no set of keys is a MonoCloudValidationError', async () => {
    const cyclic = { keys: [] };
    cyclic.self = cyclic;
    const throwing = {
      toJSON() {
        throw new Error();
      },
    };
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    for (const keys of [
      ...[0, 1, '', 'x', true, false, 5n, Symbol('x'), [], {}, [key.jwk], () => jwks],
      ...[{ keys: 1 }, { keys: {} }, { keys: null }, { keys: 'x' }, cyclic, throwing, proxy],
      ...[JSON.stringify(jwks), Promise.resolve(jwks)],
    ]) {
      const client = clientWith({ fetcher: tenantFetcher() });
      const error = await failureOf(() => client.validateJwtAccessToken(token, { jwks: keys }));
      assert.ok(error instanceof MonoCloudValidationError, `${typeof keys} ${error.stack}`);
      assert.match(error.message, /"?jwks"?/i);
    }
  });
});

describe('§3 metadataResolver and jwksResolver', () => {
  it('supply the documents instead of requests', async () => {
    const fetcher = tenantFetcher();
    const calls = [];
    const client = clientWith({
      fetcher,
      metadataResolver: async (...args) => {
        calls.push(['metadata', args.length]);
        return METADATA_DOCUMENT;
      },
      jwksResolver: (...args) => {
        calls.push(['jwks', args.length]);
        return jwks;
      },
    });
    assert.deepEqual(await validate(client), CLAIMS);
    assert.deepEqual(calls, [['jwks', 0]]);
    assert.deepEqual(await client.getMetadata(), METADATA_DOCUMENT);
    assert.deepEqual(await client.getMetadata(), METADATA_DOCUMENT);
    assert.deepEqual(calls, [
      ['jwks', 0],
      ['metadata', 0],
    ]);
    assert.deepEqual(fetcher.calls, []);
    await client.getJwks(true);
    await client.getMetadata(true);
    assert.equal(calls.length, 4);
  });

  it('metadataResolver alone says where the keys are', async () => {
    const fetcher = tenantFetcher({ [`${ISSUER}/there`]: jwks });
    const metadata = { issuer: ISSUER, jwks_uri: `${ISSUER}/there` };
    const client = clientWith({ fetcher, metadataResolver: () => metadata });
    assert.deepEqual(await validate(client), CLAIMS);
    assert.deepEqual(fetcher.urls(), [`${ISSUER}/there`]);
  });

  it('are asked again when their answer has gone stale', async () => {
    let calls = 0;
    const jwksResolver = () => {
      calls += 1;
      return jwks;
    };
    const client = clientWith({ jwksResolver, jwksCacheDuration: 0 });
    for (let n = 0; n < 3; n += 1) await validate(client);
    assert.equal(calls, 3);
  });

  it('are not called before the first token', () => {
    let calls = 0;
    const count = () => {
      calls += 1;
    };
    clientWith({ metadataResolver: count, jwksResolver: count });
    assert.equal(calls, 0);
  });

  it('belong to the base class, too', async () => {
    const base = new MonoCloudOidcBackendClient(ISSUER, AUDIENCE, { jwksResolver: () => jwks });
    assert.deepEqual(await at(NOW, () => base.validateJwtAccessToken(token)), CLAIMS);
  });

  const cyclic = {};
  cyclic.self = cyclic;
  const thenable = {
    // biome-ignore lint/suspicious/noThenProperty: a hostile one
    then() {
      throw new Error('mine');
    },
  };
  const faults = {
    'that throws': () => {
      throw new Error('mine');
    },
    'that throws undefined': () => {
      throw undefined;
    },
    'that rejects': () => Promise.reject(new Error('mine')),
    'that rejects with null': () => Promise.reject(null),
    'that throws something hostile': () => {
      throw new Proxy(
        {},
        {
          get() {
            throw new Error('again');
          },
          getPrototypeOf() {
            throw new Error('again');
          },
        },
      );
    },
    'whose promise is hostile': () => thenable,
    'that returns nothing': () => undefined,
    'that returns null': () => null,
    'that returns a number': () => 5,
    'that returns a text': () => JSON.stringify(jwks),
    'that returns a list': () => [],
    'that returns an empty object': () => ({}),
    'that returns a bigint': () => 5n,
    'that returns a function': () => () => {},
    'that returns a symbol': () => Symbol('x'),
    'that returns a cycle': () => cyclic,
    'that returns a Response': () => new Response('{}'),
    'that returns another tenant’s': () => ({ issuer: 'https://other.example', keys: 1 }),
  };

  for (const [name, resolver] of Object.entries(faults)) {
    it(`one ${name} is a MonoCloudHttpError, and a forced call asks again`, async () => {
      for (const [which, good] of [
        ['metadataResolver', METADATA_DOCUMENT],
        ['jwksResolver', jwks],
      ]) {
        let healthy = false;
        const fetcher = tenantFetcher();
        const client = clientWith({ fetcher, [which]: () => (healthy ? good : resolver()) });
        await httpError(() => validate(client));
        const call = which === 'jwksResolver' ? 'getJwks' : 'getMetadata';
        const error = await httpError(() => client[call]());
        assert.ok(!error.message.includes('mine') && !error.stack.includes('again'));
        healthy = true;
        // Forced: after a failure the tenant is left alone for a moment.
        assert.deepEqual(await client[call](true), good);
        assert.deepEqual(await client.getJwks(true), jwks);
        assert.deepEqual(await validate(client), CLAIMS);
      }
    });
  }

  it('one that hangs is a MonoCloudHttpError within responseTimeout', async () => {
    for (const which of ['metadataResolver', 'jwksResolver']) {
      const hanging = { [which]: () => new Promise(() => {}), responseTimeout: 1000 };
      const client = clientWith({ fetcher: tenantFetcher(), ...hanging });
      const from = performance.now();
      await httpError(() => client.validateAccessToken(token), 'timeout');
      const elapsed = performance.now() - from;
      assert.ok(elapsed > 950 && elapsed < 5000, String(elapsed));
    }
  });
});

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
    const tenant = await createTestTenant();
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

describe('§3 a process', () => {
  const main = JSON.stringify(require.resolve('@monocloud/backend-node'));
  const program = (body, ...flags) => {
    const options = { timeout: 20_000, cwd: __dirname };
    const source = `
      const { MonoCloudBackendNodeClient } = require(${main});
      const BASE = ${JSON.stringify(BASE)};
      const token = ${JSON.stringify(token)};
      ${body}`;
    return run(process.execPath, [...flags, '-e', source], options);
  };

  it('ends where nobody waits for a fetcher that hangs', async () => {
    const { stdout } = await program(`
      const client = new MonoCloudBackendNodeClient({
        ...BASE,
        responseTimeout: 1000,
        fetcher: () => new Promise(() => {}),
      });
      client.validateAccessToken(token).catch((error) => console.log(error.reason));
    `);
    assert.equal(stdout, 'timeout\n');
  });

  it('ends once the answer is there, though a fetcher’s promise never settles', async () => {
    const from = performance.now();
    const { stdout } = await program(`
      const client = new MonoCloudBackendNodeClient({
        ...BASE,
        responseTimeout: 1000,
        jwksCacheDuration: 0,
        fetcher: () => new Promise(() => {}),
      });
      (async () => {
        const outcomes = await Promise.allSettled([client.getMetadata(), client.getJwks()]);
        console.log(outcomes.map(({ reason }) => reason.reason).join());
      })();
    `);
    assert.equal(stdout, 'timeout,timeout\n');
    assert.ok(performance.now() - from < 10_000);
  });

  it('lives on where a fetcher or a resolver throws something hostile, and is told at once', async () => {
    const { stdout } = await program(`
      const hostile = new Proxy({}, {
        get() { throw new Error('again'); },
        getPrototypeOf() { throw new Error('again'); },
      });
      (async () => {
        for (const name of ['fetcher', 'metadataResolver']) {
          const client = new MonoCloudBackendNodeClient({
            ...BASE,
            [name]: () => Promise.reject(hostile),
          });
          await client.getMetadata().catch((error) => console.log(error.reason));
        }
      })();
    `);
    assert.equal(stdout, 'fetcher_failed\nfetcher_failed\n');
  });

  it('that only builds a client ends at once', async () => {
    const { stdout } = await program('new MonoCloudBackendNodeClient(BASE); console.log(1);');
    assert.equal(stdout, '1\n');
  });

  it('waits for an answer that somebody awaits', async () => {
    const { stdout } = await program(`
      const client = new MonoCloudBackendNodeClient({
        ...BASE,
        fetcher: (url) => new Promise((resolve) => {
          setTimeout(() => resolve({ status: 503, text: async () => '' }), 100).unref();
        }),
      });
      client.getMetadata().catch((error) => console.log(error.status));
    `);
    assert.equal(stdout, '503\n');
  });

  it('a client that nobody holds any more finishes what it began', async () => {
    const { stdout } = await program(
      `
      const documents = {
        '/.well-known/openid-configuration': ${JSON.stringify(METADATA_DOCUMENT)},
        '/jwks': ${JSON.stringify(jwks)},
      };
      let waiting = true;
      // Between any two steps of the exchange.
      const collect = () => {
        gc();
        if (waiting) setImmediate(collect);
      };
      const begin = () => {
        const fetcher = async (url) => {
          await new Promise(setImmediate);
          const { pathname } = new URL(url);
          return { status: 200, json: async () => documents[pathname] };
        };
        return new MonoCloudBackendNodeClient({ ...BASE, fetcher }).getJwks();
      };
      begin()
        .then(({ keys }) => console.log(keys.length), (error) => console.log(error.message))
        .finally(() => { waiting = false; });
      collect();
    `,
      '--expose-gc',
    );
    assert.equal(stdout, '1\n');
  });
});
