'use strict';

// A tenant on loopback with one issuer for each key (`http://127.0.0.1:port/RS256` has one RS256 key), so that the
// choice of a key is not measured.

const http = require('node:http');
const { once } = require('node:events');

const DISCOVERY = '/.well-known/openid-configuration';
const JWKS = '/.well-known/jwks.json';

async function startTenant(keys) {
  const server = http.createServer((request, response) => {
    const [, alg, rest] = /^\/(\w+)(\/.*)$/.exec(request.url) ?? [];
    const key = keys.find((candidate) => candidate.alg === alg);
    const issuer = `${origin}/${alg}`;
    const documents = {
      [DISCOVERY]: { issuer, jwks_uri: issuer + JWKS },
      [JWKS]: { keys: [key?.jwk] },
    };
    const body = key && documents[rest];
    response.writeHead(body ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? {}));
  });
  server.keepAliveTimeout = 65_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${server.address().port}`;

  return {
    /** The settings with which a contender accepts the tokens of one key. */
    terms(key) {
      const issuer = `${origin}/${key.alg}`;
      const { alg, jwk, pem } = key;
      return { issuer, jwksUri: issuer + JWKS, alg, jwk, pem };
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

module.exports = { startTenant };
