'use strict';

// Contract §2: `tenantDomain` and `audience`: default, variable, precedence and rule.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');

const { AUDIENCE, ISSUER, PREFIX, allBut, build, passes, refusal, shown } = require('./support.js');

describe('§2 tenantDomain', () => {
  const VARIABLE = `${PREFIX}TENANT_DOMAIN`;
  const only = (tenantDomain, variables) => build({ audience: AUDIENCE, tenantDomain }, variables);

  it('is required', () => {
    for (const [value, variables] of [
      [undefined, {}],
      [null, {}],
      [undefined, { [VARIABLE]: '' }],
    ]) {
      const { message } = refusal(() => only(value, variables), '"tenantDomain" is required');
      assert.ok(message.includes(VARIABLE), message);
    }
    refusal(() => build(), '"tenantDomain" is required');
    refusal(() => build({}), '"tenantDomain" is required');
    refusal(() => build(null), '"tenantDomain" is required');
  });

  it('comes from the environment', async () => {
    const client = build(undefined, { [VARIABLE]: ISSUER, [`${PREFIX}AUDIENCE`]: AUDIENCE });
    assert.equal(await passes(client), true);
  });

  it('of the constructor wins', async () => {
    for (const other of ['https://other.example', 'no uri at all']) {
      assert.equal(await passes(only(ISSUER, { [VARIABLE]: other })), true);
    }
    const { message } = refusal(() => only('x', { [VARIABLE]: ISSUER }), '"tenantDomain" must be');
    assert.ok(message.includes(VARIABLE), message);
  });

  it('is a text', () => {
    for (const value of allBut('string')) {
      refusal(() => only(value), '"tenantDomain" must be a string', shown(value));
    }
    refusal(() => only(''), '"tenantDomain" is not allowed to be empty');
  });

  it('is an absolute https: URL without query, fragment and user info', () => {
    for (const value of [
      'tenant.example',
      '/tenant',
      'https:',
      'https://',
      'https:tenant.example',
      'https:user:secret@tenant.example/://',
      'http://tenant.example',
      'http://localhost.example.com',
      'http://127.0.0.1.example.com',
      'http://10.0.0.1',
      'http://0.0.0.0',
      'http://[::2]',
      'ftp://tenant.example',
      'file:///etc/passwd',
      'javascript:alert(1)',
      'urn:tenant',
      'https://tenant.example?',
      'https://tenant.example?a=b',
      'https://tenant.example/#',
      'https://tenant.example#a',
      'https://ada@tenant.example',
      'https://ada:pw@tenant.example',
      'https://@tenant.example',
      'https://:@tenant.example',
      'https://tenant.example:99999',
      'https://ten ant.example',
      ' https://tenant.example',
      'https://tenant.example\n',
      'https://tenant.example\0',
      'https://[::1',
    ]) {
      const { message } = refusal(() => only(value), '"tenantDomain" must be a', value);
      assert.ok(message.includes(VARIABLE), message);
      if (value.includes('\0')) continue;
      refusal(() => only(undefined, { [VARIABLE]: value }), '"tenantDomain" must be a', value);
    }
    refusal(() => only('tenant.example'), '"tenantDomain" must be a valid uri');
  });

  it('may have a port and a path', () => {
    for (const value of [
      'https://tenant.example:8443',
      'https://tenant.example/one/two',
      'https://xn--bcher-kva.example',
      'https://192.0.2.1',
      'https://[2001:db8::1]:8443',
      'HTTPS://TENANT.example',
    ]) {
      only(value);
    }
  });

  it('may have an @ in its path, which is no user info', () => {
    only('https://login.example/@acme');
  });

  it('may be http: for loopback hosts', () => {
    for (const host of ['127.0.0.1', '127.1.2.3', 'localhost', 'tenant.localhost', '[::1]']) {
      only(`http://${host}`);
      only(`http://${host}:8080/`);
    }
  });

  it('loses one trailing slash', async () => {
    const iss = { iss: `${ISSUER}/` };
    assert.equal(await passes(only(`${ISSUER}/`)), true);
    assert.equal(await passes(only(`${ISSUER}/`), iss), 'issuer_mismatch');
    assert.equal(await passes(only(`${ISSUER}//`), iss), true);
  });
});

describe('§2 audience', () => {
  const VARIABLE = `${PREFIX}AUDIENCE`;
  const only = (audience, variables) => build({ tenantDomain: ISSUER, audience }, variables);

  it('is required', () => {
    for (const [value, variables] of [
      [undefined, {}],
      [null, {}],
      [undefined, { [VARIABLE]: '' }],
    ]) {
      const { message } = refusal(() => only(value, variables), '"audience" is required');
      assert.ok(message.includes(VARIABLE), message);
    }
  });

  it('comes from the environment, and that of the constructor wins', async () => {
    assert.equal(await passes(only(undefined, { [VARIABLE]: AUDIENCE })), true);
    assert.equal(await passes(only(AUDIENCE, { [VARIABLE]: 'https://other.example' })), true);
    assert.equal(await passes(only(AUDIENCE, { [VARIABLE]: 'no uri' })), true);
  });

  it('is a uri', () => {
    for (const value of allBut('string')) {
      refusal(() => only(value), '"audience" must be a string', shown(value));
    }
    refusal(() => only(''), '"audience" is not allowed to be empty');
    for (const value of ['api', 'api.example.com', '//api.example', 'https://a b', '/a', ' ']) {
      const { message } = refusal(() => only(value), '"audience" must be a valid uri', value);
      assert.ok(message.includes(VARIABLE), message);
      const start =
        value.trim() === '' ? '"audience" is required' : '"audience" must be a valid uri';
      refusal(() => only(undefined, { [VARIABLE]: value }), start, value);
    }
  });

  it('is compared byte for byte', async () => {
    for (const aud of [
      'urn:example:api',
      'api://123',
      'https://API.example/?a=b#c',
      `${AUDIENCE}/`,
    ]) {
      assert.equal(await passes(only(aud), { aud }), true, aud);
      assert.equal(
        await passes(only(aud), { aud: aud.toLowerCase() }),
        aud === aud.toLowerCase() || 'audience_mismatch',
      );
      assert.equal(await passes(only(aud), { aud: `${aud}/` }), 'audience_mismatch', aud);
    }
  });
});

it('a variable on Object.prototype is none', (t) => {
  const name = `${PREFIX}TENANT_DOMAIN`;
  t.after(() => {
    delete Object.prototype[name];
  });
  Object.defineProperty(Object.prototype, name, { value: ISSUER, configurable: true });
  refusal(() => build({ audience: AUDIENCE }), '"tenantDomain" is required');
});
