'use strict';

// Contract §2: options that are objects or functions, options that do not exist, and proxies.

const assert = require('node:assert/strict');
const util = require('node:util');
const { describe, it } = require('node:test');

const { optionTable } = require('../../../js/core/bridge.js');
const { makeKey } = require('../../support/tokens.js');
const {
  AUDIENCE,
  BASE,
  ISSUER,
  PREFIX,
  SECRET,
  allBut,
  build,
  certificate,
  clientWith,
  passes,
  refusal,
  shown,
  withEnv,
} = require('./support.js');

describe('§2 cache', () => {
  const good = { get: async () => {}, set: async () => {}, delete: async () => {} };

  it('is an object with get, set and delete', () => {
    for (const value of allBut('object', 'function')) {
      refusal(() => clientWith({ cache: value }), '"cache" must be an object', shown(value));
    }
    for (const method of ['get', 'set', 'delete']) {
      for (const value of [undefined, null, 'x', 1, {}, true]) {
        const work = () => clientWith({ cache: { ...good, [method]: value } });
        refusal(work, `"cache.${method}" must be a function`, shown(value));
      }
    }
    clientWith({ cache: good });
    clientWith({ cache: undefined });
    clientWith({ cache: null });
    clientWith({ cache: new Map() });
    class Store {
      get() {}
      set() {}
      delete() {}
    }
    clientWith({ cache: new Store() });
  });

  it('is not asked while the client is built', () => {
    const calls = [];
    const note = (name) => async () => void calls.push(name);
    clientWith({ cache: { get: note('get'), set: note('set'), delete: note('delete') } });
    assert.deepEqual(calls, []);
  });
});

for (const name of ['fetcher', 'metadataResolver', 'jwksResolver']) {
  it(`§2 ${name} is a function, and is not called while the client is built`, () => {
    for (const value of allBut('function')) {
      refusal(() => clientWith({ [name]: value }), `"${name}" must be a function`, shown(value));
    }
    const calls = [];
    clientWith({ [name]: () => calls.push(name) });
    clientWith({ [name]: undefined });
    clientWith({ [name]: null });
    assert.throws(() => clientWith({ [name]: () => calls.push(name), clockSkew: -1 }));
    assert.deepEqual(calls, []);
  });
}

describe('§2 tls', () => {
  it('is an object of texts in PEM', () => {
    for (const value of allBut('object', 'function')) {
      refusal(() => clientWith({ tls: value }), '"tls" must be an object', shown(value));
    }
    for (const name of ['cert', 'key', 'ca', 'passphrase']) {
      for (const value of [1, true, {}, Buffer.from('x'), [certificate], Symbol('x'), '']) {
        refusal(() => clientWith({ tls: { [name]: value } }), `"tls.${name}" `, shown(value));
      }
    }
    refusal(() => clientWith({ tls: { ca: 'no PEM' } }), '"tls.ca" must be');
    refusal(() => clientWith({ tls: { cert: certificate } }), '"tls.key" is required');
    refusal(() => clientWith({ tls: { key: 'x' } }), '"tls.cert" is required');
    const bad = { cert: certificate, key: SECRET };
    const { message } = refusal(() => clientWith({ tls: bad }), '"tls.key" must be');
    assert.ok(!message.includes(SECRET));
  });

  it('may be empty, or name roots only', () => {
    clientWith({ tls: {} });
    clientWith({ tls: null });
    clientWith({ tls: { ca: certificate } });
    clientWith({ tls: { ca: `${certificate}\n${certificate}` } });
  });

  it('whose key is of another certificate is refused', () => {
    const pem = makeKey('ES256').pair.privateKey.export({ type: 'pkcs8', format: 'pem' });
    refusal(() => clientWith({ tls: { cert: certificate, key: pem } }), '"tls.key" must be');
  });
});

describe('§2 options that are none', () => {
  it('an options argument that is no object', () => {
    for (const value of [1, 'x', true, 5n, Symbol('x'), () => {}, class {}]) {
      refusal(() => build(value), '"options" must be an object', shown(value));
    }
  });

  for (const { name } of optionTable.filter((option) => !option.name.includes('.'))) {
    it(`a getter of ${name} that throws is a bad value, and what it threw stays out of it`, () => {
      for (const thrown of [new Error(SECRET), undefined, null, SECRET]) {
        const options = {
          ...BASE,
          get [name]() {
            throw thrown;
          },
        };
        const error = refusal(() => build(options), `"${name}" `, name);
        assert.ok(!util.inspect(error, { showHidden: true }).includes(SECRET));
      }
    });

    it(`${name} is read once`, () => {
      let reads = 0;
      const options = {
        ...BASE,
        get [name]() {
          reads += 1;
          return BASE[name];
        },
      };
      build(options);
      assert.equal(reads, 1);
    });
  }

  it('revoked proxies', () => {
    const revoked = () => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy;
    };
    refusal(() => build(revoked()), '"');
    for (const name of ['groupOptions', 'cache', 'tls', 'clientSecret', 'tenantDomain']) {
      refusal(() => clientWith({ [name]: revoked() }), `"${name}`, name);
    }
    // A function, were it not revoked: whatever is made of it, nothing else is thrown.
    const { proxy, revoke } = Proxy.revocable(() => {}, {});
    revoke();
    for (const name of ['fetcher', 'metadataResolver', 'jwksResolver']) {
      clientWith({ [name]: proxy });
    }
  });

  it('changing the options afterwards changes nothing', async () => {
    const options = { ...BASE, groupOptions: { groupsClaim: 'roles' } };
    const client = build(options);
    options.audience = 'https://other.example';
    options.groupOptions.groupsClaim = 'other';
    assert.equal(await passes(client, { roles: ['a'] }, { groups: ['a'] }), true);
  });

  it('changing the environment afterwards changes nothing', async () => {
    const client = build(undefined, {
      [`${PREFIX}TENANT_DOMAIN`]: ISSUER,
      [`${PREFIX}AUDIENCE`]: AUDIENCE,
    });
    await withEnv({ [`${PREFIX}AUDIENCE`]: 'https://other.example' }, async () => {
      assert.equal(await passes(client), true);
    });
  });
});

it('§2 a proxy variable that is no uri is refused, and a password in it is not shown', () => {
  for (const name of ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY']) {
    const work = () => clientWith({}, { [name]: `http://ada:${SECRET}@[bad` });
    const { message } = refusal(work, name.toUpperCase(), name);
    assert.ok(!message.includes(SECRET), message);
    clientWith({}, { [name]: '' });
  }
});
