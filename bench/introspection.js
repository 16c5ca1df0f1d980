'use strict';

// node bench/introspection.js
//
// Introspection: this package, compared with the same request through Node's fetch with keep-alive. Both use the
// same server, a separate process, and take turns. The goals: at least 0.9 of the throughput, and no worse p99.

const { fork } = require('node:child_process');
const { once } = require('node:events');
const http = require('node:http');

const { MonoCloudBackendNodeClient } = require('../js/index.js');
const { machine } = require('./support/machine.js');
const { median } = require('./support/stats.js');

const AUDIENCE = 'https://api.example.com';
const ROUNDS = 15;
const REQUESTS = 4000;
const IN_FLIGHT = [1, 64];

function serve() {
  const server = http.createServer((request, response) => {
    request.resume();
    const origin = `http://127.0.0.1:${server.address().port}`;
    const body = request.url.startsWith('/.well-known')
      ? {
          issuer: origin,
          jwks_uri: `${origin}/jwks`,
          introspection_endpoint: `${origin}/introspect`,
        }
      : { active: true, iss: origin, aud: AUDIENCE, sub: 'u', scope: 'a b', exp: 4_000_000_000 };
    request.on('end', () => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(body));
    });
  });
  server.listen(0, '127.0.0.1', () => process.send(server.address().port));
}

let last = 0;
const newToken = () => `opaque-token-${++last}-${'x'.repeat(40)}`;

function contenders(origin) {
  const credentials = { clientId: 'api', clientSecret: 'secret' };
  const client = new MonoCloudBackendNodeClient({
    tenantDomain: origin,
    audience: AUDIENCE,
    ...credentials,
  });
  const viaFetch = async () => {
    const body = new URLSearchParams({
      token: newToken(),
      token_type_hint: 'access_token',
      client_id: 'api',
      client_secret: 'secret',
    });
    const headers = { accept: 'application/json' };
    const response = await fetch(`${origin}/introspect`, { method: 'POST', headers, body });
    const { active, iss, aud, exp } = await response.json();
    if (active !== true || iss !== origin || aud !== AUDIENCE || exp < Date.now() / 1000) {
      throw new Error('not active');
    }
  };
  return { 'this package': () => client.validateAccessToken(newToken()), fetch: viaFetch };
}

/** Requests per second, and p99 in milliseconds, of one round. */
async function round(work, inFlight, requests) {
  const times = [];
  let left = requests;
  const begun = performance.now();
  const runner = async () => {
    while (left-- > 0) {
      const start = performance.now();
      await work();
      times.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, runner));
  const seconds = (performance.now() - begun) / 1000;
  times.sort((a, b) => a - b);
  return { rate: requests / seconds, p99: times[Math.floor(times.length * 0.99)] };
}

async function main() {
  const server = fork(__filename, ['serve']);
  const [port] = await once(server, 'message');
  const works = contenders(`http://127.0.0.1:${port}`);
  console.log(`${machine()}, Node.js ${process.version}`);
  console.log(`${ROUNDS} rounds of ${REQUESTS} requests each, alternating; medians\n`);
  console.log('| in flight | contender | requests/s | p99, ms |\n|---|---|---|---|');
  for (const inFlight of IN_FLIGHT) {
    const requests = inFlight === 1 ? REQUESTS / 4 : REQUESTS;
    const results = Object.fromEntries(Object.keys(works).map((name) => [name, []]));
    for (const work of Object.values(works)) await round(work, inFlight, requests);
    for (let number = 0; number < ROUNDS; number += 1) {
      const order = Object.entries(works);
      if (number % 2 === 1) order.reverse();
      for (const [name, work] of order) results[name].push(await round(work, inFlight, requests));
    }
    const of = (name, key) => median(results[name].map((result) => result[key]));
    for (const name of Object.keys(works)) {
      const rate = of(name, 'rate').toFixed(0);
      console.log(`| ${inFlight} | ${name} | ${rate} | ${of(name, 'p99').toFixed(2)} |`);
    }
    const ratio = (key) =>
      median(results.fetch.map((other, at) => results['this package'][at][key] / other[key]));
    console.log(
      `| ${inFlight} | ratio, median of rounds | ${ratio('rate').toFixed(2)} | ${ratio('p99').toFixed(2)} |`,
    );
  }
  server.kill();
}

if (process.argv[2] === 'serve') serve();
else main();
