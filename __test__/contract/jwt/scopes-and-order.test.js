'use strict';

// Contract §4, §4.6: scopes and groups, the order of the rules, and a tenant over real HTTP.

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');

const {
  MonoCloudBackendNodeClient,
  MonoCloudOidcBackendClient,
} = require('@monocloud/backend-node');
const { startFaultyTenant } = require('../../support/faulty-tenant.js');
const { at, makeKey, setOf, sign } = require('../../support/tokens.js');
const {
  AUDIENCE,
  CLAIMS,
  ISSUER,
  NOW,
  clientWith,
  ed,
  key,
  refuses,
  rsa,
  validate,
  withClaims,
} = require('./support.js');

describe('§4.6 scopes and groups', () => {
  const scoped = (scope, scopes) => validate(withClaims({ scope }), { scopes });

  it('every required scope is in the space-delimited scope', async () => {
    await scoped('a', ['a']);
    await scoped('a b:c  d', ['d', 'b:c']);
    await scoped('a a', ['a', 'a']);
    await scoped('__proto__ é', ['é', '__proto__']);
  });

  it('a scope that is not there, or there in part or in another case, is missing', async () => {
    for (const [scope, scopes] of [
      ['a', ['b']],
      ['a', ['a', 'b']],
      ['ab', ['a']],
      ['a', ['A']],
      ['a b', ['a b']],
      ['a', ['']],
      ['a', ['a ']],
      ['a\tb', ['a']],
      ['a,b', ['a']],
      ['', ['a']],
      [undefined, ['a']],
      [null, ['a']],
      [['a'], ['a']],
      [1, ['1']],
      ['constructor', ['toString']],
    ]) {
      await refuses(scoped(scope, scopes), 'missing_scopes', JSON.stringify([scope, scopes]));
    }
  });

  it('an empty requirement requires nothing', async () => {
    for (const scope of [undefined, '', 'a', ['a'], 1]) {
      for (const scopes of [undefined, null, []]) await scoped(scope, scopes);
    }
    for (const groups of [undefined, null, []]) {
      for (const claim of [undefined, [], 'x', 1]) {
        await validate(withClaims({ groups: claim }), { groups });
        const using = clientWith({ groupOptions: { matchAll: true } });
        await validate(withClaims({ groups: claim }), { groups, using });
      }
    }
  });

  const HELD = ['a', { id: '1', name: 'b' }, { id: '2' }, { name: 'c', id: 3 }, 7, null, ['d'], {}];
  const grouped = (groups, { held = HELD, ...options } = {}) =>
    validate(withClaims({ groups: held }), { groups, ...options });

  it('groups are strings, or objects with id or name', async () => {
    for (const group of ['a', '1', 'b', '2', 'c']) await grouped([group]);
  });

  it('a group that is not among them is missing', async () => {
    for (const group of [
      'x',
      'A',
      '3',
      '7',
      'null',
      'd',
      '',
      'id',
      'a ',
      'toString',
      '__proto__',
    ]) {
      await refuses(grouped([group]), 'missing_groups', group);
    }
    await refuses(validate(withClaims({}), { groups: ['a'] }), 'missing_groups');
    for (const held of [null, 'a', 'a b', { a: true }, { 0: 'a' }, 1, [], [['a']]]) {
      await refuses(grouped(['a'], { held }), 'missing_groups', JSON.stringify(held));
    }
  });

  it('any one of them will do', async () => {
    await grouped(['x', 'y', 'c']);
    await refuses(grouped(['x', 'y']), 'missing_groups');
  });

  it('with matchAll it takes all of them', async () => {
    const using = clientWith({ groupOptions: { matchAll: true } });
    await grouped(['a', '1', 'c'], { using });
    await grouped(['b', '1'], { using });
    await refuses(grouped(['a', 'x'], { using }), 'missing_groups');
  });

  it('in the claim that groupsClaim names', async () => {
    for (const groupsClaim of ['roles', 'https://api.example.com/groups', '__proto__', 'a.b']) {
      const using = clientWith({ groupOptions: { groupsClaim } });
      const json = `{${JSON.stringify(groupsClaim)}:["a"],${JSON.stringify(CLAIMS).slice(1)}`;
      await validate(sign(key, { claims: json }), { groups: ['a'], using });
      await refuses(grouped(['a'], { using }), 'missing_groups', groupsClaim);
    }
  });
});

