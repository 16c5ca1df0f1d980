'use strict';

// How the native HTTP client lives with what is around it: the environment's proxies, a network that
// swallows packets, many callers at once, the end of the process, and workers that are terminated.

const { describe, it } = require('node:test');
const assert = require('node:assert/strict');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { createCa, createServerCert } = require('./support/certs.js');
const { runScript } = require('./support/child.js');
const { startFaultyTenant } = require('./support/faulty-tenant.js');
const { listenExpress } = require('./support/http.js');
const { MonoCloudBackendNodeClient } = require('@monocloud/backend-node');
const { protectApi } = require('@monocloud/backend-node/express');

/** Resolves once `holds()` does, and fails if it never does. */
async function until(holds, what) {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    assert.ok(Date.now() < deadline, `never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function start(t, options) {
  const tenant = await startFaultyTenant(options);
  t.after(() => tenant.close());
  return tenant;
}

describe('the proxies of the environment', () => {
  const ca = createCa();
  const HOST = 'tenant.test'; // RFC 6761: resolved by nobody, so only a proxy can reach it
  const script = `
    const { MonoCloudBackendNodeClient } = load('js/index.js');
    const client = new MonoCloudBackendNodeClient(input.options);
    say(await outcome(async () => (await client.validateAccessToken(input.token)).sub));`;

  /** A proxy for both kinds of request; whatever they ask for, it sends them to the tenant. */
  async function startProxy(t, tenant, refuse) {
    const { port } = tenant.server.address();
    const seen = { connect: [], forward: [], authorization: new Set() };
    const proxy = http.createServer((request, response) => {
      seen.forward.push(request.url);
      seen.authorization.add(request.headers['proxy-authorization']);
      if (refuse) return response.writeHead(refuse).end('{}');
      const { pathname } = new URL(request.url);
      const onward = http.get({ port, host: '127.0.0.1', path: pathname, agent: false });
      onward.on('response', (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      });
      return onward;
    });
    const tunnels = new Set();
    proxy.on('connect', (request, socket) => {
      seen.connect.push(request.url);
      seen.authorization.add(request.headers['proxy-authorization']);
      socket.on('error', () => {});
      if (refuse) return socket.end(`HTTP/1.1 ${refuse} No\r\ncontent-length: 0\r\n\r\n`);
      const onward = net.connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        onward.pipe(socket).pipe(onward);
      });
      onward.on('error', () => socket.destroy());
      return tunnels.add(socket).add(onward);
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    t.after(async () => {
      const closed = new Promise((resolve) => proxy.close(resolve));
      for (const socket of tunnels) socket.destroy();
      proxy.closeAllConnections();
      await closed;
    });
    seen.authority = `127.0.0.1:${proxy.address().port}`;
    seen.url = `http://${seen.authority}`;
    return seen;
  }

  const startHttps = (t, issuer) =>
    start(t, { tls: createServerCert(ca, { san: [`DNS:${HOST}`, 'IP:127.0.0.1'] }), issuer });

  /** What a process makes of a good token, and how it ended. */
  async function validateIn(env, tenant, more) {
    const tls = tenant.origin.startsWith('https:') ? { tls: { ca: ca.cert } } : {};
    const input = { options: tenant.options({ ...tls, ...more }), token: tenant.token() };
    const { said, code, stderr } = await runScript(script, { env, input });
    assert.equal(code, 0, stderr);
    return said[0];
  }

  for (const variable of ['HTTPS_PROXY', 'https_proxy']) {
    it(`carry https requests by CONNECT where ${variable} says so`, async (t) => {
      const tenant = await startHttps(t, `https://${HOST}`);
      const proxy = await startProxy(t, tenant);
      const outcome = await validateIn({ [variable]: proxy.url }, tenant);
      assert.deepEqual(outcome, { value: 'user' });
      assert.deepEqual([...new Set(proxy.connect)], [`${HOST}:443`]);
      assert.deepEqual(proxy.forward, []);
    });
  }

  for (const variable of ['HTTP_PROXY', 'http_proxy']) {
    it(`carry http requests by their absolute form where ${variable} says so`, async (t) => {
      const tenant = await start(t);
      const proxy = await startProxy(t, tenant);
      const outcome = await validateIn({ [variable]: proxy.url }, tenant);
      assert.deepEqual(outcome, { value: 'user' });
      assert.deepEqual(proxy.forward, [
        `${tenant.issuer}/.well-known/openid-configuration`,
        tenant.jwksUri,
      ]);
    });
  }

  it('are not asked for the other scheme', async (t) => {
    const secure = await startHttps(t);
    const plain = await start(t);
    const proxy = await startProxy(t, secure);
    assert.deepEqual(await validateIn({ HTTP_PROXY: proxy.url }, secure), { value: 'user' });
    assert.deepEqual(await validateIn({ HTTPS_PROXY: proxy.url }, plain), { value: 'user' });
    assert.deepEqual([...proxy.connect, ...proxy.forward], []);
  });

  it('are not those of ALL_PROXY, which Node.js never looked at', async (t) => {
    for (const tenant of [await startHttps(t), await start(t)]) {
      const proxy = await startProxy(t, tenant);
      const env = { ALL_PROXY: proxy.url, all_proxy: proxy.url };
      assert.deepEqual(await validateIn(env, tenant), { value: 'user' });
      assert.deepEqual([...proxy.connect, ...proxy.forward], []);
    }
  });

  for (const [what, exceptionFor] of [
    ['an address', () => '127.0.0.1'],
    ['an address in a list', () => 'example.com, 127.0.0.1'],
    ['a network', () => '127.0.0.0/8'],
    ['everything (*)', () => '*'],
    ['an address with its port', (tenant) => `127.0.0.1:${tenant.server.address().port}`],
  ]) {
    it(`are passed by where NO_PROXY names ${what}`, async (t) => {
      for (const tenant of [await startHttps(t), await start(t)]) {
        const proxy = await startProxy(t, tenant);
        for (const variable of ['NO_PROXY', 'no_proxy']) {
          const env = { HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url };
          const outcome = await validateIn({ ...env, [variable]: exceptionFor(tenant) }, tenant);
          assert.deepEqual(outcome, { value: 'user' });
          assert.deepEqual([...proxy.connect, ...proxy.forward], [], 'the proxy was asked');
        }
      }
    });
  }

  it('are passed by for a domain of NO_PROXY, and used for any other', async (t) => {
    const tenant = await startHttps(t, `https://${HOST}`);
    const proxy = await startProxy(t, tenant);
    for (const exception of [HOST, `.${HOST}`, 'test', '.test', '*']) {
      const outcome = await validateIn({ HTTPS_PROXY: proxy.url, NO_PROXY: exception }, tenant);
      // Without the proxy nobody knows where that is.
      assert.equal(outcome.reason, 'connection_failed', exception);
    }
    assert.deepEqual(proxy.connect, []);
    for (const exception of ['example.com', `not-${HOST}`, `${HOST}.example.com`, '']) {
      const outcome = await validateIn({ HTTPS_PROXY: proxy.url, NO_PROXY: exception }, tenant);
      assert.deepEqual(outcome, { value: 'user' }, exception);
    }
    assert.ok(proxy.connect.length > 0);
  });

  it('are passed by for the subdomains that NO_PROXY names with an asterisk', async (t) => {
    const tenant = await startHttps(t, `https://${HOST}`);
    const proxy = await startProxy(t, tenant);
    const outcome = await validateIn({ HTTPS_PROXY: proxy.url, NO_PROXY: '*.test' }, tenant);
    assert.equal(outcome.reason, 'connection_failed', JSON.stringify(outcome));
    assert.deepEqual(proxy.connect, []);
  });

  it('may be named without a scheme', async (t) => {
    const tenant = await startHttps(t, `https://${HOST}`);
    const proxy = await startProxy(t, tenant);
    const outcome = await validateIn({ HTTPS_PROXY: proxy.authority }, tenant);
    assert.deepEqual(outcome, { value: 'user' });
  });

  it('get the credentials of their address', async (t) => {
    const basic = `Basic ${Buffer.from('user:p@ss').toString('base64')}`;
    for (const tenant of [await startHttps(t, `https://${HOST}`), await start(t)]) {
      const proxy = await startProxy(t, tenant);
      const url = `http://user:p%40ss@${proxy.authority}`;
      const outcome = await validateIn({ HTTPS_PROXY: url, HTTP_PROXY: url }, tenant);
      assert.deepEqual(outcome, { value: 'user' });
      assert.deepEqual([...proxy.authorization], [basic]);
    }
  });

  it('that refuse us are an HTTP error that shows no password', async (t) => {
    for (const tenant of [await startHttps(t, `https://${HOST}`), await start(t)]) {
      for (const status of [407, 502]) {
        const proxy = await startProxy(t, tenant, status);
        const url = `http://user:hunter2@${proxy.authority}`;
        const outcome = await validateIn({ HTTPS_PROXY: url, HTTP_PROXY: url }, tenant);
        assert.equal(outcome.name, 'MonoCloudHttpError', JSON.stringify(outcome));
        assert.ok(!JSON.stringify(outcome).includes('hunter2'));
        assert.ok(proxy.connect.length + proxy.forward.length > 0);
      }
    }
  });

  it('that do not answer are an HTTP error', async (t) => {
    const tenant = await startHttps(t, `https://${HOST}`);
    const outcome = await validateIn({ HTTPS_PROXY: 'http://127.0.0.1:1' }, tenant);
    assert.equal(outcome.reason, 'connection_failed', JSON.stringify(outcome));
  });

  it('that are no address are a MonoCloudValidationError which does not show them', async (t) => {
    const tenant = await start(t);
    const outcome = await runScript(
      `const { MonoCloudBackendNodeClient } = load('js/index.js');
       say(await outcome(() => new MonoCloudBackendNodeClient(input)));`,
      { env: { HTTPS_PROXY: 'http://user:hunter2@:::' }, input: tenant.options() },
    );
    assert.equal(outcome.said[0].name, 'MonoCloudValidationError', outcome.stderr);
    assert.match(outcome.said[0].message, /HTTPS_PROXY/);
    assert.ok(!outcome.said[0].message.includes('hunter2'));
  });
});

