'use strict';

// Contract §2: every option's default, its environment variable, which of the two wins, its rule, and
// what it does, seen from outside.

const assert = require('node:assert/strict');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const util = require('node:util');
const { after, before, describe, it } = require('node:test');

const express = require('@monocloud/backend-node/express');
const fastify = require('@monocloud/backend-node/fastify');
const {
  MonoCloudBackendNodeClient,
  MonoCloudHttpError,
  MonoCloudOidcBackendClient,
  MonoCloudTokenError,
  MonoCloudValidationError,
} = require('@monocloud/backend-node');
const { createTestTenant } = require('@monocloud/backend-node/testing');
const { METADATA, at, makeKey, setOf, sign, startServer } = require('../support/tokens.js');

const PREFIX = 'MONOCLOUD_BACKEND_';
const ISSUER = 'https://tenant.example';
const AUDIENCE = 'https://api.example.com';
const BASE = { tenantDomain: ISSUER, audience: AUDIENCE };
const NOW = 1_800_000_000;
const CLAIMS = { iss: ISSUER, sub: 'ada', aud: AUDIENCE, exp: NOW + 60 };
const SECRET = 'hunter2-and-more';

const key = makeKey('ES256');
const jwks = setOf(key);
const certificate = fs.readFileSync(path.join(__dirname, '..', 'fixtures', 'client.pem'), 'utf8');
const thumbprint = createHash('sha256')
  .update(Buffer.from(certificate.replace(/-----[^-]+-----|\s/g, ''), 'base64'))
  .digest('base64url');

/** Runs `work` with these of our variables set and all others of ours unset. */
function withEnv(variables, work) {
  const kept = { ...process.env };
  for (const name of Object.keys(process.env)) {
    if (name.startsWith(PREFIX)) delete process.env[name];
  }
  for (const [name, value] of Object.entries(variables)) process.env[name] = value;
  try {
    return work();
  } finally {
    for (const name of Object.keys(process.env)) delete process.env[name];
    Object.assign(process.env, kept);
  }
}

/** A client of these options, with no variables but these. */
const build = (options, variables = {}) =>
  withEnv(variables, () => new MonoCloudBackendNodeClient(options));

const clientWith = (options, variables) => build({ ...BASE, ...options }, variables);

/** The error that `work` throws, which must be the documented one. */
function refusal(work, start, note) {
  let thrown;
  try {
    work();
  } catch (error) {
    thrown = error;
  }
  assert.ok(thrown, `nothing was thrown: ${start} ${note}`);
  assert.ok(thrown instanceof MonoCloudValidationError, `${note}: ${thrown.stack}`);
  assert.equal(thrown.name, 'MonoCloudValidationError');
  assert.ok(thrown.message.startsWith(start), `${thrown.message}, not ${start} (${note})`);
  return thrown;
}

const shown = (value) => util.inspect(value, { breakLength: Number.POSITIVE_INFINITY });

/** A value of each kind; the names say which. */
const VALUES = {
  string: ['5', 'x'],
  number: [1, 0, -1, Number.NaN],
  boolean: [true, false],
  bigint: [5n],
  symbol: [Symbol('x')],
  function: [() => 'x', class {}],
  object: [{}, [], [1], new Date(0), Object('x'), Object(1), new Map()],
};

const allBut = (...kinds) =>
  Object.entries(VALUES).flatMap(([kind, values]) => (kinds.includes(kind) ? [] : values));

/** An option's value in an object of options: `groupOptions.matchAll` goes into `groupOptions`. */
function option(name, value) {
  const [outer, inner] = name.split('.');
  return inner === undefined ? { [outer]: value } : { [outer]: { [inner]: value } };
}

const validate = (client, claims = {}, route = {}) =>
  at(NOW, () =>
    client.validateJwtAccessToken(sign(key, { claims: { ...CLAIMS, ...claims } }), {
      jwks,
      ...route,
    }),
  );

const passes = (...call) =>
  validate(...call).then(
    () => true,
    (error) => error.reason,
  );

/**
 * A tenant that says to each introspection that the token is fine, and writes down who asked where,
 * and how.
 */
async function startIntrospection() {
  const asked = [];
  const server = await startServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    response.setHeader('content-type', 'application/json');
    const { url } = server;
    if (request.url === METADATA) {
      const endpoint = (name) => ({ introspection_endpoint: `${url}/${name}` });
      response.end(
        JSON.stringify({
          issuer: url,
          jwks_uri: `${url}/jwks`,
          ...endpoint('plain'),
          mtls_endpoint_aliases: endpoint('mtls'),
          mtls_additional_endpoint_aliases: { one: endpoint('store-one'), empty: {} },
        }),
      );
    } else if (request.url === '/jwks') {
      response.end(JSON.stringify(jwks));
    } else {
      const { authorization } = request.headers;
      const form = Object.fromEntries(new URLSearchParams(body));
      asked.push({ at: request.url.slice(1), authorization, form });
      response.end(JSON.stringify({ ...CLAIMS, iss: url, active: true }));
    }
  });
  return { ...server, asked };
}

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

