'use strict';

// The process of one server, with one framework, one guard and one route.

const { once } = require('node:events');
const { monitorEventLoopDelay } = require('node:perf_hooks');
const { serve } = require('../support/child.js');
const { guards } = require('./guards.js');
const { STAGES } = require('./stages.js');

/** The resolution of the delays of the event loop, in milliseconds. */
const RESOLUTION = 1;
/** The accuracy of the timer, in milliseconds. */
const SHORTEST_DELAY = 0.05;

/** Stands in for claims where there is no guard. */
const UNPROTECTED = { sub: 'user-1' };

let cpu;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION });

/** The response of the handler: `hello`, or a value from the claims. */
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
    // In this environment Express does not print errors.
    app.set('env', 'test');
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return server.address().port;
  },
};

serve({
  listen: (framework, name, terms, handler) =>
    servers[framework](guards[framework][name] ?? STAGES[name], terms, handler),

  begin() {
    delay.reset();
    delay.enable();
    cpu = process.cpuUsage();
  },

  /** Processor time of all threads since `begin`, in microseconds; delays in milliseconds. */
  end() {
    const { user, system } = process.cpuUsage(cpu);
    delay.disable();
    const above = (nanoseconds) => Math.max(SHORTEST_DELAY, nanoseconds / 1e6 - RESOLUTION);
    return {
      cpu: user + system,
      delayP99: above(delay.percentile(99)),
      delayMax: above(delay.max),
    };
  },
});
