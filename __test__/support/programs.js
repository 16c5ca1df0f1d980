'use strict';

// Starts a program of the documentation, and sends it requests.

const assert = require('node:assert/strict');
const { execFile, fork } = require('node:child_process');
const { once } = require('node:events');
const http = require('node:http');
const https = require('node:https');
const path = require('node:path');

const { ca } = require('./snippets/common.js');

const TIMEOUT_MS = 60_000;
const LISTENING = path.join(__dirname, 'listening.cjs');

/** What a snippet inherits: a test runner that a test starts must not take itself for a part of it. */
function environment(extra) {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('MONOCLOUD_') && !name.startsWith('NODE_TEST'),
  );
  return { ...Object.fromEntries(inherited), ...extra };
}

/** Runs `file` to its end. */
function run(file, args, options) {
  return new Promise((resolve) => {
    execFile(file, args, { timeout: TIMEOUT_MS * 5, ...options }, (error, stdout, stderr) => {
      const status = error === null ? 0 : (error.code ?? error.signal);
      resolve({ status, output: stdout + stderr });
    });
  });
}

/**
 * Starts a program that listens in the directory `cwd`, and calls `use` with its port and with what tells
 * all that it has printed so far.
 * @param {string} program
 * @param {string} cwd
 * @param {object} env on top of what is inherited
 * @param {(port: number, printed: () => string) => unknown} use
 * @param {{ node?: string, preload?: string, isolated?: object }} [more] `preload`: a module to load first;
 *   `isolated`: the whole environment
 */
async function withServer(program, cwd, env, use, { node, preload, isolated } = {}) {
  const loaded = [LISTENING, ...(preload ? [preload] : [])];
  const child = fork(program, {
    cwd,
    env: isolated ?? environment(env),
    execPath: node ?? process.execPath,
    execArgv: loaded.flatMap((file) => ['--require', file]),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      printed += text;
    });
  }
  const exit = once(child, 'exit');
  try {
    const ended = exit.then(() => {
      throw new Error(`it ended before it listened:\n${printed}`);
    });
    ended.catch(() => {});
    const [{ port }] = await Promise.race([
      once(child, 'message', { signal: AbortSignal.timeout(TIMEOUT_MS) }),
      ended,
    ]);
    await use(port, () => printed);
  } finally {
    child.kill();
    await exit;
  }
}

/**
 * One request and its whole answer.
 * @param {string} url
 * @param {object} [options]
 * @param {{ cert: string, key: string }} [options.identity] the client's certificate
 */
async function send(url, { method = 'GET', headers, body, identity } = {}) {
  const { request } = url.startsWith('https:') ? https : http;
  const options = { method, headers, agent: false, timeout: TIMEOUT_MS, ca: ca.cert };
  const outgoing = request(url, { ...options, cert: identity?.cert, key: identity?.key });
  outgoing.once('timeout', () => outgoing.destroy(new Error(`no answer: ${method} ${url}`)));
  outgoing.end(body);
  const [incoming] = await once(outgoing, 'response');
  let text = '';
  for await (const chunk of incoming.setEncoding('utf8')) {
    text += chunk;
  }
  return { status: incoming.statusCode, headers: incoming.headers, text };
}

/**
 * Sends what an expectation says, and compares as much of the answer as it names.
 * @param {object} tenant
 * @param {string} base
 * @param {object} request
 * @param {string | ((token?: string) => string)} request.to the path
 * @param {object | ((tenant: object) => unknown)} [request.token] options of `issueToken`, or what
 *   makes the token
 * @param {object} [request.opaque] options of `issueOpaqueToken`
 * @param {boolean} [request.bearer] `false`: `to` or `headers` put the token where it goes
 * @param {object | ((token?: string) => object)} [request.headers]
 * @param {string} [request.method]
 * @param {string} [request.body]
 * @param {object} [request.identity] the client's certificate, over TLS
 * @param {object | ((token?: string) => object)} request.answer `status`, and any of `json`, `text`,
 *   `challenge` (the `WWW-Authenticate`, `null` for none) and `headers`
 */
async function check(tenant, base, request) {
  const { to, token: wish, opaque, bearer = true, headers, answer, ...more } = request;
  let token;
  if (opaque !== undefined) {
    token = await tenant.issueOpaqueToken(opaque);
  } else if (wish !== undefined) {
    token = await (typeof wish === 'function' ? wish(tenant) : tenant.issueToken(wish));
  }
  const where = typeof to === 'function' ? to(token) : to;
  const got = await send(base + where, {
    ...more,
    headers: {
      ...(bearer && token !== undefined && { authorization: `Bearer ${token}` }),
      ...(typeof headers === 'function' ? headers(token) : headers),
    },
  });

  const expected = typeof answer === 'function' ? answer(token) : answer;
  const seen = { status: got.status };
  if (expected.json !== undefined) {
    seen.json =
      got.text.startsWith('{') || got.text.startsWith('[') ? JSON.parse(got.text) : got.text;
  }
  if (expected.text !== undefined) {
    seen.text = got.text;
  }
  if (expected.challenge !== undefined) {
    // Which scopes a challenge names is tested in contract/answers.test.js.
    const challenge = got.headers['www-authenticate'] ?? null;
    seen.challenge = challenge?.replace(/, scope="[^"]+"$/, '') ?? null;
  }
  if (expected.headers !== undefined) {
    seen.headers = Object.fromEntries(
      Object.keys(expected.headers).map((name) => [name, got.headers[name]]),
    );
  }
  assert.deepEqual(seen, expected, `${where} with ${JSON.stringify(wish ?? opaque)}`);
}

module.exports = { check, environment, run, send, withServer };
