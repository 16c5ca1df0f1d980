'use strict';

// Programs that speak Fetch, guarded through `./web`: a route handler of Next.js on its own server, tRPC and GraphQL
// Yoga. And Nest's contexts other than HTTP.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { on, once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { createInterface } = require('node:readline');
const { after, before, describe, it } = require('node:test');

const { download } = require('../../tools/downloads.js');
const { startFaultyTenant } = require('../support/faulty-tenant.js');
const { raw } = require('../support/http.js');
const { protectApi } = require('@monocloud/backend-node/web');

const ROOT = path.join(__dirname, '..', '..');
const LIMIT_MS = 30_000;
const isOld = Number.parseInt(process.versions.node, 10) < 20;

let tenant;
before(async () => {
  tenant = await startFaultyTenant();
});
after(() => tenant.close());

/** An answer without a token, with one that lacks the scope, and with a good one. */
async function answersOf(url) {
  const bearer = (token) => [['authorization', `Bearer ${token}`]];
  const refused = await raw(url);
  assert.equal(refused.status, 401);
  assert.equal(refused.text, '{"message":"unauthorized"}');
  assert.equal(refused.headers['www-authenticate'], 'Bearer');
  const forbidden = await raw(url, { headers: bearer(tenant.token({ scope: 'other' })) });
  assert.equal(forbidden.status, 403);
  assert.equal(forbidden.text, '{"message":"forbidden"}');
  assert.equal(
    forbidden.headers['www-authenticate'],
    'Bearer error="insufficient_scope", scope="posts:read"',
  );
  const { status, json } = await raw(url, { headers: bearer(tenant.token()) });
  assert.equal(status, 200);
  return json;
}

async function listening(t, listener) {
  const server = http.createServer(listener).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  return `http://127.0.0.1:${server.address().port}`;
}

/** A project of Next.js with our package installed. Links would be bundled, so it is a copy. */
function nextProject() {
  const project = fs.mkdtempSync(path.join(os.tmpdir(), 'monocloud-next-'));
  const modules = path.join(project, 'node_modules');
  const ours = path.join(modules, '@monocloud', 'backend-node');
  const theirs = path.join(download('next'), 'node_modules');
  fs.mkdirSync(ours, { recursive: true });
  for (const name of fs.readdirSync(theirs)) {
    fs.symlinkSync(path.join(theirs, name), path.join(modules, name), 'junction');
  }
  fs.cpSync(path.join(ROOT, 'js'), path.join(ours, 'js'), { recursive: true });
  fs.copyFileSync(path.join(ROOT, 'package.json'), path.join(ours, 'package.json'));
  const route = path.join(project, 'app', 'api', 'posts');
  fs.mkdirSync(route, { recursive: true });
  fs.copyFileSync(path.join(__dirname, 'programs', 'next-route.mjs'), path.join(route, 'route.js'));
  fs.writeFileSync(path.join(project, 'package.json'), '{ "private": true }');
  fs.writeFileSync(
    path.join(project, 'next.config.js'),
    "module.exports = { serverExternalPackages: ['@monocloud/backend-node'] };\n",
  );
  return project;
}

it('guards a route handler of Next.js', { skip: isOld }, async (t) => {
  const project = nextProject();
  const program = path.join(project, 'node_modules', 'next', 'dist', 'bin', 'next');
  const args = [program, 'dev', '--webpack', '--port', '0', '--hostname', '127.0.0.1'];
  const child = spawn(process.execPath, args, {
    cwd: project,
    // A group of its own: it starts a process that serves.
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      NODE_ENV: 'development',
      NEXT_TELEMETRY_DISABLED: '1',
      MONOCLOUD_BACKEND_TENANT_DOMAIN: tenant.issuer,
      MONOCLOUD_BACKEND_AUDIENCE: tenant.audience,
    },
  });
  t.after(async () => {
    const gone = once(child, 'exit');
    if (child.exitCode === null) {
      process.kill(-child.pid, 'SIGKILL');
      await gone;
    }
    fs.rmSync(project, { recursive: true, force: true, maxRetries: 5 });
  });
  const signal = AbortSignal.timeout(LIMIT_MS);
  let url;
  for await (const [line] of on(createInterface({ input: child.stdout }), 'line', { signal })) {
    url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0];
    if (url !== undefined) break;
  }
  assert.deepEqual(await answersOf(`${url}/api/posts`), { sub: 'user', isNext: true });
});

