'use strict';

// The rest of `./utils`: groups, callbacks, one-time values, lists.

const assert = require('node:assert/strict');
const { createHash } = require('node:crypto');
const { describe, it } = require('node:test');
const { MonoCloudValidationError } = require('@monocloud/backend-node');
const utils = require('@monocloud/backend-node/utils');

const {
  generateNonce,
  generatePKCE,
  generateState,
  isUserInGroup,
  mergeArrays,
  parseCallbackParams,
} = utils;

const refusal = (message) => (error) => {
  assert.ok(error instanceof MonoCloudValidationError);
  assert.equal(error.message, message);
  return true;
};

describe('isUserInGroup', () => {
  const user = (groups) => ({ sub: 'ada', groups });
  const ADMIN = { id: '1f', name: 'admin' };

  for (const [groups, wanted, any, all] of [
    [['a', 'b'], ['a'], true, true],
    [['a', 'b'], ['c', 'b'], true, false],
    [['a', 'b', 'c'], ['b', 'a'], true, true],
    [['a '], ['a'], false, false],
    [['A'], ['a'], false, false],
    [[ADMIN], ['admin'], true, true],
    [[ADMIN], ['1f'], true, true],
    [[ADMIN, 'b'], ['1f', 'b', 'admin'], true, true],
    [[{ name: 'only a name' }], ['only a name'], true, true],
    [[null, 1, ['a'], {}, { id: 1 }], ['a', '1', 'null', 'undefined'], false, false],
    [[], ['a'], false, false],
    [undefined, ['a'], false, false],
    [null, ['a'], false, false],
    ['a', ['a'], false, false],
    [{ 0: 'a', length: 1 }, ['a'], false, false],
    [undefined, [], true, true],
    [['a'], [], true, true],
    [['a'], undefined, true, true],
    [['a'], null, true, true],
  ]) {
    it(`${JSON.stringify(groups)} has ${JSON.stringify(wanted)}: ${any}, all: ${all}`, () => {
      assert.equal(isUserInGroup(user(groups), wanted), any);
      assert.equal(isUserInGroup(user(groups), wanted, undefined, false), any);
      assert.equal(isUserInGroup(user(groups), wanted, 'groups', true), all);
    });
  }

  it('reads another claim', () => {
    const roles = { sub: 'ada', groups: ['a'], 'https://acme.example/roles': ['b'] };
    assert.equal(isUserInGroup(roles, ['b'], 'https://acme.example/roles'), true);
    assert.equal(isUserInGroup(roles, ['a'], 'https://acme.example/roles'), false);
    assert.equal(isUserInGroup(roles, ['a'], 'constructor'), false);
  });

  it('says no of nobody, whatever is asked for', () => {
    for (const nobody of [undefined, null]) {
      assert.equal(isUserInGroup(nobody, ['a']), false);
      assert.equal(isUserInGroup(nobody, []), false);
    }
  });

  it('refuses groups that are no list of strings, which the vendor lets everybody pass', () => {
    for (const groups of ['admin', {}, 1, true, [undefined], ['a', null], [['a']]]) {
      assert.throws(
        () => isUserInGroup(user(['a', { name: 'a' }]), groups),
        refusal('"groups" must be an array of strings'),
      );
    }
  });
});

describe('parseCallbackParams', () => {
  const NONE = {
    state: undefined,
    code: undefined,
    accessToken: undefined,
    idToken: undefined,
    refreshToken: undefined,
    scope: undefined,
    sessionState: undefined,
    expiresIn: undefined,
    error: undefined,
    errorDescription: undefined,
  };
  const QUERY =
    'state=s&code=c&access_token=at&id_token=it&refresh_token=rt&scope=openid+profile' +
    '&session_state=ss&expires_in=40&error=e&error_description=d%C3%A9j%C3%A0%20vu&other=1';
  const ALL = {
    state: 's',
    code: 'c',
    accessToken: 'at',
    idToken: 'it',
    refreshToken: 'rt',
    scope: 'openid profile',
    sessionState: 'ss',
    expiresIn: 40,
    error: 'e',
    errorDescription: 'déjà vu',
  };

  for (const [name, input] of Object.entries({
    'a URL as text': `https://app.example.com/callback?${QUERY}`,
    'a URL': new URL(`https://app.example.com/callback?${QUERY}`),
    "another realm's URL": { searchParams: new URLSearchParams(QUERY) },
    'a URLSearchParams': new URLSearchParams(QUERY),
    'req.url': `/callback?${QUERY}`,
    'a query with its mark': `?${QUERY}`,
    'a fragment with its mark': `#${QUERY}`,
    'a form': QUERY,
  })) {
    it(`reads ${name}`, () => {
      assert.deepEqual(parseCallbackParams(input), ALL);
    });
  }

  it('does not read the fragment of a URL', () => {
    assert.deepEqual(parseCallbackParams('https://app.example.com/?code=c#state=s'), {
      ...NONE,
      code: 'c',
    });
  });

  it('takes the first of several, empty ones as they are, and no number for none', () => {
    assert.deepEqual(parseCallbackParams('code=1&code=2&state=&expires_in=soon'), {
      ...NONE,
      code: '1',
      state: '',
    });
    assert.equal(parseCallbackParams('expires_in=').expiresIn, undefined);
    assert.equal(parseCallbackParams('expires_in=60.5').expiresIn, 60);
  });

  it('finds nothing in other text', () => {
    for (const text of ['', 'no parameters ', '/', '//', '//[', '?', '#', '%', 'https://']) {
      assert.deepEqual(parseCallbackParams(text), NONE, text);
    }
  });

  it('refuses what is no text', () => {
    for (const input of [undefined, null, 1, true, {}, [], { searchParams: 'code=c' }]) {
      assert.throws(
        () => parseCallbackParams(input),
        refusal('"queryOrUrl" must be a string, a URL or a URLSearchParams'),
      );
    }
  });
});

describe('one-time values', () => {
  it('are 43 characters of base64url, and never the same', () => {
    const values = Array.from({ length: 100 }, () => [generateState(), generateNonce()]).flat();
    assert.equal(new Set(values).size, 200);
    for (const value of values) assert.match(value, /^[\w-]{43}$/);
  });

  it('come with a challenge (RFC 7636 §4.2)', async () => {
    const { codeVerifier, codeChallenge, ...others } = await generatePKCE();
    assert.match(codeVerifier, /^[\w-]{43}$/);
    assert.equal(codeChallenge, createHash('sha256').update(codeVerifier).digest('base64url'));
    assert.deepEqual(others, {});
    assert.notEqual((await generatePKCE()).codeVerifier, codeVerifier);
  });
});

describe('mergeArrays', () => {
  it('has each string once, in the order of the first time', () => {
    assert.deepEqual(mergeArrays(['b', 'a', 'b'], undefined, ['c', 'a']), ['b', 'a', 'c']);
    assert.deepEqual(mergeArrays([], []), []);
    assert.deepEqual(mergeArrays(['a'], 1, { length: 1 }, null), ['a']);
  });

  it('is undefined without a list', () => {
    assert.equal(mergeArrays(), undefined);
    assert.equal(mergeArrays(undefined, undefined), undefined);
  });
});

describe('@monocloud/backend-node/utils', () => {
  it('loads both ways, as one', async () => {
    const imported = await import('@monocloud/backend-node/utils');
    assert.deepEqual(Object.keys(imported).sort(), Object.keys(utils).sort());
    for (const name of Object.keys(utils)) assert.equal(imported[name], utils[name], name);
  });
});
