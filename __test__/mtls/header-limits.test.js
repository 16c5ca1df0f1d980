'use strict';

// How much of a header is read, both sides of each limit, and with what a program can replace.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');

const { runScript } = require('../support/child.js');
const { REPLACED } = require('./programs/replaced.js');
const { adapters } = require('./support.js');
const { HEADER, LONGEST, PEM, escaped, padded, resolve } = require('./header-trust-support.js');

const { MonoCloudValidationError } = adapters.express;

describe('the bound of a header', () => {
  for (const [format, write] of Object.entries(padded)) {
    it(`is 64 KiB: ${format}`, () => {
      assert.equal(resolve(format, write(LONGEST - 1)), PEM);
      assert.equal(resolve(format, write(LONGEST)), PEM);
      assert.equal(resolve(format, write(LONGEST + 1)), 'malformed');
      assert.equal(resolve(format, write(4 * LONGEST)), 'malformed');
    });
  }
});

describe('Envoy’s header', () => {
  const cert = `Cert="${escaped}"`;

  it('ends a quoted value with a separator, whatever else is there', () => {
    for (const separator of [';', ',']) {
      assert.equal(resolve('envoy', `Hash="1"${separator}${cert}`), PEM);
    }
    for (const between of ['x', ' ', ' ;', '"', '""', '=', '\\', '\\"', '\t', 'é', '%3B', '\0']) {
      for (const value of [
        `Hash="1"${between}${cert}`,
        `Hash="1"${between}URI=y;${cert}`,
        `${cert}${between}URI=y`,
        `${cert}${between}${cert}`,
        `${cert}${between}`,
        `Chain="${escaped}"${between}Hash=1`,
      ]) {
        assert.equal(resolve('envoy', value), 'malformed', value.slice(0, 40) + between);
      }
    }
  });

  it('is refused for a key that a name may be in, before each of the two with certificates', () => {
    for (const name of ['URI', 'DNS', 'uri', 'Dns', 'Other']) {
      for (const value of [cert, `Chain="${escaped}"`]) {
        assert.equal(resolve('envoy', `${name}=x;${value}`), 'malformed');
        assert.equal(resolve('envoy', `Hash=1;${name}=x,${value}`), 'malformed');
        assert.equal(resolve('envoy', `${name}="x";${value}`), 'malformed', 'looks quoted');
        assert.equal(resolve('envoy', `${value};${name}=x`), PEM, 'after it');
      }
    }
    for (const name of ['By', 'Hash', 'Subject']) {
      assert.equal(resolve('envoy', `${name}=x;${cert}`), PEM);
    }
    for (const twice of ['Cert', 'Chain']) {
      const pair = `${twice}="${escaped}"`;
      assert.equal(resolve('envoy', `${pair};${pair}`), 'malformed');
      assert.equal(resolve('envoy', `${pair};Hash=1;${pair}`), 'malformed');
      assert.equal(resolve('envoy', `${pair},${pair}`), PEM, 'in elements of their own');
    }
  });
});

describe('a list of proxies', () => {
  const make = (trustProxy) =>
    adapters.express.certificateFromHeader({ format: 'nginx', trustProxy });
  const refused = (trustProxy, message = /^"trustProxy" is required/) =>
    assert.throws(
      () => make(trustProxy),
      (error) => {
        assert.ok(error instanceof MonoCloudValidationError, error.stack);
        assert.match(error.message, message);
        return true;
      },
    );

  it('has 10,000 entries at the most, as an array and as text', () => {
    const list = (length) => Array.from({ length }, (_, n) => `10.0.${n >> 8}.${n & 255}`);
    for (const write of [(entries) => entries, (entries) => entries.join(',')]) {
      make(write(list(10_000)));
      refused(write(list(10_001)));
    }
    refused([]);
    refused(new Array(2 ** 32 - 1));
    // The last one counts as well as the first.
    for (const remoteAddress of ['10.0.0.0', '10.0.39.15']) {
      const trustProxy = list(10_000);
      assert.equal(resolve('nginx', escaped, { trustProxy, remoteAddress }), PEM);
    }
    const trustProxy = list(10_000);
    assert.equal(resolve('nginx', escaped, { trustProxy, remoteAddress: '10.0.39.16' }), '');
  });

  it('is refused for each entry that is no address', () => {
    for (const bad of [undefined, null, 1, {}, [], ['10.0.0.1'], '10.0.0', 'x/8']) {
      for (const list of [[bad], ['::1', bad], [bad, '::1']]) {
        refused(list, /^"trustProxy" must name addresses/);
      }
    }
    // A hole.
    // biome-ignore lint/suspicious/noSparseArray: that is what is tested
    refused(['::1', , '::1'], /^"trustProxy" must name addresses/);
  });

  it('that is a proxy is read once', () => {
    let asked = 0;
    const growing = new Proxy(['::1'], {
      get(target, name, receiver) {
        if (name !== 'length') return Reflect.get(target, name, receiver);
        asked += 1;
        return asked;
      },
    });
    make(growing);
    assert.equal(asked, 1);
    const { proxy, revoke } = Proxy.revocable([], {});
    revoke();
    refused(proxy, /^"trustProxy" can't be read$/);
  });
});

describe('options of certificateFromHeader', () => {
  const good = { format: 'nginx', trustProxy: '::1' };

  for (const adapter of ['express', 'fastify']) {
    const { certificateFromHeader } = adapters[adapter];

    it(`that do not exist are refused with the nearest that does: ${adapter}`, () => {
      for (const [wrong, meant] of [
        ['trustproxy', 'trustProxy'],
        ['trustProxies', 'trustProxy'],
        ['headers', 'header'],
        ['formats', 'format'],
      ]) {
        for (const value of ['x', undefined]) {
          assert.throws(() => certificateFromHeader({ ...good, [wrong]: value }), {
            name: 'MonoCloudValidationError',
            message: `certificateFromHeader() has no option "${wrong}"; did you mean "${meant}"?`,
          });
        }
      }
      assert.throws(() => certificateFromHeader({ ...good, peers: [] }), {
        name: 'MonoCloudValidationError',
        message: 'certificateFromHeader() has no option "peers"; it has format, header, trustProxy',
      });
    });

    it(`are read once, and a getter that throws is refused: ${adapter}`, () => {
      const counts = {};
      const counted = {};
      for (const [name, value] of Object.entries({ ...good, header: HEADER })) {
        Object.defineProperty(counted, name, {
          enumerable: true,
          get() {
            counts[name] = (counts[name] ?? 0) + 1;
            return value;
          },
        });
      }
      certificateFromHeader(counted);
      assert.deepEqual(counts, { format: 1, trustProxy: 1, header: 1 });
      for (const name of Object.keys(good)) {
        const options = {
          ...good,
          get [name]() {
            throw new Error('mine');
          },
        };
        assert.throws(() => certificateFromHeader(options), {
          name: 'MonoCloudValidationError',
          message: `"${name}" can't be read`,
        });
      }
    });
  }
});

describe('what a program can replace', () => {
  for (const name of REPLACED) {
    it(`changes no answer: ${name}`, async () => {
      // In a process of its own: this one still needs what is replaced.
      const input = { replaced: name, escaped, pem: PEM };
      const { said, stderr } = await runScript('mtls/programs/replaced.js', { input });
      const expected = [true, '', '', 'malformed'];
      assert.deepEqual(
        said,
        [
          {
            answers: [expected, expected, expected, expected],
            without: 'MonoCloudValidationError',
          },
        ],
        stderr,
      );
    });
  }
});
