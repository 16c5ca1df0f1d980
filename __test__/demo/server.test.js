'use strict';

// The command `monocloud-backend demo`, and who can make its server do something: the page that it serves, and nobody
// else.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { text } = require('node:stream/consumers');
const { after, before, describe, it } = require('node:test');
const { startDemo } = require('../../js/demo/demo.js');
const { scenarios } = require('../../js/demo/scenarios.js');

const ROOT = path.join(__dirname, '..', '..');
const BIN = path.join(ROOT, 'js', 'bin.js');
const TIMEOUT_MS = 30_000;

/** Resolves with the first match in what a process prints. What it prints later is read, too. */
function printed(stream, pattern) {
  return new Promise((resolve, reject) => {
    let all = '';
    stream.setEncoding('utf8').on('data', (text) => {
      all += text;
      const found = pattern.exec(all);
      if (found) resolve(found);
    });
    stream.once('end', () => reject(new Error(`it printed ${all}`)));
  });
}

function start(args, { env, cwd = ROOT } = {}) {
  const { NODE_ENV: _, ...inherited } = process.env;
  return spawn(process.execPath, [BIN, ...args], {
    cwd,
    env: { ...inherited, ...env },
    timeout: TIMEOUT_MS,
  });
}

async function ended(child) {
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { out, err, code };
}

describe('monocloud-backend demo', () => {
  it('prints where the page is, and ends within a second of Ctrl-C, pages open or not', async () => {
    for (const signal of ['SIGINT', 'SIGTERM']) {
      const child = start(['demo', '--port', '0']);
      const [, url] = await printed(child.stdout, /page is at (http:\/\/127\.0\.0\.1:\d+\/)\n/);
      const events = await fetch(`${url}events`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
      const closed = assert.rejects(text(events.body));
      const begin = performance.now();
      child.kill(signal);
      const [code] = await once(child, 'exit');
      const took = performance.now() - begin;
      assert.equal(code, 0);
      assert.ok(took < 1000, `${Math.round(took)} ms`);
      await closed;
    }
  });

  it('takes the next port where its own is taken, and says so', async () => {
    const taken = net.createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address();
    const child = start(['demo', '--port', String(port)]);
    const [, said, found] = await printed(
      child.stdout,
      /Port (\d+) is taken.*\n.*127\.0\.0\.1:(\d+)\/\n/,
    );
    assert.equal(Number(said), port);
    assert.ok(Number(found) > port && Number(found) <= port + 20, found);
    child.kill('SIGINT');
    await once(child, 'exit');
    taken.close();
  });

  it('refuses to run under NODE_ENV=production, and so does doctor --open', async () => {
    for (const args of [['demo'], ['doctor', '--open']]) {
      const { out, err, code } = await ended(start(args, { env: { NODE_ENV: 'production' } }));
      assert.deepEqual([out, code], ['', 2]);
      assert.match(err, /NODE_ENV=production/);
    }
  });

  it('says what is wrong with its arguments', async () => {
    for (const args of [['--port', 'x'], ['--port', '65536'], ['--what'], ['more']]) {
      const { err, code } = await ended(start(['demo', ...args]));
      assert.equal(code, 2, args.join(' '));
      assert.match(err, /Usage: monocloud-backend demo/);
    }
    const { out, code } = await ended(start(['demo', '--help']));
    assert.equal(code, 0);
    assert.match(out, /Usage: monocloud-backend demo/);
  });

  it('has the frameworks of the folder that it runs in, and node:http without any', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'monocloud-demo-'));
    try {
      const bare = await startDemo({ folder });
      assert.deepEqual(
        bare.apis.map(({ name }) => name),
        ['web'],
      );
      await bare.close();
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });

  it('is small', () => {
    const page = path.join(ROOT, 'js', 'demo', 'page');
    const sizes = fs.readdirSync(page).map((name) => fs.statSync(path.join(page, name)).size);
    const total = sizes.reduce((sum, size) => sum + size);
    assert.ok(total < 60 * 1024, `${total} bytes`);
  });
});