const NUMBERS = [
  { name: 'clockSkew', variable: 'CLOCK_SKEW' },
  { name: 'clockTolerance', variable: 'CLOCK_TOLERANCE' },
  { name: 'jwksCacheDuration', variable: 'JWKS_CACHE_DURATION' },
  { name: 'metadataCacheDuration', variable: 'METADATA_CACHE_DURATION' },
  { name: 'introspectionCacheDuration', variable: 'INTROSPECTION_CACHE_DURATION' },
  { name: 'responseTimeout', variable: 'RESPONSE_TIMEOUT', least: 1000 },
  {
    name: 'maxConcurrentIntrospections',
    variable: 'MAX_CONCURRENT_INTROSPECTIONS',
    least: 1,
    whole: true,
  },
  { name: 'maxTokenBytes', variable: 'MAX_TOKEN_BYTES', least: 1 },
  { name: 'verifiedTokensBytes', variable: 'VERIFIED_TOKENS_BYTES', least: 0 },
];

for (const { name, variable: short, least = 0, whole = false } of NUMBERS) {
  const variable = PREFIX + short;
  describe(`§2 ${name}`, () => {
    it('is a number', () => {
      for (const value of [...allBut('number', 'string'), '', ' ', 'x', '5s', '0x10', 'Infinity']) {
        const work = () => clientWith({ [name]: value });
        const { message } = refusal(work, `"${name}" must be a number`, shown(value));
        assert.ok(message.includes(variable), message);
      }
    });

    it('may be the text that a variable would hold', () => {
      for (const text of [String(least), '86400', '1e4', ' 3000 ', '+4000']) {
        clientWith({ [name]: text }, { [variable]: 'x' });
      }
      refusal(() => clientWith({ [name]: String(least - 1) }), `"${name}" must be greater`);
    });

    it(`is finite and at least ${least}`, () => {
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const { message } = refusal(() => clientWith({ [name]: value }), `"${name}" must be`);
        assert.match(message, /finite/);
        assert.ok(message.includes(variable), message);
      }
      for (const value of [least - 0.001, least - 1, -Number.MAX_VALUE]) {
        const start = `"${name}" must be greater than or equal to ${least}`;
        const { message } = refusal(() => clientWith({ [name]: value }), start, value);
        assert.ok(message.includes(variable), message);
      }
      for (const value of [least, 86_400, Number.MAX_VALUE]) clientWith({ [name]: value });
      const half = () => clientWith({ [name]: least + 0.5 });
      if (whole) refusal(half, `"${name}" must be an integer`);
      else half();
    });

    it('comes from the environment as a decimal number', () => {
      for (const text of [String(least), '86400', '1e4', ' 3000 ', '+4000']) {
        clientWith({}, { [variable]: text });
      }
    });

    it('that does not parse names its variable and its value', () => {
      for (const text of [
        'abc',
        '5s',
        '0x1000',
        'Infinity',
        'NaN',
        '1 0',
        '1,5',
        '--1',
        '1e',
        'true',
        'null',
        '5000;',
        '١',
      ]) {
        const work = () => clientWith({}, { [variable]: text });
        const { message } = refusal(work, `"${name}" must be a number`, text);
        assert.ok(message.includes(variable) && message.includes(text), message);
      }
    });

    it('that is out of range names its variable too', () => {
      for (const text of [String(least - 1), '-1e3', '1e999', '-1e999']) {
        const { message } = refusal(() => clientWith({}, { [variable]: text }), `"${name}" must`);
        assert.ok(message.includes(variable), message);
      }
    });

    it('is unset where the variable is empty or white space, or the option is undefined or null', () => {
      for (const blank of ['', ' ', '\t\n']) clientWith({}, { [variable]: blank });
      clientWith({ [name]: undefined });
      clientWith({ [name]: null });
      refusal(() => clientWith({ [name]: undefined }, { [variable]: 'x' }), `"${name}" must`);
      refusal(() => clientWith({ [name]: null }, { [variable]: 'x' }), `"${name}" must`);
    });

    it('of the constructor wins, over a bad variable too', () => {
      clientWith({ [name]: 5000 }, { [variable]: 'abc' });
      refusal(() => clientWith({ [name]: 'abc' }, { [variable]: '5000' }), `"${name}" must`);
    });
  });
}

const FLAGS = [
  { name: 'introspectJwtTokens', variable: 'INTROSPECT_JWT_TOKENS' },
  { name: 'groupOptions.matchAll', variable: 'GROUPS_MATCH_ALL' },
];

for (const { name, variable: short } of FLAGS) {
  const variable = PREFIX + short;
  describe(`§2 ${name}`, () => {
    it('is a boolean', () => {
      for (const value of [...allBut('boolean', 'string'), '', ' ', '5', 'x', 'yes']) {
        const work = () => clientWith(option(name, value));
        const { message } = refusal(work, `"${name}" must be a boolean`, shown(value));
        assert.ok(message.includes(variable), message);
      }
    });

    it('may be the text that a variable would hold', () => {
      for (const text of ['true', 'false', '1', '0', 'TRUE', ' False ']) {
        clientWith(option(name, text), { [variable]: 'x' });
      }
    });

    it('that does not parse names its variable and its value', () => {
      for (const text of ['yes', 'on', 'truee', '2', '-1', 'null', 'undefined', 't', 'f']) {
        const work = () => clientWith({}, { [variable]: text });
        const { message } = refusal(work, `"${name}" must be a boolean`, text);
        assert.ok(message.includes(variable) && message.includes(text), message);
      }
    });

    it('of the constructor wins, over a bad variable too', () => {
      clientWith(option(name, false), { [variable]: 'abc' });
      refusal(() => clientWith(option(name, 'abc'), { [variable]: 'true' }), `"${name}" must`);
    });
  });
}

const TEXTS = [
  { name: 'clientId', variable: 'CLIENT_ID' },
  { name: 'trustStoreId', variable: 'TRUST_STORE_ID' },
  { name: 'groupOptions.groupsClaim', variable: 'GROUPS_CLAIM' },
  { name: 'clientAuthMethod', variable: 'CLIENT_AUTH_METHOD' },
  { name: 'validateCertificateBinding', variable: 'VALIDATE_CERTIFICATE_BINDING' },
];

