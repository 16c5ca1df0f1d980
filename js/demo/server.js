'use strict';

// The server of the page, on loopback. It answers nobody but the page that it serves: other hosts (DNS rebinding) and
// other origins are refused before anything is done.

/** @import { IncomingMessage, ServerResponse } from 'node:http' */

const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');

/** @typedef {import('node:net').AddressInfo} AddressInfo */

const PAGE = path.join(__dirname, 'page');
const SCRIPT = 'text/javascript; charset=utf-8';
/** @type {Record<string, [file: string, type: string]>} */
const FILES = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/page.css': ['page.css', 'text/css; charset=utf-8'],
  '/page.mjs': ['page.mjs', SCRIPT],
  '/elements.mjs': ['elements.mjs', SCRIPT],
  '/timeline.mjs': ['timeline.mjs', SCRIPT],
  '/icon.svg': ['icon.svg', 'image/svg+xml'],
};

const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cache-control': 'no-store',
};

/** The longest body of a request, in bytes. */
const MAX_BODY = 256 * 1024;
/** How many ports after the wanted one are tried. */
const TRIED_PORTS = 20;

/**
 * @typedef {(body: Record<string, unknown>) => unknown} Post
 * @typedef {{
 *   state: () => object,
 *   posts?: Record<string, Post>,
 *   events?: (response: ServerResponse, headers: Record<string, string>) => boolean,
 *   isBad?: (error: unknown) => boolean,
 * }} Backend `state`: what the page begins with; `posts`: what it can do, by path; `isBad`: whether an error is the
 * page's mistake, whose message it gets
 */

/**
 * Refuses what does not come from the page itself. `undefined`: it does.
 * @param {IncomingMessage} request
 * @param {number} port
 */
function refusalOf({ method, url, headers }, port) {
  const { host, origin } = headers;
  if (host !== `127.0.0.1:${port}` && host !== `localhost:${port}`) return 'Wrong host';
  const site = headers['sec-fetch-site'];
  if (method === 'GET') {
    // A link may open the page; "none" is the address bar.
    const opened = url === '/' && headers['sec-fetch-mode'] === 'navigate';
    return site === undefined || site === 'same-origin' || site === 'none' || opened
      ? undefined
      : 'Wrong origin';
  }
  if (origin !== `http://${host}`) return 'Wrong origin';
  if (site !== undefined && site !== 'same-origin') return 'Wrong origin';
  return headers['content-type'] === 'application/json' ? undefined : 'Wrong content type';
}

/** @param {IncomingMessage} request */
async function readBody(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BODY) return undefined;
    chunks.push(chunk);
  }
  try {
    const value = JSON.parse(Buffer.concat(chunks).toString());
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * @param {ServerResponse} response
 * @param {number} status
 * @param {object} body
 * @param {Record<string, string>} [headers]
 */
function sendJson(response, status, body, headers) {
  response.writeHead(status, { ...HEADERS, ...headers, 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/**
 * @param {Backend} backend
 * @param {IncomingMessage} request
 * @param {ServerResponse} response
 * @param {number} port
 */
async function answer({ state, posts = {}, events, isBad }, request, response, port) {
  const refusal = refusalOf(request, port);
  if (refusal !== undefined) {
    return sendJson(response, 403, { message: refusal }, { connection: 'close' });
  }
  const { method, url = '' } = request;
  if (method === 'GET' && Object.hasOwn(FILES, url)) {
    const [file, type] = FILES[url];
    response.writeHead(200, { ...HEADERS, 'content-type': type });
    return response.end(fs.readFileSync(path.join(PAGE, file)));
  }
  if (method === 'GET' && url === '/state') return sendJson(response, 200, state());
  if (method === 'GET' && url === '/events' && events !== undefined) {
    return events(response, HEADERS) || sendJson(response, 503, { message: 'Too many pages' });
  }
  if (method !== 'POST' || !Object.hasOwn(posts, url)) {
    return sendJson(response, 404, { message: 'There is nothing here' });
  }
  const body = await readBody(request);
  if (body === undefined) {
    const close = { connection: 'close' };
    return sendJson(response, 400, { message: 'The body must be a JSON object' }, close);
  }
  try {
    sendJson(response, 200, /** @type {object} */ (await posts[url](body)));
  } catch (error) {
    const bad = isBad?.(error) === true;
    const { message } = /** @type {Error} */ (error);
    sendJson(response, bad ? 400 : 500, { message: bad ? message : 'The demo failed' });
  }
}

/**
 * Serves the page on a port of 127.0.0.1, or on the next that is free.
 * @param {Backend} backend
 * @param {number} wanted
 */
async function servePage(backend, wanted) {
  let port = wanted;
  const server = http.createServer((request, response) => {
    response.on('error', () => {});
    answer(backend, request, response, port).catch(() => response.destroy());
  });
  for (let tried = 0; ; tried += 1) {
    try {
      server.listen(wanted === 0 ? 0 : wanted + tried, '127.0.0.1');
      await once(server, 'listening');
      break;
    } catch (error) {
      const { code } = /** @type {NodeJS.ErrnoException} */ (error);
      const isLast = tried === TRIED_PORTS || wanted + tried === 65_535;
      if (code !== 'EADDRINUSE' || isLast) throw error;
    }
  }
  port = /** @type {AddressInfo} */ (server.address()).port;
  return {
    url: `http://127.0.0.1:${port}/`,
    port,
    close: () => closeServer(server),
  };
}

/**
 * Ends a server, and its connections.
 * @param {http.Server} server
 */
async function closeServer(server) {
  const closed = new Promise((resolve) => server.close(resolve));
  // Node.js 18.0 and 18.1 lack this. There, the end of the process closes what is left.
  if (server.closeAllConnections === undefined) return;
  server.closeAllConnections();
  await closed;
}

module.exports = { closeServer, servePage };
