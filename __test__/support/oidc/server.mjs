// A real authorization server (oidc-provider) as a process of its own. `index.js` starts it: the
// options arrive as one line of JSON on stdin, "listening" leaves as one line of JSON on stdout.
// stdin stays open for as long as the parent lives, so its end means that the parent is gone.

import { randomBytes, X509Certificate } from 'node:crypto';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createInterface } from 'node:readline';
import { Provider } from 'oidc-provider';
import { createSigningKeys } from './keys.mjs';
import { answerLogin, isLogin, loginConfiguration } from './logins.mjs';
import { VENDORS } from './vendors.mjs';

const HOST = '127.0.0.1';
// Where no lifetime is asked for: longer than any test runs.
const DEFAULT_TTL = 600;

function listen(server, port) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, () => resolve(server.address().port));
  });
}

/** What a token request asks for beyond the standard: this server's own, test-only policy. */
function wishes(ctx) {
  const header = ctx?.get('x-test-token');
  return header ? JSON.parse(Buffer.from(header, 'base64url').toString()) : {};
}

function peerCertificate(ctx) {
  const raw = ctx.socket.getPeerCertificate?.(false)?.raw;
  return raw ? new X509Certificate(raw) : undefined;
}

/** RFC 8705 §2.1.2: the certificate's subject is the one registered for the client. */
function certificateSubjectMatches(ctx, property, expected) {
  const certificate = peerCertificate(ctx);
  if (property === 'tls_client_auth_subject_dn') {
    return certificate.subject.split('\n').reverse().join(',') === expected;
  }
  const prefix = {
    tls_client_auth_san_dns: 'DNS:',
    tls_client_auth_san_uri: 'URI:',
    tls_client_auth_san_ip: 'IP Address:',
    tls_client_auth_san_email: 'email:',
  }[property];
  return (certificate.subjectAltName ?? '').split(', ').includes(prefix + expected);
}

function configuration(options, jwks, mtlsOrigin) {
  const { algorithms, audience, keysNameAlg, opaqueResource, resourcePrefix, scopes } = options;
  const byResource = new Map(algorithms.map((alg) => [resourcePrefix + alg, alg]));
  const denied = new Set(options.introspectionDenied);

  return {
    adapter: undefined, // the in-memory one: all is gone when the process is
    clients: options.clients,
    jwks,
    scopes: options.logins ? ['openid', ...scopes] : scopes,
    clientAuthMethods: [
      'client_secret_basic',
      'client_secret_post',
      'client_secret_jwt',
      'private_key_jwt',
      ...(options.resources ? ['none'] : []),
      ...(options.mtls ? ['tls_client_auth', 'self_signed_tls_client_auth'] : []),
    ],
    enabledJWA: {
      clientAuthSigningAlgValues: ['HS256', 'HS384', 'HS512', ...algorithms],
      idTokenSigningAlgValues: algorithms,
    },
    discovery: mtlsOrigin
      ? {
          mtls_endpoint_aliases: {
            token_endpoint: `${mtlsOrigin}/token`,
            introspection_endpoint: `${mtlsOrigin}/token/introspection`,
          },
        }
      : {},
    features: {
      devInteractions: { enabled: false },
      // Only then may its JWKS hold an encryption key.
      encryption: { enabled: jwks.keys.some(({ use }) => use === 'enc') },
      clientCredentials: { enabled: true },
      introspection: {
        enabled: true,
        allowedPolicy: (_ctx, client) => !denied.has(client.clientId),
      },
      revocation: { enabled: true, allowedPolicy: () => true },
      registration: { enabled: options.resources !== undefined },
      ...(options.dpopNonces && {
        dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
      }),
      resourceIndicators: {
        enabled: true,
        // Resources are told apart by their indicator, but all are one API: one audience.
        getResourceServerInfo(ctx, resource) {
          if (options.resources?.includes(resource)) {
            const { kid } = jwks.keys.find(keyFits('ES256'));
            const jwt = { sign: { alg: 'ES256', kid } };
            return { audience: resource, scope: scopes.join(' '), accessTokenFormat: 'jwt', jwt };
          }
          const alg = byResource.get(resource);
          if (!alg && resource !== opaqueResource) {
            throw new Error(`no such resource: ${resource}`);
          }
          const common = {
            audience,
            scope: scopes.join(' '),
            accessTokenTTL: wishes(ctx).expiresIn ?? DEFAULT_TTL,
          };
          if (!alg) {
            return { ...common, accessTokenFormat: 'opaque' };
          }
          const kid = jwks.keys.find(keysNameAlg ? (key) => key.alg === alg : keyFits(alg)).kid;
          return { ...common, accessTokenFormat: 'jwt', jwt: { sign: { alg, kid } } };
        },
      },
      ...(options.mtls && {
        mTLS: {
          enabled: true,
          certificateBoundAccessTokens: true,
          tlsClientAuth: true,
          selfSignedTlsClientAuth: true,
          getCertificate: peerCertificate,
          certificateAuthorized: (ctx) => ctx.socket.authorized === true,
          certificateSubjectMatches,
        },
      }),
    },
    ...(options.logins && loginConfiguration(options.logins)),
    extraTokenClaims(ctx) {
      // RFC 9068 §2.2.1: how and when the user has signed in.
      const { acr, authTime } = ctx.oidc.entities.AuthorizationCode ?? {};
      return { acr, auth_time: authTime, ...wishes(ctx).claims };
    },
    formats: { customizers: { jwt: options.vendor && shapedAs(VENDORS[options.vendor]) } },
    ttl: { ClientCredentials: (_ctx, token) => token.resourceServer?.accessTokenTTL },
  };
}

