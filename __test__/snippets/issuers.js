'use strict';

const assert = require('node:assert/strict');

const { BAD_TOKEN, FORBIDDEN, NO_TOKEN, ca, granted } = require('../support/snippets/common.js');
const { startOidcProvider } = require('../support/oidc/index.js');
const { VENDORS, certificateFor, startInternet, startVendor } = require('../support/vendors.js');

const HERE = { to: '/api/hello' };
/** A client of oidc-provider that may have tokens. */
const WEB = {
  client_secret: 'a secret of the documentation',
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
};

/** What the page has of a vendor that is not as in ../support/vendors.js. */
const AS_ON_THE_PAGE = {
  'entra-v1': {},
  'entra-v2': {},
  cognito: { claims: { client_id: '1example23456789' } },
  auth0: {},
  keycloak: {
    issuer: 'https://sso.example.com/realms/staff',
    mount: '/realms/staff',
    audience: 'orders-api',
  },
  okta: {
    issuer: 'https://example.okta.com/oauth2/default',
    mount: '/oauth2/default',
    audience: 'api://default',
  },
};

/** Each vendor once for all snippets; its process ends with this one. */
const started = new Map();

async function vendor(name) {
  const { claims: own, ...more } = AS_ON_THE_PAGE[name];
  if (!started.has(name)) started.set(name, startVendor(name, { authority: ca, ...more }));
  const provider = await started.get(name);
  const issueToken = ({ scopes, groups, claims } = {}) =>
    provider.token({ scope: scopes?.join(' '), claims: { groups, ...own, ...claims } });
  return { port: provider.port, issueToken };
}

/** Vendors, and the internet that they are on. */
async function start(names, after) {
  const internet = await startInternet();
  after(() => internet.close());
  const tenants = {};
  for (const name of names) {
    tenants[name] = await vendor(name);
    internet.ports.set(VENDORS[name].host, tenants[name].port);
  }
  return { tenants, env: { HTTPS_PROXY: internet.url, SSL_CERT_FILE: 'ca.pem' } };
}

const program = (name) => ({
  async setup({ after }) {
    const { tenants, env } = await start([name], after);
    return { tenant: tenants[name], env };
  },
  requests: [
    { ...HERE, answer: NO_TOKEN },
    { ...HERE, token: {}, answer: FORBIDDEN },
    { ...HERE, token: { scopes: ['orders:read'] }, answer: granted('hello') },
    {
      ...HERE,
      token: { scopes: ['orders:read'], claims: { iss: 'https://evil.example' } },
      answer: BAD_TOKEN,
    },
  ],
});

const partsOf = (token) =>
  token
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()));

/** The token on the page: it has the members of those that the tests are made with. */
const example = (name) => ({
  async check({ language, text }) {
    assert.equal(language, 'json');
    const [header, payload] = text.split(/^(?=\{$)/m).map((part) => JSON.parse(part));
    const { issueToken } = await vendor(name);
    const wish = { scopes: ['orders:read'], groups: ['admin'] };
    const [realHeader, realPayload] = partsOf(await issueToken(wish));
    assert.deepEqual(Object.keys(header).sort(), Object.keys(realHeader).sort());
    assert.deepEqual(Object.keys(payload).sort(), Object.keys(realPayload).sort());
    const same = ({ iss, aud, scope, scp, roles, permissions, realm_access, typ, token_use }) => ({
      ...{ iss, aud, scope, scp, roles, permissions, realm_access, typ, token_use },
    });
    assert.deepEqual(same(payload), same(realPayload));
  },
});

module.exports = {
  page: 'docs/issuers.md',
  snippets: {
    'Microsoft Entra ID': example('entra-v2'),
    'Microsoft Entra ID 2': program('entra-v2'),
    'Microsoft Entra ID 3': program('entra-v2'),
    "Entra's v1 tokens": example('entra-v1'),
    "Entra's v1 tokens 2": program('entra-v1'),
    'Amazon Cognito': example('cognito'),
    'Amazon Cognito 2': program('cognito'),
    'Amazon Cognito 3': program('cognito'),
    Auth0: example('auth0'),
    'Auth0 2': program('auth0'),
    'Auth0 3': program('auth0'),
    Keycloak: example('keycloak'),
    'Keycloak 2': program('keycloak'),
    'Keycloak 3': program('keycloak'),
    Okta: example('okta'),
    'Okta 2': program('okta'),
    'Okta 3': program('okta'),
    'Several issuers': {
      async setup({ after }) {
        const { tenants, env } = await start(['entra-v2', 'auth0'], after);
        return { tenant: tenants, env };
      },
      requests: ['entra-v2', 'auth0'].flatMap((name) => {
        const issue = (wish) => (tenants) => tenants[name].issueToken(wish);
        const other = VENDORS[name === 'auth0' ? 'entra-v2' : 'auth0'].issuer;
        const scopes = ['orders:read'];
        return [
          { ...HERE, token: issue({}), answer: FORBIDDEN },
          { ...HERE, token: issue({ scopes }), answer: granted('hello') },
          { ...HERE, token: issue({ scopes, claims: { iss: other } }), answer: BAD_TOKEN },
        ];
      }),
    },
    'Any other issuer': {
      async setup({ after }) {
        const internet = await startInternet();
        after(() => internet.close());
        const provider = await startOidcProvider({
          issuer: 'https://login.example.com/',
          tls: certificateFor('login.example.com', ca),
          algorithms: ['RS256'],
          audience: 'orders',
          clients: [{ ...WEB, client_id: 'web' }],
        });
        after(() => provider.close());
        internet.ports.set('login.example.com', provider.port);
        const issueToken = ({ clientId = 'web', claims }) =>
          provider.token({
            clientId,
            claims: { token_type: 'access', env: 'staging', ...claims },
          });
        return {
          tenant: { issueToken },
          env: { HTTPS_PROXY: internet.url, SSL_CERT_FILE: 'ca.pem' },
        };
      },
      requests: [
        { ...HERE, answer: NO_TOKEN },
        { ...HERE, token: {}, answer: FORBIDDEN },
        {
          ...HERE,
          token: { claims: { permissions: { scopes: ['orders:read'] } } },
          answer: granted('hello'),
        },
        ...[
          { clientId: 'app' },
          { claims: { token_type: 'id' } },
          { claims: { env: 'test' } },
          { claims: { env: ['staging'] } },
        ].map((token) => ({ ...HERE, token, answer: BAD_TOKEN })),
      ],
    },
  },
};
