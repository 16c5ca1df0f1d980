'use strict';

// `./internal`: what each helper returns, and what it does with arguments it was not made for.

const assert = require('node:assert/strict');
const { createHash, randomBytes } = require('node:crypto');
const { execFileSync } = require('node:child_process');
const { describe, it } = require('node:test');

const { MonoCloudValidationError } = require('@monocloud/backend-node');
const internal = require('@monocloud/backend-node/internal');

/** `[arguments, result]` for a function, each a test of its own. */
function table(name, ...rows) {
  describe(name, () => {
    for (const [args, expected] of rows) {
      it(`${args.map((arg) => JSON.stringify(arg)).join(', ')}: ${JSON.stringify(expected)}`, () => {
        assert.deepEqual(internal[name](...args), expected);
      });
    }
  });
}

table(
  'getBoolean',
  [['true'], true],
  [['false'], false],
  [[' TrUe\n'], true],
  [['1'], undefined],
  [['yes'], undefined],
  [[''], undefined],
  [[undefined], undefined],
  [[true], undefined],
);

table(
  'getNumber',
  [['123'], 123],
  [[' -5 '], -5],
  [['300s'], 300],
  [['0.5'], 0],
  [['1e3'], 1],
  [['0x10'], 0],
  [['ten'], undefined],
  [[' '], undefined],
  [[''], undefined],
  [[undefined], undefined],
);

table(
  'isPresent',
  [['a'], true],
  [[0], true],
  [[false], true],
  [[''], false],
  [[' \n'], false],
  [[undefined], false],
  [[null], false],
  [[{}], false],
);

table(
  'parseClientSecret',
  [[' {"kty":"oct","k":"c2VjcmV0"} '], { kty: 'oct', k: 'c2VjcmV0' }],
  [[{ kty: 'oct' }], { kty: 'oct' }],
  [['a secret'], 'a secret'],
  [['12345'], '12345'],
  [['null'], 'null'],
  [['{"foo":1}'], '{"foo":1}'],
  [['{"kty":1}'], '{"kty":1}'],
  [['{ no json'], '{ no json'],
  [[undefined], undefined],
);

table(
  'ensureLeadingSlash',
  [['path'], '/path'],
  [['/path'], '/path'],
  [[' path '], '/path'],
  [[''], ''],
  [[' '], ''],
  [[undefined], undefined],
);

table(
  'removeTrailingSlash',
  [['path/'], 'path'],
  [['path//'], 'path/'],
  [[' path/ '], 'path'],
  [['path'], 'path'],
  [['/'], ''],
  [[''], ''],
  [[undefined], undefined],
);

table(
  'isAbsoluteUrl',
  [['http://a'], true],
  [['https://a'], true],
  [['HTTPS://a'], true],
  [['http:a'], false],
  [['//a'], false],
  [['/a?u=https://b'], false],
  [['ftp://a'], false],
  [[''], false],
  [[undefined], false],
);

table(
  'isSameHost',
  [['https://a.example/x', 'https://a.example:443/y?z'], true],
  [['https://a.example', 'HTTPS://A.example'], true],
  [['https://a.example', 'http://a.example'], false],
  [['https://a.example', 'https://a.example:8443'], false],
  [['https://a.example', 'https://a.example@b.example'], false],
  [['https://a.example', '/path'], false],
  [['data:,a', 'javascript:b'], false],
  [[undefined, undefined], false],
);

table(
  'parseSpaceSeparated',
  [[' a  b\tc\na '], ['a', 'b', 'c', 'a']],
  [[''], []],
  [[undefined], undefined],
);

table(
  'parseSpaceSeparatedSet',
  [[' a  b a '], new Set(['a', 'b'])],
  [[''], new Set()],
  [[undefined], new Set()],
);

table(
  'isJsonObject',
  [[{}], true],
  [[Object.create(null)], true],
  [[[]], false],
  [[null], false],
  [[undefined], false],
  [['{}'], false],
  [[() => {}], false],
);

table('encodeBase64', [['Aé'], 'QcOp'], [['a'], 'YQ=='], [[''], '']);

table(
  'toB64Url',
  [['ab+/cd=='], 'ab-_cd'],
  [[`${'='.repeat(5)}a`], `${'='.repeat(5)}a`],
  [[''], ''],
);