/** Tokens as a vendor's documentation has them, with the claims that were asked for. */
function shapedAs({ header, payload }) {
  return (ctx, token, structured) => {
    const { alg, kid } = token.resourceServer.jwt.sign;
    const { groups, ...claims } = wishes(ctx).claims ?? {};
    structured.header = { typ: undefined, ...header({ alg, kid }) };
    structured.payload = assign(payload(structured.payload), claims);
  };
}

/** Sets claims; `null` takes one away. `aud` may be there without being enumerable. */
function assign(payload, claims) {
  for (const [name, value] of Object.entries(claims)) {
    Object.defineProperty(payload, name, {
      value: value ?? undefined,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  return payload;
}

/** The handler of a server that is below a path. */
function below(mount, handler) {
  return (request, response) => {
    if (!request.url.startsWith(`${mount}/`)) {
      response.writeHead(404).end();
      return;
    }
    request.originalUrl = request.url;
    request.url = request.url.slice(mount.length);
    handler(request, response);
  };
}

/** Where keys name no algorithm, the key type decides, as it must for whoever verifies. */
function keyFits(alg) {
  const curves = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };
  if (/^[RP]S/.test(alg)) {
    return (key) => key.kty === 'RSA';
  }
  return (key) => key.crv === (curves[alg] ?? 'Ed25519');
}

async function start(options) {
  const jwks = options.jwks ?? (await createSigningKeys(options.algorithms, options.keysNameAlg));
  let handler;
  const answer = (request, response) => handler(request, response);

  const server = options.tls ? createTlsServer(options.tls, answer) : createServer(answer);
  const port = await listen(server, options.port ?? 0);
  const origin = `${options.tls ? 'https' : 'http'}://${HOST}:${port}`;

  let mtlsOrigin;
  if (options.mtls) {
    // RFC 8705 §5: only the aliases ask for a certificate. One that no CA here vouches for is let
    // through the handshake, as self_signed_tls_client_auth needs; the server judges it then.
    const mtls = { ...options.tls, ca: options.mtls.ca, requestCert: true };
    const mtlsServer = createTlsServer({ ...mtls, rejectUnauthorized: false }, answer);
    mtlsOrigin = `https://${HOST}:${await listen(mtlsServer, options.mtls.port ?? 0)}`;
  }

  const { issuer = origin, mount = '' } = options;
  const provider = new Provider(issuer, configuration(options, jwks, mtlsOrigin));
  provider.on('server_error', (_ctx, error) => console.error(error));
  const callback = mount ? below(mount, provider.callback()) : provider.callback();
  handler = options.logins
    ? (request, response) =>
        isLogin(request)
          ? answerLogin(provider, options.logins, request, response)
          : callback(request, response)
    : callback;
  return { issuer, base: origin + mount, port, mtlsOrigin, jwks };
}

const lines = createInterface({ input: process.stdin });
lines.once('line', (line) => {
  start(JSON.parse(line)).then(
    (ready) => process.stdout.write(`${JSON.stringify(ready)}\n`),
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
});
lines.once('close', () => process.exit(0));