it('guards a tRPC server', { skip: isOld }, async (t) => {
  const { initTRPC } = await import('@trpc/server');
  const { fetchRequestHandler } = await import('@trpc/server/adapters/fetch');
  const { listenerOf } = require('../support/frameworks.js');
  const trpc = initTRPC.context().create();
  const router = trpc.router({ me: trpc.procedure.query(({ ctx }) => ctx.claims.sub) });
  const guard = protectApi(tenant.options())({ scopes: ['posts:read'] });
  const url = await listening(
    t,
    listenerOf(async (req) => {
      const result = await guard(req);
      if (!('claims' in result)) return result;
      const createContext = () => ({ claims: result.claims });
      return fetchRequestHandler({ req, router, endpoint: '/trpc', createContext });
    }),
  );
  assert.deepEqual(await answersOf(`${url}/trpc/me`), { result: { data: 'user' } });
});

it('guards a GraphQL Yoga server', { skip: isOld }, async (t) => {
  const { createSchema, createYoga } = require('graphql-yoga');
  const guard = protectApi(tenant.options())({ scopes: ['posts:read'] });
  const yoga = createYoga({
    logging: false,
    schema: createSchema({
      typeDefs: 'type Query { me: String }',
      resolvers: { Query: { me: (_parent, _args, { claims }) => claims.sub } },
    }),
    plugins: [
      {
        async onRequest({ request, serverContext, endResponse }) {
          const result = await guard(request);
          if ('claims' in result) serverContext.claims = result.claims;
          else endResponse(result);
        },
      },
    ],
  });
  const url = await listening(t, yoga);
  assert.deepEqual(await answersOf(`${url}/graphql?query={me}`), { data: { me: 'user' } });
});