for (const { name, variable: short } of TEXTS) {
  const variable = PREFIX + short;
  describe(`§2 ${name}`, () => {
    it('is a text', () => {
      for (const value of [...allBut('string'), '']) {
        const work = () => clientWith(option(name, value));
        const { message } = refusal(work, `"${name}" `, shown(value));
        assert.ok(message.includes(variable), message);
      }
    });

    it('is unset where the variable is empty or white space, or the option is undefined or null', () => {
      for (const blank of ['', ' ', '\t\n']) clientWith({}, { [variable]: blank });
      clientWith(option(name, undefined), { [variable]: '' });
      clientWith(option(name, null), { [variable]: '' });
    });
  });
}

for (const { name, variable: short, values } of [
  {
    name: 'clientAuthMethod',
    variable: 'CLIENT_AUTH_METHOD',
    values: [
      'client_secret_basic',
      'client_secret_post',
      'client_secret_jwt',
      'private_key_jwt',
      'tls_client_auth',
      'self_signed_tls_client_auth',
      'spiffe_jwt',
      'spiffe_x509',
    ],
  },
  {
    name: 'validateCertificateBinding',
    variable: 'VALIDATE_CERTIFICATE_BINDING',
    values: ['when_present', 'required', 'dangerously_ignore'],
  },
]) {
  const variable = PREFIX + short;
  it(`§2 ${name} is one of its words, in the constructor and in the environment`, () => {
    for (const value of values) {
      clientWith({ [name]: value });
      clientWith({}, { [variable]: value });
      clientWith({ [name]: value }, { [variable]: 'x' });
    }
    for (const value of ['x', values[0].toUpperCase(), ` ${values[0]}`, 'none', 'true', 'null']) {
      const start = `"${name}" must be one of`;
      for (const work of [
        () => clientWith({ [name]: value }),
        () => clientWith({}, { [variable]: value }),
      ]) {
        const { message } = refusal(work, start, value);
        assert.ok(message.includes(variable), message);
        for (const word of values) assert.ok(message.includes(word), message);
      }
    }
  });
}

describe('§2 clockSkew and clockTolerance, by their effect', () => {
  const expired = async (client, limit) => {
    assert.equal(await passes(client, { exp: NOW + limit }), 'expired');
    assert.equal(await passes(client, { exp: NOW + limit + 1 }), true);
    const nbf = (seconds) => passes(client, { exp: NOW + 9999, nbf: NOW + seconds });
    return nbf;
  };

  it('default to 0 and 300', async () => {
    const nbf = await expired(clientWith(), -300);
    assert.equal(await nbf(300), true);
    assert.equal(await nbf(301), 'not_yet_valid');
  });

  it('come from the environment', async () => {
    const variables = { [`${PREFIX}CLOCK_SKEW`]: '20', [`${PREFIX}CLOCK_TOLERANCE`]: '50' };
    const nbf = await expired(clientWith({}, variables), -30);
    assert.equal(await nbf(70), true);
    assert.equal(await nbf(71), 'not_yet_valid');
  });

  it('of the constructor win', async () => {
    const variables = { [`${PREFIX}CLOCK_SKEW`]: '20', [`${PREFIX}CLOCK_TOLERANCE`]: '50' };
    const nbf = await expired(clientWith({ clockSkew: 0, clockTolerance: 5 }, variables), -5);
    assert.equal(await nbf(5), true);
    assert.equal(await nbf(6), 'not_yet_valid');
  });

  it('that are empty in the environment are 0 and 300', async () => {
    const variables = { [`${PREFIX}CLOCK_SKEW`]: '', [`${PREFIX}CLOCK_TOLERANCE`]: '' };
    await expired(clientWith({}, variables), -300);
  });
});

describe('§2 groupOptions, by their effect', () => {
  const inGroup = (client, claims, groups) => passes(client, claims, { groups });

  it('default to any one of the groups in groups', async () => {
    const client = clientWith();
    assert.equal(await inGroup(client, { groups: ['a'] }, ['a', 'b']), true);
    assert.equal(await inGroup(client, { roles: ['a'] }, ['a']), 'missing_groups');
  });

  it('come from the environment', async () => {
    for (const yes of ['true', 'TRUE', 'True', '1', ' true ']) {
      const variables = { [`${PREFIX}GROUPS_CLAIM`]: 'roles', [`${PREFIX}GROUPS_MATCH_ALL`]: yes };
      const client = clientWith({}, variables);
      assert.equal(await inGroup(client, { roles: ['a', 'b'] }, ['a', 'b']), true, yes);
      assert.equal(await inGroup(client, { roles: ['a'] }, ['a', 'b']), 'missing_groups', yes);
      assert.equal(await inGroup(client, { groups: ['a', 'b'] }, ['a']), 'missing_groups', yes);
    }
    for (const no of ['false', 'FALSE', '0', '']) {
      const client = clientWith({}, { [`${PREFIX}GROUPS_MATCH_ALL`]: no });
      assert.equal(await inGroup(client, { groups: ['a'] }, ['a', 'b']), true, no);
    }
  });

  it('of the constructor win, each for itself', async () => {
    const variables = { [`${PREFIX}GROUPS_CLAIM`]: 'roles', [`${PREFIX}GROUPS_MATCH_ALL`]: 'true' };
    const any = clientWith({ groupOptions: { matchAll: false } }, variables);
    assert.equal(await inGroup(any, { roles: ['a'] }, ['a', 'b']), true);
    const all = clientWith({ groupOptions: { groupsClaim: 'teams' } }, variables);
    assert.equal(await inGroup(all, { teams: ['a'] }, ['a', 'b']), 'missing_groups');
    assert.equal(await inGroup(all, { teams: ['b', 'a'] }, ['a', 'b']), true);
  });

  it('are an object', () => {
    for (const value of allBut('object')) {
      refusal(() => clientWith({ groupOptions: value }), '"groupOptions" must be an object');
    }
    clientWith({ groupOptions: {} });
    clientWith({ groupOptions: null });
  });
});

