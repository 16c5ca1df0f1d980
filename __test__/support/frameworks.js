'use strict';

// The other frameworks behind the same `create` as in ./http.js: Hono, Koa, Nest, and `./web` under node:http.

const http = require('node:http');
const { once } = require('node:events');

const { frameworks: firstTwo } = require('./http.js');

const MESSAGE = { message: 'from the error handler' };
const claimsOf = ({ claims }) => ({ claims });

/** Starts a server, and resolves with what every `create` gives. */
async function listening(server, app) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    server,
    app,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

const guardOf = (protect, { options }) => (options === undefined ? protect() : protect(options));

async function hono(protect, routes, { record, setup } = {}) {
  const { Hono } = require('hono');
  const { createAdaptorServer } = require('@hono/node-server');
  const app = new Hono();
  app.onError((error, c) => {
    record?.push(error);
    return c.json(MESSAGE, 500);
  });
  await setup?.(app);
  for (const route of routes) {
    const { path, method = 'get', handler = claimsOf } = route;
    app[method](path, guardOf(protect, route), async (c) =>
      c.json(await handler({ claims: c.get('claims') })),
    );
  }
  return listening(createAdaptorServer({ fetch: app.fetch }), app);
}

function koa(module) {
  return async (protect, routes, { record, setup } = {}) => {
    const Koa = require(module);
    const app = new Koa();
    app.use(async (ctx, next) => {
      try {
        await next();
      } catch (error) {
        record?.push(error);
        ctx.status = 500;
        ctx.body = MESSAGE;
      }
    });
    await setup?.(app);
    for (const route of routes) {
      const { path, method = 'get', handler = claimsOf } = route;
      const guard = guardOf(protect, route);
      app.use((ctx, next) => {
        if (ctx.path !== path || ctx.method !== method.toUpperCase()) return next();
        return guard(ctx, async () => {
          ctx.body = await handler({ claims: ctx.state.claims });
        });
      });
    }
    return listening(http.createServer(app.callback()), app);
  };
}

/** The packages of one major of Nest, by the folder from which they are found. */
function nestFrom(folder) {
  const find = (name) => require(require.resolve(name, { paths: [folder] }));
  find('reflect-metadata');
  return (platform) => nest(find, platform);
}

function nest(find, platform) {
  return async (protect, routes, { record, setup, fastify } = {}) => {
    const { Controller, Get, HttpException, Module, Post, Req, UseGuards } = find('@nestjs/common');
    const { BaseExceptionFilter, NestFactory } = find('@nestjs/core');
    class Routes {}
    const decorate = (name, { path, method = 'get' }, guard) => {
      const descriptor = Object.getOwnPropertyDescriptor(Routes.prototype, name);
      Req()(Routes.prototype, name, 0);
      UseGuards(guard)(Routes.prototype, name, descriptor);
      ({ get: Get, post: Post })[method](path)(Routes.prototype, name, descriptor);
    };
    for (const [index, route] of routes.entries()) {
      const { handler = claimsOf } = route;
      const name = `route${index}`;
      const value = async ({ claims }) => handler({ claims });
      Object.defineProperty(Routes.prototype, name, { value, writable: true, configurable: true });
      decorate(name, route, guardOf(protect, route));
    }
    Controller()(Routes);
    class Application {}
    Module({ controllers: [Routes] })(Application);
    const options = { logger: false, abortOnError: false };
    const { FastifyAdapter } = platform === 'fastify' ? find('@nestjs/platform-fastify') : {};
    const app = FastifyAdapter
      ? await NestFactory.create(Application, new FastifyAdapter(fastify), options)
      : await NestFactory.create(Application, options);
    class Filter extends BaseExceptionFilter {
      catch(error, host) {
        if (error instanceof HttpException) return super.catch(error, host);
        record?.push(error);
        app.getHttpAdapter().reply(host.switchToHttp().getResponse(), MESSAGE, 500);
      }
    }
    app.useGlobalFilters(new Filter(app.getHttpAdapter()));
    await setup?.(app);
    await app.listen(0, '127.0.0.1');
    const server = app.getHttpServer();
    return {
      url: `http://127.0.0.1:${server.address().port}`,
      server,
      app,
      async close() {
        const closed = app.close();
        server.closeAllConnections();
        await closed;
      },
    };
  };
}

/** A handler of the Fetch API as a listener of node:http; what it throws is a 500. */
function listenerOf(fetch, record) {
  return async (request, response) => {
    try {
      const {
        method,
        rawHeaders,
        headers: { host },
      } = request;
      const headers = new Headers();
      for (let at = 0; at < rawHeaders.length; at += 2) {
        headers.append(rawHeaders[at], rawHeaders[at + 1]);
      }
      const answer = await fetch(new Request(`http://${host}${request.url}`, { method, headers }));
      response.writeHead(answer.status, [...answer.headers].flat());
      response.end(Buffer.from(await answer.arrayBuffer()));
    } catch (error) {
      record?.push(error);
      response.writeHead(500, { 'content-type': 'application/json' });
      response.end(JSON.stringify(MESSAGE));
    }
  };
}

/** `fetch` of an API whose routes are guarded by `./web`. `first` may answer before the routes. */
function fetchOf(protect, routes, first) {
  const guards = new Map(routes.map((route) => [route.path, [guardOf(protect, route), route]]));
  return async (request) => {
    const answered = await first?.(request);
    if (answered !== undefined) return answered;
    const [guard, { handler = claimsOf } = {}] = guards.get(new URL(request.url).pathname) ?? [];
    if (guard === undefined) return new Response('', { status: 404 });
    const result = await guard(request);
    if (!('claims' in result)) return result;
    return Response.json(await handler(result), { headers: result.headers });
  };
}

async function web(protect, routes, { record, setup } = {}) {
  const fetch = fetchOf(protect, routes, await setup?.());
  return listening(http.createServer(listenerOf(fetch, record)), fetch);
}

const atLeast = (major) => Number(process.versions.node.split('.')[0]) >= major;

/**
 * How each framework's request has its headers, for resolvers; `adapter` names the entry point.
 * Nest 10 is in ./nest10.js, because a process has one Nest only.
 */
const headerOf = {
  express: (request, name) => request.headers[name],
  fastify: (request, name) => request.headers[name],
  nest: (request, name) => request.headers[name],
  koa: (ctx, name) => ctx.request.headers[name],
  hono: (c, name) => c.req.header(name),
  web: (request, name) => request.headers.get(name) ?? undefined,
};

// Express's and Fastify's reply to MESSAGE in ./http.js is the same.
const others = [
  ...(atLeast(20) ? [{ name: 'Hono', adapter: 'hono', create: hono }] : []),
  { name: 'Koa 2', adapter: 'koa', create: koa('koa2') },
  { name: 'Koa 3', adapter: 'koa', create: koa('koa') },
  ...(atLeast(20)
    ? ['express', 'fastify'].map((platform) => ({
        name: `Nest 11 on ${platform}`,
        adapter: 'nest',
        create: (...given) => nestFrom(__dirname)(platform)(...given),
      }))
    : []),
  { name: 'web', adapter: 'web', create: web },
];

module.exports = { all: [...firstTwo, ...others], fetchOf, headerOf, listenerOf, nestFrom, others };
