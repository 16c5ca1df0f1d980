'use strict';

// A real nginx on loopback, which asks the APIs behind it from an address of its own, as a proxy does.

const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

const START_MS = 10_000;
/** For `proxy_bind`. */
const PROXY = '127.0.0.2';

/** Why there is no nginx to test with, or `false`. In CI there has to be one. */
const noNginx = missing();

function missing() {
  if (process.env.CI) return false;
  if (process.platform !== 'linux') return `only Linux has ${PROXY} without being asked`;
  return spawnSync('nginx', ['-v']).error ? 'nginx is not installed' : false;
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * @param {Record<string, string>} files of its directory, by their names
 * @param {(directory: string) => string} http what stands in its `http` block
 * @param {number} port one that it listens on
 */
async function startNginx(files, http, port) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'monocloud-nginx-'));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const configuration = `
    daemon off;
    master_process off;
    pid ${directory}/nginx.pid;
    events {}
    http {
      access_log off;
      ${temporary.map((name) => `${name}_temp_path ${directory}/${name};`).join('\n')}
      ${http(directory)}
    }`;
  for (const [name, text] of Object.entries({ ...files, 'nginx.conf': configuration })) {
    fs.writeFileSync(path.join(directory, name), text);
  }
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
  while (!(await answers(port))) {
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

module.exports = { PROXY, freePort, noNginx, startNginx };
