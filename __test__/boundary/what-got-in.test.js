'use strict';

// What once got past the guard, each named after what happened, and what this suite has found since.

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');

const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { createMemoryCache } = require('@monocloud/backend-node/cache');
const { createTestTenant } = require('@monocloud/backend-node/testing');
const { guarded } = require('../support/guarded.js');
const { get } = require('../support/http.js');
const { makeKey, setOf, sign } = require('../support/tokens.js');

let tenant;
let reader;
const unknown = makeKey('ES256', { kid: 'unknown' });

before(async () => {
  tenant = await createTestTenant({
    algorithms: ['ES256'],
    audience: 'https://api.example.com',
  });
  reader = await tenant.issueToken({ scopes: ['read'] });
});
after(() => tenant?.close());

const clientWith = (more, Class = MonoCloudBackendNodeClient) =>
  new Class(tenant.clientOptions(more));

const forge = () => {
  const exp = Math.floor(Date.now() / 1000) + 300;
  const claims = { iss: tenant.tenantDomain, aud: tenant.audience, sub: 'eve', exp };
  return sign(unknown, { claims });
};

/** The reason why a call was refused, or `passed`. */
const reasonOf = (call) =>
  call().then(
    () => 'passed',
    (error) => error.reason ?? error.name,
  );

/** Runs `work` while a property is on a prototype. */
async function whileThere(holder, name, descriptor, work) {
  Object.defineProperty(holder, name, { configurable: true, ...descriptor });
  try {
    return await work();
  } finally {
    delete holder[name];
  }
}

/** The same for the synchronous part of `work` alone: the test runner would not stand it for longer. */
function withProperty(holder, name, descriptor, work) {
  Object.defineProperty(holder, name, { configurable: true, ...descriptor });
  try {
    return work();
  } finally {
    delete holder[name];
  }
}

/** The statuses of these tokens on a guarded route of a framework. */
async function statusesOf(t, { protectApi, startOne }, args, options, ...tokens) {
  const api = await startOne(t, protectApi(...args), options);
  const statuses = [];
  for (const token of tokens) statuses.push((await get(api.url, token)).status);
  assert.deepEqual(api.errors, []);
  return statuses;
}

describe('a direct call', () => {
  for (const [what, given] of [
    ['without options', []],
    ['with empty options', [{}]],
    ['with null', [null]],
  ]) {
    it(`${what} took jwks from Object.prototype, and a forged token passed`, async () => {
      const reason = await whileThere(Object.prototype, 'jwks', { value: setOf(unknown) }, () =>
        reasonOf(() => clientWith().validateJwtAccessToken(forge(), ...given)),
      );
      assert.equal(reason, 'unknown_key');
    });

    it(`${what} took the certificate from Object.prototype`, async () => {
      const cnf = { 'x5t#S256': 'A'.repeat(43) };
      const bound = await tenant.issueToken({ claims: { cnf } });
      for (const name of ['certificate', 'clientCertificate', 'validateCertificateBinding']) {
        for (const value of ['x', false, 'dangerously_ignore']) {
          for (const method of ['validateAccessToken', 'validateJwtAccessToken']) {
            const reason = await whileThere(Object.prototype, name, { value }, () =>
              reasonOf(() => clientWith()[method](bound, ...given)),
            );
            assert.equal(reason, 'certificate_missing', `${name} ${value} ${method}`);
          }
        }
      }
    });
  }

  it('took the scopes of another one where arrays have a toJSON', async () => {
    const client = clientWith();
    for (const holder of [Array.prototype, Object.prototype]) {
      const pending = withProperty(holder, 'toJSON', { value: () => 'x' }, () => [
        reasonOf(() => client.validateAccessToken(reader, { scopes: ['read'] })),
        reasonOf(() => client.validateAccessToken(reader, { scopes: ['admin'] })),
        reasonOf(() => client.validateAccessToken(reader, { groups: ['admin'] })),
      ]);
      assert.deepEqual(await Promise.all(pending), ['passed', 'missing_scopes', 'missing_groups']);
    }
  });

  it('took lists with a comma in a name for other lists', async () => {
    const client = clientWith();
    const both = await tenant.issueToken({ groups: ['a","b'] });
    const groups = (...list) => reasonOf(() => client.validateAccessToken(both, { groups: list }));
    assert.equal(await groups('a","b'), 'passed');
    assert.equal(await groups('a', 'b'), 'missing_groups');
    assert.equal(await groups('a,b'), 'missing_groups');
  });

  it('required nothing where Array.prototype has a setter for an index', async () => {
    const client = clientWith();
    const options = [{ scopes: ['once-more'] }, { groups: ['staff'] }];
    const setter = { set() {} };
    const [scopes, groups] = options;
    const pending = withProperty(Array.prototype, 0, setter, () => ({
      scopes: reasonOf(() => client.validateAccessToken(reader, scopes)),
      groups: reasonOf(() => client.validateAccessToken(reader, groups)),
    }));
    assert.deepEqual(
      [await pending.scopes, await pending.groups],
      ['missing_scopes', 'missing_groups'],
    );
  });

  it('of a proxy that lists no names left its scopes out', async () => {
    const options = new Proxy(
      {},
      { get: (_, name) => (name === 'scopes' ? ['admin'] : undefined) },
    );
    const client = clientWith();
    assert.equal(
      await reasonOf(() => client.validateAccessToken(reader, options)),
      'missing_scopes',
    );
  });
});

