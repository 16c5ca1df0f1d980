'use strict';

// A refusal where an answer is under way already, or where the client has gone: nothing more is written,
// nothing is thrown, and no handler runs (contract §9). Each state of the response for itself: an answer that
// has begun is not yet an answer that has ended, and neither of them is a connection that is closed.

const assert = require('node:assert/strict');
const net = require('node:net');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const {
  MonoCloudHttpError,
  MonoCloudOPError,
  MonoCloudTokenError,
} = require('@monocloud/backend-node');
const { guarded, ownClient } = require('../support/guarded.js');
const { get } = require('../support/http.js');

const TIMEOUT_MS = 15_000;
const turn = () => new Promise((resolve) => setImmediate(resolve));

const REFUSALS = {
  'is refused': () => Promise.reject(new MonoCloudTokenError('x')),
  'lacks scopes': () => Promise.reject(new MonoCloudTokenError('x', 'insufficient_scope')),
  'finds no tenant': () => Promise.reject(new MonoCloudHttpError('x')),
  'finds a tenant that refuses': () => Promise.reject(new MonoCloudOPError('x')),
};

/** A client of the user's own that holds one token until the test says how it ends. */
function holding() {
  let called;
  let end;
  const reached = new Promise((resolve) => {
    called = resolve;
  });
  const client = ownClient((token) => {
    if (token !== 'held') return Promise.resolve({ sub: token });
    called();
    return new Promise((resolve) => {
      end = (outcome) => resolve(outcome());
    });
  });
  return { client, reached, end: (outcome) => end(outcome) };
}

/** Everything that a connection brings until it is closed. */
async function exchange(url, token) {
  const socket = net.connect(new URL(url).port, '127.0.0.1');
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('no answer')));
  const chunks = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.write(
    `GET / HTTP/1.1\r\nhost: api\r\nauthorization: Bearer ${token}\r\nconnection: close\r\n\r\n`,
  );
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}

/** Notes in `log` each call of these methods of an object. */
function watch(object, methods, log) {
  for (const method of methods) {
    const own = object[method];
    object[method] = function (...args) {
      log.push(method);
      return Reflect.apply(own, this, args);
    };
  }
}

for (const { name, adapter, protectApi, start } of guarded) {
  /** An API with one guarded route; `first(raw)` gets the response before the guard sees the request. */
  const startWatched = async (t, client, first) => {
    const log = [];
    let ran = 0;
    const rejections = [];
    const note = (error) => rejections.push(error);
    process.on('unhandledRejection', note);
    t.after(() => process.off('unhandledRejection', note));
    const setup = (app) => {
      const see = (request, response, reply) => {
        if (!/held/.test(request.headers.authorization)) return;
        watch(response, ['writeHead', 'write', 'end'], log);
        // Fastify itself says in its log that it is too late for this.
        if (reply) watch(reply, ['send'], log);
        first?.(response, reply);
      };
      if (adapter === 'express') {
        app.use((request, response, next) => {
          see(request, response);
          next();
        });
      } else {
        app.addHook('onRequest', (request, reply, done) => {
          see(request.raw, reply.raw, reply);
          done();
        });
      }
    };
    const handler = () => {
      ran += 1;
      return { handled: true };
    };
    const api = await start(t, protectApi(client), [{ path: '/', handler }], { setup });
    return {
      ...api,
      log,
      /** After everything: no handler ran, nothing was thrown, and the API lives. */
      async assertQuiet() {
        await turn();
        await turn();
        assert.equal(ran, 0, 'the handler ran');
        assert.deepEqual(api.errors, []);
        assert.deepEqual(rejections, []);
        assert.equal((await get(api.url, 'at-once')).status, 200);
      },
    };
  };

  describe(`a token that ends after something else has answered, ${name}`, () => {
    for (const [what, refused] of Object.entries(REFUSALS)) {
      it(`${what}: an answer that has begun goes on as it began`, async (t) => {
        const { client, reached, end } = holding();
        let begin;
        const api = await startWatched(t, client, (response, reply) => {
          begin = () => {
            // Fastify asks for this of whoever writes to the response themselves.
            reply?.hijack();
            response.writeHead(200, { 'content-type': 'text/plain' });
            response.write('begun ');
            return response;
          };
        });
        const answer = exchange(api.url, 'held');
        await reached;
        const response = begin();
        end(refused);
        await turn();
        await turn();
        assert.equal(response.writableEnded, false);
        response.end('and ended');
        const text = await answer;
        assert.match(text, /^HTTP\/1\.1 200 /);
        assert.match(text, /begun .*and ended/s);
        assert.ok(!/HTTP\/1\.1 (401|403|500|503)|unauthorized|forbidden/.test(text), text);
        assert.deepEqual(api.log, ['writeHead', 'write', 'end']);
        await api.assertQuiet();
      });

      it(`${what}: an answer that has ended is the only one`, async (t) => {
        const { client, reached, end } = holding();
        let answerEarly;
        const api = await startWatched(t, client, (early, reply) => {
          answerEarly = () => {
            if (reply) return reply.code(408).send({ message: 'too slow' });
            early.statusCode = 408;
            early.setHeader('content-type', 'application/json');
            return early.end('{"message":"too slow"}');
          };
        });
        const answer = exchange(api.url, 'held');
        await reached;
        answerEarly();
        const text = await answer;
        const written = [...api.log];
        end(refused);
        await turn();
        await turn();
        assert.match(text, /^HTTP\/1\.1 408 /);
        assert.match(text, /\{"message":"too slow"\}/);
        assert.deepEqual(api.log, written, 'nothing more is written');
        await api.assertQuiet();
      });

      it(`${what}: nothing is written to a client that has gone`, async (t) => {
        const { client, reached, end } = holding();
        let response;
        const api = await startWatched(t, client, (early) => {
          response = early;
        });
        const socket = net.connect(new URL(api.url).port, '127.0.0.1');
        socket.on('error', () => {});
        socket.write('GET / HTTP/1.1\r\nhost: api\r\nauthorization: Bearer held\r\n\r\n');
        await reached;
        const closed = once(response, 'close');
        socket.destroy();
        await closed;
        assert.equal(response.headersSent, false);
        assert.equal(response.writableEnded, false);
        assert.equal(response.destroyed, true);
        end(refused);
        await turn();
        await turn();
        assert.deepEqual(api.log, []);
        await api.assertQuiet();
      });
    }
  });
}
