'use strict';

// How options are read (js/core/options-reader.js): each once, own members and a class's only, and none that
// does not exist.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const { describe, it } = require('node:test');
const path = require('node:path');
const vm = require('node:vm');

const { distance, readOptions } = require('../../js/core/options-reader.js');
const { MonoCloudValidationError } = require('@monocloud/backend-node');

const NAMES = ['scopes', 'groups', 'validateCertificateBinding', 'clientCertificate'];

/** A public function, whose callers' line begins an error's stack. */
function protect(options, names = NAMES) {
  return readOptions(options, names, { what: 'protect()', from: protect });
}

/** A record of all names, of which these are given. */
const record = (given, names = NAMES) => {
  const expected = Object.create(null);
  for (const name of names) expected[name] = given[name];
  return expected;
};

function assertRefused(options, message, names) {
  assert.throws(
    () => protect(options, names),
    (error) => {
      assert.ok(error instanceof MonoCloudValidationError, String(error));
      assert.equal(error.message, message);
      assert.match(error.stack.split('\n')[1], /options-reader\.test\.js/);
      return true;
    },
  );
}

describe('options that are read', () => {
  it('are a record without a prototype, of exactly the names', () => {
    for (const none of [undefined, null, {}, Object.create(null)]) {
      const read = protect(none);
      assert.equal(Object.getPrototypeOf(read), null);
      assert.deepEqual(read, record({}));
    }
    assert.deepEqual(protect({ scopes: ['a'] }), record({ scopes: ['a'] }));
  });

  it('keep their values, and null is as good as undefined', () => {
    const values = { scopes: 0, groups: '', validateCertificateBinding: false };
    assert.deepEqual(protect({ ...values, clientCertificate: null }), record(values));
    assert.deepEqual(protect({ scopes: undefined }), record({}));
  });

  it('may be hidden, frozen, without a prototype, or of another realm', () => {
    const hidden = Object.defineProperty({}, 'scopes', { value: ['a'] });
    const bare = Object.assign(Object.create(null), { scopes: ['a'] });
    const foreign = vm.runInNewContext("({ scopes: ['a'] })");
    for (const options of [hidden, bare, foreign, Object.freeze({ scopes: ['a'] })]) {
      assert.equal(protect(options).scopes[0], 'a');
    }
  });

  it('may be those of a class: getters, methods, fields, and what it inherits', () => {
    class Base {
      get scopes() {
        return this.own;
      }
      clientCertificate() {}
    }
    class Options extends Base {
      groups = ['field'];
    }
    Object.defineProperty(Options.prototype, 'own', { value: ['getter'] });
    const read = protect(new Options());
    assert.deepEqual(read.scopes, ['getter']);
    assert.deepEqual(read.groups, ['field']);
    assert.equal(read.clientCertificate, Base.prototype.clientCertificate);
    // A method that is no option is none, and neither is the constructor.
    class WithMethods {
      describe() {}
    }
    assert.deepEqual(protect(new WithMethods()), record({}));
    const assigned = () => {};
    assigned.prototype = { constructor: assigned, scopes: ['a'] };
    assert.deepEqual(protect(Object.create(assigned.prototype)).scopes, ['a']);
  });

  it('may be inherited from another plain object, and an own undefined hides the inherited', () => {
    const base = { scopes: ['base'], groups: ['base'] };
    const own = Object.assign(Object.create(base), { groups: undefined });
    assert.deepEqual(protect(own), record({ scopes: ['base'] }));
  });

  it('are each read once, in the order of the names', () => {
    const reads = [];
    const options = {};
    for (const name of [...NAMES].reverse()) {
      Object.defineProperty(options, name, {
        get() {
          assert.equal(this, options);
          reads.push(name);
          return reads.length;
        },
      });
    }
    assert.deepEqual(Object.values(protect(options)), [1, 2, 3, 4]);
    assert.deepEqual(reads, NAMES);
  });

  it('of a proxy are each read once, through its trap', () => {
    const reads = [];
    const proxy = new Proxy(
      { scopes: ['target'] },
      {
        get(_target, name) {
          reads.push(name);
          return [reads.length];
        },
      },
    );
    // Those that it does not list as well: it may answer for `scopes` all the same.
    assert.deepEqual(Object.values(protect(proxy)), [[1], [2], [3], [4]]);
    assert.deepEqual(reads, NAMES);
  });

  it('are not those that a getter of another one takes away', () => {
    const options = {
      get scopes() {
        delete this.groups;
        return ['a'];
      },
      groups: ['b'],
    };
    Object.prototype.groups = ['polluted'];
    let read;
    try {
      read = protect(options);
    } finally {
      delete Object.prototype.groups;
    }
    assert.deepEqual(read, record({ scopes: ['a'] }));
  });
});

