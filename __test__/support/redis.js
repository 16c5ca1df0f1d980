'use strict';

// Real redis-servers on free ports of loopback, and every client library behind one `connect`.

const { execFile, spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { promisify } = require('node:util');

const MODULES = path.join(__dirname, '../../node_modules');
const START_MS = 10_000;
/** For one answer of redis-cli, and one connection of a library. */
const ANSWER_MS = 10_000;

/** Why there is no Redis to test against, or `false`. In CI there has to be one. */
const noRedis =
  spawnSync('redis-server', ['--version']).error && !process.env.CI
    ? 'redis-server is not installed'
    : false;

// A test that fails, or is ended for taking too long, must not leave a server behind.
const running = new Set();
process.once('SIGTERM', () => process.exit(143));
process.on('exit', () => {
  for (const server of running) server.kill('SIGKILL');
});

/** Free ports, all different. */
async function freePorts(count) {
  const servers = [];
  for (let i = 0; i < count; i += 1) {
    servers.push(net.createServer().listen(0, '127.0.0.1'));
    await once(servers[i], 'listening');
  }
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

async function until(condition, what, limit = START_MS) {
  const end = Date.now() + limit;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`${what} took longer than ${limit} ms`);
    await sleep(20);
  }
}

/**
 * A server without persistence.
 * @param {{ port?: number, args?: string[] }} [options] the port, where it has to be a certain one
 */
async function startRedis({ port, args = [] } = {}) {
  port ??= (await freePorts(1))[0];
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'monocloud-redis-'));
  let log = '';
  let server;

  const cli = async (...command) => {
    const args = ['-p', `${port}`, ...command];
    const { stdout } = await promisify(execFile)('redis-cli', args, { timeout: ANSWER_MS });
    return stdout.trim();
  };

  const start = async () => {
    const own = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', directory, '--save', ''];
    server = spawn('redis-server', [...own, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(server);
    server.once('exit', () => running.delete(server));
    for (const stream of [server.stdout, server.stderr]) {
      stream.on('data', (bytes) => {
        log += bytes;
      });
    }
    await once(server, 'spawn');
    await until(async () => {
      if (server.exitCode !== null) throw new Error(`redis-server ended:\n${log}`);
      return (await cli('PING').catch(() => '')) === 'PONG';
    }, 'redis-server');
  };

  const kill = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  };

  const close = async () => {
    await kill();
    fs.rmSync(directory, { recursive: true, force: true });
  };

  await start().catch(async (error) => {
    // Or the process would wait for it.
    await close();
    throw error;
  });
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    cli,
    start,
    kill,
    /** It takes connections and bytes, and answers nothing. */
    freeze: () => server.kill('SIGSTOP'),
    thaw: () => server.kill('SIGCONT'),
    /** The commands that `action` sent, as the server saw them: `"GET" "key"`. */
    async commandsOf(action) {
      const socket = net.connect(port, '127.0.0.1');
      let seen = '';
      socket.on('data', (bytes) => {
        seen += bytes;
      });
      const saw = (text) => until(() => seen.includes(text), text);
      try {
        socket.write('MONITOR\r\n');
        await saw('+OK\r\n');
        seen = '';
        await action();
        await cli('ECHO', 'that was all');
        await saw('that was all');
      } finally {
        socket.destroy();
      }
      const lines = seen.split('\r\n').map((line) => line.replace(/^\+[\d.]+ \[.*?\] /, ''));
      return lines.slice(0, lines.indexOf('"ECHO" "that was all"'));
    },
    close,
  };
}

/**
 * Three masters.
 * @param {{ replicas?: number, args?: string[] }} [options] `replicas` of each master
 */
async function startCluster({ replicas = 0, args = [] } = {}) {
  const count = 3 * (1 + replicas);
  const ports = await freePorts(2 * count);
  const started = await Promise.allSettled(
    ports.slice(0, count).map((port, i) => {
      const own = ['--cluster-enabled', 'yes', '--cluster-port', `${ports[i + count]}`, ...args];
      return startRedis({ port, args: [...own, '--cluster-config-file', 'nodes.conf'] });
    }),
  );
  const nodes = started.filter(({ value }) => value).map(({ value }) => value);
  const close = () => Promise.all(nodes.map((node) => node.close()));
  try {
    for (const { reason } of started) if (reason) throw reason;
    const hosts = nodes.map(({ port }) => `127.0.0.1:${port}`);
    const of = ['--cluster-replicas', `${replicas}`];
    await nodes[0].cli('--cluster', 'create', ...hosts, ...of, '--cluster-yes');
    const isUp = async ({ cli }) => (await cli('CLUSTER', 'INFO')).includes('cluster_state:ok');
    await until(async () => (await Promise.all(nodes.map(isUp))).every(Boolean), 'the cluster');
  } catch (error) {
    await close();
    throw error;
  }
  return { nodes, close };
}

