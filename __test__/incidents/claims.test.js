'use strict';

// Claims of another type than they have to be, and look-alikes. What a signed token may get wrong, an
// introspection answer may too: each case is tried both ways.

const { after, before, describe, it } = require('node:test');

const { startTally } = require('../support/tally.js');
const { makeKey } = require('../support/tokens.js');

const { claimsOfAnswer, suiteHouse } = require('./support.js');

const tally = startTally('incidents/claims');
const key = makeKey('ES256');

const OPAQUE = 'an-opaque-token';

describe('claims', () => {
  const routes = {
    '/scoped': { scopes: ['posts:read'] },
    '/grouped': { groups: ['admin'] },
  };
  const house = suiteHouse({ before, after }, tally, { keys: [key], routes });
  const asking = suiteHouse({ before, after }, tally, {
    routes,
    options: ({ credentials }) => credentials,
  });

  /** The claims of a house, with one that is this very text; `undefined` leaves it out. */
  const textWith = (of, name, value) => {
    const { [name]: _, ...rest } = of.claims();
    const text = JSON.stringify(rest);
    return value === undefined ? text : text.replace(/}$/, `,${JSON.stringify(name)}:${value}}`);
  };

  /** A claim with this text for its value, in a token and in an answer. */
  async function refuses(name, value, reason, { path, only } = {}) {
    const note = `${name}: ${value} ${path ?? ''}`;
    const claims = textWith(house(), name, value);
    await house().refuses(house().sign(key, { claims }), reason, { note, path });
    if (only === 'JWT') return;
    const answer = textWith(asking(), name, value).replace('{', '{"active":true,');
    asking().serve('introspection', answer);
    await asking().refuses(OPAQUE, reason, { note: `introspected, ${note}`, path });
  }

  async function accepts(name, value, { path } = {}) {
    const note = `${name}: ${value} ${path ?? ''}`;
    const claims = textWith(house(), name, value);
    await house().accepts(house().sign(key, { claims }), JSON.parse(claims), { note, path });
    const text = textWith(asking(), name, value);
    asking().serve('introspection', text.replace('{', '{"active":true,'));
    await asking().accepts(OPAQUE, claimsOfAnswer(text), { note: `introspected, ${note}`, path });
  }

  /** `null` is a value of the wrong type in a JWT, and an absent member in an introspection answer. */
  async function refusesNull(name, reason) {
    await refuses(name, 'null', reason, { only: 'JWT' });
    const text = textWith(asking(), name, 'null');
    asking().serve('introspection', text.replace('{', '{"active":true,'));
    await asking().accepts(OPAQUE, claimsOfAnswer(text), { note: `introspected, ${name}: null` });
  }

  // No number, whatever it could be turned into.
  const NO_NUMBERS = [
    'true',
    'false',
    '""',
    '"9999999999"',
    '" 9999999999 "',
    '"never"',
    '"2999-01-01T00:00:00Z"',
    '"Infinity"',
    '"1e999"',
    '[]',
    '[9999999999]',
    '{}',
    '{"valueOf":9999999999}',
    '{"$numberLong":"9999999999"}',
    '1e999',
    '-1e999',
    '9'.repeat(400),
  ];

  it('CVE-2026-25537, CVE-2026-44459: exp that is a string, null, a list, or no finite number', async () => {
    for (const value of NO_NUMBERS) await refuses('exp', value, 'invalid_expiration');
    await refusesNull('exp', 'invalid_expiration');
  });

  it('CVE-2026-25537: a token without exp never ends, and is none', async () => {
    await refuses('exp', undefined, 'missing_expiration', { only: 'JWT' });
    const claims = textWith(house(), 'exp', undefined);
    for (const other of ['EXP', 'Exp', 'exp ', 'еxp', 'expires_at', 'expires_in', 'exp\0']) {
      const text = claims.replace(/}$/, `,${JSON.stringify(other)}:9999999999}`);
      await house().refuses(house().sign(key, { claims: text }), 'missing_expiration', {
        note: other,
      });
    }
  });

  it('exp that is past: zero, minus zero, negative, tiny, and a moment ago', async () => {
    const past = [
      '0',
      '-0',
      '-0.0',
      '0e99',
      '-1',
      '-9007199254740993',
      '1e-400',
      '-1e300',
      '1',
      '1.5',
    ];
    for (const value of past) await refuses('exp', value, 'expired');
    // Milliseconds of the last century are seconds of a distant one; seconds as milliseconds are not.
    const now = Math.floor(Date.now() / 1000);
    await refuses('exp', String(now - 301), 'expired');
    await refuses('exp', String(now / 1000), 'expired');
    await accepts('exp', String(now - 200));
  });

  it('exp that is a number is that number: 2^53 + 1, a fraction, an exponent', async () => {
    const future = [
      '9007199254740993',
      '9007199254740993.5',
      '4102444800.999',
      '4.1024448e9',
      '1e300',
    ];
    for (const value of [...future, '18446744073709551616', '4102444800.0'])
      await accepts('exp', value);
  });

  it('CVE-2026-25537: nbf that is a string, null, a list, or no finite number', async () => {
    for (const value of NO_NUMBERS) await refuses('nbf', value, 'invalid_not_before');
    await refusesNull('nbf', 'invalid_not_before');
  });

  it('nbf that is still to come, however far', async () => {
    const future = ['9007199254740993', '4102444800.5', '1e300', '18446744073709551616'];
    for (const value of future) await refuses('nbf', value, 'not_yet_valid');
    for (const value of ['0', '-0', '-1', '-9007199254740993', '1.5', '-1e300', '1e-400']) {
      await accepts('nbf', value);
    }
  });

  it('iat is nobody’s promise: whatever it is, nothing depends on it', async () => {
    const odd = [
      'null',
      '"yesterday"',
      '-1',
      '-0',
      '9007199254740993',
      '1.5',
      '1e999',
      '[]',
      '{}',
      'true',
    ];
    for (const value of odd) await accepts('iat', value);
  });

  // In place of a string: whatever holds it, and whatever turns into it.
  const noStrings = (text) => [
    'null',
    'true',
    '0',
    '-0',
    '""',
    '{}',
    '[]',
    `{"0":${text}}`,
    `{"toString":${text}}`,
    `{${text}:true}`,
    `[[${text}]]`,
    `{"value":${text},"length":1}`,
    JSON.stringify(text),
    JSON.stringify(`[${text}]`),
  ];

  it('CVE-2025-30144: iss that is a list, an object or a number', async () => {
    const issuers = (own) => {
      const text = JSON.stringify(own.tenant.issuer);
      return [
        ...noStrings(text),
        `[${text}]`,
        `["https://other.example",${text}]`,
        `[${text},${text}]`,
      ];
    };
    const count = issuers(house()).length;
    for (let index = 0; index < count; index += 1) {
      // Each house has an issuer of its own.
      const [own, other] = [issuers(house())[index], issuers(asking())[index]];
      const claims = textWith(house(), 'iss', own);
      await house().refuses(house().sign(key, { claims }), 'issuer_mismatch', { note: own });
      asking().serve(
        'introspection',
        textWith(asking(), 'iss', other).replace('{', '{"active":true,'),
      );
      await asking().refuses(OPAQUE, 'issuer_mismatch', { note: other });
    }
    await refuses('iss', undefined, 'issuer_mismatch');
  });

  it('aud that is an object, a number, a list in a list, or a list in text', async () => {
    const audience = house().tenant.audience;
    const text = JSON.stringify(audience);
    const joined = [`${audience} https://other.example`, `${audience},https://other.example`];
    const lists = ['[null]', '[1]', '[""]', '[{}]', `[{"0":${text}}]`, `["x",["y",${text}]]`];
    for (const value of [
      ...noStrings(text),
      ...lists,
      ...joined.map((one) => JSON.stringify(one)),
    ]) {
      await refuses('aud', value, 'audience_mismatch');
    }
    await refuses('aud', undefined, 'audience_mismatch');
    for (const value of [text, `[${text}]`, `["x",null,1,{},${text}]`]) await accepts('aud', value);
  });

  it('sub that is a list, an object or a number', async () => {
    for (const value of ['0', '1', 'true', '[]', '["user"]', '{}', '{"toString":"user"}']) {
      await refuses('sub', value, 'invalid_subject');
    }
    await refusesNull('sub', 'invalid_subject');
  });

  it('an issuer that looks like the tenant’s, or comes to the same', async () => {
    const lookAlikes = (own) => {
      const issuer = own.tenant.issuer;
      const { port } = new URL(issuer);
      return [
        `${issuer}/`,
        `${issuer}//`,
        `${issuer}/.`,
        `${issuer}?`,
        `${issuer}#`,
        `${issuer}\0`,
        `${issuer} `,
        ` ${issuer}`,
        `${issuer}\u200b`,
        `\ufeff${issuer}`,
        `${issuer}\n`,
        issuer.toUpperCase(),
        issuer.replace('http', 'HTTP'),
        issuer.replace('http', 'https'),
        issuer.replace('http:', ''),
        issuer.replace('127.0.0.1', 'localhost'),
        issuer.replace('127.0.0.1', '127.1'),
        issuer.replace('127.0.0.1', '2130706433'),
        issuer.replace('127.0.0.1', '0x7f.0.0.1'),
        issuer.replace('127.0.0.1', '127.0.0.1.'),
        issuer.replace('127.0.0.1', '127.000.000.001'),
        issuer.replace('127.0.0.1', '[::ffff:127.0.0.1]'),
        issuer.replace('127.0.0.1', '１２７.0.0.1'),
        issuer.replace('127.0.0.1', '127。0。0。1'),
        issuer.replace('127.0.0.1', '%31%32%37.0.0.1'),
        issuer.replace('//', '//@'),
        issuer.replace('//', '//user@'),
        issuer.replace('//', '\\\\'),
        issuer.replace('//', '/'),
        issuer.replace('http', 'ｈttp'),
        issuer.replace('h', 'һ'),
        issuer.replace('t', 'т'),
        issuer.replace(':', '：'),
        issuer.replace('/', '／'),
        issuer.replace('.', '․'),
        issuer.replace(port, `0${port}`),
        issuer.replace(port, `${port}@other.example`),
        `${issuer}.other.example`,
        `https://other.example/${issuer}`,
        `https://other.example/?iss=${issuer}`,
        issuer.slice(0, -1),
        issuer.slice(1),
        issuer.slice(0, -1) + String.fromCharCode(issuer.charCodeAt(issuer.length - 1) ^ 1),
        [...issuer].reverse().join(''),
      ];
    };
    const count = lookAlikes(house()).length;
    for (let index = 0; index < count; index += 1) {
      const [own, other] = [lookAlikes(house())[index], lookAlikes(asking())[index]];
      const claims = house().claims({ iss: own });
      await house().refuses(house().sign(key, { claims }), 'issuer_mismatch', { note: own });
      const answer = { ...asking().claims({ iss: other }), active: true };
      asking().serve('introspection', JSON.stringify(answer));
      await asking().refuses(OPAQUE, 'issuer_mismatch', { note: other });
    }
  });

  it('scope that is a list, an object, or only looks like it', async () => {
    const path = '/scoped';
    const odd = ['["posts:read"]', '[["posts:read"]]', '["posts:read","x"]', '{"posts:read":true}'];
    const others = [
      'null',
      'true',
      '1',
      '""',
      '" "',
      '"posts"',
      '"posts:read:all"',
      '"xposts:read"',
    ];
    const joined = [
      'posts:read,x',
      'x,posts:read',
      'posts:read\tx',
      'posts:read\nx',
      'posts:read\u00a0x',
    ];
    const alike = ['Posts:Read', 'POSTS:READ', 'pоsts:read', 'posts：read', 'posts:read\u200b'];
    const bytes = [
      'posts:read\0',
      'posts%3Aread',
      'posts:re\u0061\u0301d',
      '"posts:read"',
      '*',
      'posts:*',
    ];
    const texts = [...joined, ...alike, ...bytes].map((text) => JSON.stringify(text));
    for (const value of [...odd, ...others, ...texts, undefined]) {
      await refuses('scope', value, 'missing_scopes', { path });
    }
    for (const value of [
      '"posts:read"',
      '"x posts:read"',
      '" posts:read  x "',
      '"posts\\u003aread"',
    ]) {
      await accepts('scope', value, { path });
    }
    // `scp` and `permissions` are other servers' words for it.
    for (const other of ['scp', 'scopes', 'Scope', 'permissions']) {
      const claims = house().claims({ scope: undefined, [other]: ['posts:read'] });
      await house().refuses(house().sign(key, { claims }), 'missing_scopes', { path, note: other });
    }
  });

  it('groups as a string, an object, or a list of what only looks like them', async () => {
    const path = '/grouped';
    const odd = [
      '"admin"',
      '"admin user"',
      '"admin,user"',
      '"[\\"admin\\"]"',
      '{"admin":true}',
      '{"0":"admin"}',
    ];
    const lists = [
      '[["admin"]]',
      '[{"admin":true}]',
      '[{"id":["admin"]}]',
      '[{"name":{"id":"admin"}}]',
    ];
    const others = [
      'null',
      'true',
      '1',
      '[]',
      '[null]',
      '[1]',
      '[true]',
      '[{}]',
      '{"length":1,"0":"admin"}',
    ];
    const alike = [
      'Admin',
      'ADMIN',
      'admin ',
      ' admin',
      'admin\0',
      'аdmin',
      'ａdmin',
      'admin\u200b',
      'admı́n',
      'adm\u0131n',
    ];
    for (const value of [...odd, ...lists, ...others, undefined]) {
      await refuses('groups', value, 'missing_groups', { path });
    }
    for (const group of alike) {
      await refuses('groups', JSON.stringify([group]), 'missing_groups', { path });
      await refuses('groups', JSON.stringify([{ id: group, name: group }]), 'missing_groups', {
        path,
      });
    }
    for (const value of [
      '["admin"]',
      '[1,null,["x"],"admin"]',
      '[{"id":"admin"}]',
      '[{"id":1,"name":"admin"}]',
    ]) {
      await accepts('groups', value, { path });
    }
  });
});