describe('what stands on Object.prototype', () => {
  const everyName = [...NAMES, 'scope', 'value', 'what', 'from', 'holder', 'next'];

  for (const enumerable of [true, false]) {
    it(`is nobody's option (${enumerable ? '' : 'not '}enumerable)`, () => {
      for (const name of everyName) {
        Object.defineProperty(Object.prototype, name, {
          value: ['polluted'],
          enumerable,
          configurable: true,
          writable: true,
        });
      }
      let read;
      let refused;
      try {
        class Options {
          groups = ['own'];
        }
        read = [
          undefined,
          {},
          { groups: ['own'] },
          new Options(),
          Object.create({}),
          new Proxy({}, {}),
        ].map((options) => ({ ...protect(options) }));
        try {
          protect({ scop: [] });
        } catch (error) {
          refused = error;
        }
      } finally {
        for (const name of everyName) delete Object.prototype[name];
      }
      for (const [i, { scopes, groups }] of read.entries()) {
        assert.equal(scopes, undefined);
        assert.deepEqual(groups, i === 2 || i === 3 ? ['own'] : undefined);
      }
      assert.equal(refused.message, 'protect() has no option "scop"; did you mean "scopes"?');
      assert.equal(refused.name, 'MonoCloudValidationError');
    });
  }

  it('is nobody’s option either where its own methods were deleted', () => {
    const method = Object.prototype.isPrototypeOf;
    let read;
    try {
      delete Object.prototype.isPrototypeOf;
      Object.prototype.scopes = ['polluted'];
      read = [protect({}), protect(Object.create({}))];
    } finally {
      delete Object.prototype.scopes;
      const own = { __proto__: null, value: method, writable: true, configurable: true };
      Object.defineProperty(Object.prototype, 'isPrototypeOf', own);
    }
    assert.deepEqual(read, [record({}), record({})]);
  });

  it('of another realm is nobody’s option either', () => {
    const context = vm.createContext();
    vm.runInContext("Object.prototype.scopes = ['polluted']; Object.prototype.scope = 1;", context);
    assert.deepEqual(protect(vm.runInContext('({})', context)), record({}));
    const own = vm.runInContext("new (class { get groups() { return 'own'; } })()", context);
    assert.deepEqual(protect(own), record({ groups: 'own' }));
  });

  it('makes no difference with get and set among it, nor with frozen intrinsics', () => {
    const program = (file) => path.join(__dirname, 'programs', file);
    const run = (...flags) =>
      JSON.parse(
        execFileSync(process.execPath, [...flags, program('replaced-methods.js')], {
          encoding: 'utf8',
        }),
      );
    const message = 'MonoCloudValidationError: x() has no option "scop"; did you mean "scopes"?';
    assert.deepEqual(run(), [`${message},,1`, '2,3']);
    const flags = ['--frozen-intrinsics', '--no-warnings', program('frozen-intrinsics.js')];
    const said = execFileSync(process.execPath, flags, { encoding: 'utf8' });
    assert.equal(said, `2,${message}`);
  });
});

describe('what is no options object', () => {
  for (const [what, value] of Object.entries({
    'a string': 'scopes',
    'a number': 1,
    'a boolean': true,
    'a bigint': 1n,
    'a symbol': Symbol('x'),
    'an array': ['posts:read'],
    'a foreign array': vm.runInNewContext("['posts:read']"),
    'a proxy of an array': new Proxy([], {}),
    'a function': () => {},
    'a class': class {},
  })) {
    it(`${what} is refused`, () => assertRefused(value, '"options" must be an object'));
  }

  it('a revoked proxy can’t be read', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    assertRefused(proxy, '"options" can\'t be read');
    assertRefused(Object.create(proxy), '"options" can\'t be read');
  });

  it('a getter or a trap that throws can’t be read, whatever it throws', () => {
    for (const thrown of [new Error('mine'), undefined, new MonoCloudValidationError('mine')]) {
      const raise = () => {
        throw thrown;
      };
      const getter = Object.defineProperty({}, 'groups', { get: raise, enumerable: true });
      assertRefused(getter, '"groups" can\'t be read');
      assertRefused(Object.create(getter), '"groups" can\'t be read');
      assertRefused(new Proxy({ scopes: 1 }, { get: raise }), '"scopes" can\'t be read');
      for (const trap of ['getPrototypeOf', 'ownKeys']) {
        assertRefused(new Proxy({}, { [trap]: raise }), '"options" can\'t be read');
      }
    }
  });

  it('a proxy with a new prototype each time ends', () => {
    const endless = () => new Proxy({}, { getPrototypeOf: endless });
    assertRefused(endless(), '"options" can\'t be read');
  });
});

