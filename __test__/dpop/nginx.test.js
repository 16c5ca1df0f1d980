'use strict';

// A real nginx in front, which terminates TLS, rewrites paths and asks the API by another name. Only what the
// framework trusts, or `origin`, makes the URL of a request the one that the client asked for.

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');

const { createCa, createServerCert } = require('../support/certs.js');
const { guarded } = require('../support/guarded.js');
const { frameworks, raw } = require('../support/http.js');
const { PROXY, freePort, noNginx, startNginx } = require('../support/nginx.js');
const { holderOf, proofOf, startBinder } = require('./support.js');

const ca = createCa();
const server = createServerCert(ca);
const holder = holderOf('ES256');
const ROUTES = [{ path: '/posts' }, { path: '/internal/posts' }];
const FILES = { 'server.pem': server.cert, 'server.key': server.key };

/** What tells the API which URL the client asked for. */
const WAYS = {
  'trust proxy': { forwards: true, trusts: true },
  origin: { forwards: false, trusts: false },
  neither: { forwards: true, trusts: false },
};

const configuration = (directory, sites) => `
  ssl_certificate ${directory}/server.pem;
  ssl_certificate_key ${directory}/server.key;
  ${sites
    .map(
      ({ port, api, forwards }) => `server {
        listen 127.0.0.1:${port} ssl;
        location / {
          proxy_pass ${api.url};
          proxy_bind ${PROXY};
          ${
            forwards
              ? `proxy_set_header X-Forwarded-Proto $scheme;
                 proxy_set_header X-Forwarded-Host $http_host;`
              : ''
          }
        }
        location /outside/ {
          proxy_pass ${api.url}/internal/;
          proxy_bind ${PROXY};
          proxy_set_header X-Forwarded-Proto $scheme;
          proxy_set_header X-Forwarded-Host $http_host;
        }
      }`,
    )
    .join('\n')}`;

describe('behind nginx', { skip: noNginx }, () => {
  const sites = guarded.flatMap(({ name, protectApi }) =>
    Object.entries(WAYS).map(([way, of]) => ({ name, protectApi, way, ...of })),
  );
  let issuer;
  let nginx;

  before(async () => {
    issuer = await startBinder();
    for (const site of sites) {
      site.port = await freePort();
      site.url = `https://127.0.0.1:${site.port}`;
      const dpop = site.way === 'origin' ? { origin: site.url } : 'when_present';
      const protect = site.protectApi({ ...issuer.options, dpop });
      const { create } = frameworks.find(({ name }) => name === site.name);
      site.api = await create(protect, ROUTES, {
        instance: site.trusts ? { trustProxy: PROXY } : {},
        setup: (app) => {
          if (site.trusts && site.name.startsWith('Express')) app.set('trust proxy', PROXY);
        },
      });
    }
    nginx = await startNginx(FILES, (directory) => configuration(directory, sites), sites[0].port);
  });
  after(async () => {
    await nginx?.close();
    for (const { api } of sites) await api?.close();
    await issuer?.close();
  });

  const ask = async (url, htu, more = []) => {
    const token = issuer.boundTo(holder);
    const headers = [
      ['Authorization', `DPoP ${token}`],
      ['DPoP', proofOf(holder, token, { claims: { htm: 'GET', htu } })],
      ...more,
    ];
    const { status } = await raw(url, { headers, tls: { ca: ca.cert, servername: 'localhost' } });
    return status;
  };

  for (const site of sites) {
    it(`${site.name} with ${site.way}`, async () => {
      const outside = `${site.url}/posts`;
      const passes = site.way !== 'neither';
      assert.equal(await ask(`${outside}?a=b`, outside), passes ? 200 : 401, nginx.log());
      // nginx asks for the API by the API's own address, which is all that an API without settings knows.
      assert.equal(await ask(outside, `${site.api.url}/posts`), passes ? 401 : 200);
      assert.equal(await ask(outside, outside.replace('https', 'http')), 401);
      // A client’s own headers are replaced by nginx, or not looked at.
      const forged = [
        ['X-Forwarded-Host', 'evil.example'],
        ['X-Forwarded-Proto', 'http'],
        ['Forwarded', 'host=evil.example;proto=http'],
      ];
      assert.equal(await ask(outside, outside, forged), passes ? 200 : 401);
      assert.equal(await ask(outside, 'http://evil.example/posts', forged), 401);
      assert.equal(await ask(outside, 'https://evil.example/posts', forged), 401);
      // Not through the proxy, and so not trusted; but Fastify 4 trusts everybody once `trustProxy` is set.
      const direct = `${site.api.url}/posts`;
      const told = [
        ['X-Forwarded-Host', `127.0.0.1:${site.port}`],
        ['X-Forwarded-Proto', 'https'],
      ];
      const trustsAll = site.name === 'Fastify 4' && site.trusts;
      assert.equal(
        await ask(direct, outside, told),
        site.way === 'origin' || trustsAll ? 200 : 401,
      );
      // A rewritten path is not what the client asked for: the API sees /internal/posts.
      const rewritten = `${site.url}/outside/posts`;
      assert.equal(await ask(rewritten, rewritten), 401);
      assert.equal(await ask(rewritten, `${site.url}/internal/posts`), passes ? 200 : 401);
    });
  }
});