const ignore = () => {};

/** A client that has connected, or none: an open one that nobody closes would keep the process. */
async function connected(client, connecting, close) {
  const late = new AbortController();
  const limit = sleep(ANSWER_MS, undefined, { signal: late.signal }).then(() => {
    throw new Error(`connecting took longer than ${ANSWER_MS} ms`);
  });
  limit.catch(ignore);
  connecting.catch(ignore);
  try {
    await Promise.race([connecting, limit]);
  } catch (error) {
    await close();
    throw error;
  } finally {
    late.abort();
  }
  return { client, close };
}

function connectNode(client) {
  client.on('error', ignore);
  // Version 4 says `disconnect` for `destroy`, and its cluster has no `isOpen`.
  const end = () => (client.destroy ? client.destroy() : client.disconnect());
  const close = async () => void ((client.isOpen ?? true) && (await end()));
  return connected(client, client.connect(), close);
}

function connectIo(client) {
  client.on('error', ignore);
  // Not `once` of node:events, which rejects on `error`: an impatient client's first command may be late, and it connects
  // again.
  const ready = new Promise((resolve) => {
    if (client.status === 'ready') resolve();
    else client.once('ready', resolve);
  });
  return connected(client, ready, async () => client.disconnect());
}

function nodeRedis(name) {
  const library = () => require(name);
  return {
    name,
    connect: ({ url }, options) => connectNode(library().createClient({ url, ...options })),
    connectPool: ({ url }) => connectNode(library().createClientPool({ url })),
    connectCluster: ({ nodes }) =>
      connectNode(library().createCluster({ rootNodes: nodes.map(({ url }) => ({ url })) })),
    transaction: (client) => client.multi(),
    /** Settings with which a call ends soon when there is no answer. */
    impatient: {
      disableOfflineQueue: true,
      // `commandOptions.timeout` ends only what was not sent yet; and by default, there is no
      // reconnecting after a socket's timeout.
      socket: { socketTimeout: 100, reconnectStrategy: 50 },
    },
    connectBytes: async (server) => {
      const { RESP_TYPES } = library();
      const { client, close } = await connectNode(library().createClient({ url: server.url }));
      return { client: client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }), close };
    },
  };
}

function ioredis(name) {
  const library = () => require(name);
  return {
    name,
    connect: ({ port }, options) => connectIo(new (library().Redis)({ port, ...options })),
    connectCluster: ({ nodes }) =>
      connectIo(new (library().Cluster)(nodes.map(({ port }) => ({ host: '127.0.0.1', port })))),
    transaction: (client) => client.pipeline(),
    impatient: { enableOfflineQueue: false, commandTimeout: 100 },
  };
}

/** The libraries of this list that run on this Node.js. */
const runningOf = (list) =>
  list
    .map((library) => {
      const manifest = fs.readFileSync(path.join(MODULES, library.name, 'package.json'), 'utf8');
      const { version, engines } = JSON.parse(manifest);
      const needed = Number(/\d+/.exec(engines?.node ?? '18')[0]);
      const title = `${library.name.replace(/\d$/, '')} ${version.split('.')[0]}`;
      return { ...library, title, needed };
    })
    .filter(({ needed }) => Number(process.versions.node.split('.')[0]) >= needed);

/** Those of `createRedisCache`. */
const libraries = runningOf([
  nodeRedis('redis5'),
  nodeRedis('redis'),
  ioredis('ioredis5'),
  ioredis('ioredis'),
]);

/** Those of `createRedisReplayStore`. */
const replayLibraries = [...runningOf([nodeRedis('redis4')]), ...libraries];

module.exports = {
  freePorts,
  libraries,
  noRedis,
  replayLibraries,
  startCluster,
  startRedis,
  until,
};