describe('§2 validateCertificateBinding, by its effect', () => {
  const bound = { cnf: { 'x5t#S256': thumbprint } };
  const VARIABLE = `${PREFIX}VALIDATE_CERTIFICATE_BINDING`;

  it('defaults to when_present', async () => {
    for (const client of [clientWith(), clientWith({}, { [VARIABLE]: '' })]) {
      assert.equal(await passes(client), true);
      assert.equal(await passes(client, bound), 'certificate_missing');
      assert.equal(await passes(client, bound, { clientCertificate: certificate }), true);
    }
  });

  it('comes from the environment, and that of the constructor wins', async () => {
    const required = clientWith({}, { [VARIABLE]: 'required' });
    assert.equal(await passes(required), 'certificate_missing');
    assert.equal(await passes(required, {}, { clientCertificate: certificate }), 'token_not_bound');
    const ignored = clientWith(
      { validateCertificateBinding: 'dangerously_ignore' },
      { [VARIABLE]: 'required' },
    );
    assert.equal(await passes(ignored, bound), true);
  });
});

describe('§2 the caches’ durations, by their effect', () => {
  const requestsOf = async (options, variables) => {
    // One of its own: clients of one tenant share its documents.
    const tenant = await createTestTenant();
    const token = await tenant.issueToken();
    const base = { tenantDomain: tenant.tenantDomain, audience: AUDIENCE };
    const client = build({ ...base, ...options }, variables);
    for (let n = 0; n < 3; n += 1) await client.validateAccessToken(token);
    for (let n = 0; n < 3; n += 1) await client.getMetadata();
    await tenant.close();
    return [tenant.requests.discovery, tenant.requests.jwks];
  };

  it('default to longer than a test', async () => {
    assert.deepEqual(await requestsOf({}), [1, 1]);
    const variables = {
      [`${PREFIX}JWKS_CACHE_DURATION`]: '',
      [`${PREFIX}METADATA_CACHE_DURATION`]: '',
    };
    assert.deepEqual(await requestsOf({}, variables), [1, 1]);
  });

  it('jwksCacheDuration 0 fetches the keys for each token', async () => {
    assert.deepEqual(await requestsOf({ jwksCacheDuration: 0 }), [1, 3]);
    assert.deepEqual(await requestsOf({}, { [`${PREFIX}JWKS_CACHE_DURATION`]: '0' }), [1, 3]);
    const zero = { [`${PREFIX}JWKS_CACHE_DURATION`]: '0' };
    assert.deepEqual(await requestsOf({ jwksCacheDuration: 300 }, zero), [1, 1]);
  });

  it('metadataCacheDuration 0 fetches the metadata each time', async () => {
    assert.deepEqual(await requestsOf({ metadataCacheDuration: 0 }), [4, 1]);
    assert.deepEqual(await requestsOf({}, { [`${PREFIX}METADATA_CACHE_DURATION`]: '0' }), [4, 1]);
    const zero = { [`${PREFIX}METADATA_CACHE_DURATION`]: '0' };
    assert.deepEqual(await requestsOf({ metadataCacheDuration: 300 }, zero), [1, 1]);
  });

  it('a minute or a day is longer than a test, whatever the unit is mistaken for', async () => {
    const both = { jwksCacheDuration: 60, metadataCacheDuration: 86_400 };
    assert.deepEqual(await requestsOf(both), [1, 1]);
    const most = Number.MAX_VALUE;
    const ever = { jwksCacheDuration: most, metadataCacheDuration: most };
    assert.deepEqual(await requestsOf(ever), [1, 1]);
  });
});

