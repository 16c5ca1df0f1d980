'use strict';

// npm run bench -- --only frameworks: the processor time of each framework's guard for a seen token. The guard is
// called again and again with the request that its framework has made of one from the wire; with no guard there is
// nothing to call. Mark: at most 1.2 times the guard for Express.

const { all } = require('../__test__/support/frameworks.js');
const { createTestTenant } = require('../js/testing');
const { conditions, versionOf } = require('./support/machine.js');
const { digits, table } = require('./support/markdown.js');
const { alternate, median, ratios, summary } = require('./support/stats.js');

const CALLS = 10_000;
const ROUNDS = { full: 41, quick: 5 };
const EXPRESS = 'Express 5';
/** By the names of __test__/support/frameworks.js, with their packages. */
const FRAMEWORKS = {
  [EXPRESS]: 'express',
  'Fastify 5': 'fastify',
  Hono: 'hono',
  'Koa 3': 'koa',
  'Nest 11 on express': '@nestjs/core',
  'Nest 11 on fastify': '@nestjs/core',
  web: undefined,
};

const nothing = () => {};

/** In place of a guard, by adapter: keeps the guard's call with this request, and lets the request pass. */
const KEEPING = {
  express: (guard, keep) => (request, response, next) => {
    keep(() => guard(request, response, nothing));
    next();
  },
  fastify: (guard, keep) => (request, reply, done) => {
    keep(() => guard(request, reply, nothing));
    done();
  },
  hono: (guard, keep) => (context, next) => {
    keep(() => guard(context, nothing));
    return next();
  },
  koa: (guard, keep) => (context, next) => {
    keep(() => guard(context, nothing));
    return next();
  },
  nest: (guard, keep) => ({
    canActivate(context) {
      keep(() => guard.canActivate(context));
      return true;
    },
  }),
  web: (guard, keep) => async (request) => {
    keep(() => guard(request));
    return { claims: undefined };
  },
};

/** The call of a framework's guard. */
async function callOf(name, tenant, token) {
  const { adapter, create } = all.find((framework) => framework.name === name);
  const { protectApi } = require(`../js/${adapter}`);
  const guard = protectApi(tenant.clientOptions())();
  let call;
  const protect = () =>
    KEEPING[adapter](guard, (kept) => {
      call = kept;
    });
  const api = await create(protect, [{ path: '/' }]);
  const response = await fetch(api.url, { headers: { authorization: `Bearer ${token}` } });
  await response.arrayBuffer();
  return { call, close: () => api.close() };
}

/** The processor time of one call in microseconds, as the mean of many. */
async function microseconds(call) {
  const before = process.cpuUsage();
  for (let i = 0; i < CALLS; i += 1) await call();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / CALLS;
}

async function run({ quick, progress }) {
  const tenant = await createTestTenant();
  const token = await tenant.issueToken();
  const names = Object.keys(FRAMEWORKS);
  const calls = {};
  try {
    for (const name of names) calls[name] = await callOf(name, tenant, token);
    const measure = (name) => microseconds(calls[name].call);
    progress('frameworks');
    await alternate(names, 2, measure);
    const values = await alternate(names, quick ? ROUNDS.quick : ROUNDS.full, measure);
    return { ...conditions(), values };
  } finally {
    await Promise.all(Object.values(calls).map(({ close }) => close()));
    await tenant.close();
  }
}

function section({ values }) {
  const packages = [...new Set(Object.values(FRAMEWORKS))].filter((name) => name !== undefined);
  const rows = Object.keys(FRAMEWORKS).map((name) => {
    const to = summary(ratios(values[name], values[EXPRESS]));
    const spread = `${to.median.toFixed(2)} (${to.low.toFixed(2)}–${to.high.toFixed(2)})`;
    return [name, digits(median(values[name])), spread];
  });
  return `## Every framework

${packages.map((name) => `${name} ${versionOf(name)}`).join('; ')}; *web* is under \`node:http\`.

The processor time of the guard itself for a seen token, in microseconds, and its ratio to the guard for Express. Each guard
is called with a request of its own framework; without a guard there is no such call. Mark: at most 1.2. In Hono on Node.js,
0.4 microseconds are those in which \`@hono/node-server\` looks up the header.

${table(['', 'microseconds', 'to Express'], rows)}
`;
}

module.exports = { run, section };