table('fromB64Url', [['ab-_cd'], 'ab+/cd=='], [['abc'], 'abc='], [['abcd'], 'abcd'], [[''], '']);

table('decodeBase64Url', [['bmFtZT1hK2IvYw'], 'name=a+b/c'], [['w6n_ \n'], 'Ã©ÿ'], [['YQ=='], 'a']);

table(
  'decodeBase64UrlBytes',
  [['APv_vwA'], new Uint8Array([0, 0xfb, 0xff, 0xbf, 0])],
  [['YQ'], new Uint8Array([0x61])],
  [[''], new Uint8Array()],
);

table(
  'decodeBase64UrlUtf8',
  [['w6nwn5iA'], 'é😀'],
  [['77u_YQ'], '\uFEFFa'],
  [['AA'], '\0'],
  [[''], ''],
);

table('stringToArrayBuffer', [['é'], new Uint8Array([0xc3, 0xa9])]);

table(
  'arrayBufferToString',
  [[new Uint8Array([0xc3, 0xa9])], 'é'],
  [[new Uint8Array([0xc3, 0xa9]).buffer], 'é'],
  [[new Uint8Array([0xff])], '\uFFFD'],
);

for (const name of ['encodeBase64Url', 'arrayBufferToBase64']) {
  const bytes = new Uint8Array([0, 0xfb, 0xff, 0xbf, 0]);
  table(
    name,
    [[bytes], 'APv_vwA'],
    [[bytes.buffer], 'APv_vwA'],
    [[bytes.subarray(1, 4)], '-_-_'],
    [[new Uint8Array()], ''],
  );
}

table(
  'timingSafeEqual',
  [['a', 'a'], true],
  [['é', 'é'], true],
  [['a', 'b'], false],
  [['a', 'aa'], false],
  [['', ''], true],
  [[undefined, undefined], false],
);

table(
  'profileSync',
  [[], {}],
  [[{ sub: 'a', x: 1 }], { sub: 'a', x: 1 }],
  [[{ sub: 'a', x: 1 }, {}, {}, true], { sub: 'a', x: 1 }],
  [[{ sub: 'a', x: 1 }, { x: 2, y: 2 }, { y: 3 }], { sub: 'a', x: 2, y: 3 }],
  [[{ sub: 'a', x: 1 }, { sub: 'b' }, undefined, true], { sub: 'b' }],
);

describe('setsEqual', () => {
  const [ab, abc] = [new Set(['a', 'b']), new Set(['c', 'b', 'a'])];
  it('compares members, or looks for the first in the second', () => {
    assert.equal(internal.setsEqual(ab, new Set(['b', 'a'])), true);
    assert.equal(internal.setsEqual(ab, abc), false);
    assert.equal(internal.setsEqual(ab, abc, false), true);
    assert.equal(internal.setsEqual(abc, ab, false), false);
  });
});

describe('findToken', () => {
  const token = (accessToken, resource, requestedScopes) => ({
    accessToken,
    accessTokenExpiration: 0,
    scopes: 'granted',
    resource,
    requestedScopes,
  });
  const tokens = [token('1'), token('2', 'r s', 'a b'), token('3', 'r', 'a')];
  const find = (...args) => internal.findToken(tokens, ...args)?.accessToken;

  it('asks for exactly what was requested, in any order', () => {
    assert.equal(find(), '1');
    assert.equal(find('s r', 'b  a'), '2');
    assert.equal(find('r', 'a'), '3');
    assert.equal(find('r', 'granted'), undefined);
    assert.equal(find('r'), undefined);
  });

  it('finds nothing where nothing is', () => {
    assert.equal(internal.findToken(undefined), undefined);
    assert.equal(internal.findToken([]), undefined);
  });
});

describe('now', () => {
  it('is in whole seconds, rounded down', (t) => {
    t.mock.method(Date, 'now', () => 1_999);
    assert.equal(internal.now(), 1);
  });
});

describe('randomBytes', () => {
  it('has as many as asked for', () => {
    assert.match(internal.randomBytes(), /^[\w-]{43}$/);
    assert.equal(Buffer.from(internal.randomBytes(11), 'base64url').length, 11);
    assert.notEqual(internal.randomBytes(), internal.randomBytes());
  });

  it('refuses what is no number of bytes', () => {
    for (const length of [0, -1, 1.5, 65_537, Number.NaN, '32', null]) {
      assert.throws(() => internal.randomBytes(length), MonoCloudValidationError);
    }
  });
});

