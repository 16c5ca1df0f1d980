'use strict';

// Step-up authentication (RFC 9470), end to end: a client with openid-client gets the 401, has the user sign in
// again at oidc-provider as the challenge asks, and gets 200. Nothing on that path is ours but the package.

const { after, before, describe, it } = require('node:test');
const assert = require('node:assert/strict');
const { guarded } = require('../support/guarded.js');
const { makeBrowser } = require('../support/oidc/browser.js');
const { loadJose, startOidcProvider } = require('../support/oidc/index.js');

const PWD = 'urn:example:pwd';
const MFA = 'urn:example:mfa';
const CLIENT = 'web-app';
const SECRET = 'the secret of a web application';
const REDIRECT = 'http://127.0.0.1/signed-in';
const FIRST_AGE = 3600;

const ROUTES = [
  { path: '/posts', options: { scopes: ['posts:read'] } },
  { path: '/mfa', options: { scopes: ['posts:read'], acr: ['urn:example:hardware', MFA] } },
  { path: '/recent', options: { maxAge: 300 } },
  { path: '/both', options: { acr: [MFA], maxAge: 300 } },
  { path: '/unknown', options: { acr: ['urn:example:retina'] } },
];

describe('step-up authentication', () => {
  let provider;
  let oidc;
  let config;

  before(async () => {
    provider = await startOidcProvider({
      algorithms: ['RS256', 'ES256'],
      logins: { acrs: [PWD, MFA], firstAge: FIRST_AGE },
      clients: [
        {
          client_id: CLIENT,
          client_secret: SECRET,
          token_endpoint_auth_method: 'client_secret_post',
          application_type: 'native',
          grant_types: ['authorization_code'],
          response_types: ['code'],
          redirect_uris: [REDIRECT],
        },
      ],
    });
    // The globals that Node.js 18 lacks.
    await loadJose();
    oidc = await import('openid-client');
    config = await oidc.discovery(
      new URL(provider.issuer),
      CLIENT,
      undefined,
      oidc.ClientSecretPost(SECRET),
      { execute: [oidc.allowInsecureRequests] },
    );
  });
  after(() => provider?.close());

  /** An access token for the API, as any client gets one; `more`: what a challenge asks for. */
  async function signIn(browse, more = {}) {
    const resource = 'https://api.example.com/signed-with/ES256';
    const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
    const expectedState = oidc.randomState();
    const address = oidc.buildAuthorizationUrl(config, {
      redirect_uri: REDIRECT,
      scope: 'openid posts:read',
      resource,
      state: expectedState,
      code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      ...more,
    });
    const checks = { pkceCodeVerifier, expectedState, idTokenExpected: true };
    // openid-client checks the ID token's auth_time against it.
    if (more.max_age !== undefined) checks.maxAge = Number(more.max_age);
    const tokens = await oidc.authorizationCodeGrant(config, await browse(address), checks, {
      resource,
    });
    return tokens.access_token;
  }

  /** The API's answer: its status, and what openid-client reads in its challenge. */
  async function call(url, token) {
    try {
      const response = await oidc.fetchProtectedResource(config, token, new URL(url), 'GET');
      return { status: response.status, json: await response.json() };
    } catch (error) {
      if (!Array.isArray(error.cause)) throw error;
      const [{ scheme, parameters }] = error.cause;
      return { status: error.status, scheme, parameters };
    }
  }

  /** What a client puts into its next authorization request (RFC 9470 §4). */
  const asked = ({ acr_values, max_age }) => ({
    ...(acr_values && { acr_values }),
    ...(max_age && { max_age }),
  });

  for (const { name, protectApi, start } of guarded) {
    describe(`with ${name}`, () => {
      const options = () => ({ tenantDomain: provider.issuer, audience: provider.audience });

      for (const [path, challenge, acr] of [
        ['/mfa', { acr_values: `urn:example:hardware ${MFA}` }, MFA],
        ['/recent', { max_age: '300' }, PWD],
        ['/both', { acr_values: MFA, max_age: '300' }, MFA],
      ]) {
        it(`${path} is 401, and 200 once the user has signed in as it asks`, async (t) => {
          const api = await start(t, protectApi(options()), ROUTES);
          const browse = makeBrowser(REDIRECT);
          const token = await signIn(browse);
          const { json } = await call(`${api.url}/posts`, token);
          const now = Math.floor(Date.now() / 1000);
          assert.deepEqual([json.claims.sub, json.claims.acr], ['ada', PWD]);
          assert.ok(json.claims.auth_time <= now - FIRST_AGE);

          const { status, scheme, parameters } = await call(api.url + path, token);
          const error = 'insufficient_user_authentication';
          assert.deepEqual([status, scheme], [401, 'bearer']);
          assert.deepEqual({ ...parameters }, { error, ...challenge });

          const again = await signIn(browse, asked(parameters));
          const answer = await call(api.url + path, again);
          assert.equal(answer.status, 200);
          assert.equal(answer.json.claims.acr, acr);
          assert.ok(answer.json.claims.auth_time >= now);
          // The old token is as old as ever.
          assert.equal((await call(api.url + path, token)).status, 401);
          assert.deepEqual(api.errors, []);
        });
      }

      it('is 401 again where the user can’t sign in as the route asks', async (t) => {
        const api = await start(t, protectApi(options()), ROUTES);
        const browse = makeBrowser(REDIRECT);
        const { status, parameters } = await call(`${api.url}/unknown`, await signIn(browse));
        assert.deepEqual([status, parameters.acr_values], [401, 'urn:example:retina']);
        const again = await signIn(browse, asked(parameters));
        assert.equal((await call(`${api.url}/unknown`, again)).status, 401);
      });

      it('is 401 for a client without a user', async (t) => {
        const api = await start(t, protectApi(options()), ROUTES);
        const token = await provider.token({ alg: 'ES256', scope: 'posts:read' });
        assert.equal((await call(`${api.url}/posts`, token)).status, 200);
        for (const path of ['/mfa', '/recent', '/both']) {
          const { status, parameters } = await call(api.url + path, token);
          assert.deepEqual(
            [status, parameters.error],
            [401, 'insufficient_user_authentication'],
            path,
          );
        }
      });
    });
  }
});