describe('§2 clientId, clientSecret, clientAuthMethod, by their effect', () => {
  let tenant;
  before(async () => {
    tenant = await startIntrospection();
  });
  after(() => tenant.close());

  const ask = async (client, token = 'opaque') => {
    await at(NOW, () => client.introspectAccessToken(token));
    return tenant.asked.pop();
  };
  const asking = (options, variables) =>
    build({ tenantDomain: tenant.url, audience: AUDIENCE, ...options }, variables);

  it('clientId defaults to none, and then nothing is introspected', async () => {
    const blank = (text) => asking({}, { [`${PREFIX}CLIENT_ID`]: text });
    for (const client of [asking(), blank(''), blank(' ')]) {
      await assert.rejects(client.introspectAccessToken('opaque'), (error) => {
        assert.ok(error instanceof MonoCloudValidationError);
        assert.match(error.message, /^clientId is required/);
        assert.ok(error.message.includes(`${PREFIX}CLIENT_ID`));
        return true;
      });
    }
    assert.deepEqual(tenant.asked, []);
  });

  it('client_secret_post is the default', async () => {
    const { authorization, form } = await ask(asking({ clientId: 'me', clientSecret: SECRET }));
    assert.equal(authorization, undefined);
    assert.deepEqual(form, {
      token: 'opaque',
      token_type_hint: 'access_token',
      client_id: 'me',
      client_secret: SECRET,
    });
  });

  it('clientId without a secret is no error, and by password it is a public client', async () => {
    for (const clientAuthMethod of ['client_secret_post', 'client_secret_basic']) {
      const { authorization, form } = await ask(asking({ clientId: 'me', clientAuthMethod }));
      assert.equal(authorization, undefined);
      assert.deepEqual(form, {
        token: 'opaque',
        token_type_hint: 'access_token',
        client_id: 'me',
      });
    }
    for (const clientAuthMethod of ['client_secret_jwt', 'private_key_jwt', 'spiffe_jwt']) {
      const client = asking({ clientId: 'me', clientAuthMethod });
      const jwt = sign(key, { claims: { ...CLAIMS, iss: tenant.url } });
      await at(NOW, () => client.validateAccessToken(jwt));
      await assert.rejects(ask(client), (error) => {
        assert.ok(error instanceof MonoCloudValidationError, error.stack);
        assert.match(error.message, /^"clientSecret" is required/);
        assert.ok(error.message.includes(`${PREFIX}CLIENT_SECRET`), error.message);
        return true;
      });
    }
    assert.deepEqual(tenant.asked, []);
  });

  it('come from the environment, and those of the constructor win', async () => {
    const variables = {
      [`${PREFIX}CLIENT_ID`]: 'from-env',
      [`${PREFIX}CLIENT_SECRET`]: 'secret-from-env',
      [`${PREFIX}CLIENT_AUTH_METHOD`]: 'client_secret_basic',
    };
    const basic = (id, secret) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
    const { authorization } = await ask(asking({}, variables));
    assert.equal(authorization, basic('from-env', 'secret-from-env'));
    const mixed = await ask(asking({ clientSecret: SECRET }, variables));
    assert.equal(mixed.authorization, basic('from-env', SECRET));
    const { form } = await ask(
      asking(
        { clientId: 'me', clientSecret: SECRET, clientAuthMethod: 'client_secret_post' },
        variables,
      ),
    );
    assert.equal(form.client_id, 'me');
    assert.equal(form.client_secret, SECRET);
  });

  it('clientSecret may be a JWK, as an object, as its JSON, and in the environment', async () => {
    const jwk = { kty: 'oct', alg: 'HS256', k: Buffer.alloc(32, 7).toString('base64url') };
    const method = { clientId: 'me', clientAuthMethod: 'client_secret_jwt' };
    for (const client of [
      asking({ ...method, clientSecret: jwk }),
      asking({ ...method, clientSecret: JSON.stringify(jwk) }),
      asking(method, { [`${PREFIX}CLIENT_SECRET`]: JSON.stringify(jwk) }),
    ]) {
      const { form } = await ask(client);
      const claims = MonoCloudOidcBackendClient.decodeJwt(form.client_assertion);
      assert.deepEqual([claims.iss, claims.sub, claims.aud], ['me', 'me', tenant.url]);
    }
  });

  it('introspectJwtTokens sends JWTs there too; by default they are not', async () => {
    const credentials = { clientId: 'me', clientSecret: SECRET };
    const jwt = sign(key, { claims: { ...CLAIMS, iss: tenant.url } });
    const asked = async (client) => {
      await at(NOW, () => client.validateAccessToken(jwt));
      return tenant.asked.splice(0).map(({ form }) => form.token);
    };
    const variables = { [`${PREFIX}INTROSPECT_JWT_TOKENS`]: 'true' };
    assert.deepEqual(await asked(asking(credentials)), []);
    assert.deepEqual(await asked(asking({ ...credentials, introspectJwtTokens: true })), [jwt]);
    assert.deepEqual(await asked(asking(credentials, variables)), [jwt]);
    const no = { ...credentials, introspectJwtTokens: false };
    assert.deepEqual(await asked(asking(no, variables)), []);
  });

  it('trustStoreId picks the alias of its trust store', async () => {
    const options = { clientId: 'me', clientAuthMethod: 'tls_client_auth', fetcher: fetch };
    const VARIABLE = `${PREFIX}TRUST_STORE_ID`;
    assert.equal((await ask(asking(options))).at, 'mtls');
    assert.equal((await ask(asking(options, { [VARIABLE]: '' }))).at, 'mtls');
    assert.equal((await ask(asking({ ...options, trustStoreId: 'one' }))).at, 'store-one');
    assert.equal((await ask(asking(options, { [VARIABLE]: 'one' }))).at, 'store-one');
    const wins = asking({ ...options, trustStoreId: 'one' }, { [VARIABLE]: 'other' });
    assert.equal((await ask(wins)).at, 'store-one');
    for (const trustStoreId of ['other', '__proto__', 'ONE']) {
      await assert.rejects(ask(asking({ ...options, trustStoreId })), (error) => {
        assert.ok(error instanceof MonoCloudValidationError, error.stack);
        assert.match(error.message, /^"trustStoreId"/);
        assert.ok(error.message.includes(VARIABLE), error.message);
        return true;
      });
    }
    const byPassword = { clientId: 'me', clientSecret: SECRET, trustStoreId: 'one' };
    assert.equal((await ask(asking(byPassword))).at, 'plain');
  });

  it('introspectionCacheDuration caps what the cache keeps; unset it is until exp', async () => {
    const cappedAt = async (options, variables) => {
      const ends = [];
      const cache = {
        get: async () => undefined,
        set: async (_token, _claims, end) => void ends.push(end),
        delete: async () => {},
      };
      const credentials = { clientId: 'me', clientSecret: SECRET };
      const client = asking({ ...credentials, cache, ...options }, variables);
      await at(NOW, () => client.validateAccessToken('opaque'));
      return ends;
    };
    assert.deepEqual(await cappedAt({}), [CLAIMS.exp]);
    assert.deepEqual(await cappedAt({ introspectionCacheDuration: 20 }), [NOW + 20]);
    assert.deepEqual(await cappedAt({ introspectionCacheDuration: 600 }), [CLAIMS.exp]);
    const variables = { [`${PREFIX}INTROSPECTION_CACHE_DURATION`]: '30' };
    assert.deepEqual(await cappedAt({}, variables), [NOW + 30]);
    assert.deepEqual(await cappedAt({ introspectionCacheDuration: 20 }, variables), [NOW + 20]);
  });
});