describe('a connection', () => {
  it('that nobody accepts is given up after 2 s', {
    skip: os.platform() !== 'linux',
  }, async (t) => {
    // A process that is stopped accepts nothing: once its queue is full, the system drops what comes.
    const source = `
      const server = require('node:net').createServer();
      server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
        process.stdout.write(server.address().port + '\\n');
      });`;
    const child = spawn(process.execPath, ['-e', source], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => child.kill('SIGKILL'));
    const [line] = await once(child.stdout, 'data');
    const port = Number(line);
    child.kill('SIGSTOP');
    const fillers = [];
    t.after(() => {
      for (const socket of fillers) socket.destroy();
    });
    for (let full = false; !full; ) {
      const socket = net.connect(port, '127.0.0.1');
      socket.on('error', () => {});
      fillers.push(socket);
      full = await Promise.race([
        once(socket, 'connect').then(() => false),
        new Promise((resolve) => setTimeout(resolve, 300, true)),
      ]);
      assert.ok(fillers.length < 100, 'the queue never fills');
    }

    const client = new MonoCloudBackendNodeClient({
      tenantDomain: `http://127.0.0.1:${port}`,
      audience: 'https://api.example.com',
    });
    const tenant = await start(t);
    const begin = process.hrtime.bigint();
    const error = await client.validateAccessToken(tenant.token()).catch((caught) => caught);
    const took = Number(process.hrtime.bigint() - begin) / 1e6;
    assert.equal(error.name, 'MonoCloudHttpError');
    assert.equal(error.reason, 'connection_failed');
    assert.ok(took > 1900 && took < 9000, `given up after ${took} ms`);
  });

  it('is kept and used again', async (t) => {
    const tenant = await start(t);
    const client = new MonoCloudBackendNodeClient(
      tenant.options({ ...tenant.credentials, metadataCacheDuration: 0, jwksCacheDuration: 0 }),
    );
    for (let i = 0; i < 20; i += 1) {
      assert.ok(await client.validateAccessToken(tenant.token()));
      assert.ok(await client.validateAccessToken(`opaque-${i}`));
    }
    assert.equal(tenant.requests.introspection, 20);
    assert.equal(tenant.sockets.length, 1);
  });

  it('is kept over TLS as well', async (t) => {
    const ca = createCa();
    const tenant = await start(t, { tls: createServerCert(ca) });
    const client = new MonoCloudBackendNodeClient(
      tenant.options({ ...tenant.credentials, tls: { ca: ca.cert } }),
    );
    for (let i = 0; i < 10; i += 1) assert.ok(await client.validateAccessToken(`opaque-${i}`));
    assert.equal(tenant.sockets.length, 1);
  });

  it('that the tenant closed meanwhile is made anew', async (t) => {
    const tenant = await start(t);
    const client = new MonoCloudBackendNodeClient(tenant.options(tenant.credentials));
    for (let i = 0; i < 5; i += 1) {
      assert.ok(await client.validateAccessToken(`opaque-${i}`));
      const last = tenant.sockets[tenant.sockets.length - 1];
      last.destroy();
      // The end has to have come to us: a request that crosses it is lost on any client.
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.equal(tenant.sockets.length, 5);
  });
});

describe('2,000 requests at once', () => {
  const MANY = 2000;

  /** Holds the discovery document back until the test lets it go. */
  function hold(tenant) {
    const gate = {};
    const open = new Promise((resolve) => {
      gate.open = resolve;
    });
    tenant.on('discovery', async (request, response, right) => {
      await open;
      right(request, response);
    });
    return gate;
  }

  it('to a client that knows nothing yet are one for discovery and one for keys', async (t) => {
    const tenant = await start(t);
    const gate = hold(tenant);
    const client = new MonoCloudBackendNodeClient(tenant.options());
    const tokens = Array.from({ length: 20 }, (_, i) => tenant.token({ sub: `user-${i}` }));
    const waiting = Array.from({ length: MANY }, (_, i) =>
      client.validateAccessToken(tokens[i % tokens.length]),
    );
    await until(() => tenant.requests.discovery > 0, 'discovery');
    gate.open();
    const claims = await Promise.all(waiting);
    assert.ok(claims.every(({ sub }, i) => sub === `user-${i % tokens.length}`));
    assert.equal(new Set(claims).size, MANY, 'each with claims of its own');
    assert.deepEqual(tenant.requests, { discovery: 1, jwks: 1, introspection: 0, other: 0 });
    assert.equal(tenant.sockets.length, 1);
  });

  it('to an API over as many sockets are the same, and all are answered', async (t) => {
    const tenant = await start(t);
    const gate = hold(tenant);
    let arrived = 0;
    const tokenResolver = () => {
      arrived += 1;
    };
    const app = require('express')();
    app.get('/', protectApi(tenant.options({ tokenResolver }))(), (request, response) => {
      response.json({ sub: request.claims.sub });
    });
    const api = await listenExpress(app);
    t.after(() => api.close());
    const token = tenant.token();
    const agent = new http.Agent({ maxSockets: MANY });
    t.after(() => agent.destroy());
    const ask = () =>
      new Promise((resolve, reject) => {
        const headers = { authorization: `Bearer ${token}` };
        const request = http.get(api.url, { agent, headers }, (response) => {
          response.resume().on('end', () => resolve(response.statusCode));
        });
        request.on('error', reject);
      });
    const waiting = Promise.all(Array.from({ length: MANY }, ask));
    await until(() => arrived === MANY, `all requests; ${arrived} came`);
    gate.open();
    const statuses = await waiting;
    assert.deepEqual([...new Set(statuses)], [200]);
    assert.deepEqual(tenant.requests, { discovery: 1, jwks: 1, introspection: 0, other: 0 });
  });

  it('that all fail fail as one, and the next is well again', async (t) => {
    const tenant = await start(t);
    const client = new MonoCloudBackendNodeClient(tenant.options());
    const token = tenant.token();
    let release;
    const open = new Promise((resolve) => {
      release = resolve;
    });
    tenant.on('jwks', async (request) => {
      await open;
      request.socket.destroy();
    });
    const waiting = Array.from({ length: MANY }, () => client.validateAccessToken(token));
    await until(() => tenant.requests.jwks > 0, 'jwks');
    release();
    const settled = await Promise.allSettled(waiting);
    const reasons = new Set(settled.map(({ reason }) => reason?.reason));
    assert.deepEqual([...reasons], ['connection_lost']);
    assert.equal(
      new Set(settled.map(({ reason }) => reason)).size,
      MANY,
      'each an error of its own',
    );
    // Whoever came after the failure may have caused one more; two thousand did not.
    assert.ok(tenant.requests.jwks <= 5, `${tenant.requests.jwks} requests`);
    assert.equal(tenant.requests.discovery, 1);
    tenant.on('jwks');
    let claims;
    for (const deadline = Date.now() + 15_000; claims === undefined && Date.now() < deadline; ) {
      // The tenant is left alone for a moment first.
      await new Promise((resolve) => setTimeout(resolve, 50));
      claims = await client.validateAccessToken(token).catch(() => undefined);
    }
    assert.equal(claims?.sub, 'user');
  });
});

describe('a process', () => {
  const PROMPTLY = 2000;

  const ends = (result) => {
    assert.equal(result.code, 0, result.stderr);
    assert.equal(result.signal, null);
    assert.ok(result.lingered < PROMPTLY, `lingered for ${result.lingered} ms`);
    return result.said;
  };

  const client = `
    const { MonoCloudBackendNodeClient } = load('js/index.js');
    const client = new MonoCloudBackendNodeClient(input.options);`;

  it('that loads the package ends', async () => {
    for (const file of ['js/index.js', 'js/express/index.js', 'js/fastify/index.js']) {
      ends(await runScript(`load('${file}');`));
    }
  });

  it('that makes a client ends', async (t) => {
    const tenant = await start(t);
    ends(await runScript(client, { input: { options: tenant.options() } }));
    assert.equal(tenant.requests.discovery, 0);
  });

  it('that validates a token waits for it, and ends', async (t) => {
    const tenant = await start(t);
    tenant.on('discovery', (request, response, right) => {
      setTimeout(right, 300, request, response);
    });
    // Nobody awaits: only the validation itself holds the process.
    const source = `${client}
      client.validateAccessToken(input.token).then(({ sub }) => say(sub));`;
    const input = { options: tenant.options(), token: tenant.token() };
    const result = await runScript(source, { input });
    assert.deepEqual([result.code, result.said], [0, ['user']], result.stderr);
    assert.ok(result.lingered < 300 + PROMPTLY, `lingered for ${result.lingered} ms`);
  });

  it('ends after its last validation, of a JWT and of an opaque token', async (t) => {
    const tenant = await start(t);
    const source = `${client}
      for (const token of input.tokens) say((await client.validateAccessToken(token)).sub);`;
    const input = {
      options: tenant.options(tenant.credentials),
      tokens: [tenant.token(), 'opaque', tenant.token(), 'another'],
    };
    assert.deepEqual(ends(await runScript(source, { input })), Array(4).fill('user'));
    assert.ok(tenant.sockets.length > 0);
  });

  it('ends after a validation that failed', async (t) => {
    const tenant = await start(t);
    tenant.on('jwks', () => {});
    const source = `${client} say(await outcome(() => client.validateAccessToken(input.token)));`;
    const options = tenant.options({ responseTimeout: 1000 });
    const said = ends(await runScript(source, { input: { options, token: tenant.token() } }));
    assert.equal(said[0].reason, 'timeout');
  });

  it('ends after a validation over its own fetcher', async (t) => {
    const tenant = await start(t);
    const source = `
      const { MonoCloudBackendNodeClient } = load('js/index.js');
      const fetcher = (url, init) => fetch(url, init);
      const client = new MonoCloudBackendNodeClient({ ...input.options, fetcher });
      say((await client.validateAccessToken(input.token)).sub);`;
    const input = { options: tenant.options(), token: tenant.token() };
    const result = await runScript(source, { input });
    assert.deepEqual([result.code, result.said], [0, ['user']], result.stderr);
    // The connection that fetch keeps is fetch's.
    assert.ok(result.lingered < 6000, `lingered for ${result.lingered} ms`);
  });

  it('ends at once by process.exit amid a validation', async (t) => {
    const tenant = await start(t);
    tenant.on('discovery', () => {});
    const source = `${client}
      for (let i = 0; i < 50; i += 1) client.validateAccessToken(input.token).catch(() => {});
      setTimeout(() => process.exit(7), 100);`;
    const input = { options: tenant.options(), token: tenant.token() };
    const { code, signal, stderr } = await runScript(source, { input, timeout: 8000 });
    assert.deepEqual([code, signal], [7, null], stderr);
  });

  it('that serves ends once its server is closed', async (t) => {
    const tenant = await start(t);
    const source = `
      const { protectApi } = load('js/express/index.js');
      const app = require('express')();
      app.get('/', protectApi(input.options)(), (request, response) => response.json({}));
      const server = app.listen(0, '127.0.0.1');
      await require('node:events').once(server, 'listening');
      const headers = { authorization: 'Bearer ' + input.token, connection: 'close' };
      const { port } = server.address();
      const { status } = await fetch('http://127.0.0.1:' + port, { headers });
      say(status);
      server.close();
      server.closeAllConnections();`;
    const input = { options: tenant.options(), token: tenant.token() };
    const result = await runScript(source, { input });
    assert.deepEqual([result.code, result.said], [0, [200]], result.stderr);
    assert.ok(result.lingered < 6000, `lingered for ${result.lingered} ms`);
  });
});

describe('worker threads', () => {
  // In a process of its own: what is looked for is a crash.
  /** Runs `inside` in each worker and `outside` beside them. */
  const workers = (inside, outside) => `
    const { Worker } = require('node:worker_threads');
    const { MonoCloudBackendNodeClient } = load('js/index.js');
    const root = ${JSON.stringify(path.join(__dirname, '..'))};
    const source = ${JSON.stringify(`
      const { parentPort, workerData } = require('node:worker_threads');
      const { input, root } = workerData;
      const { MonoCloudBackendNodeClient } = require(root + '/js/index.js');
      (async () => { ${inside} })();`)};
    const startWorker = () => new Worker(source, { eval: true, workerData: { input, root } });
    const { once } = require('node:events');
    ${outside}`;

  const alive = (result) => {
    assert.deepEqual([result.code, result.signal], [0, null], result.stderr);
    assert.ok(result.lingered < 3000, `lingered for ${result.lingered} ms`);
    return result.said;
  };

  it('validate side by side, and end by themselves', async (t) => {
    const tenant = await start(t);
    const source = workers(
      `const client = new MonoCloudBackendNodeClient(input.options);
       let count = 0;
       for (let i = 0; i < 50; i += 1) {
         if ((await client.validateAccessToken(input.token)).sub === 'user') count += 1;
         if ((await client.validateAccessToken('opaque-' + i)).sub === 'user') count += 1;
       }
       parentPort.postMessage(count);`,
      `const results = await Promise.all(Array.from({ length: 4 }, async () => {
         const worker = startWorker();
         const [[count], [code]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
         return [count, code];
       }));
       say(results);
       const client = new MonoCloudBackendNodeClient(input.options);
       say((await client.validateAccessToken(input.token)).sub);`,
    );
    const input = { options: tenant.options(tenant.credentials), token: tenant.token() };
    const said = alive(await runScript(source, { input }));
    assert.deepEqual(said, [Array(4).fill([100, 0]), 'user']);
  });

  /** Workers that are in the midst of `inside` when they are terminated, twenty in a row. */
  const terminating = (inside) =>
    workers(
      `${inside}
       parentPort.postMessage('started');`,
      `for (let round = 0; round < 20; round += 1) {
         const worker = startWorker();
         await once(worker, 'message');
         if (round % 2) await new Promise((resolve) => setTimeout(resolve, round));
         await worker.terminate();
       }
       // Answers that nobody waits for any more have time to come.
       await new Promise((resolve) => setTimeout(resolve, 500));
       const client = new MonoCloudBackendNodeClient({ ...input.options, ...input.well });
       say((await client.validateAccessToken(input.token)).sub);`,
    );

  for (const [what, delay] of [
    ['never answers', undefined],
    ['answers just then', 10],
    ['answers later', 200],
  ]) {
    it(`may be terminated amid a fetch of a tenant that ${what}`, async (t) => {
      const tenant = await start(t);
      const well = await start(t);
      const slow = (request, response, right) => {
        if (delay !== undefined) setTimeout(right, delay, request, response);
      };
      tenant.on('discovery', slow);
      tenant.on('introspection', slow);
      const source = terminating(`
        const client = new MonoCloudBackendNodeClient(input.options);
        for (let i = 0; i < 20; i += 1) {
          client.validateAccessToken(input.token).catch(() => {});
          client.validateAccessToken('opaque-' + i).catch(() => {});
        }`);
      const input = {
        options: tenant.options(tenant.credentials),
        well: well.options(),
        token: well.token(),
      };
      assert.deepEqual(alive(await runScript(source, { input })), ['user']);
    });
  }

  it('may be terminated amid a call of their own fetcher and resolvers', async (t) => {
    const well = await start(t);
    const source = terminating(`
      const late = (value) => new Promise((resolve) => setTimeout(resolve, 10, value));
      const never = () => new Promise(() => {});
      for (const functions of [
        { fetcher: never },
        { fetcher: () => late({ status: 500, headers: {}, text: async () => '' }) },
        { metadataResolver: never },
        { jwksResolver: () => late({ keys: [] }) },
      ]) {
        const client = new MonoCloudBackendNodeClient({ ...input.options, ...functions });
        for (let i = 0; i < 10; i += 1) client.validateAccessToken(input.token).catch(() => {});
      }`);
    const input = { options: well.options(), token: well.token() };
    assert.deepEqual(alive(await runScript(source, { input })), ['user']);
  });

  it('may be terminated while the process ends', async (t) => {
    const tenant = await start(t);
    tenant.on('discovery', () => {});
    const source = workers(
      `const client = new MonoCloudBackendNodeClient(input.options);
       client.validateAccessToken(input.token).catch(() => {});
       parentPort.postMessage('started');`,
      `const started = Array.from({ length: 4 }, startWorker);
       await Promise.all(started.map((worker) => once(worker, 'message')));
       setTimeout(() => process.exit(7), 50);`,
    );
    const input = { options: tenant.options(), token: tenant.token() };
    const { code, signal, stderr } = await runScript(source, { input, timeout: 10_000 });
    assert.deepEqual([code, signal], [7, null], stderr);
  });
});
