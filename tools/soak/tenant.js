'use strict';

// The tenant, in a process of its own, so that only validation is measured. On command it mints tokens, rotates
// its keys, fails, and sends bad tokens to the guarded API.

const crypto = require('node:crypto');
const http = require('node:http');
const { once } = require('node:events');
const { KeyRing } = require('../../js/testing/keys.js');

const AUDIENCE = 'https://api.example.com';
const SCOPE = 'posts:read';

const ring = new KeyRing(['ES256']);
let outage = 'none';
let issuer;
const active = new Set();

function claims(more) {
  const exp = Math.floor(Date.now() / 1000) + 6 * 3600;
  const sub = crypto.randomUUID();
  return { iss: issuer, sub, aud: AUDIENCE, exp, scope: SCOPE, ...more };
}

/** Tokens of each kind, all signed with the newest key. */
async function mint({ count }) {
  const make = (number, more) =>
    Promise.all(Array.from({ length: number }, () => ring.sign('ES256', {}, claims(more))));
  const few = Math.ceil(count / 10);
  const opaque = Array.from({ length: few }, () => crypto.randomBytes(32).toString('base64url'));
  active.clear();
  for (const token of opaque) active.add(token);
  return {
    good: await make(count),
    expired: await make(few, { exp: 1 }),
    otherAudience: await make(few, { aud: 'https://other.example.com' }),
    otherIssuer: await make(few, { iss: 'https://other.example.com' }),
    unscoped: await make(few, { scope: 'posts:write' }),
    opaque,
  };
}

const COMMANDS = {
  mint,
  /** Removes the old keys at once, unless they are to be kept. */
  rotate: ({ keepOld }) => ring.rotate(keepOld),
  outage({ kind }) {
    outage = kind;
  },
  refuseMe,
};

/** Sends requests with bad tokens to a guarded route and counts the answers by status. */
async function refuseMe({ port, requests, tokens }) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 32 });
  const statuses = {};
  let left = requests;
  const one = (token) =>
    new Promise((resolve) => {
      const headers = { authorization: `Bearer ${token}` };
      const count = (status) => {
        statuses[status] = (statuses[status] ?? 0) + 1;
        resolve();
      };
      http
        .get({ host: '127.0.0.1', port, agent, headers }, (response) => {
          response.resume();
          response.on('end', () => count(response.statusCode));
        })
        .on('error', ({ code }) => count(code));
    });
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      await one(tokens[left % tokens.length]);
    }
  };
  await Promise.all(Array.from({ length: 32 }, worker));
  agent.destroy();
  return statuses;
}

function answer(request, response, body) {
  if (outage === 'reset') return request.socket.destroy();
  if (outage === 'silent') return undefined;
  const json = (status, value) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(typeof value === 'string' ? value : JSON.stringify(value));
  };
  if (outage === 'error') return json(503, { error: 'temporarily_unavailable' });
  if (outage === 'rubbish') return json(200, '{"keys":[');
  if (request.url === '/.well-known/openid-configuration') {
    const introspection = `${issuer}/introspect`;
    return json(200, { issuer, jwks_uri: `${issuer}/jwks`, introspection_endpoint: introspection });
  }
  if (request.url === '/jwks') return json(200, ring.jwks());
  const token = new URLSearchParams(body).get('token');
  return json(200, active.has(token) ? { active: true, ...claims() } : { active: false });
}

async function main() {
  await ring.rotate(false);
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => answer(request, response, body));
    request.on('error', () => {});
  });
  server.keepAliveTimeout = 65_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  issuer = `http://127.0.0.1:${server.address().port}`;
  process.on('message', async ({ id, command, ...more }) => {
    process.send({ id, value: await COMMANDS[command](more) });
  });
  process.on('disconnect', () => process.exit());
  const options = { tenantDomain: issuer, audience: AUDIENCE };
  process.send({ id: 0, value: { options, scope: SCOPE } });
}

main();