describe('§4 the order of the rules', () => {
  // Wrong in every way from some rule on: each rule is the answer as soon as those before it are met.
  const wrong = {
    iss: 'https://evil.example',
    sub: 1,
    aud: 'https://evil.example',
    exp: 1,
    nbf: NOW + 9999,
    cnf: { 'x5t#S256': 'A'.repeat(43) },
  };
  const route = { scopes: ['a'], groups: ['g'] };
  const stranger = makeKey('ES256');
  const steps = [
    ['malformed_header', () => sign(stranger, { header: '{', claims: '[' })],
    ['unsupported_critical_header', () => token({ crit: ['x'], alg: 'none', typ: 'x', kid: 'x' })],
    ['unsupported_algorithm', () => token({ alg: 'none', typ: 'x', kid: 'x' })],
    ['unexpected_token_type', () => token({ typ: 'x', kid: 'x' })],
    ['unknown_key', () => token({ kid: 'x' })],
    ['invalid_signature', () => token({})],
    ['malformed_payload', () => sign(key, { claims: '[' })],
    ['payload_not_object', () => sign(key, { claims: '[]' })],
    ['issuer_mismatch', () => sign(key, { claims: wrong })],
    ['invalid_subject', () => from({ iss: ISSUER })],
    ['audience_mismatch', () => from({ iss: ISSUER, sub: 'ada' })],
    ['expired', () => from({ iss: ISSUER, sub: 'ada', aud: AUDIENCE })],
    ['not_yet_valid', () => from({ ...CLAIMS })],
    ['missing_scopes', () => from({ ...CLAIMS, nbf: NOW })],
    ['missing_groups', () => from({ ...CLAIMS, nbf: NOW, scope: 'a' })],
    ['certificate_missing', () => from({ ...CLAIMS, nbf: NOW, scope: 'a', groups: ['g'] })],
  ];
  const token = (header) => sign(stranger, { header, alg: 'ES256', claims: '[' });
  const from = (claims) => sign(key, { claims: { ...wrong, ...claims } });

  for (const [word, make] of steps) {
    it(`${word} comes before all that follow it`, () => refuses(validate(make(), route), word));
  }

  it('an expired token with a bad signature has a bad signature', async () => {
    const expired = sign(stranger, { claims: { ...CLAIMS, exp: 1 } });
    await refuses(validate(expired), 'invalid_signature');
  });

  it('with all of them met it passes', async () => {
    const claims = { ...CLAIMS, nbf: NOW, scope: 'a', groups: ['g'] };
    assert.deepEqual(await validate(sign(key, { claims }), route), claims);
  });
});

describe('§4 over real HTTP', () => {
  let issuer;
  let using;
  let claims;

  before(async () => {
    issuer = await startFaultyTenant({ jwks: setOf(key, rsa, ed) });
    claims = { ...CLAIMS, iss: issuer.origin };
    using = new MonoCloudBackendNodeClient({ tenantDomain: issuer.origin, audience: AUDIENCE });
  });
  after(() => issuer.close());

  const check = (token) => at(NOW, () => using.validateAccessToken(token));

  it('what no key could mend is refused before anything is fetched', async () => {
    for (const [header, word] of [
      ['{', 'malformed_header'],
      [{ crit: [] }, 'unsupported_critical_header'],
      [{ alg: 'none' }, 'unsupported_algorithm'],
      [{ typ: 'id+jwt' }, 'unexpected_token_type'],
    ]) {
      await refuses(check(sign(key, { header, alg: 'ES256', claims })), word);
    }
    assert.deepEqual(issuer.asked, []);
  });

  it('one metadata and one JWKS request serve every token that follows', async () => {
    const tokens = [key, rsa, ed].map((signer) => sign(signer, { claims }));
    const results = await Promise.all([...tokens, ...tokens].map(check));
    assert.deepEqual(results, Array(6).fill(claims));
    await refuses(check(sign(makeKey('ES256'), { claims })), 'invalid_signature');
    await refuses(check(sign(key, { claims: { ...claims, exp: 1 } })), 'expired');
    assert.deepEqual(issuer.asked, ['discovery', 'jwks']);
  });

  it('a key that was published since is found', async () => {
    const added = makeKey('ES256', { kid: 'added' });
    issuer.jwks = setOf(key, added);
    assert.deepEqual(await check(sign(added, { claims })), claims);
    assert.deepEqual(issuer.asked, ['discovery', 'jwks', 'jwks']);
  });

  it('the base class gives the same answers', async () => {
    const plain = new MonoCloudOidcBackendClient(issuer.origin, AUDIENCE);
    assert.deepEqual(
      await at(NOW, () => plain.validateJwtAccessToken(sign(key, { claims }))),
      claims,
    );
    const expired = sign(key, { claims: { ...claims, exp: 1 } });
    await refuses(plain.validateJwtAccessToken(expired), 'expired');
  });
});
