'use strict';

// Two members of one name: two readers, two meanings (RFC 8725 §2.4, RFC 8259 §4). Wherever this package
// reads an object it must mean nothing at all, whichever comes first and however it is spelled.

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');

const { answerText, inHouse, suiteHouse } = require('./support.js');
const { createClientCert } = require('../support/certs.js');
const { recordIntrospections } = require('../support/introspection.js');
const { startTally } = require('../support/tally.js');
const { makeKey, setOf } = require('../support/tokens.js');

const tally = startTally('incidents/duplicates');
const key = makeKey('ES256');
const rsa = makeKey('RS256', { kid: 'rsa' });

/** A name with its first letter escaped: the same name to everybody who reads JSON. */
const escaped = (name) =>
  `\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${JSON.stringify(name).slice(2, -1)}`;

/**
 * An object as text, with one member more than it has: before those of its own and after them, spelled
 * plainly and escaped.
 */
function doubled(object, name, value) {
  const text = typeof object === 'string' ? object : JSON.stringify(object);
  const more = JSON.stringify(value);
  const spellings = [JSON.stringify(name), `"${escaped(name)}"`];
  return spellings.flatMap((spelling) => [
    text.replace('{', `{${spelling}:${more},`),
    text.replace(/}$/, `,${spelling}:${more}}`),
  ]);
}

/** So many members that they are no longer compared one with another. */
const many = (count) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`m${n}`, n]));

describe('two members of one name in a token', () => {
  const house = suiteHouse({ before, after }, tally, {
    keys: [key],
    routes: { '/': undefined, '/scoped': { scopes: ['posts:read'] } },
  });

  it('in the header', async () => {
    const header = { alg: 'ES256', kid: 'one', typ: 'at+jwt', jku: 'x', '': 0, __proto__: null };
    const others = {
      alg: ['none', 'ES256', 'HS256'],
      kid: ['two', 'one'],
      typ: ['JWT'],
      jku: ['y'],
    };
    for (const [name, values] of Object.entries({ ...others, '': [1] })) {
      for (const value of values) {
        for (const text of doubled(header, name, value)) {
          await house().refuses(house().sign(key, { header: text }), 'malformed_header', {
            note: text,
          });
        }
      }
    }
    for (const name of ['crit', 'b64', 'x', '__proto__', 'constructor']) {
      const once = doubled({ ...header, [name]: undefined }, name, 1)[1];
      for (const text of doubled(once, name, 1)) {
        await house().refuses(house().sign(key, { header: text }), 'malformed_header', {
          note: text,
        });
      }
    }
    for (const count of [20, 23, 24, 25, 200]) {
      const whole = { ...many(count), ...header };
      await house().accepts(house().sign(key, { header: whole }));
      for (const name of ['m0', `m${count - 1}`, 'alg']) {
        for (const text of doubled(whole, name, 'ES256')) {
          await house().refuses(house().sign(key, { header: text }), 'malformed_header', {
            note: name,
          });
        }
      }
    }
  });

  it('at the top of the payload', async () => {
    const claims = house().claims({
      nbf: 1,
      iat: 1,
      groups: ['a'],
      cnf: { jkt: 'x' },
      sub: 'user',
    });
    const others = {
      iss: claims.iss,
      aud: claims.aud,
      exp: 9_999_999_999,
      nbf: 0,
      iat: 0,
      sub: 'admin',
      scope: 'admin',
      groups: ['admin'],
      cnf: {},
    };
    for (const [name, value] of Object.entries(others)) {
      for (const text of doubled(claims, name, value)) {
        const token = house().sign(key, { claims: text });
        await house().refuses(token, 'malformed_payload', { note: text });
        await house().refuses(token, 'malformed_payload', { note: text, path: '/scoped' });
      }
    }
    for (const name of ['x', '', '__proto__', 'constructor', 'toString', 'é']) {
      const once = doubled({ ...claims, cnf: undefined }, name, 1)[1];
      for (const text of doubled(once, name, 1)) {
        const token = house().sign(key, { claims: text });
        await house().refuses(token, 'malformed_payload', { note: text });
      }
    }
    for (const count of [20, 23, 24, 25, 200]) {
      const whole = { ...claims, cnf: undefined, ...many(count) };
      await house().accepts(house().sign(key, { claims: JSON.stringify(whole) }));
      for (const name of ['m0', `m${count - 1}`, 'exp']) {
        for (const text of doubled(whole, name, 9_999_999_999)) {
          await house().refuses(house().sign(key, { claims: text }), 'malformed_payload', {
            note: name,
          });
        }
      }
    }
  });

  it('in cnf, whether it is an object or the text of one', async () => {
    for (const name of ['x5t#S256', 'jkt', 'x']) {
      const once = JSON.stringify({ 'x5t#S256': 'A'.repeat(43), [name]: 'A' });
      for (const cnf of doubled(once, name, 'B')) {
        const claims = house().claimsText(`"cnf":${cnf}`);
        const token = house().sign(key, { claims });
        await house().refuses(token, 'malformed_payload', { note: cnf });
        const text = house().sign(key, { claims: house().claims({ cnf }) });
        await house().refuses(text, 'unsupported_confirmation', { note: cnf });
      }
    }
  });

  it('deeper down it means what JSON.parse says, and no more than that', async () => {
    const claims = house().claimsText('"x":{"a":1,"a":2},"groups":[{"id":"a","id":"b"}]');
    const { claims: read } = await house().accepts(house().sign(key, { claims }));
    assert.deepEqual(read.x, { a: 2 });
    // A group of two names is neither of them.
    for (const group of ['a', 'b']) {
      tally.inputs += 1;
      const asked = { groups: [group] };
      const checking = house().client.validateAccessToken(house().sign(key, { claims }), asked);
      await assert.rejects(checking, { reason: 'missing_groups' }, group);
    }
  });
});

