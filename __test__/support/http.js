'use strict';

// Both majors of both frameworks behind one `create`, and a client that sends exactly the bytes it
// is told to: Node's own would refuse, merge or correct the requests that matter here.

const net = require('node:net');
const tls = require('node:tls');
const { once } = require('node:events');

const TIMEOUT_MS = 20_000;

/** Splits what came over the wire into status, headers and body. */
function parseResponse(bytes) {
  const text = bytes.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) {
    throw new Error(`no complete response: ${JSON.stringify(text.slice(0, 200))}`);
  }
  const [statusLine, ...lines] = text.slice(0, end).split('\r\n');
  const rawHeaders = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  const headers = Object.fromEntries(rawHeaders);
  let body = bytes.subarray(end + 4);
  if (/chunked/i.test(headers['transfer-encoding'] ?? '')) {
    body = dechunk(body);
  }
  return { status: Number(statusLine.split(' ')[1]), headers, rawHeaders, body };
}

function dechunk(bytes) {
  const parts = [];
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (!(size > 0)) {
      return Buffer.concat(parts);
    }
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}

/**
 * Sends one request over a socket of its own and reads the answer to its end.
 *
 * @param {string} url
 * @param {object} [options]
 * @param {string} [options.method]
 * @param {Array<[string, string | Buffer]>} [options.headers] in this order and spelling, names
 *   twice if they are there twice; a string is written as latin1, so `\u00e9` is one odd byte
 * @param {string | Buffer} [options.body] sent as it is; its length is announced
 * @param {object} [options.tls] for https: what `tls.connect` takes (`ca`, `cert`, `key`)
 * @returns {Promise<{ status: number, headers: object, rawHeaders: string[][], text: string,
 *   json: any }>} `json` is undefined where the body is none
 */
async function raw(url, { method = 'GET', headers = [], body, tls: tlsOptions } = {}) {
  const { protocol, hostname, port, pathname, search, host } = new URL(url);
  const content = body === undefined ? undefined : Buffer.from(body);
  const head = [
    Buffer.from(`${method} ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\n`),
    ...headers.flatMap(([name, value]) => [
      Buffer.from(`${name}: `, 'latin1'),
      typeof value === 'string' ? Buffer.from(value, 'latin1') : value,
      Buffer.from('\r\n'),
    ]),
    Buffer.from(content ? `content-length: ${content.length}\r\n` : ''),
    Buffer.from('connection: close\r\n\r\n'),
  ];

  const target = { host: hostname, port: Number(port) };
  const socket =
    protocol === 'https:' ? tls.connect({ ...target, ...tlsOptions }) : net.connect(target);
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error(`no answer: ${method} ${url}`)));
  const chunks = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.write(Buffer.concat(content ? [...head, content] : head));
  try {
    await once(socket, 'close');
  } catch (error) {
    // A server that refuses half a request may reset the connection after its answer; the answer
    // is what counts.
    if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') {
      throw error;
    }
  }

  const { body: bytes, ...response } = parseResponse(Buffer.concat(chunks));
  const text = bytes.toString();
  let json;
  try {
    json = JSON.parse(text);
  } catch {
    // Not every answer is JSON.
  }
  return { ...response, text, json };
}

/** A GET with a bearer token, or with none. */
function get(url, token) {
  return raw(url, { headers: token === undefined ? [] : [['Authorization', `Bearer ${token}`]] });
}

async function listening(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
}

function closer(server, close) {
  return async () => {
    const closed = close();
    // Kept connections would hold up `close` for as long as they are kept.
    server.closeAllConnections?.();
    await closed;
  };
}

/**
 * Starts an Express application, or any other listener of `http.createServer`, whose options
 * (`maxHeaderSize`, say) `http` takes; with `https`, `https.createServer` and its options.
 */
async function listenExpress(app, { http, https } = {}) {
  const { createServer } = require(https ? 'node:https' : 'node:http');
  const server = createServer(https ?? http ?? {}, app);
  const port = await listening(server);
  return {
    url: `${https ? 'https' : 'http'}://127.0.0.1:${port}`,
    server,
    close: closer(server, () => new Promise((resolve) => server.close(resolve))),
  };
}

/** Starts a Fastify application. */
async function listenFastify(app) {
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { server } = app;
  const scheme = server instanceof tls.Server ? 'https' : 'http';
  return {
    url: `${scheme}://127.0.0.1:${server.address().port}`,
    server,
    close: closer(server, () => app.close()),
  };
}

// `routes`: `{ path, options, method = 'get', handler = (request) => ({ claims }) }`. A handler
// returns the body, and may throw. `more`: `setup(app)` runs before the routes are there; `http` and
// `https` are what the `createServer` of either takes; `instance` is for Fastify's own options. `record`, an array, gets every error that reached the
// framework: our middleware must never put one there, a throwing handler always does.

const claimsOf = (request) => ({ claims: request.claims });

function express(module) {
  return async (protect, routes, { setup, http, https, record } = {}) => {
    const app = require(module)();
    await setup?.(app);
    for (const { path, options, method = 'get', handler = claimsOf } of routes) {
      const guard = options === undefined ? protect() : protect(options);
      app[method](path, guard, (request, response, next) => {
        Promise.resolve()
          .then(() => handler(request))
          .then((body) => response.json(body), next);
      });
    }
    app.use((error, _request, response, _next) => {
      record?.push(error);
      response.status(500).json({ message: 'from the error handler' });
    });
    return { ...(await listenExpress(app, { http, https })), app };
  };
}

function fastify(module) {
  return async (protect, routes, { setup, http, https, instance, record } = {}) => {
    const server = https ? { https } : { http: http ?? {} };
    const app = require(module)({ ...server, forceCloseConnections: true, ...instance });
    app.setErrorHandler((error, _request, reply) => {
      record?.push(error);
      reply.code(500).send({ message: 'from the error handler' });
    });
    await setup?.(app);
    for (const { path, options, method = 'get', handler = claimsOf } of routes) {
      const guard = options === undefined ? protect() : protect(options);
      app[method](path, { onRequest: guard }, async (request) => handler(request));
    }
    return { ...(await listenFastify(app)), app };
  };
}

/**
 * Every framework this package is for. `adapter` names the entry point that fits.
 * `create(protect, routes, more)` starts an API whose routes are guarded by `protect(options)`,
 * `protect` being what `protectApi()` returned; it resolves with `{ url, close, server, app }`.
 */
const frameworks = [
  { name: 'Express 4', adapter: 'express', create: express('express4') },
  { name: 'Express 5', adapter: 'express', create: express('express') },
  { name: 'Fastify 4', adapter: 'fastify', create: fastify('fastify4') },
  { name: 'Fastify 5', adapter: 'fastify', create: fastify('fastify') },
];

module.exports = { raw, get, frameworks, listenExpress, listenFastify };