describe('a guard of Nest', { skip: isOld }, () => {
  /** A class whose methods have decorators: `{ name: [decorator, …] }`, those of parameters by their index. */
  function decorated(prototype, methods) {
    const Class = class {};
    for (const [name, [method, decorators, parameters = []]] of Object.entries(methods)) {
      const descriptor = { value: method, writable: true, configurable: true };
      Object.defineProperty(Class.prototype, name, descriptor);
      for (const [index, decorator] of parameters.entries())
        decorator(Class.prototype, name, index);
      for (const decorator of decorators) {
        const own = Object.getOwnPropertyDescriptor(Class.prototype, name);
        Object.defineProperty(Class.prototype, name, decorator(Class.prototype, name, own) ?? own);
      }
    }
    for (const decorator of prototype) decorator(Class);
    return Class;
  }

  async function start(t, metadata, setup = () => {}) {
    require('reflect-metadata');
    const { Module } = require('@nestjs/common');
    const { NestFactory } = require('@nestjs/core');
    const Application = class {};
    Module(metadata)(Application);
    const app = await NestFactory.create(Application, { logger: false, abortOnError: false });
    setup(app);
    t.after(() => app.close());
    await app.listen(0, '127.0.0.1');
    return `http://127.0.0.1:${app.getHttpServer().address().port}`;
  }

  const guardOf = (options) => {
    const { protectApi: forNest } = require('@monocloud/backend-node/nest');
    return forNest(tenant.options())(options);
  };

  it('gives @Claims() to parameters', async (t) => {
    const { Controller, Get, UseGuards } = require('@nestjs/common');
    const { Claims } = require('@monocloud/backend-node/nest');
    const guarded = [Get('/me'), UseGuards(guardOf())];
    const open = [Get('/open')];
    const both = [Claims(), Claims('sub')];
    const reply = (claims, sub) => ({ aud: claims?.aud, sub });
    const controller = decorated([Controller()], {
      me: [reply, guarded, both],
      open: [(claims, sub) => ({ claims: typeof claims, sub: typeof sub }), open, both],
    });
    const url = await start(t, { controllers: [controller] });
    const headers = [['authorization', `Bearer ${tenant.token()}`]];
    const { json } = await raw(`${url}/me`, { headers });
    assert.deepEqual(json, { aud: tenant.audience, sub: 'user' });
    assert.deepEqual((await raw(`${url}/open`)).json, { claims: 'undefined', sub: 'undefined' });
  });

  it('finds the request of a GraphQL resolver', async (t) => {
    const { UseGuards } = require('@nestjs/common');
    const { GraphQLModule, Query, Resolver } = require('@nestjs/graphql');
    const { YogaDriver } = require('@graphql-yoga/nestjs');
    const { Claims } = require('@monocloud/backend-node/nest');
    const field = (name, guard) => [Query(() => String, { name }), UseGuards(guard)];
    const resolver = decorated([Resolver()], {
      me: [(sub) => sub, field('me', guardOf({ scopes: ['posts:read'] })), [Claims('sub')]],
      admin: [() => 'let in', field('admin', guardOf({ scopes: ['admin'] }))],
    });
    const options = { driver: YogaDriver, autoSchemaFile: true, maskedErrors: false };
    const graphql = GraphQLModule.forRoot(options);
    const url = await start(t, { imports: [graphql], providers: [resolver] });
    const ask = async (query, token) => {
      const headers = token === undefined ? [] : [['authorization', `Bearer ${token}`]];
      const { json } = await raw(`${url}/graphql?query={${query}}`, { headers });
      return { data: json.data, message: json.errors?.[0].message };
    };
    assert.deepEqual(await ask('me', tenant.token()), { data: { me: 'user' }, message: undefined });
    assert.deepEqual(await ask('me'), { data: null, message: 'unauthorized' });
    assert.deepEqual(await ask('admin', tenant.token()), { data: null, message: 'forbidden' });
  });

  it('finds the request of a WebSocket, or refuses', async (t) => {
    const { UseFilters, UseGuards } = require('@nestjs/common');
    const { SubscribeMessage, WebSocketGateway } = require('@nestjs/websockets');
    const { WsAdapter } = require('@nestjs/platform-ws');
    const WebSocket = require('ws');
    // Nest's own filter tells a client of `ws` nothing.
    const filter = {
      catch(exception, host) {
        const data = exception.getResponse().message;
        host
          .switchToWs()
          .getClient()
          .send(JSON.stringify({ event: 'exception', data }));
      },
    };
    const gateway = (path, connects) => {
      const Gateway = decorated([WebSocketGateway({ path }), UseFilters(filter)], {
        me: [
          () => ({ event: 'me', data: 'let in' }),
          [SubscribeMessage('me'), UseGuards(guardOf({ optional: path === '/without' }))],
        ],
      });
      if (connects) Gateway.prototype.handleConnection = connects;
      return Gateway;
    };
    const keeps = (client, request) => {
      client.request = request;
    };
    const providers = [gateway('/with', keeps), gateway('/without')];
    const url = await start(t, { providers }, (app) => app.useWebSocketAdapter(new WsAdapter(app)));
    const ask = async (pathname, token) => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const socket = new WebSocket(`${url.replace('http', 'ws')}${pathname}`, { headers });
      await once(socket, 'open');
      const answered = once(socket, 'message', { signal: AbortSignal.timeout(10_000) });
      socket.send(JSON.stringify({ event: 'me' }));
      const [data] = await answered;
      socket.close();
      return JSON.parse(data).data;
    };
    assert.equal(await ask('/with', tenant.token()), 'let in');
    assert.equal(await ask('/with'), 'unauthorized');
    assert.equal(await ask('/with', 'rubbish'), 'unauthorized');
    // There is no request, so that nothing says whether it has a token.
    assert.equal(await ask('/without', tenant.token()), 'unauthorized');
    assert.equal(await ask('/without'), 'unauthorized');
  });

  it('refuses a context that has no request', async () => {
    const { ExecutionContextHost } = require('@nestjs/core/helpers/execution-context-host.js');
    for (const type of ['http', 'graphql', 'ws', 'rpc', 'unknown']) {
      for (const value of [undefined, null, {}, { headers: null }, { headers: 'x' }]) {
        const context = new ExecutionContextHost([value, value, value, value]);
        context.setType(type);
        await assert.rejects(guardOf({ optional: true }).canActivate(context), {
          name: 'HttpException',
          message: 'unauthorized',
        });
      }
    }
  });
});