describe('§2 clientSecret', () => {
  const VARIABLE = `${PREFIX}CLIENT_SECRET`;
  const cyclic = { kty: 'oct', k: SECRET };
  cyclic.self = cyclic;

  it('is a text or a JWK, and its value is never in a message', () => {
    const odd = [
      cyclic,
      { k: SECRET },
      { kty: 1, k: SECRET },
      [SECRET],
      [{ kty: 'oct', k: SECRET }],
      Object(SECRET),
      Object(Symbol(SECRET)),
      Symbol(SECRET),
      Buffer.from(SECRET),
      () => SECRET,
      { kty: 'oct', k: 5n },
      {
        toJSON() {
          throw new Error(SECRET);
        },
      },
      { toJSON: () => SECRET },
      { toJSON: () => undefined },
      Proxy.revocable({}, {}).proxy,
      '',
    ];
    const { proxy, revoke } = Proxy.revocable({ kty: 'oct', k: SECRET }, {});
    revoke();
    for (const clientSecret of [...odd.slice(0, -2), '', proxy, ...allBut('string', 'object')]) {
      const error = refusal(() => clientWith({ clientSecret }), '"clientSecret" ');
      assert.ok(error.message.includes(VARIABLE), error.message);
      assert.ok(!util.inspect(error, { showHidden: true, depth: 9 }).includes(SECRET));
    }
  });

  it('is of the kind that clientAuthMethod needs, and its value is not in that message either', () => {
    const privateJwk = { ...key.pair.privateKey.export({ format: 'jwk' }), alg: 'ES256' };
    for (const [clientAuthMethod, clientSecret] of [
      ['private_key_jwt', SECRET],
      ['private_key_jwt', { kty: 'oct', k: SECRET }],
      ['private_key_jwt', { ...key.jwk }],
      ['private_key_jwt', { ...privateJwk, d: SECRET }],
      ['client_secret_jwt', privateJwk],
      ['client_secret_jwt', { kty: 'oct', alg: SECRET, k: 'c2VjcmV0' }],
      ['client_secret_post', privateJwk],
    ]) {
      const note = `${clientAuthMethod} ${typeof clientSecret}`;
      const work = () => clientWith({ clientId: 'me', clientAuthMethod, clientSecret });
      const error = refusal(work, '"clientSecret" ', note);
      const everything = util.inspect(error, { showHidden: true, depth: 9 });
      assert.ok(!everything.includes(SECRET) && !everything.includes(privateJwk.d), everything);
    }
  });

  it('that is a JWK without a byte in it is as empty as an empty text', () => {
    const method = { clientId: 'me', clientAuthMethod: 'client_secret_jwt' };
    for (const k of ['', undefined, null, 5]) {
      const clientSecret = { kty: 'oct', k };
      refusal(() => clientWith({ ...method, clientSecret }), '"clientSecret" ', shown(k));
    }
  });

  it('is not in sight on a client', () => {
    const client = clientWith({ clientId: 'me', clientSecret: SECRET });
    for (const text of [
      util.inspect(client, { showHidden: true, depth: 20, showProxy: true }),
      JSON.stringify(client),
      Object.keys(client).join(),
      String(client),
    ]) {
      assert.ok(!text.includes(SECRET), text);
    }
  });
});

