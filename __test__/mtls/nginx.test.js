'use strict';

// A real nginx in front: it terminates mutual TLS, and tells the API in a header which certificate it
// saw. It comes from an address of its own, as a proxy does; everybody else comes from another.

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');

const { frameworks, raw } = require('../support/http.js');
const { assertAnswer } = require('../support/answers.js');
const { PROXY, freePort, noNginx, startNginx } = require('../support/nginx.js');
const { createCa, createClientCert, createServerCert } = require('../support/certs.js');
const { ROUTES, adapters, request, startBinder, withReasons } = require('./support.js');

const ca = createCa();
const clientCa = createCa({ name: 'Client CA' });
const server = createServerCert(ca);
const own = createClientCert(clientCa, { san: ['DNS:own.client.test'] });
const other = createClientCert(clientCa, { san: ['DNS:other.client.test'] });
const selfSigned = createClientCert();
const ownEscaped = encodeURIComponent(own.cert);

const FILES = {
  'server.pem': server.cert,
  'server.key': server.key,
  'client-ca.pem': clientCa.cert,
};

/** One `server` for each API, as the documentation tells people to write it. */
const configuration = (directory, sites) => `
  ssl_certificate ${directory}/server.pem;
  ssl_certificate_key ${directory}/server.key;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_client_certificate ${directory}/client-ca.pem;
  ssl_verify_client optional_no_ca;
  ${sites
    .map(
      ({ port, api }) => `server {
        listen 127.0.0.1:${port} ssl;
        location / {
          proxy_pass ${api.url};
          proxy_bind ${PROXY};
          proxy_set_header ssl-client-cert $ssl_client_escaped_cert;
        }
      }`,
    )
    .join('\n')}`;

describe('behind nginx', { skip: noNginx }, () => {
  const sites = frameworks.map((framework) => ({ framework }));
  let issuer;
  let nginx;

  before(async () => {
    issuer = await startBinder();
    for (const site of sites) {
      const { certificateFromHeader, protectApi } = adapters[site.framework.adapter];
      const certificateResolver = certificateFromHeader({ format: 'nginx', trustProxy: PROXY });
      const protect = protectApi({ ...issuer.options, certificateResolver });
      site.api = await site.framework.create(protect, ROUTES);
      site.port = await freePort();
    }
    nginx = await startNginx(FILES, (directory) => configuration(directory, sites), sites[0].port);
  });
  after(async () => {
    await nginx?.close();
    for (const { api } of sites) await api?.close();
    await issuer?.close();
  });

  for (const site of sites) {
    describe(`with ${site.framework.name}`, () => {
      const identify = (identity) => ({ ca: ca.cert, cert: identity?.cert, key: identity?.key });

      const ask = (where, token, identity, tls) =>
        request(`https://127.0.0.1:${site.port}${where}`, {
          token,
          tls: { ...identify(identity), ...tls },
        });

      for (const version of ['TLSv1.2', 'TLSv1.3']) {
        const tls = { minVersion: version, maxVersion: version };

        it(`a token passes with its certificate alone, through ${version}`, async () => {
          for (const [right, wrong] of [
            [own, other],
            [selfSigned, own],
          ]) {
            const token = issuer.boundTo(right.thumbprint);
            for (const where of ['/bound', '/any']) {
              const { status, json } = await ask(where, token, right, tls);
              assert.equal(status, 200, nginx.log());
              assert.equal(json.claims.cnf['x5t#S256'], right.thumbprint);
              for (const [identity, reason] of [
                [wrong, 'certificate_mismatch'],
                [undefined, 'certificate_missing'],
              ]) {
                const { result, reasons } = await withReasons(() =>
                  ask(where, token, identity, tls),
                );
                assert.equal(result.status, 401);
                assert.deepEqual(reasons, [reason]);
              }
            }
          }
          assert.equal((await ask('/any', issuer.token(), undefined, tls)).status, 200);
          assert.equal((await ask('/bound', issuer.token(), own, tls)).status, 401);
        });

        it(`a resumed session has the certificate that it began with, through ${version}`, async () => {
          const token = issuer.boundTo(own.thumbprint);
          const began = await ask('/bound', token, own, tls);
          const again = await ask('/bound', token, own, { ...tls, session: began.session });
          assert.equal(again.reused, true);
          assert.equal(again.status, 200);
          const without = await ask('/any', issuer.token(), undefined, tls);
          // Now the client has its certificate, but nobody asks for it.
          const later = { ...tls, session: without.session };
          const { result, reasons } = await withReasons(() => ask('/bound', token, own, later));
          assert.equal(result.reused, true);
          assert.equal(result.status, 401);
          assert.deepEqual(reasons, ['certificate_missing']);
        });
      }

      it('a header of the client is replaced', async () => {
        const token = issuer.boundTo(own.thumbprint);
        const forge = (headers, identity) =>
          raw(`https://127.0.0.1:${site.port}/bound`, {
            headers: [['Authorization', `Bearer ${token}`], ...headers],
            tls: { ...identify(identity), servername: 'localhost' },
          });
        for (const name of ['ssl-client-cert', 'SSL-Client-Cert', 'ssl_client_cert']) {
          const forged = [name, ownEscaped];
          for (const headers of [[forged], [forged, forged], [['Connection', name], forged]]) {
            assertAnswer(await forge(headers), 'invalid token', name);
            assertAnswer(await forge(headers, other), 'invalid token', name);
            assert.equal((await forge(headers, own)).status, 200, name);
          }
        }
      });

      it('the same header is not believed from anybody else', async () => {
        const token = issuer.boundTo(own.thumbprint);
        const headers = [
          ['Authorization', `Bearer ${token}`],
          ['ssl-client-cert', ownEscaped],
          ['X-Forwarded-For', PROXY],
          ['Forwarded', `for=${PROXY}`],
          ['X-Real-IP', PROXY],
        ];
        for (const where of ['/bound', '/any']) {
          const { result, reasons } = await withReasons(() =>
            raw(`${site.api.url}${where}`, { headers }),
          );
          assertAnswer(result, 'invalid token');
          assert.deepEqual(reasons, ['certificate_missing']);
        }
      });
    });
  }
});
