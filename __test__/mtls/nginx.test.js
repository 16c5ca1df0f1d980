'use strict';

// A real nginx in front: it terminates mutual TLS, and tells the API in a header which certificate it
// saw. It comes from an address of its own, as a proxy does; everybody else comes from another.

const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');

const { frameworks, raw } = require('../support/http.js');
const { assertAnswer } = require('../support/answers.js');
const { createCa, createClientCert, createServerCert } = require('../support/certs.js');
const { ROUTES, adapters, request, startBinder, withReasons } = require('./support.js');

const START_MS = 10_000;
const PROXY = '127.0.0.2';

/** Why there is no nginx to test with, or `false`. In CI there has to be one. */
function missing() {
  if (process.env.CI) return false;
  if (process.platform !== 'linux') return `only Linux has ${PROXY} without being asked`;
  return spawnSync('nginx', ['-v']).error ? 'nginx is not installed' : false;
}

const ca = createCa();
const clientCa = createCa({ name: 'Client CA' });
const server = createServerCert(ca);
const own = createClientCert(clientCa, { san: ['DNS:own.client.test'] });
const other = createClientCert(clientCa, { san: ['DNS:other.client.test'] });
const selfSigned = createClientCert();
const ownEscaped = encodeURIComponent(own.cert);

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** One `server` for each API, as the documentation tells people to write it. */
const configuration = (directory, sites) => `
  daemon off;
  master_process off;
  pid ${directory}/nginx.pid;
  events {}
  http {
    access_log off;
    ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((name) => `${name}_temp_path ${directory}/${name};`)
      .join('\n    ')}
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
      .join('\n    ')}
  }`;

async function startNginx(sites) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'monocloud-nginx-'));
  const write = (name, text) => fs.writeFileSync(path.join(directory, name), text);
  write('server.pem', server.cert);
  write('server.key', server.key);
  write('client-ca.pem', clientCa.cert);
  write('nginx.conf', configuration(directory, sites));
  const config = path.join(directory, 'nginx.conf');
  const child = spawn('nginx', ['-p', directory, '-c', config, '-e', 'stderr'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (bytes) => {
    log += bytes;
  });
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  const ended = once(child, 'close');
  const deadline = Date.now() + START_MS;
  while (!(await answers(sites[0].port))) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`no nginx:\n${log}`);
    await sleep(20);
  }
  return {
    log: () => log,
    async close() {
      process.off('exit', end);
      child.kill('SIGTERM');
      await ended;
      fs.rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function answers(port) {
  const socket = net.connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

describe('behind nginx', { skip: missing() }, () => {
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
    nginx = await startNginx(sites);
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