describe('an option that does not exist', () => {
  const all = 'it has scopes, groups, validateCertificateBinding, clientCertificate';

  for (const [name, hint] of [
    ['scop', 'did you mean "scopes"?'],
    ['scope', 'did you mean "scopes"?'],
    ['SCOPES', 'did you mean "scopes"?'],
    ['socpes', 'did you mean "scopes"?'],
    ['group', 'did you mean "groups"?'],
    ['validateCertificatebinding', 'did you mean "validateCertificateBinding"?'],
    ['clientCert', all],
    ['audience', all],
    ['', all],
    ['constructor', all],
    ['__proto__', all],
    ['hasOwnProperty', all],
  ]) {
    it(`${name || 'an empty name'} is refused`, () => {
      const message = `protect() has no option "${name}"; ${hint}`;
      const options = (value) => Object.defineProperty({}, name, { value, enumerable: true });
      for (const value of [['admin'], undefined, null]) assertRefused(options(value), message);
    });
  }

  it('is refused in a prototype that has only some of what Object.prototype has', () => {
    const { isPrototypeOf: first, hasOwnProperty: second } = Object.prototype;
    for (const [holder, name] of [
      [{ __proto__: null, isPrototypeOf: first }, 'isPrototypeOf'],
      [{ __proto__: null, hasOwnProperty: second }, 'hasOwnProperty'],
      [{ __proto__: {}, isPrototypeOf: first, hasOwnProperty: second }, 'isPrototypeOf'],
    ]) {
      assertRefused(Object.create(holder), `protect() has no option "${name}"; ${all}`);
    }
  });

  it('is refused where it is hidden, inherited, or a getter of a class', () => {
    const message = 'protect() has no option "scope"; did you mean "scopes"?';
    assertRefused(Object.defineProperty({}, 'scope', { value: [] }), message);
    assertRefused(Object.create({ scope: [] }), message);
    class Base {
      get scope() {
        return [];
      }
    }
    class WriteOnly {
      set scope(_value) {}
    }
    assertRefused(new (class extends Base {})(), message);
    assertRefused(new WriteOnly(), message);
  });

  it('is shown without what a terminal obeys, and cut', () => {
    assertRefused({ 'a\u001b[2J\n"': 1 }, `protect() has no option "a\\u001b[2J\\n\\""; ${all}`);
    const long = 'scopes'.repeat(1000);
    assertRefused({ [long]: 1 }, `protect() has no option "${long.slice(0, 64)}…"; ${all}`);
  });

  it('is no symbol: nobody asks for those', () => {
    assert.deepEqual(protect({ [Symbol('scope')]: 1 }), record({}));
  });

  it('is found in the nearest name, the first where two are as near', () => {
    const names = ['ca', 'cert', 'key', 'passphrase'];
    const where = { what: '"tls"', from: assertRefused };
    const said = (options) => {
      try {
        readOptions(options, names, where);
      } catch (error) {
        return error.message;
      }
    };
    assert.equal(said({ certs: 1 }), '"tls" has no option "certs"; did you mean "cert"?');
    assert.equal(
      said({ pasphrase: 1 }),
      '"tls" has no option "pasphrase"; did you mean "passphrase"?',
    );
    assert.equal(said({ cc: 1 }), '"tls" has no option "cc"; did you mean "ca"?');
    assert.equal(said({ pfx: 1 }), '"tls" has no option "pfx"; it has ca, cert, key, passphrase');
  });
});

describe('the distance of two names', () => {
  for (const [from, to, expected] of [
    ['', '', 0],
    ['', 'abc', 3],
    ['abc', '', 3],
    ['scope', 'scopes', 1],
    ['ab', 'ba', 1],
    ['sopce', 'scope', 2],
    ['kitten', 'sitting', 3],
    ['ca', 'abc', 3],
  ]) {
    it(`${from} ${to}`, () => {
      assert.equal(distance(from, to), expected);
      assert.equal(distance(to, from), expected);
    });
  }
});
