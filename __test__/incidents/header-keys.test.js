'use strict';

// Keys that come with the token: a token that says how it is to be verified says nothing.

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');

const { startTally } = require('../support/tally.js');
const { encode, makeKey, setOf, sign, startServer } = require('../support/tokens.js');
const { createServerCert } = require('../support/certs.js');
const { suiteHouse } = require('./support.js');

const tally = startTally('incidents/header-keys');

const key = makeKey('ES256', { kid: 'key' });
const rsa = makeKey('RS256', { kid: 'rsa' });
// The attacker's: of the same kinds and under the same names.
const evil = makeKey('ES256', { kid: 'key' });
const evilRsa = makeKey('RS256', { kid: 'rsa' });

describe('keys from the token', () => {
  const house = suiteHouse({ before, after }, tally, { keys: [key, rsa] });
  const requests = [];
  let listener;
  let certificate;

  before(async () => {
    // It would give anybody who asks for it the key that they need.
    listener = await startServer((request, response) => {
      requests.push(request.url);
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(setOf(evil, evilRsa)));
    });
    certificate = createServerCert(undefined, { keys: evil.pair }).der.toString('base64');
  });
  after(() => listener.close());

  /** Headers that offer the attacker's key, each in its own way. */
  const offers = () => ({
    jwk: { jwk: evil.jwk },
    'a private jwk': { jwk: evil.pair.privateKey.export({ format: 'jwk' }) },
    'jwk without kid': { jwk: { ...evil.jwk, kid: undefined } },
    'jwk as text': { jwk: JSON.stringify(evil.jwk) },
    'a symmetric jwk': { jwk: { kty: 'oct', k: encode('secret'), kid: 'key', alg: 'ES256' } },
    jwks: { jwks: setOf(evil), keys: [evil.jwk] },
    jku: { jku: `${listener.url}/jwks` },
    'jku with the tenant in front': { jku: `${listener.url}/#${house().tenant.jwksUri}` },
    'jku with the tenant as user': {
      jku: `${listener.url.replace('//', `//${new URL(house().tenant.origin).host}@`)}/jwks`,
    },
    'jku of the tenant': { jku: house().tenant.jwksUri },
    x5u: { x5u: `${listener.url}/certificate` },
    x5c: { x5c: [certificate] },
    'x5c of rubbish': { x5c: ['AAAA', null, 7] },
    'x5t and x5t#S256': { x5t: encode('x'.repeat(20)), 'x5t#S256': encode('x'.repeat(32)) },
    'iss in the header': { iss: listener.url, sub: 'admin' },
    url: { url: listener.url, uri: listener.url, jwks_uri: `${listener.url}/jwks` },
    'all of them': {
      jwk: evil.jwk,
      jku: `${listener.url}/jwks`,
      x5u: `${listener.url}/certificate`,
      x5c: [certificate],
    },
  });

  const everyWay = async (incident, work) => {
    for (const [note, header] of Object.entries(offers()))
      await work(header, `${incident}, ${note}`);
  };

  it('CVE-2018-0114, CVE-2026-27962: the header offers the key that signed it, under a known kid', () =>
    everyWay('CVE-2018-0114', async (header, note) => {
      await house().refuses(house().sign(evil, { header }), 'invalid_signature', { note });
    }));

  it('CVE-2018-0114, CVE-2026-27962: under a kid that nobody knows', () =>
    everyWay('CVE-2018-0114', async (header, note) => {
      const unknown = house().sign(evil, { header: { ...header, kid: 'evil' } });
      await house().refuses(unknown, 'unknown_key', { note });
    }));

  it('CVE-2018-0114, CVE-2026-27962: without kid', () =>
    everyWay('CVE-2018-0114', async (header, note) => {
      const nameless = house().sign(evil, { header: { ...header, kid: undefined } });
      await house().refuses(nameless, 'invalid_signature', { note });
    }));

  it('a genuine token may say what it likes there: nobody looks', () =>
    everyWay('genuine', async (header, note) => {
      await house().accepts(house().sign(key, { header }), undefined, { note });
      await house().accepts(house().sign(rsa, { header }), undefined, { note });
    }));

  it('a kid that is a path, an address, SQL, a template or 10 KiB long is a name and nothing more', async () => {
    const kids = [
      '../../../../../../dev/null',
      '/dev/null',
      '/proc/sys/kernel/randomize_va_space',
      'file:///dev/null',
      '..\\..\\..\\windows\\win.ini',
      'C:\\Windows\\win.ini',
      '\\\\127.0.0.1\\share\\key',
      `${listener.url}/jwks`,
      `//${listener.url.slice('http://'.length)}/jwks`,
      `@${listener.url}`,
      `key?jku=${listener.url}`,
      "' UNION SELECT 'key' -- ",
      "key' OR '1'='1",
      'key"; DROP TABLE keys; --',
      '1 OR 1=1',
      '%',
      'k_y',
      'key%',
      '*',
      'k*',
      '.*',
      '^key$',
      `$${'{jndi:ldap://127.0.0.1/a}'}`,
      '{{7*7}}',
      '$(touch /tmp/kid)',
      '`id`',
      '| id',
      'key\0',
      '\0key',
      'key\0.pem',
      'key\n',
      'key\r\nx-injected: 1',
      ' key',
      'key ',
      'KEY',
      'k\u0435y',
      'ke\u0443',
      '\uff4bey',
      'key\u200b',
      '\ufeffkey',
      'ke%79',
      'ke\\u0079',
      'a2V5',
      '0',
      '-1',
      'null',
      'undefined',
      '[object Object]',
      '__proto__',
      'constructor',
      'toString',
      'hasOwnProperty',
      '',
      'k'.repeat(10 * 1024),
      `key${' '.repeat(10 * 1024)}`,
      '\0'.repeat(1000),
      '😀'.repeat(1000),
    ];
    for (const kid of kids) {
      const note = JSON.stringify(kid.slice(0, 60));
      // By the attacker's key, by the genuine one, and by none: nothing was read, nothing is empty.
      await house().refuses(house().sign(evil, { header: { kid } }), 'unknown_key', { note });
      await house().refuses(house().sign(key, { header: { kid } }), 'unknown_key', { note });
      const unsigned = house().sign(key, { header: { kid }, signature: '' });
      await house().refuses(unsigned, 'unknown_key', { note });
    }
  });

  it('a kid that is no string names nothing', async () => {
    for (const kid of [null, 0, 1, true, ['key'], { kid: 'key' }, { toString: 'key' }, [], {}]) {
      const note = JSON.stringify(kid);
      await house().refuses(house().sign(key, { header: { kid } }), 'unknown_key', { note });
    }
  });

  it('and nobody was asked: the listener saw no request, the tenant few', () => {
    assert.deepEqual(requests, []);
    const { discovery, jwks, introspection, other } = house().tenant.requests;
    assert.deepEqual(
      { discovery, introspection, other },
      { discovery: 1, introspection: 0, other: 0 },
    );
    // The first, and the lookups of unknown keys that strangers may cause; those are few however many
    // names they try, and how few is the subject of ../keys.
    assert.ok(jwks <= 10, `${jwks} requests for the keys`);
  });

  it('CVE-2018-0114: the same where the client was told nothing but the keys to use', async () => {
    const { client } = house();
    for (const [note, header] of Object.entries(offers())) {
      tally.inputs += 1;
      const forged = sign(evil, { header, claims: house().claims() });
      const checking = client.validateJwtAccessToken(forged, { jwks: setOf(key) });
      await assert.rejects(checking, { reason: 'invalid_signature' }, note);
      const empty = client.validateJwtAccessToken(forged, { jwks: { keys: [] } });
      await assert.rejects(empty, { reason: 'unknown_key' }, note);
    }
    assert.deepEqual(requests, []);
  });
});