it('an introspection was cached for as long as Object.prototype said', async () => {
  const stored = [];
  const client = clientWith({
    cache: { get: () => undefined, set: (...given) => stored.push(given), delete: () => {} },
  });
  const token = await tenant.issueOpaqueToken({ claims: { exp: undefined } });
  await whileThere(Object.prototype, 'introspectionCacheDuration', { value: 1e9 }, () =>
    reasonOf(() => client.validateAccessToken(token)),
  );
  assert.deepEqual(stored, []);
});

it('a withdrawn key lived on through any cache', async () => {
  const own = await createTestTenant({ algorithms: ['ES256'] });
  const map = new Map();
  const kept = {
    get: async (key) => map.get(key),
    set: async (key, claims) => map.set(key, claims),
    delete: async (key) => map.delete(key),
  };
  for (const cache of [createMemoryCache(), kept]) {
    const client = new MonoCloudBackendNodeClient(own.clientOptions({ cache }));
    const fresh = await own.issueToken();
    assert.equal(await reasonOf(() => client.validateAccessToken(fresh)), 'passed');
    await own.rotateKeys({ keepOld: false });
    await client.getJwks(true);
    assert.notEqual(await reasonOf(() => client.validateAccessToken(fresh)), 'passed');
    assert.notEqual(await reasonOf(() => client.validateAccessToken(fresh)), 'passed');
  }
  await own.close();
});

for (const framework of guarded) {
  const { name, adapter, protectApi } = framework;

  describe(name, () => {
    it('Object.prototype.jwks let forged tokens in, and they stayed in through a cache', async (t) => {
      const cached = [clientWith({ cache: createMemoryCache() })];
      await whileThere(Object.prototype, 'jwks', { value: setOf(unknown) }, async () => {
        for (const args of [[clientWith()], cached]) {
          const forged = forge();
          assert.deepEqual(await statusesOf(t, framework, args, {}, forged, reader), [401, 200]);
        }
      });
      assert.deepEqual(await statusesOf(t, framework, cached, {}, forge(), reader), [401, 200]);
    });

    it('Object.prototype.authorization is nobody’s header', async (t) => {
      const api = await framework.startOne(t, protectApi(clientWith()));
      const value = `Bearer ${reader}`;
      const { status } = await whileThere(Object.prototype, 'authorization', { value }, () =>
        get(api.url),
      );
      assert.equal(status, 401);
    });

    it('a subclass that spreads its options dropped the scopes of a route', async (t) => {
      class Spreading extends MonoCloudBackendNodeClient {
        validateJwtAccessToken(token, options) {
          return super.validateJwtAccessToken(token, { ...options });
        }
      }
      const args = [clientWith({}, Spreading)];
      const admin = await tenant.issueToken({ scopes: ['admin'] });
      assert.deepEqual(
        await statusesOf(t, framework, args, { scopes: ['admin'] }, reader, admin),
        [403, 200],
      );
      const groups = { groups: ['staff'] };
      assert.deepEqual(await statusesOf(t, framework, args, groups, reader), [403]);
      const binding = { validateCertificateBinding: true };
      assert.deepEqual(await statusesOf(t, framework, args, binding, reader), [401]);
    });

    it('a method that emptied its options opened the route for the next request', async (t) => {
      for (const method of ['validateAccessToken', 'validateJwtAccessToken']) {
        const client = clientWith();
        const original = client[method];
        client[method] = function emptying(token, options) {
          const answer = original.call(this, token, { ...options, scopes: [...options.scopes] });
          options.scopes.length = 0;
          options.groups = [];
          options.clientCertificate = 'x';
          options.validateCertificateBinding = false;
          return answer;
        };
        const scopes = ['admin'];
        const args = [client];
        assert.deepEqual(
          await statusesOf(t, framework, args, { scopes }, reader, reader, reader),
          [403, 403, 403],
        );
        assert.deepEqual(scopes, ['admin']);
      }
    });

    it('misspelt options left a route open', () => {
      const protect = protectApi(clientWith());
      for (const [option, nearest] of [
        ['scope', 'scopes'],
        ['group', 'groups'],
        ['validateCertificatebinding', 'validateCertificateBinding'],
      ]) {
        assert.throws(() => protect({ [option]: ['admin'] }), {
          name: 'MonoCloudValidationError',
          message: `protect() has no option "${option}"; did you mean "${nearest}"?`,
        });
      }
    });

    it('a setter for an index of arrays left a route open', async (t) => {
      const protect = protectApi(clientWith());
      const guard = withProperty(Array.prototype, 0, { set() {} }, () =>
        protect({ scopes: ['admin'] }),
      );
      const api = await framework.startOne(t, () => guard);
      assert.equal((await get(api.url, reader)).status, 403);
    });

    it('a body that was shared showed what one client got to others', async (t) => {
      let answers = 0;
      const nth = () => {
        answers += 1;
        return answers;
      };
      const setup = (app) => {
        const add = (body) => Object.assign(body, { [`seen${nth()}`]: true });
        if (adapter === 'fastify')
          app.addHook('preSerialization', async (_q, _r, body) => add(body));
        else {
          app.use((_request, response, next) => {
            const { json } = response;
            response.json = (body) => json.call(response, add(body));
            next();
          });
        }
      };
      const api = await framework.startOne(t, protectApi(clientWith()), {}, { setup });
      await get(api.url);
      const { json } = await get(api.url);
      assert.deepEqual(json, { message: 'unauthorized', seen2: true });
    });
  });
}
