'use strict';

// The process of one server: one framework, one guard, one route.

const { once } = require('node:events');
const { monitorEventLoopDelay } = require('node:perf_hooks');
const { serve } = require('../support/child.js');
const { guards } = require('./guards.js');

/** Milliseconds: the event loop is looked at this often, and this much is no delay. */
const RESOLUTION = 1;
/** Less than this is none: the timer itself is no more exact. */
const LEAST_DELAY = 0.05;

/** Nobody has looked into a token, so that is what stands in for its claims. */
const UNPROTECTED = { sub: 'user-1' };

let cpu;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION });

/** What the handler answers: `hello`, or what it has read from the claims. */
function answer(handler, claims = () => UNPROTECTED) {
  if (handler === 'ignores') return () => ({ message: 'hello' });
  return (request) => ({ sub: claims(request).sub });
}

const servers = {
  async fastify(guard, terms, handler) {
    const app = require('fastify')();
    const { options, claims } = await guard.create(app, terms);
    const body = answer(handler, claims);
    app.get('/', options, async (request) => body(request));
    await app.listen({ port: 0, host: '127.0.0.1' });
    return app.server.address().port;
  },

  async express(guard, terms, handler) {
    const app = require('express')();
    const { middleware, claims } = await guard.create(terms);
    const body = answer(handler, claims);
    app.get('/', ...middleware, (request, response) => {
      response.json(body(request));
    });
    // Errors are answered as by default, but not printed.
    app.set('env', 'test');
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return server.address().port;
  },
};

serve({
  listen: (framework, name, terms, handler) =>
    servers[framework](guards[framework][name], terms, handler),

  begin() {
    delay.reset();
    delay.enable();
    cpu = process.cpuUsage();
  },

  /** Processor time since `begin` in microseconds, all threads; delays in milliseconds. */
  end() {
    const { user, system } = process.cpuUsage(cpu);
    delay.disable();
    const above = (nanoseconds) => Math.max(LEAST_DELAY, nanoseconds / 1e6 - RESOLUTION);
    return {
      cpu: user + system,
      delayP99: above(delay.percentile(99)),
      delayMax: above(delay.max),
    };
  },
});
