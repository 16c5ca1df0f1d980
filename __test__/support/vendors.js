'use strict';

// The five authorization servers: what the helper is called with, and where oidc-provider, shaped like each of
// them (oidc/vendors.mjs), is found on the internet.

const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { auth0, cognito, entra, keycloak, okta } = require('@monocloud/backend-node/issuers');
const { createCa, createServerCert } = require('./certs.js');
const { startOidcProvider } = require('./oidc/index.js');
const { makePair } = require('./tokens.js');

const TENANT = '11111111-2222-4333-8444-555555555555';
const API = '66666666-7777-4888-8999-000000000000';
const POOL = 'eu-central-1_AbCdEfGhI';
const SCOPES = ['orders:read', 'orders:write'];

const ca = createCa();

function rsaKey(use, alg) {
  const { privateKey } = makePair('RS256');
  return { ...privateKey.export({ format: 'jwk' }), kid: `${use}-key`, use, alg };
}

/**
 * `issuer`: the `iss` of its tokens. `host` and `mount`: where discovery is. `audience`: what is in `aud`.
 * `header`: the members of a token's header. `keysNameAlg`: `false` where the JWKS has no `alg`.
 */
const VENDORS = {
  'entra-v1': {
    options: () => entra({ tenantId: TENANT, audience: [API, 'api://orders'], version: 'v1' }),
    issuer: `https://sts.windows.net/${TENANT}/`,
    host: 'login.microsoftonline.com',
    mount: `/${TENANT}`,
    audience: 'api://orders',
    keysNameAlg: false,
    header: ['alg', 'kid', 'typ', 'x5t'],
    groups: ({ roles }) => roles,
    scopes: ({ scp }) => scp,
  },
  'entra-v2': {
    options: () => entra({ tenantId: TENANT, audience: API }),
    issuer: `https://login.microsoftonline.com/${TENANT}/v2.0`,
    host: 'login.microsoftonline.com',
    mount: `/${TENANT}/v2.0`,
    audience: API,
    keysNameAlg: false,
    header: ['alg', 'kid', 'typ'],
    groups: ({ roles }) => roles,
    scopes: ({ scp }) => scp,
  },
  cognito: {
    options: () => cognito({ region: 'eu-central-1', userPoolId: POOL, clientIds: ['app', 'web'] }),
    issuer: `https://cognito-idp.eu-central-1.amazonaws.com/${POOL}`,
    host: 'cognito-idp.eu-central-1.amazonaws.com',
    mount: `/${POOL}`,
    header: ['alg', 'kid'],
    groups: (claims) => claims['cognito:groups'],
    scopes: ({ scope }) => scope,
  },
  auth0: {
    options: () => auth0({ domain: 'example.eu.auth0.com', audience: 'https://api.example.com' }),
    issuer: 'https://example.eu.auth0.com/',
    host: 'example.eu.auth0.com',
    mount: '',
    audience: 'https://api.example.com',
    header: ['alg', 'kid', 'typ'],
    groups: ({ permissions }) => permissions,
    scopes: ({ scope }) => scope,
  },
  keycloak: {
    options: () =>
      keycloak({ url: 'https://sso.example.com', realm: 'our staff', audience: 'orders' }),
    issuer: 'https://sso.example.com/realms/our%20staff',
    host: 'sso.example.com',
    mount: '/realms/our%20staff',
    audience: 'orders',
    jwks: () => ({ keys: [rsaKey('enc', 'RSA-OAEP'), rsaKey('sig', 'RS256')] }),
    header: ['alg', 'kid', 'typ'],
    groups: (claims) => claims.realm_access.roles,
    scopes: ({ scope }) => scope,
  },
  okta: {
    options: () => ({
      ...okta({
        domain: 'example.okta.com',
        authorizationServer: 'aus1a',
        audience: 'api://orders',
      }),
      groupOptions: { groupsClaim: 'groups' },
    }),
    issuer: 'https://example.okta.com/oauth2/aus1a',
    host: 'example.okta.com',
    mount: '/oauth2/aus1a',
    audience: 'api://orders',
    header: ['alg', 'kid'],
    groups: ({ groups }) => groups,
    scopes: ({ scp }) => scp.join(' '),
  },
};

/** A certificate for a host that is on loopback: what `tls` of `startOidcProvider` takes. */
function certificateFor(host, authority) {
  const certificate = createServerCert(authority, { san: [`DNS:${host}`, 'IP:127.0.0.1'] });
  return { ...certificate, ca: authority.cert };
}

/**
 * oidc-provider as one of them: a process of its own, with a certificate for the vendor's host. `more`: options
 * of `startOidcProvider`, and the CA (`authority`).
 */
function startVendor(name, { authority = ca, ...more } = {}) {
  const { issuer, host, mount, audience = 'none', keysNameAlg = true, jwks } = VENDORS[name];
  return startOidcProvider({
    vendor: name,
    issuer,
    mount,
    audience,
    keysNameAlg,
    jwks: jwks?.(),
    algorithms: ['RS256'],
    scopes: SCOPES,
    tls: certificateFor(host, authority),
    ...more,
  });
}

/**
 * The internet as a client sees it whose HTTPS_PROXY is `url`: `ports` says where a host is, and `asked` has the
 * hosts that a tunnel was asked for.
 */
async function startInternet() {
  const ports = new Map();
  const asked = [];
  const sockets = new Set();
  const proxy = http.createServer((_request, response) => response.writeHead(404).end());
  proxy.on('connect', (request, socket) => {
    const host = request.url.replace(/:443$/, '');
    asked.push(host);
    sockets.add(socket);
    socket.on('error', () => {});
    if (!ports.has(host)) {
      socket.end('HTTP/1.1 502 No\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    const onward = net.connect(ports.get(host), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    sockets.add(onward);
    onward.on('error', () => socket.destroy());
    socket.on('close', () => onward.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    url: `http://127.0.0.1:${proxy.address().port}`,
    ports,
    asked,
    async close() {
      const closed = once(proxy, 'close');
      proxy.close();
      for (const socket of sockets) socket.destroy();
      proxy.closeAllConnections?.();
      await closed;
    },
  };
}

module.exports = {
  API,
  POOL,
  TENANT,
  VENDORS,
  ca,
  certificateFor,
  startInternet,
  startVendor,
};