describe('decodeBase64Url', () => {
  it('refuses what is no base64', () => {
    for (const input of ['a', 'ab.c', 'é', undefined]) {
      assert.throws(() => internal.decodeBase64Url(input), {
        name: 'MonoCloudValidationError',
        message: '"input" must be base64url',
      });
    }
  });
});

describe('decodeBase64UrlBytes and decodeBase64UrlUtf8', () => {
  for (const name of ['decodeBase64UrlBytes', 'decodeBase64UrlUtf8']) {
    it(`${name} refuses all but base64url without padding`, () => {
      const none = ['a', 'YQ==', 'YQ=', 'YR', 'Y Q', 'YQ\n', ' YQ', '+/8', 'é', 'YQ.', 'abcde'];
      for (const input of [
        ...none,
        undefined,
        null,
        1,
        ['YQ'],
        Buffer.from('YQ'),
        new String('YQ'),
      ]) {
        assert.throws(() => internal[name](input), {
          name: 'MonoCloudValidationError',
          message: '"input" must be base64url without padding',
        });
      }
    });
  }

  it('are the reverse of encodeBase64Url', () => {
    for (let length = 0; length < 70; length += 1) {
      const bytes = new Uint8Array(randomBytes(length));
      const back = internal.decodeBase64UrlBytes(internal.encodeBase64Url(bytes));
      assert.deepEqual(back, bytes);
      assert.equal(back.buffer.byteLength, length);
    }
  });

  it('refuse bytes that are no UTF-8', () => {
    for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80]]) {
      const input = Buffer.from(bytes).toString('base64url');
      assert.throws(() => internal.decodeBase64UrlUtf8(input), {
        name: 'MonoCloudValidationError',
        message: '"input" must be base64url of UTF-8',
      });
    }
  });
});

describe('digests', () => {
  it('sha256 is of UTF-8, as base64url', async () => {
    const expected = createHash('sha256').update('é').digest('base64url');
    assert.equal(await internal.sha256('é'), expected);
  });

  it('hashTokenValue is the left half, by the algorithm', async () => {
    // The example of OpenID Connect Core 1.0, appendix A.3 and A.4.
    const token = 'jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y';
    assert.equal(await internal.hashTokenValue(token, 'RS256'), '77QmUPtjPfzWtF2AnpK9RQ');
    const code = 'Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk';
    assert.equal(await internal.hashTokenValue(code, 'PS256'), 'LDktKdoQak3Pk0cnXxCltA');
    assert.equal((await internal.hashTokenValue(code, 'ES384')).length, 32);
    assert.equal((await internal.hashTokenValue(code, 'ES512')).length, 43);
    assert.equal(await internal.validateTokenHash(code, 'LDktKdoQak3Pk0cnXxCltA', 'RS256'), true);
    assert.equal(await internal.validateTokenHash(code, 'LDktKdoQak3Pk0cnXxCltB', 'RS256'), false);
    assert.equal(await internal.validateTokenHash(code, undefined, 'RS256'), false);
    for (const alg of ['none', 'EdDSA', 'RS257', '', undefined]) {
      await assert.rejects(internal.hashTokenValue(code, alg), {
        name: 'MonoCloudTokenError',
        reason: 'unsupported_algorithm',
      });
    }
  });
});

describe('@monocloud/backend-node/internal', () => {
  it('loads both ways, as one', async () => {
    const imported = await import('@monocloud/backend-node/internal');
    assert.deepEqual(Object.keys(imported).sort(), Object.keys(internal).sort());
    for (const name of Object.keys(internal)) assert.equal(imported[name], internal[name], name);
  });

  it('loads nothing native, and neither does ./utils', () => {
    const program = `
      require('@monocloud/backend-node/internal');
      require('@monocloud/backend-node/utils');
      console.log(Object.keys(require.cache).filter((file) => /binding|native/.test(file)).length);
    `;
    const printed = execFileSync(process.execPath, ['-e', program], { cwd: __dirname });
    assert.equal(printed.toString(), '0\n');
  });
});