describe('two members of one name in what the tenant publishes', () => {
  /** The tokens of a tenant whose JWKS is this text. */
  const withKeys = (text, work) =>
    inHouse(tally, {}, (house) => {
      house.serve('jwks', text);
      return work(house);
    });

  it('in the JWKS: there is none', async () => {
    const set = setOf(key);
    for (const text of [...doubled(set, 'keys', []), ...doubled({ ...set, x: 1 }, 'x', 1)]) {
      await withKeys(text, (house) =>
        house.refuses(house.sign(key), 'unreadable_response', { note: text }),
      );
    }
  });

  it('in a key: that key is none, and the others serve', async () => {
    const stranger = makeKey('ES256');
    const others = {
      kid: ['two', 'one'],
      kty: ['RSA', 'EC'],
      alg: ['ES384', 'ES256'],
      use: ['enc', 'sig'],
      crv: ['P-384', 'P-256'],
      x: [stranger.jwk.x],
      y: [stranger.jwk.y],
    };
    for (const [name, values] of Object.entries({ ...others, key_ops: [['verify']], x5c: [[]] })) {
      for (const value of values) {
        const once = JSON.stringify({ ...key.jwk, key_ops: ['verify'], x5c: [] });
        for (const text of doubled(once, name, value)) {
          const note = `${name}: ${text}`;
          await withKeys(`{"keys":[${text},${JSON.stringify(rsa.jwk)}]}`, async (house) => {
            await house.refuses(house.sign(key), 'unknown_key', { note });
            await house.refuses(house.sign(stranger), 'unknown_key', { note });
            await house.accepts(house.sign(rsa), undefined, { note });
          });
        }
      }
    }
  });

  it('in the metadata: there is none', async () => {
    for (const [name, value] of [
      ['issuer', 'https://other.example'],
      ['jwks_uri', 'https://other.example/jwks'],
      ['introspection_endpoint', 'https://other.example/introspect'],
      ['mtls_endpoint_aliases', {}],
      ['mtls_additional_endpoint_aliases', {}],
      ['x', 1],
      ['__proto__', 1],
    ]) {
      const aliases = { mtls_endpoint_aliases: {}, mtls_additional_endpoint_aliases: {} };
      await inHouse(tally, {}, async (first) => {
        const metadata = { ...first.tenant.metadata(), ...aliases, x: 1, ['__proto__']: 1 };
        const same = metadata[name];
        const count = doubled(metadata, name, value).length;
        for (let index = 0; index < count; index += 1) {
          for (const other of [value, same]) {
            await inHouse(tally, {}, async (house) => {
              const own = { ...house.tenant.metadata(), ...aliases, x: 1, ['__proto__']: 1 };
              const text = doubled(own, name, other)[index];
              house.serve('discovery', text);
              await house.refuses(house.tenant.token(), 'unreadable_response', { note: text });
              assert.equal(house.tenant.requests.jwks, 0);
            });
          }
        }
      });
    }
  });

  it('in an endpoint alias: nobody is sent to a third place', async () => {
    const { cert, key: privateKey } = createClientCert();
    const tls = { cert, key: privateKey };
    const credentials = { clientId: 'api', clientAuthMethod: 'tls_client_auth', tls };
    const place = (tenant, path) => ({ introspection_endpoint: `${tenant.origin}${path}` });
    // Named once, they are where it goes.
    await inHouse(tally, { options: credentials }, async (house) => {
      const aliases = { mtls_endpoint_aliases: place(house.tenant, '/introspect') };
      const metadata = {
        ...house.tenant.metadata(),
        ...aliases,
        introspection_endpoint: undefined,
      };
      house.serve('discovery', JSON.stringify(metadata));
      await house.accepts('opaque', { ...house.claims(), scope: 'posts:read' });
    });
    const spoils = {
      mtls_endpoint_aliases: (tenant) =>
        doubled(place(tenant, '/a'), 'introspection_endpoint', `${tenant.origin}/b`),
      mtls_additional_endpoint_aliases: (tenant) => [
        ...doubled({ store: place(tenant, '/a') }, 'store', place(tenant, '/b')),
        ...doubled(place(tenant, '/a'), 'introspection_endpoint', `${tenant.origin}/b`).map(
          (text) => `{"store":${text}}`,
        ),
      ],
    };
    for (const [name, spoil] of Object.entries(spoils)) {
      const trustStoreId = name === 'mtls_endpoint_aliases' ? undefined : 'store';
      for (let index = 0; index < spoil({}).length; index += 1) {
        await inHouse(tally, { options: { ...credentials, trustStoreId } }, async (house) => {
          const text = spoil(house.tenant)[index];
          const metadata = JSON.stringify(house.tenant.metadata()).replace(
            /}$/,
            `,"${name}":${text}}`,
          );
          house.serve('discovery', metadata);
          await house.refuses('opaque', 'unreadable_response', { note: metadata });
          assert.equal(house.tenant.requests.introspection + house.tenant.requests.other, 0, text);
        });
      }
    }
  });

  it('in an introspection answer: it is none', async () => {
    await inHouse(tally, { options: ({ credentials }) => credentials }, async (house) => {
      const right = { active: true, ...house.claims({ nbf: 1, cnf: { jkt: 'x' } }) };
      const others = {
        active: [true, false],
        iss: [right.iss, 'https://other.example'],
        aud: [right.aud],
        exp: [9_999_999_999, 1],
        nbf: [0],
        sub: ['admin'],
        scope: ['admin'],
        cnf: [{}],
      };
      for (const [name, values] of Object.entries(others)) {
        for (const value of values) {
          for (const text of doubled(right, name, value)) {
            house.serve('introspection', text);
            await house.refuses('opaque', 'unreadable_response', { note: text });
          }
        }
      }
      for (const text of doubled({ active: false }, 'active', true)) {
        house.serve('introspection', text);
        await house.refuses('opaque', 'unreadable_response', { note: text });
      }
      const cnf = '{"x5t#S256":"A","x5t#S256":"B"}';
      house.serve('introspection', JSON.stringify(right).replace('{"jkt":"x"}', cnf));
      await house.refuses('opaque', 'malformed_payload', { note: cnf });
    });
  });

  it('in an OAuth error: its words are not handed on', async () => {
    await inHouse(tally, { options: ({ credentials }) => credentials }, async (house) => {
      const { tenant, client } = house;
      for (const [status, implied, errorDescription] of [
        [400, 'introspection_failed', 'Token introspection failed'],
        [401, 'invalid_client', undefined],
      ]) {
        const right = { error: 'access_denied', error_description: 'No' };
        for (const name of ['error', 'error_description', 'x']) {
          for (const text of doubled({ ...right, x: 1 }, name, 'server_error')) {
            tally.inputs += 1;
            recordIntrospections(tenant, (response) => {
              response.statusCode = status;
              answerText(text)(undefined, response);
            });
            const error = await client.validateAccessToken('opaque').catch((caught) => caught);
            const { name, error: code } = error;
            const expected = { name: 'MonoCloudOPError', code: implied, errorDescription };
            const seen = { name, code, errorDescription: error.errorDescription };
            assert.deepEqual(seen, expected, text);
          }
        }
      }
    });
  });
});
