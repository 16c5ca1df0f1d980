'use strict';

// Contract §9: requests whose client has gone, or that have their answer already.

const { describe, it } = require('node:test');
const assert = require('node:assert/strict');
const net = require('node:net');
const { once } = require('node:events');

const { raw, get } = require('../../support/http.js');
const { authorized, guarded, ownClient } = require('../../support/guarded.js');
const {
  MonoCloudHttpError,
  MonoCloudOPError,
  MonoCloudTokenError,
} = require('@monocloud/backend-node');
const { turn } = require('./support.js');

/** A validation that ends when the test says so. */
function heldClient() {
  const held = {};
  held.called = new Promise((called) => {
    held.validateAccessToken = (token) => {
      if (token === 'at-once') return Promise.resolve({ sub: token });
      called();
      return new Promise((resolve, reject) => Object.assign(held, { resolve, reject }));
    };
  });
  return held;
}

for (const { name, adapter, protectApi, start, startOne } of guarded) {
  describe(`a client that has gone, or has its answer already, with ${name}`, () => {
    /** Sends a request, and resolves once the server has it, with a way to be gone for good. */
    async function send(api, method = 'GET') {
      const connected = once(api.server, 'connection');
      const socket = net.connect(new URL(api.url).port, '127.0.0.1');
      socket.on('error', () => {});
      const chunks = [];
      socket.on('data', (chunk) => chunks.push(chunk));
      const head = `${method} / HTTP/1.1\r\nhost: api\r\nauthorization: Bearer held\r\n\r\n`;
      socket.write(head);
      const [accepted] = await connected;
      return {
        text: () => Buffer.concat(chunks).toString(),
        answered: () => once(socket, 'data'),
        async leave() {
          const closed = once(accepted, 'close');
          socket.destroy();
          await closed;
          await turn();
        },
      };
    }

    const refusals = [
      new MonoCloudTokenError('x'),
      new MonoCloudHttpError('x'),
      new MonoCloudOPError('x'),
    ];

    for (const method of ['GET', 'DELETE', 'POST']) {
      it(`writes nothing and runs no handler for a refused ${method} that was given up`, async (t) => {
        for (const refusal of refusals) {
          let ran = 0;
          const handler = () => {
            ran += 1;
            return {};
          };
          const client = heldClient();
          const api = await start(t, protectApi(client), [
            { path: '/', method: method.toLowerCase(), handler },
          ]);
          const visitor = await send(api, method);
          await client.called;
          await visitor.leave();
          client.reject(refusal);
          await turn();
          const { status } = await raw(api.url, { method, ...authorized('Bearer at-once') });
          assert.equal(status, 200);
          assert.equal(ran, 1, 'the handler ran for the one request that passed');
          assert.deepEqual(api.errors, []);
        }
      });
    }

    it('lives where the token passes after the client has gone', async (t) => {
      const client = heldClient();
      const api = await startOne(t, protectApi(client));
      const visitor = await send(api);
      await client.called;
      await visitor.leave();
      client.resolve({ sub: 'late' });
      await turn();
      assert.equal((await get(api.url, 'at-once')).status, 200);
      assert.deepEqual(api.errors, []);
    });

    if (adapter === 'fastify') {
      it('runs no handler where the client goes while an onSend hook holds the refusal', async (t) => {
        let ran = 0;
        const handler = () => {
          ran += 1;
          return {};
        };
        let go;
        const gate = new Promise((resolve) => {
          go = resolve;
        });
        let reached;
        const held = new Promise((resolve) => {
          reached = resolve;
        });
        const setup = (app) =>
          app.addHook('onSend', async (request) => {
            if (request.headers.authorization !== 'Bearer held') return;
            reached();
            await gate;
          });
        const client = ownClient(async (token) => {
          if (token === 'held') throw new MonoCloudTokenError('x');
          return {};
        });
        const api = await start(t, protectApi(client), [{ path: '/', handler }], { setup });
        const visitor = await send(api);
        await held;
        await visitor.leave();
        go();
        await turn();
        assert.equal((await get(api.url, 'at-once')).status, 200);
        assert.equal(ran, 1);
        assert.deepEqual(api.errors, []);
      });
    }

    // Where it is refused: ../answered-twice.test.js.
    it('writes nothing where the answer was sent before the token is let through', async (t) => {
      let answer;
      const setup = (app) => {
        const early = { message: 'too slow' };
        if (adapter === 'express') {
          app.use((_request, response, next) => {
            answer = () => response.status(408).json(early);
            next();
          });
        } else {
          app.addHook('onRequest', (_request, reply, done) => {
            answer = () => reply.code(408).send(early);
            done();
          });
        }
      };
      const client = heldClient();
      const own = (_request, response) => {
        if (!response.headersSent) response.json({});
      };
      const api = await start(t, protectApi(client), adapter === 'fastify' ? [{ path: '/' }] : [], {
        setup: async (app) => {
          setup(app);
          if (adapter === 'express') app.get('/', protectApi(client)(), own);
        },
      });
      const visitor = await send(api);
      await client.called;
      answer();
      await visitor.answered();
      client.resolve({});
      await turn();
      assert.equal((await get(api.url, 'at-once')).status, 200);
      assert.equal(visitor.text().match(/HTTP\/1\.1/g).length, 1);
      assert.match(visitor.text(), /^HTTP\/1\.1 408 /);
      assert.deepEqual(api.errors, []);
      await visitor.leave();
    });
  });
}
