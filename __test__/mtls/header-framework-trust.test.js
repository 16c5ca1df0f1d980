'use strict';

// Certificates in headers: the trust setting of the framework in place of the guard's own.

const assert = require('node:assert/strict');
const { after, before, describe, it } = require('node:test');

const { frameworks, listenExpress, listenFastify } = require('../support/http.js');
const { ROUTES, adapters, startBinder } = require('./support.js');
const { recorded, thumbprint } = require('./recorded.json');
const { ask } = require('./headers-support.js');

let issuer;
before(async () => {
  issuer = await startBinder();
});

after(() => issuer?.close());

describe('the setting of the framework', () => {
  const { format, header, value } = recorded[0];
  const handler = (request) => ({ sub: request.claims.sub });

  const makers = {
    express: (module) => async (protect, setting) => {
      const app = require(module)();
      if (setting !== undefined) app.set('trust proxy', setting);
      app.get('/bound', protect(), (request, response) => {
        response.json(handler(request));
      });
      return listenExpress(app);
    },
    fastify: (module) => async (protect, setting) => {
      const app = require(module)({ ...(setting !== undefined && { trustProxy: setting }) });
      app.get('/bound', { onRequest: protect() }, async (request) => handler(request));
      return listenFastify(app);
    },
  };

  const modules = {
    'Express 4': 'express4',
    'Express 5': 'express',
    'Fastify 4': 'fastify4',
    'Fastify 5': 'fastify',
  };

  for (const { name, adapter } of frameworks) {
    const create = makers[adapter](modules[name]);

    const statusWith = async (t, setting, trustProxy = true, jwt = issuer.boundTo(thumbprint)) => {
      const { certificateFromHeader, protectApi } = adapters[adapter];
      const protect = protectApi({
        ...issuer.options,
        certificateResolver: certificateFromHeader({ format, header, trustProxy }),
      });
      const api = await create(protect, setting);
      t.after(() => api.close());
      for (const forwarded of ['127.0.0.1', '10.0.0.1, 192.0.2.1']) {
        // What is said in a header changes nothing.
        const more = [header, value];
        const answer = await ask(api, '/bound', jwt, more, ['X-Forwarded-For', forwarded]);
        assert.equal(answer.status, (await ask(api, '/bound', jwt, more)).status);
      }
      return (await ask(api, '/bound', jwt, [header, value])).status;
    };

    it(`is asked about the peer where "trustProxy" is true, through ${name}`, async (t) => {
      for (const setting of [
        'loopback',
        '10.0.0.0/8, 127.0.0.1',
        ['192.0.2.1', '127.0.0.0/8'],
        (address, hop) => address === '127.0.0.1' && hop === 0,
      ]) {
        assert.equal(await statusWith(t, setting), 200, String(setting));
      }
      for (const setting of [undefined, false, '192.0.2.1', ['10.0.0.0/8'], () => false]) {
        assert.equal(await statusWith(t, setting), 401, String(setting));
      }
      // Nobody has a certificate then; that does not matter for a token that is not bound.
      assert.equal(await statusWith(t, undefined, true, issuer.token()), 200);
    });

    it(`is not believed where it trusts everybody, and that is said once, through ${name}`, async (t) => {
      const warnings = [];
      const listen = ({ message }) => warnings.push(message);
      process.on('warning', listen);
      t.after(() => process.off('warning', listen));
      assert.equal(await statusWith(t, true), 401);
      await new Promise(setImmediate);
      assert.equal(warnings.length, 1);
      assert.match(
        warnings[0],
        /^certificateFromHeader\(\).*"trustProxy": true.*trusts every peer/,
      );
      // A number of hops says nothing of who the first one is.
      assert.equal(await statusWith(t, 1), 401);
      assert.equal(await statusWith(t, () => true), 401);
    });

    it(`does not matter where "trustProxy" names proxies, through ${name}`, async (t) => {
      assert.equal(await statusWith(t, true, '192.0.2.1'), 401);
      assert.equal(await statusWith(t, false, '127.0.0.1'), 200);
    });
  }

  it('may be handed over as the function that Express made of it', async (t) => {
    const { certificateFromHeader, protectApi } = adapters.express;
    for (const [setting, status] of [
      ['loopback', 200],
      ['10.0.0.0/8', 401],
    ]) {
      const app = require('express')();
      app.set('trust proxy', setting);
      const trustProxy = app.get('trust proxy fn');
      const protect = protectApi({
        ...issuer.options,
        certificateResolver: certificateFromHeader({ format, header, trustProxy }),
      });
      app.get('/bound', protect(ROUTES[0].options), (_request, response) => response.json({}));
      const api = await listenExpress(app);
      t.after(() => api.close());
      assert.equal(
        (await ask(api, '/bound', issuer.boundTo(thumbprint), [header, value])).status,
        status,
      );
    }
  });
});
