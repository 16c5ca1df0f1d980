'use strict';

// Runs another program's configuration as it is on a page: only files, ports and what keeps the program in
// the foreground are this machine's. Behind it is an API that believes its header.

const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const express = require('express');

const { certificateFromHeader, protectApi } = require('@monocloud/backend-node/express');
const { request, withReasons } = require('../../mtls/support.js');
const { listenExpress, raw } = require('../http.js');
const { freePorts, until } = require('../redis.js');
const { createClientCert } = require('../certs.js');
const { ca, client, other, server } = require('./common.js');

const old = createClientCert(ca, { notBefore: new Date(0), notAfter: new Date(1e12) });
const START_MS = 20_000;

/** How each is started, and where Debian keeps its modules. `files`: what its configuration names. */
const PROGRAMS = {
  nginx: {
    version: ['-v'],
    prepare: (text, directory) => {
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
      const paths = temporary.map((name) => `${name}_temp_path ${directory}/${name};`).join(' ');
      const main = `daemon off; master_process off; pid ${directory}/nginx.pid;\n`;
      return main + text.replace('http {', `http { access_log off; ${paths}`);
    },
    args: (file, directory) => ['-p', directory, '-c', file, '-e', 'stderr'],
  },
  haproxy: {
    version: ['-v'],
    prepare: (text) => text,
    args: (file) => ['-db', '-f', file],
  },
  apache2: {
    version: ['-v'],
    prepare: (text, directory) =>
      [
        `ServerRoot ${directory}`,
        `PidFile ${directory}/apache.pid`,
        `DefaultRuntimeDir ${directory}`,
        `ErrorLog ${directory}/error.log`,
        'ServerName localhost',
        ...['mpm_event', 'authz_core', 'ssl', 'headers', 'proxy', 'proxy_http'].map(
          (name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`,
        ),
        text,
      ].join('\n'),
    args: (file) => ['-X', '-f', file],
  },
};

/** Why a program's configuration can't be run here, or `false`. In CI it can. */
function missing(name) {
  if (process.platform !== 'linux') return 'modules and paths are those of Debian';
  if (process.env.CI) return false;
  return spawnSync(name, PROGRAMS[name].version).error ? `${name} is not installed` : false;
}

/** The configuration with this machine's files and ports. */
function localise(text, directory, port, apiPort) {
  const ours = text
    .replaceAll(/\/etc\/\w+\/tls\//g, `${directory}/`)
    .replaceAll('127.0.0.1:3000', `127.0.0.1:${apiPort}`)
    .replaceAll(/(listen |bind |Listen )[:*]?443\b/g, (_, word) => `${word}127.0.0.1:${port}`)
    .replaceAll('*:443', `127.0.0.1:${port}`);
  assert.ok(!/\b(443|3000)\b|\/etc\//.test(ours), `something was not replaced:\n${ours}`);
  return ours;
}

async function start(name, text, directory, port, after) {
  const { prepare, args } = PROGRAMS[name];
  fs.writeFileSync(path.join(directory, 'server.pem'), server.cert + server.key);
  // Not the one that vouches for the clients: their certificates are taken all the same.
  fs.writeFileSync(path.join(directory, 'client-ca.pem'), server.cert);
  const file = path.join(directory, `${name}.conf`);
  fs.writeFileSync(file, prepare(text, directory));
  const child = spawn(name, args(file, directory), { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes) => {
      log += bytes;
    });
  }
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  const closed = once(child, 'close');
  after(async () => {
    process.off('exit', end);
    end();
    await closed;
  });
  const answers = () => raw(`https://127.0.0.1:${port}/`, { tls: { ca: ca.cert } }).catch(() => {});
  await until(
    async () => {
      if (child.exitCode !== null) throw new Error(`${name} ended:\n${log}`);
      return (await answers()) !== undefined;
    },
    name,
    START_MS,
  );
  // Apache opens no pipe for its log.
  const logFile = path.join(directory, 'error.log');
  return () => log + (fs.existsSync(logFile) ? fs.readFileSync(logFile, 'utf8') : '');
}

/**
 * Checks a page's configuration of a program, in front of an API that reads certificates so.
 * @param {string} name of the program
 * @param {object} options
 * @param {string} options.format how the certificate is written into the header
 * @param {string} options.header what that is called
 * @param {number | string} options.expired the status for a certificate that has expired, or `handshake`
 */
function behind(name, { format, header, expired }) {
  return {
    skip: missing(name),
    async check({ text }, { tenant, directory, after }) {
      const app = express();
      const protect = protectApi({
        ...tenant.clientOptions(),
        certificateResolver: certificateFromHeader({ format, trustProxy: '127.0.0.1' }),
      });
      app.get('/bound', protect({ validateCertificateBinding: true }), (_req, res) => res.json({}));
      app.get('/any', protect(), (_req, res) => res.json({}));
      const api = await listenExpress(app);
      after(() => api.close());
      const [port] = await freePorts(1);
      const ours = localise(text, directory, port, new URL(api.url).port);
      const log = await start(name, ours, directory, port, after);

      const base = `https://127.0.0.1:${port}`;
      const bound = await tenant.issueToken({ certificate: client.cert });
      const free = await tenant.issueToken();
      const tlsOf = (identity) => ({ ca: ca.cert, cert: identity?.cert, key: identity?.key });

      for (const version of ['TLSv1.2', 'TLSv1.3']) {
        const tls = { minVersion: version, maxVersion: version };
        const ask = (where, token, identity, more) =>
          request(base + where, { token, tls: { ...tlsOf(identity), ...tls, ...more } });
        const reasonOf = async (...args) => {
          const { result, reasons } = await withReasons(() => ask(...args));
          assert.equal(result.status, 401);
          return reasons;
        };
        const began = await ask('/bound', bound, client);
        assert.equal(began.status, 200, log());
        assert.equal((await ask('/any', free)).status, 200, log());
        assert.ok((await reasonOf('/bound', bound, other)).includes('certificate_mismatch'));
        assert.ok((await reasonOf('/any', bound)).includes('certificate_missing'));
        assert.ok((await reasonOf('/bound', free, client)).includes('token_not_bound'));
        // A session that goes on has the certificate that it began with.
        const again = await ask('/bound', bound, client, { session: began.session });
        assert.equal(again.status, 200, log());
        assert.equal(again.reused, true, version);
      }

      // Under TLS 1.3 a client learns only afterwards that its certificate was refused, by an alert or by a
      // connection that breaks.
      const late = await tenant.issueToken({ certificate: old.cert });
      const answer = await raw(`${base}/bound`, {
        headers: [['Authorization', `Bearer ${late}`]],
        tls: { ...tlsOf(old), servername: 'localhost' },
      }).catch(() => ({ status: 'handshake' }));
      assert.equal(answer.status, expired, log());

      // What a client writes into the header itself is replaced.
      const forged = {
        nginx: encodeURIComponent(client.cert),
        haproxy: client.cert.replaceAll(/-----[^-]+-----|\s/g, ''),
        apache: client.cert.replaceAll('\n', ' ').trim(),
      };
      forged.rfc9440 = `:${forged.haproxy}:`;
      for (const identity of [undefined, other]) {
        const headers = [
          ['Authorization', `Bearer ${bound}`],
          [header, forged[format]],
        ];
        const tls = { ...tlsOf(identity), servername: 'localhost' };
        const { status } = await raw(`${base}/any`, { headers, tls });
        assert.equal(status, 401);
        // It would have done, had it come from the proxy.
        assert.equal((await raw(`${api.url}/any`, { headers })).status, 200);
      }
    },
  };
}

module.exports = { behind };
