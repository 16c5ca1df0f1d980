'use strict';

// The tour: a tenant, an Express API and a Fastify API in this process, and the demo's requests to them over real
// sockets. Each answer is compared with the documented one (contract §9).

const { deepStrictEqual } = require('node:assert');
const { startApi } = require('../js/demo/apis');
const { ROUTES, scenarios } = require('../js/demo/scenarios');
const { startWorld } = require('../js/demo/world');
const { table } = require('./table.js');

const COLUMNS = [
  { title: ' ', limit: 1 },
  { title: 'sent', limit: 19 },
  { title: 'to', limit: 10 },
  { title: 'got', limit: 3 },
  { title: 'body', limit: 26 },
  { title: 'WWW-Authenticate', limit: 28 },
  { title: 'why', limit: 21 },
];

async function send(base, client, request) {
  const url = base + request.to;
  const token = await request.token?.();
  const proof = await request.proof?.(url, token);
  const scheme = proof === undefined ? 'Bearer' : 'DPoP';
  const { authorization = token && `${scheme} ${token}` } = request;
  const value = typeof authorization === 'function' ? await authorization() : authorization;
  const headers = {
    ...(value !== undefined && { authorization: value }),
    ...(proof !== undefined && { dpop: proof }),
  };
  const response = await fetch(url, { headers });
  const text = await response.text();
  const got = {
    status: response.status,
    body: parse(text),
    challenge: response.headers.get('www-authenticate'),
  };
  const { documented } = request;
  const passed = equal(got, typeof documented === 'function' ? documented(token) : documented);
  return {
    passed,
    row: [
      passed ? '✓' : '✗',
      request.sent,
      request.to,
      String(got.status),
      text,
      got.challenge ?? '—',
      response.ok
        ? '—'
        : await reasonOf(client, token, { ...ROUTES[request.to], ...dpopOf(proof, url) }),
    ],
  };
}

const dpopOf = (proof, url) => (proof === undefined ? {} : { dpop: { proof, method: 'GET', url } });

// The answer to the outside says no more than "unauthorized"; the API's own side learns why.
async function reasonOf(client, token, required) {
  if (token === undefined) {
    return '—';
  }
  try {
    await client.validateAccessToken(token, required);
    return '—';
  } catch (error) {
    return error.reason ?? error.name;
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function equal(got, documented) {
  try {
    deepStrictEqual(got, documented);
    return true;
  } catch {
    return false;
  }
}

// The exit code: 0 if every answer was the documented one.
async function tour(print = console.log) {
  const { tenant, client, close } = await startWorld();
  print(`Tenant at ${tenant.tenantDomain}, audience ${tenant.audience}`);
  let sent = 0;
  let passed = 0;
  for (const [name, list] of Object.entries(scenarios(tenant))) {
    const api = await startApi(name, client);
    const base = `${api.url}/api`;
    const results = [];
    // One after the other: rotation comes at its place.
    for (const request of list) {
      results.push(await send(base, client, request));
    }
    await api.close();
    sent += results.length;
    passed += results.filter((result) => result.passed).length;
    const rows = results.map((result) => result.row);
    print(`\n${api.title} API at ${base}\n\n${table(COLUMNS, rows)}`);
  }
  print(`\n${passed} of ${sent} answers are the documented ones.`);
  await close();
  return passed === sent ? 0 : 1;
}

module.exports = { tour };
