'use strict';

// A tenant whose name gets another address, or none: /etc/hosts is changed in a mount namespace, which only the
// process under test sees.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const assert = require('node:assert/strict');
const { createCa, createServerCert } = require('../support/certs.js');
const { startTenant } = require('../support/guarded.js');
const { cannot, isHttpError, runFaulty } = require('./support.js');

const HOST = 'tenant.test'; // RFC 6761: no name server has it
const skip =
  cannot({ root: true, names: ['unshare', 'mount'] }) ||
  (spawnSync('unshare', ['--mount', 'true']).status !== 0 && 'there are no mount namespaces here');

/** Passes connections on to the tenant; `close()` drops them and takes no more. */
async function startRelay(t, host, port, onward) {
  const sockets = new Set();
  const server = net.createServer((socket) => {
    const other = net.connect(onward, '127.0.0.1');
    for (const [from, to] of [
      [socket, other],
      [other, socket],
    ]) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
      from.pipe(to);
    }
  });
  server.listen(port, host);
  await once(server, 'listening');
  let taken = 0;
  server.on('connection', () => {
    taken += 1;
  });
  const close = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  t.after(close);
  return { port: server.address().port, close, taken: () => taken };
}

describe('the name of a tenant', { skip }, () => {
  it('may get another address, and be gone for a while', async (t) => {
    const ca = createCa();
    const tls = createServerCert(ca, { san: [`DNS:${HOST}`] });
    // The address in its documents is that of the relays, which are there once its own port is known.
    const tenant = await startTenant(t, { tls: { cert: tls.cert, key: tls.key } });
    const { port: onward } = tenant.server.address();
    const first = await startRelay(t, '127.0.0.2', 0, onward);
    const second = await startRelay(t, '127.0.0.3', first.port, onward);
    tenant.issuer = `https://${HOST}:${first.port}`;
    tenant.jwksUri = `${tenant.issuer}/jwks`;

    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'monocloud-hosts-'));
    t.after(() => fs.rmSync(directory, { recursive: true, force: true }));
    const hosts = path.join(directory, 'hosts');
    const name = (address) => fs.writeFileSync(hosts, address ? `${address} ${HOST}\n` : '\n');
    name('127.0.0.2');
    const within = ['unshare', '--mount', 'sh', '-c'];
    const mounted = `mount --bind '${hosts}' /etc/hosts && exec "$@"`;

    const input = {
      options: tenant.options({ ...tenant.credentials, tls: { ca: ca.cert } }),
      token: tenant.token(),
    };
    const steps = {
      moved: async () => {
        name('127.0.0.3');
        await first.close();
      },
      gone: async () => {
        name(undefined);
        // A kept connection needs no name.
        for (const socket of tenant.sockets) socket.destroy();
        await new Promise((resolve) => setTimeout(resolve, 100));
      },
      back: () => name('127.0.0.3'),
    };
    const options = { input, within: [...within, mounted, 'sh'] };
    const said = await runFaulty(t, 'faults/programs/moved-name.js', options, steps);
    const user = { value: 'user' };
    assert.deepEqual([...said.slice(0, 3), ...said.slice(4)], [user, user, 'well', user, 'well']);
    isHttpError(said[3], ['connection_failed']);
    assert.ok(first.taken() > 0 && second.taken() > 0);
  });
});
