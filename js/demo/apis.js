'use strict';

// The guarded APIs of the demo: the same routes on `node:http`, and on each framework that can be loaded.

/**
 * @import { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
 * @import { AddressInfo } from 'node:net'
 * @import { Client } from '../client.js'
 * @import { Requirements } from './scenarios.js'
 */

const { once } = require('node:events');
const http = require('node:http');
const { ROUTES } = require('./scenarios.js');
const { closeServer } = require('./server.js');

/** The header in which a proxy that terminates TLS would pass the client's certificate, encoded as in a URL. */
const CERTIFICATE_HEADER = 'x-client-certificate';

/** Longer than the longest token that the page sends. */
const MAX_HEADERS = 256 * 1024;

/**
 * @typedef {(name: string) => any} Load `require` from the folder in which the command runs
 * @typedef {{ name: string, title: string, url: string }} Api
 * @typedef {(client: Client, load: Load) => RequestListener | Promise<RequestListener>} Start
 */

/** @type {[path: string, requirements: Requirements, answer: (claims: unknown) => object][]} */
const HANDLERS = [
  ['/protected', ROUTES['/protected'], (claims) => ({ claims })],
  ['/data', ROUTES['/data'], () => ({ message: 'data:write access granted' })],
  ['/team', ROUTES['/team'], () => ({ message: 'team access granted' })],
];

/**
 * @template R
 * @param {(request: R) => unknown} header
 */
function certificateFrom(header) {
  /** @param {R} request */
  return function certificateResolver(request) {
    const value = header(request);
    return typeof value === 'string' ? decodeURIComponent(value) : undefined;
  };
}

const ofHeaders = certificateFrom(
  (/** @type {{ headers: IncomingMessage['headers'] }} */ { headers }) =>
    headers[CERTIFICATE_HEADER],
);

/** @type {Record<string, { title: string, start: Start }>} */
const KINDS = {
  web: {
    title: 'node:http, through ./web',
    start(client) {
      const { protectApi } = require('../web/index.js');
      const protect = protectApi(client, {
        certificateResolver: certificateFrom((/** @type {Request} */ { headers }) =>
          headers.get(CERTIFICATE_HEADER),
        ),
      });
      /** @type {Map<string, (request: Request) => Promise<Response>>} */
      const routes = new Map();
      for (const [path, requirements, answer] of HANDLERS) {
        const guard = protect(requirements);
        routes.set(`/api${path}`, async (request) => {
          const result = await guard(request);
          if (!('claims' in result)) return result;
          // Node.js 18 has no Response.json() in its first versions.
          const headers = { 'content-type': 'application/json' };
          return new Response(JSON.stringify(answer(result.claims)), { headers });
        });
      }
      return overFetch(
        async (request) =>
          (await routes.get(new URL(request.url).pathname)?.(request)) ??
          new Response(null, { status: 404 }),
      );
    },
  },
  express: {
    title: 'Express',
    start(client, load) {
      const { protectApi } = require('../express/index.js');
      const protect = protectApi(client, { certificateResolver: ofHeaders });
      const app = load('express')();
      for (const [path, requirements, answer] of HANDLERS) {
        app.get(
          `/api${path}`,
          protect(requirements),
          (/** @type {any} */ req, /** @type {any} */ res) => {
            res.json(answer(req.claims));
          },
        );
      }
      return app;
    },
  },
  fastify: {
    title: 'Fastify',
    async start(client, load) {
      const { protectApi } = require('../fastify/index.js');
      const protect = protectApi(client, { certificateResolver: ofHeaders });
      const fastify = load('fastify')();
      for (const [path, requirements, answer] of HANDLERS) {
        fastify.get(
          `/api${path}`,
          { onRequest: protect(requirements) },
          async (/** @type {any} */ request) => answer(request.claims),
        );
      }
      await fastify.ready();
      return (request, response) => fastify.routing(request, response);
    },
  },
  hono: {
    title: 'Hono',
    start(client, load) {
      const { protectApi } = require('../hono/index.js');
      const protect = protectApi(client, {
        certificateResolver: certificateFrom((/** @type {any} */ context) =>
          context.req.header(CERTIFICATE_HEADER),
        ),
      });
      const app = new (load('hono').Hono)();
      for (const [path, requirements, answer] of HANDLERS) {
        app.get(`/api${path}`, protect(requirements), (/** @type {any} */ c) =>
          c.json(answer(c.get('claims'))),
        );
      }
      return overFetch(app.fetch);
    },
  },
  koa: {
    title: 'Koa',
    start(client, load) {
      const { protectApi } = require('../koa/index.js');
      const protect = protectApi(client, { certificateResolver: ofHeaders });
      const app = new (load('koa'))();
      for (const [path, requirements, answer] of HANDLERS) {
        const guard = protect(requirements);
        app.use((/** @type {any} */ ctx, /** @type {() => Promise<void>} */ next) =>
          ctx.path === `/api${path}`
            ? guard(ctx, async () => {
                ctx.body = answer(ctx.state.claims);
              })
            : next(),
        );
      }
      return app.callback();
    },
  },
};

/**
 * A listener of `node:http` for a function of the Fetch API.
 * @param {(request: Request) => Response | Promise<Response>} handle
 * @returns {RequestListener}
 */
function overFetch(handle) {
  /**
   * @param {IncomingMessage} request
   * @param {ServerResponse} response
   */
  const answer = async ({ method, url, headers }, response) => {
    const fields = Object.entries(headers).map(([name, value]) => [name, String(value)]);
    const answered = await handle(
      new Request(`http://${headers.host}${url}`, { method, headers: Object.fromEntries(fields) }),
    );
    response.writeHead(answered.status, Object.fromEntries(answered.headers));
    response.end(await answered.text());
  };
  return (request, response) => {
    answer(request, response).catch(() => response.writeHead(400).end());
  };
}

/**
 * Starts the API of one framework on 127.0.0.1.
 * @param {string} name
 * @param {Client} client
 * @param {{ load?: Load, port?: number, around?: (name: string, listener: RequestListener) => RequestListener }} [options]
 * `around`: what sees each request
 */
async function startApi(name, client, { load = require, port = 0, around } = {}) {
  const { title, start } = KINDS[name];
  const listener = await start(client, load);
  const server = http.createServer(
    { maxHeaderSize: MAX_HEADERS },
    around === undefined ? listener : around(name, listener),
  );
  const url = await listen(server, port);
  return { name, title, url, close: () => closeServer(server) };
}

/**
 * The origin of a server that listens on this port of 127.0.0.1, or on a free one where the port is taken.
 * @param {http.Server} server
 * @param {number} port
 */
async function listen(server, port) {
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (port === 0 || (code !== 'EADDRINUSE' && code !== 'EACCES')) throw error;
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
  return `http://127.0.0.1:${/** @type {AddressInfo} */ (server.address()).port}`;
}

/**
 * The frameworks of this package that a folder has installed.
 * @param {Load} load
 */
function installed(load) {
  return Object.keys(KINDS).filter((name) => {
    if (name === 'web') return true;
    try {
      load(name);
      return true;
    } catch {
      return false;
    }
  });
}

module.exports = { CERTIFICATE_HEADER, MAX_HEADERS, installed, startApi };
