'use strict';

// Bad tokens: each gets its documented class or status, nothing is thrown past the API, and the process
// lives, through `validateAccessToken` and through both majors of both frameworks.

const { after, before, describe, it } = require('node:test');
const assert = require('node:assert/strict');

const { raw, get } = require('../support/http.js');
const { assertAnswer } = require('../support/answers.js');
const { sendJson, startFaultyTenant } = require('../support/faulty-tenant.js');
const {
  MonoCloudBackendNodeClient,
  MonoCloudTokenError,
  MonoCloudValidationError,
} = require('@monocloud/backend-node');
const { DEEP, MIB, deepArray, startApis } = require('./support.js');

const NUL = String.fromCharCode(0);

const deepObject = '{"a":'.repeat(DEEP) + 1 + '}'.repeat(DEEP);
const base64url = (data) => Buffer.from(data).toString('base64url');

describe('a bad token', () => {
  let tenant;
  let client;
  let introspecting;
  let served;
  let servedIntrospecting;

  before(async () => {
    tenant = await startFaultyTenant();
    tenant.on('introspection', (_, response) => sendJson(response, { active: false }));
    const options = tenant.options({ maxTokenBytes: MIB });
    const credentials = { ...options, ...tenant.credentials };
    const http = { maxHeaderSize: 2 * MIB };
    client = new MonoCloudBackendNodeClient(options);
    introspecting = new MonoCloudBackendNodeClient(credentials);
    served = await startApis(options, { http });
    servedIntrospecting = await startApis(credentials, { http });
  });
  after(async () => {
    await served?.close();
    await servedIntrospecting?.close();
    await tenant?.close();
  });

  /** A token that is refused everywhere, as that class and with that reason; then a good one passes. */
  async function refused(token, { type = MonoCloudTokenError, reason } = {}) {
    const expected = reason === undefined ? type : (error) => matches(error, type, reason);
    await assert.rejects(client.validateAccessToken(token), expected);
    await served.resolve(token, (answer, name) => assertAnswer(answer, 'invalid token', name));
    await good();
  }

  async function good() {
    const token = tenant.token();
    assert.equal((await client.validateAccessToken(token)).sub, 'user');
    for (const { name, url } of served.apis) {
      assert.equal((await get(url, token)).status, 200, name);
    }
    assert.deepEqual(served.errors, []);
    assert.deepEqual(servedIntrospecting.errors, []);
  }

  const matches = (error, type, reason) => {
    assert.ok(error instanceof type, String(error?.stack));
    assert.equal(error.reason, reason);
    return true;
  };

  it('is refused as an argument where it is no string, or an empty one', async () => {
    for (const token of [undefined, null, '', '  \t', 0, 42, true, {}, [], ['a.b.c'], () => {}]) {
      await assert.rejects(client.validateAccessToken(token), {
        name: 'MonoCloudValidationError',
        message: 'Access token must be a valid non-empty string',
      });
    }
    await good();
  });

  it('is missing without a header, with `Bearer` alone, and with two tokens', async () => {
    const token = tenant.token();
    const variants = [
      [],
      [['Authorization', 'Bearer']],
      [['Authorization', 'Bearer ']],
      [['Authorization', '']],
      [['Authorization', `Bearer ${token} ${token}`]],
      [['Authorization', `Bearer ${token}, Bearer ${token}`]],
    ];
    for (const headers of variants) {
      for (const { name, url } of served.apis) {
        assertAnswer(await raw(url, { headers }), 'no token', name);
      }
    }
    await good();
  });

  it('is what the first of two headers says, as Node.js has it', async () => {
    const right = ['Authorization', `Bearer ${tenant.token()}`];
    const wrong = ['Authorization', 'Bearer a.b.c'];
    for (const { name, url } of served.apis) {
      assert.equal((await raw(url, { headers: [right, wrong] })).status, 200, name);
      assertAnswer(await raw(url, { headers: [wrong, right] }), 'invalid token', name);
    }
  });

  it('may be 1 MiB long', async () => {
    const parts = `${base64url('{"alg":"ES256"}')}.${base64url('{}')}.`;
    const tokens = {
      malformed_header: `${'a'.repeat(MIB - 4)}.b.c`,
      unknown_key: undefined,
      token_too_large: `${'a'.repeat(MIB)}.b.c`,
    };
    await refused(tokens.malformed_header, { reason: 'malformed_header' });
    await refused(tokens.token_too_large, { reason: 'token_too_large' });
    await refused(parts + 'A'.repeat(MIB - parts.length), { reason: 'invalid_signature' });
    await refused('.'.repeat(MIB), { type: MonoCloudValidationError }); // opaque, and no clientId
    await refused('x'.repeat(MIB), { type: MonoCloudValidationError });
    for (const token of Object.values(tokens).filter(Boolean)) {
      for (const { name, url } of served.apis) {
        assertAnswer(await get(url, token), 'invalid token', name);
      }
    }
    await good();
  });

  it('too long for Node.js is 431, and never reaches us', async () => {
    const api = await startApis(tenant.options());
    try {
      for (const { name, url } of api.apis) {
        const { status } = await get(url, 'x'.repeat(MIB));
        assert.equal(status, 431, name);
        assert.equal((await get(url, tenant.token())).status, 200, name);
      }
    } finally {
      await api.close();
    }
  });

  const odd = {
    NUL: NUL,
    'an unpaired high surrogate': '\ud800',
    'an unpaired low surrogate': '\udc00',
    'surrogates the wrong way round': '\udc00\ud800',
    emoji: '😀',
    'an emoji of many': '👩‍👩‍👧‍👦',
    'a right-to-left override': '\u202e',
    'a byte order mark': '\ufeff',
    'a combining mark': 'e\u0301',
    'a line separator': '\u2028',
    'a line break': '\r\n',
  };

  for (const [what, text] of Object.entries(odd)) {
    it(`with ${what} is refused wherever that is in it`, async () => {
      const [header, payload, signature] = tenant.token().split('.');
      const place = (part) => part.slice(0, 5) + text + part.slice(5);
      await refused(`${place(header)}.${payload}.${signature}`, { reason: 'malformed_header' });
      await refused(`${header}.${place(payload)}.${signature}`, { reason: 'invalid_signature' });
      await refused(`${header}.${payload}.${place(signature)}`, { reason: 'invalid_signature' });
      // Opaque: a token that nobody can be asked about, then one that the tenant does not know.
      const opaque = `opaque${text}token`;
      await refused(opaque, { type: MonoCloudValidationError });
      await assert.rejects(introspecting.validateAccessToken(opaque), (error) =>
        matches(error, MonoCloudTokenError, 'inactive'),
      );
      await servedIntrospecting.resolve(opaque, (answer, name) =>
        assertAnswer(answer, 'invalid token', name),
      );
    });
  }

  it('with NUL on the wire is refused by Node.js, with other odd bytes by us', async () => {
    for (const { name, url } of served.apis) {
      const nul = Buffer.from(`Bearer a${NUL}.b.c`);
      assert.equal((await raw(url, { headers: [['Authorization', nul]] })).status, 400, name);
      for (const bytes of [
        Buffer.from('Bearer 😀.😀.😀'),
        Buffer.from([...Buffer.from('Bearer '), 0xff, 0xfe, 0x2e, 0x80, 0x2e, 0xc0]),
        Buffer.from([...Buffer.from('Bearer '), 0xed, 0xa0, 0x80, 0x2e, 0x2e]), // a surrogate, as WTF-8
      ]) {
        const answer = await raw(url, { headers: [['Authorization', bytes]] });
        assertAnswer(answer, 'invalid token', name);
      }
    }
    await good();
  });

  it('with odd strings inside its JSON is refused, or is what it says', async () => {
    const lone = tenant.sign(JSON.stringify(tenant.claims()).replace('"user"', '"\\ud800"'));
    // RFC 8259 §8.2: such an escape is JSON; what it means differs from one reader to the next.
    const settled = await client.validateAccessToken(lone).then(
      (claims) => claims.sub,
      (error) => matches(error, MonoCloudTokenError, error.reason),
    );
    assert.ok(settled === true || settled === '\ud800', String(settled));
    const nul = tenant.sign({ ...tenant.claims(), sub: `a${NUL}b😀` });
    assert.equal((await client.validateAccessToken(nul)).sub, `a${NUL}b😀`);
    const header = tenant.sign(tenant.claims(), { kid: `key${NUL}` });
    await refused(header, { reason: 'unknown_key' });
    await refused(tenant.sign(tenant.claims(), { kid: '😀' }), { reason: 'unknown_key' });
    await refused(tenant.sign(Buffer.from([0xff, 0xfe, 0x7b, 0x7d])), {
      reason: 'malformed_payload',
    });
    await refused(tenant.sign('\ufeff{}'), { reason: 'malformed_payload' });
  });

  for (const [what, deep] of [
    ['arrays', deepArray],
    ['objects', deepObject],
  ]) {
    const inside = (member, value = deep) => {
      const claims = { ...tenant.claims(), [member]: '…' };
      return JSON.stringify(claims).replace('"…"', value);
    };

    it(`of ${what} in ${DEEP} levels is refused as its header`, async () => {
      const header = `{"alg":"ES256","kid":"key","x":${deep}}`;
      await refused(`${base64url(deep)}.${base64url('{}')}.AA`);
      await refused(`${base64url(header)}.${base64url('{}')}.AA`, { reason: 'invalid_signature' });
      for (const member of ['alg', 'kid', 'typ', 'crit']) {
        const odd_ = `{"alg":"ES256","kid":"key","${member}":${deep}}`;
        await refused(`${base64url(odd_)}.${base64url('{}')}.AA`);
      }
    });

    it(`of ${what} in ${DEEP} levels is refused as its payload`, async () => {
      await refused(tenant.sign(deep));
      await refused(tenant.sign(deep.slice(0, -1)), { reason: 'malformed_payload' });
      for (const member of ['iss', 'aud', 'exp', 'nbf', 'sub']) {
        await refused(tenant.sign(inside(member)));
      }
      await refused(tenant.sign(inside('cnf', `{"x5t#S256":${deep}}`)));
    });

    it(`of ${what} in ${DEEP} levels passes as a claim that nobody looks at`, async () => {
      const token = tenant.sign(inside('other'));
      assert.equal((await client.validateAccessToken(token)).sub, 'user');
      await served.resolve(token, ({ status }, name) => assert.equal(status, 200, name));
      await good();
    });

    it(`of ${what} in ${DEEP} levels as scope or groups is 403 where they are asked for`, async () => {
      const options = tenant.options({ maxTokenBytes: MIB });
      for (const [member, route] of [
        ['scope', { scopes: ['posts:read'] }],
        ['groups', { groups: ['admin'] }],
      ]) {
        const apis = await startApis(options, { route });
        try {
          for (const value of [deep, `[${deep}]`, `["admi",${deep}]`]) {
            const token = tenant.sign(inside(member, value));
            await assert.rejects(client.validateAccessToken(token, route), MonoCloudTokenError);
            await apis.resolve(token, (answer, name) => {
              assert.ok([401, 403].includes(answer.status), `${name}: ${answer.status}`);
            });
          }
          assert.deepEqual(apis.errors, []);
        } finally {
          await apis.close();
        }
      }
      await good();
    });
  }

  it('is shown by no error, neither in its message nor in its stack', async () => {
    const marker = 'c2VjcmV0LW1hcmtlcg';
    for (const token of [`${marker}.b.c`, `a.${marker}.c`, `${marker}${NUL}😀`, `a.b.${marker}`]) {
      const error = await client.validateAccessToken(token).catch((caught) => caught);
      assert.ok(!`${error.message}${error.stack}${JSON.stringify(error)}`.includes(marker));
    }
  });
});