describe('the server of the page', () => {
  let demo;
  let origin;
  before(async () => {
    demo = await startDemo({ folder: ROOT });
    origin = new URL(demo.url).origin;
  });
  after(() => demo?.close());

  /** A request with exactly these headers. */
  async function send(target, { method = 'GET', headers, body } = {}) {
    const host = `127.0.0.1:${demo.port}`;
    const request = http.request({
      host: '127.0.0.1',
      port: demo.port,
      path: target,
      method,
      headers: { host, ...headers },
      timeout: 5000,
      agent: false,
    });
    request.end(body);
    const [response] = await once(request, 'response');
    if (response.headers['content-type'] === 'text/event-stream') {
      response.destroy();
      return { status: response.statusCode, headers: response.headers };
    }
    const answered = await text(response);
    return { status: response.statusCode, headers: response.headers, text: answered };
  }

  const OWN = { 'content-type': 'application/json' };
  const post = (target, body, headers) =>
    send(target, {
      method: 'POST',
      headers: { ...OWN, origin, ...headers },
      body: JSON.stringify(body),
    });
  const json = async (...args) => JSON.parse((await post(...args)).text);
  const RUN = { api: 'web', id: 'rotate' };

  it('has a policy without exceptions on every answer', async () => {
    for (const target of [
      '/',
      '/page.css',
      '/page.mjs',
      '/elements.mjs',
      '/timeline.mjs',
      '/icon.svg',
      '/state',
      '/nowhere',
    ]) {
      const { headers } = await send(target);
      assert.equal(
        headers['content-security-policy'],
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      );
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['referrer-policy'], 'no-referrer');
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
      assert.equal(headers['access-control-allow-origin'], undefined);
    }
    const { text: html } = await send('/');
    assert.doesNotMatch(html, /<script(?![^>]* src=)|<style| style=| on\w+=|https?:/);
  });

  it('answers no other host', async () => {
    const { port } = demo;
    for (const host of [
      'evil.example',
      `evil.example:${port}`,
      `127.0.0.1.evil.example:${port}`,
      `127.0.0.1:${port}.evil.example`,
      `localhost:${port + 1}`,
      'localhost',
      `LOCALHOST.:${port}`,
      `0.0.0.0:${port}`,
    ]) {
      for (const target of ['/', '/state', '/events']) {
        const { status, text: body } = await send(target, { headers: { host } });
        assert.equal(status, 403, `${host} ${target}`);
        assert.equal(body, '{"message":"Wrong host"}');
      }
      const headers = { host, origin: `http://${host}` };
      const before = demo.tenant.requests;
      assert.equal((await post('/operation', RUN, headers)).status, 403);
      assert.deepEqual(demo.tenant.requests, before);
    }
    assert.equal((await send('/state', { headers: { host: `localhost:${port}` } })).status, 200);
  });

  it('does nothing for another origin', async () => {
    const form = { 'content-type': 'text/plain' };
    const rows = [
      { origin: undefined },
      { origin: 'null' },
      { origin: 'http://evil.example' },
      { origin: `${origin}.evil.example` },
      { origin: `http://localhost:${demo.port}` },
      { origin: `https://127.0.0.1:${demo.port}` },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none' },
      form,
      { 'content-type': 'application/x-www-form-urlencoded' },
    ];
    for (const row of rows) {
      const given = { ...OWN, origin, ...row };
      const headers = Object.fromEntries(
        Object.entries(given).filter(([, value]) => value !== undefined),
      );
      for (const target of ['/make', '/send', '/scenario', '/operation']) {
        const before = demo.tenant.requests;
        const { status } = await send(target, {
          method: 'POST',
          headers,
          body: JSON.stringify(RUN),
        });
        assert.equal(status, 403, JSON.stringify(row));
        assert.deepEqual(demo.tenant.requests, before);
      }
    }
    for (const mode of ['no-cors', 'navigate']) {
      const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': mode };
      for (const target of ['/state', '/events', '/page.mjs']) {
        assert.equal((await send(target, { headers })).status, 403, target);
      }
      // A link may lead to the page.
      const { status } = await send('/', { headers });
      assert.equal(status, mode === 'navigate' ? 200 : 403);
    }
    for (const method of ['PUT', 'DELETE', 'OPTIONS', 'HEAD']) {
      const headers = { ...OWN, origin };
      assert.notEqual((await send('/operation', { method, headers })).status, 200, method);
    }
  });

  it('refuses what is no body, and what the form cannot have', async () => {
    for (const body of ['', '{', '[', 'null', '3', `"${'x'.repeat(300_000)}"`]) {
      const headers = { ...OWN, origin };
      const { status } = await send('/send', { method: 'POST', headers, body });
      assert.equal(status, 400, body.slice(0, 10));
    }
    const good = {
      alg: 'ES256',
      audience: 'a',
      scopes: '',
      groups: '',
      expiresIn: 1,
      bound: 'none',
    };
    assert.match((await json('/make', good)).token, /^[\w-]+\.[\w-]+\.[\w-]+$/);
    for (const wrong of [
      { alg: 'none' },
      { alg: '__proto__' },
      { audience: '' },
      { audience: {} },
      { scopes: 3 },
      { scopes: 'a"b' },
      { expiresIn: null },
      { expiresIn: 1e300 },
      { bound: 'toString' },
    ]) {
      const { status, text: body } = await post('/make', { ...good, ...wrong });
      assert.equal(status, 400, JSON.stringify(wrong));
      assert.notEqual(JSON.parse(body).message, '');
    }
    for (const wrong of [
      { api: 'constructor' },
      { to: '/../state' },
      { to: 'toString' },
      { token: 3 },
      { sender: 'nobody' },
    ]) {
      const sent = { api: 'web', to: '/data', token: 'x', sender: 'owner', ...wrong };
      assert.equal((await post('/send', sent)).status, 400, JSON.stringify(wrong));
    }
    for (const target of ['/scenario', '/operation']) {
      for (const id of ['constructor', '__proto__', '', 3, null]) {
        assert.equal((await post(target, { api: 'web', id })).status, 400);
      }
    }
    for (const target of [
      '/constructor',
      '/__proto__',
      '/page/../../package.json',
      '/index.html',
    ]) {
      assert.equal((await send(target)).status, 404, target);
    }
  });

  it('gives the documented answer to each scenario, on each framework', async () => {
    const buttons = Object.values(scenarios(demo.tenant))
      .flat()
      .filter(({ button }) => button);
    assert.equal(buttons.length, 7);
    assert.deepEqual(
      demo.apis.map(({ name }) => name),
      ['web', 'express', 'fastify', 'hono', 'koa'],
    );
    for (const { name } of demo.apis) {
      for (const { id } of buttons) {
        const { exchanges } = await json('/scenario', { api: name, id });
        for (const { answer, documented, reason, explanation } of exchanges) {
          const got = { ...answer, body: JSON.parse(answer.body) };
          assert.deepEqual(got, documented, `${name} ${id}`);
          assert.equal(reason === undefined, answer.status === 200, `${name} ${id}`);
          // What is not to be seen without asking is whether a proof was used before.
          if (reason === 'dpop_proof_replayed') continue;
          assert.equal(explanation.status, answer.status);
          const first = explanation.steps.find(({ outcome }) => outcome === 'failed');
          assert.equal(first?.reason, reason);
        }
      }
    }
  });

  it('sends bound tokens as their owner, and as a thief, on each framework', async () => {
    for (const { name } of demo.apis) {
      for (const bound of ['certificate', 'dpop']) {
        const form = { alg: 'ES256', audience: demo.tenant.audience, scopes: 'data:write' };
        const made = await json('/make', { ...form, groups: '', expiresIn: 60, bound });
        const as = async (sender) => {
          const sent = { api: name, to: '/data', token: made.token, sender };
          const { answer, explanation } = await json('/send', sent);
          return [answer.status, explanation.ok];
        };
        assert.deepEqual(await as('owner'), [200, true], `${name} ${bound}`);
        assert.deepEqual(await as('thief'), [401, false], `${name} ${bound}`);
        const replayed = await as('replay');
        assert.equal(replayed[0], 401, `${name} ${bound}`);
      }
      const { answer } = await json('/send', {
        api: name,
        to: '/data',
        token: '',
        sender: 'owner',
      });
      assert.deepEqual([answer.status, answer.challenge], [401, 'Bearer']);
    }
  });
});