describe('§2 responseTimeout, by its effect', () => {
  let byDefault;
  before(() => {
    // Begun here and awaited at the end: it takes the ten seconds that it says.
    byDefault = timesOut({}, {}, 10_000);
    byDefault.catch(() => {});
  });

  async function timesOut(options, variables, limit, url) {
    const silent = await startServer(() => {});
    const base = { tenantDomain: url ?? silent.url, audience: AUDIENCE };
    const client = build({ ...base, ...options }, variables);
    const from = performance.now();
    const alive = setInterval(() => {}, 1000);
    try {
      await assert.rejects(client.getMetadata(), (error) => {
        assert.ok(error instanceof MonoCloudHttpError, error.stack);
        assert.equal(error.reason, 'timeout');
        assert.match(error.message, new RegExp(`within ${limit} ms`));
        return true;
      });
    } finally {
      clearInterval(alive);
      await silent.close();
    }
    const elapsed = performance.now() - from;
    assert.ok(elapsed > limit - 50 && elapsed < limit + 1500, `${elapsed} ms, not ${limit}`);
  }

  it('of the constructor and of the environment bounds one whole exchange', async () => {
    const variables = { [`${PREFIX}RESPONSE_TIMEOUT`]: '1250' };
    await Promise.all([
      timesOut({ responseTimeout: 1000 }, {}, 1000),
      timesOut({}, variables, 1250),
      timesOut({ responseTimeout: 1100 }, variables, 1100),
    ]);
  });

  it('is each client’s own, though another asks the same tenant with more patience', async () => {
    const silent = await startServer(() => {});
    const outcomes = await Promise.allSettled(
      [4000, 1000].map((limit) => timesOut({ responseTimeout: limit }, {}, limit, silent.url)),
    );
    await silent.close();
    for (const { reason } of outcomes) assert.ifError(reason);
  });

  it('defaults to ten seconds', { timeout: 30_000 }, () => byDefault);
});

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

  const OPTIONS = [
    'tenantDomain',
    'audience',
    'clientId',
    'clientSecret',
    'clientAuthMethod',
    'groupOptions',
    'clockSkew',
    'clockTolerance',
    'jwksCacheDuration',
    'metadataCacheDuration',
    'introspectJwtTokens',
    'cache',
    'fetcher',
    'trustStoreId',
    'validateCertificateBinding',
    'responseTimeout',
    'introspectionCacheDuration',
    'metadataResolver',
    'jwksResolver',
    'tls',
  ];

  for (const name of OPTIONS) {
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

  it('options may be inherited, frozen or without prototype, but no others than are known', () => {
    class Settings {
      get tenantDomain() {
        return ISSUER;
      }
      get audience() {
        return AUDIENCE;
      }
    }
    build(new Settings());
    build(Object.freeze({ ...BASE }));
    build(Object.assign(Object.create(null), BASE));
    clientWith({ [Symbol('x')]: 1 });
    refusal(
      () => clientWith({ unheardOf: Symbol('x') }),
      'MonoCloudBackendNodeClient has no option',
    );
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

for (const [adapter, { protectApi }] of Object.entries({ express, fastify })) {
  describe(`§2 protectApi() of ./${adapter}`, () => {
    const call = (variables, ...args) => withEnv(variables, () => protectApi(...args));
    const GOOD = { [`${PREFIX}TENANT_DOMAIN`]: ISSUER, [`${PREFIX}AUDIENCE`]: AUDIENCE };

    it('builds the client when it is called', () => {
      refusal(() => call({}), '"tenantDomain" is required');
      refusal(() => call({ [`${PREFIX}TENANT_DOMAIN`]: ISSUER }), '"audience" is required');
      const { message } = refusal(
        () => call({ ...GOOD, [`${PREFIX}CLOCK_SKEW`]: 'soon' }),
        '"clockSkew" must be a number',
      );
      assert.match(message, /CLOCK_SKEW.*|soon/);
      assert.equal(typeof call(GOOD), 'function');
      assert.equal(typeof call(GOOD)(), 'function');
    });

    it('asks the tenant nothing before the first token', async () => {
      const tenant = await createTestTenant();
      const protect = call(tenant.env());
      protect();
      protect({ scopes: ['a'] });
      const calls = [];
      call({}, { ...BASE, fetcher: () => calls.push('fetch') })();
      await new Promise(setImmediate);
      assert.deepEqual(tenant.requests, { discovery: 0, jwks: 0, introspection: 0 });
      assert.deepEqual(calls, []);
      await tenant.close();
    });

    it('takes client options beside the two resolvers', () => {
      call({}, BASE);
      call(GOOD, { clockSkew: 5 });
      call({}, { ...BASE, tokenResolver: () => 'x', certificateResolver: () => undefined });
      refusal(() => call(GOOD, { clockSkew: -1 }), '"clockSkew" must be');
      refusal(() => call(GOOD, { audience: 'x' }), '"audience" must be a valid uri');
      for (const value of [1, 'x', true, Symbol('x')]) {
        refusal(() => call(GOOD, value), '"options" must be an object', shown(value));
      }
    });

    it('takes a client, and then only the resolvers', () => {
      const client = clientWith();
      call({ [`${PREFIX}CLOCK_SKEW`]: 'soon' }, client);
      call({}, client, { tokenResolver: () => 'x' });
      call({}, { validateAccessToken: async () => ({}) });
    });

    it('wants functions for resolvers', () => {
      for (const name of ['tokenResolver', 'certificateResolver']) {
        for (const value of allBut('function')) {
          const start = `"${name}" must be a function`;
          refusal(() => call(GOOD, { [name]: value }), start, shown(value));
          refusal(() => call({}, clientWith(), { [name]: value }), start, shown(value));
        }
        call(GOOD, { [name]: undefined });
        call(GOOD, { [name]: null });
      }
    });

    it('meets hostile arguments with the documented error', () => {
      const throwing = (name) => ({
        get [name]() {
          throw new Error(SECRET);
        },
      });
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      const names = ['audience', 'tokenResolver', 'certificateResolver', 'validateAccessToken'];
      for (const args of [[proxy], [clientWith(), proxy], ...names.map((n) => [throwing(n)])]) {
        const error = refusal(() => call(GOOD, ...args), '', shown(Object.keys(args)));
        assert.ok(!util.inspect(error, { showHidden: true }).includes(SECRET));
      }
    });

    it('wants a route’s options to have sense when the route is made', () => {
      const protect = call(GOOD);
      for (const options of [1, 'scope', true, ['a'], () => {}]) {
        refusal(() => protect(options), '"options" must be an object', shown(options));
      }
      for (const name of ['scopes', 'groups']) {
        for (const value of ['a', { 0: 'a' }, 1, true, [1], ['a', null], [['a']], new Set(['a'])]) {
          refusal(() => protect({ [name]: value }), `"${name}" must be an array`, shown(value));
        }
        // biome-ignore lint/suspicious/noSparseArray: a hole is no scope
        refusal(() => protect({ [name]: ['a', , 'b'] }), `"${name}" must be an array`, 'a hole');
        protect({ [name]: [] });
        protect({ [name]: null });
      }
      for (const value of [1, 'yes', {}, []]) {
        const work = () => protect({ validateCertificateBinding: value });
        refusal(work, '"validateCertificateBinding" must be', shown(value));
      }
    });
  });
}

describe('§2 new MonoCloudOidcBackendClient(tenantDomain, audience, options)', () => {
  const oidc = (...args) => new MonoCloudOidcBackendClient(...args);
  const BAD = Object.fromEntries(
    [...NUMBERS, ...FLAGS, ...TEXTS, { variable: 'TENANT_DOMAIN' }, { variable: 'AUDIENCE' }]
      .concat({ variable: 'CLIENT_SECRET' })
      .map(({ variable }) => [PREFIX + variable, 'no such thing']),
  );

  it('reads no environment', async () => {
    const client = withEnv(BAD, () => oidc(ISSUER, AUDIENCE));
    assert.equal(await passes(client), true);
    const good = { [`${PREFIX}TENANT_DOMAIN`]: ISSUER, [`${PREFIX}AUDIENCE`]: AUDIENCE };
    withEnv(good, () => {
      refusal(() => oidc(), '"tenantDomain" is required');
      refusal(() => oidc(ISSUER), '"audience" is required');
      refusal(() => oidc(undefined, AUDIENCE), '"tenantDomain" is required');
    });
    const patient = withEnv({ [`${PREFIX}CLOCK_TOLERANCE`]: '5' }, () => oidc(ISSUER, AUDIENCE));
    assert.equal(await passes(patient, { exp: NOW - 299 }), true);
  });

  it('advises no environment variable', async () => {
    const without = (error) => {
      assert.ok(error instanceof MonoCloudValidationError, error.stack);
      assert.ok(!error.message.includes(PREFIX), error.message);
      return true;
    };
    assert.throws(() => oidc(), without);
    assert.throws(() => oidc(ISSUER), without);
    for (const { name } of [...NUMBERS, ...FLAGS, ...TEXTS, { name: 'clientSecret' }]) {
      assert.throws(() => oidc(ISSUER, AUDIENCE, option(name, 5n)), without);
    }
    await assert.rejects(oidc(ISSUER, AUDIENCE).introspectAccessToken('opaque'), without);
    const tenant = await startIntrospection();
    for (const options of [
      { clientAuthMethod: 'private_key_jwt' },
      { clientAuthMethod: 'tls_client_auth', trustStoreId: 'other', fetcher: fetch },
    ]) {
      const client = oidc(tenant.url, AUDIENCE, { clientId: 'me', ...options });
      await assert.rejects(client.introspectAccessToken('opaque'), without);
    }
    await tenant.close();
  });

  it('gives a bare host https://', async () => {
    const urls = [];
    const fetcher = (url) => {
      urls.push(url);
      throw new Error();
    };
    for (const domain of [
      'tenant.example',
      'tenant.example/',
      'tenant.example:8443',
      'tenant.example/one',
      'localhost:8080',
      'https://tenant.example',
      'http://127.0.0.1:8080',
    ]) {
      await assert.rejects(oidc(domain, AUDIENCE, { fetcher }).getMetadata());
    }
    assert.deepEqual(
      urls,
      [
        'https://tenant.example',
        'https://tenant.example',
        'https://tenant.example:8443',
        'https://tenant.example/one',
        'https://localhost:8080',
        'https://tenant.example',
        'http://127.0.0.1:8080',
      ].map((domain) => domain + METADATA),
    );
    assert.equal(await passes(oidc('tenant.example', AUDIENCE)), true);
  });

  it('has the same rules otherwise', () => {
    for (const value of [
      ...allBut('string'),
      '',
      'http://tenant.example',
      'ten ant',
      'a?b',
      'a@b',
    ]) {
      refusal(() => oidc(value, AUDIENCE), '"tenantDomain" ', shown(value));
    }
    for (const value of [...allBut('string'), '', 'api']) {
      refusal(() => oidc(ISSUER, value), '"audience" ', shown(value));
    }
    refusal(() => oidc(ISSUER, AUDIENCE, { clockSkew: -1 }), '"clockSkew" must be');
    refusal(() => oidc(ISSUER, AUDIENCE, 1), '"options" must be an object');
    oidc(ISSUER, AUDIENCE, null);
    oidc(ISSUER, AUDIENCE, { ...BASE, tenantDomain: 'no uri', audience: 1 });
  });

  it('authenticates with client_secret_basic by default', async () => {
    const tenant = await startIntrospection();
    const client = oidc(tenant.url, AUDIENCE, { clientId: 'me', clientSecret: 'a:b c' });
    await at(NOW, () => client.introspectAccessToken('opaque'));
    const [{ authorization, form }] = tenant.asked;
    assert.equal(authorization, `Basic ${Buffer.from('me:a%3Ab+c').toString('base64')}`);
    assert.equal(form.client_secret, undefined);
    await tenant.close();
  });

  it('has no cache', async () => {
    const calls = [];
    const note = (name) => async () => void calls.push(name);
    const cache = { get: note('get'), set: note('set'), delete: note('delete') };
    await validate(oidc(ISSUER, AUDIENCE, { cache }));
    assert.deepEqual(calls, []);
    assert.equal(MonoCloudOidcBackendClient.prototype.validateAccessToken, undefined);
  });

  it('refuses tokens as the other class does', async () => {
    await assert.rejects(validate(oidc(ISSUER, AUDIENCE), { exp: 1 }), MonoCloudTokenError);
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
