'use strict';

const assert = require('node:assert/strict');
const { setTimeout: sleep } = require('node:timers/promises');

const { EXPIRED, HELLO, granted } = require('../support/snippets/common.js');

/** Waits until a snippet has printed what is looked for: its output comes when it comes. */
async function until(printed, pattern) {
  for (let round = 0; round < 600 && !pattern.test(printed()); round += 1) await sleep(25);
  assert.match(printed(), pattern);
}

const prints =
  (...patterns) =>
  async ({ printed }) => {
    for (const pattern of patterns) await until(printed, pattern);
  };

/** Tokens that pass and that don't, all of which must not be in what was printed. */
async function leaksNothing({ base, printed, send, tenant }) {
  const tokens = [
    await tenant.issueToken({ subject: 'somebody-in-particular' }),
    await tenant.issueToken({ subject: 'somebody-in-particular', ...EXPIRED }),
  ];
  for (const token of tokens) {
    await send(`${base}/api/hello`, { headers: { authorization: `Bearer ${token}` } });
  }
  const clear = tokens.flatMap((token) => token.split('.'));
  for (const secret of [...clear, 'somebody-in-particular', 'Bearer ']) {
    assert.ok(!printed().includes(secret));
  }
}

const samples = (text) =>
  Object.fromEntries(
    text
      .trim()
      .split('\n')
      .filter((line) => !line.startsWith('#'))
      .map((line) => line.split(' ')),
  );

/** What the exposition format asks of a page (Prometheus, "Text-based format"). */
function assertExposition(text) {
  assert.ok(text.endsWith('\n'));
  for (const line of text.trim().split('\n')) {
    assert.match(
      line,
      /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z_]+="[^"\\\n]*"\})? \d+(\.\d+)?)$/,
    );
  }
  const types = text.match(/^# TYPE (\S+)/gm);
  assert.equal(new Set(types).size, types.length);
}

module.exports = {
  page: 'docs/observing.md',
  snippets: {
    'A health check': {
      ownTenant: true,
      requests: [
        { to: '/healthz/live', answer: { status: 200, json: { status: 'alive' } } },
        // The keys are there before it listens.
        { to: '/healthz/ready', answer: { status: 200, json: { keys: 'fresh', usable: 11 } } },
        ({ tenant }) => assert.equal(tenant.requests.jwks, 1),
        ...HELLO,
        ({ tenant }) => assert.equal(tenant.requests.jwks, 1),
      ],
    },
    'Prometheus, without a library': {
      requests: [
        async ({ base, send }) => {
          const { headers, text } = await send(`${base}/metrics`);
          assert.match(headers['content-type'], /^text\/plain; version=0\.0\.4/);
          assertExposition(text);
          assert.equal(samples(text)['monocloud_keys_state{state="none"}'], '1');
        },
        ...HELLO,
        async ({ base, send }) => {
          const { text } = await send(`${base}/metrics`);
          assertExposition(text);
          const got = samples(text);
          // What came without a token is in neither.
          assert.equal(got['monocloud_tokens_total{outcome="accepted"}'], '1');
          assert.equal(got['monocloud_tokens_total{outcome="refused"}'], '1');
          assert.equal(got['monocloud_tenant_requests_total{document="jwks"}'], '1');
          assert.equal(got['monocloud_keys_state{state="fresh"}'], '1');
          assert.equal(got.monocloud_keys, '11');
        },
      ],
    },
    Channels: {
      requests: [
        ...HELLO,
        { to: '/api/hello', token: { kid: 'of-nobody' }, answer: { status: 401 } },
        prints(/unknown_key/),
        ({ printed }) => {
          const lines = printed()
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line));
          assert.deepEqual(
            lines.map(({ requestId, ...line }) => line),
            ['expired', 'unknown_key'].map((reason) => ({
              level: 'info',
              message: 'token refused',
              code: 'invalid_token',
              reason,
              method: 'GET',
              path: '/api/hello',
            })),
          );
          assert.equal(new Set(lines.map(({ requestId }) => requestId)).size, 2);
        },
        leaksNothing,
      ],
      prints: /./,
    },
    'Channels 2': {
      // A tenant that is away from time to time, and keys that must be fetched each second.
      env: {
        MONOCLOUD_BACKEND_JWKS_CACHE_DURATION: '1',
        MONOCLOUD_BACKEND_METADATA_CACHE_DURATION: '1',
      },
      async setup({ after }) {
        const { startFaultyTenant } = require('../support/faulty-tenant.js');
        const tenant = await startFaultyTenant();
        after(() => tenant.close());
        return {
          tenant,
          env: {
            MONOCLOUD_BACKEND_TENANT_DOMAIN: tenant.issuer,
            MONOCLOUD_BACKEND_AUDIENCE: tenant.audience,
          },
        };
      },
      requests: [
        async ({ base, printed, send, tenant }) => {
          const get = async () => {
            const headers = { authorization: `Bearer ${tenant.token()}` };
            return (await send(`${base}/api/hello`, { headers })).status;
          };
          const untilPrinted = async (pattern) => {
            for (let round = 0; round < 600 && !pattern.test(printed()); round += 1) {
              assert.equal(await get(), 200);
              await sleep(25);
            }
            assert.match(printed(), pattern);
          };
          assert.equal(await get(), 200);
          tenant.on('jwks', (request) => request.socket.destroy());
          await untilPrinted(/"tenant out of reach".*"JWKS","reason":"connection_lost"/);
          await untilPrinted(/"serving on with old keys"/);
          tenant.on('jwks');
          await untilPrinted(/"tenant is back","document":"JWKS","ms":\d+/);
        },
      ],
      prints: /out of reach/,
    },
    OpenTelemetry: {
      env: { OTEL_METRIC_EXPORT_INTERVAL: '200' },
      requests: [
        ...HELLO,
        { to: '/api/hello', token: { audience: 'https://other' }, answer: { status: 401 } },
        // Spans, at once.
        prints(/name: 'validate access token'/, /'monocloud\.reason': 'audience_mismatch'/),
        // Metrics, with the next export.
        prints(
          /name: 'monocloud\.tokens\.refused'/,
          /attributes: \{ code: 'invalid_token', reason: 'expired' \}/,
          /name: 'monocloud\.tokens\.accepted'/,
          /name: 'monocloud\.keys\.usable'/,
          /name: 'monocloud\.keys\.age'/,
          /value: 11/,
        ),
        leaksNothing,
      ],
      prints: /./,
    },
    'What to log, and what never': {
      requests: [
        { to: '/api/hello', token: { claims: { jti: 'j-1' } }, answer: granted('hello') },
        { to: '/api/hello', token: EXPIRED, answer: { status: 401 } },
        prints(
          /"jti":"j-1","client":"test-client","msg":"hello said"/,
          /"code":"invalid_token","reason":"expired","msg":"token refused"/,
        ),
        leaksNothing,
      ],
      prints: /./,
    },
  },
};
