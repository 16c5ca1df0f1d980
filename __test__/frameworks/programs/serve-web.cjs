'use strict';

// The APIs of the suite behind `./web`, on the server that Bun or Deno has itself. Reads what the suite knows from
// the file that is named, and prints the ports.

const { readFileSync } = require('node:fs');

const web = require('../../../js/web/index.js');
const { fetchOf, headerOf } = require('../../support/frameworks.js');
const { built, functionsOf } = require('../apis.js');

const { apis, certificate } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const functions = functionsOf({ header: headerOf.web, errors: web, certificate });
const mistake = () => Response.json({ message: 'from the error handler' }, { status: 500 });
const where = { hostname: '127.0.0.1', port: 0 };

function serve(fetch) {
  if (globalThis.Bun) return globalThis.Bun.serve({ ...where, fetch, error: mistake }).port;
  return globalThis.Deno.serve({ ...where, onListen() {}, onError: mistake }, fetch).addr.port;
}

const ports = {};
for (const [name, api] of Object.entries(apis)) {
  const { args, routes } = built(api, functions);
  const protect = web.protectApi(...args);
  ports[name] = serve(fetchOf(protect, routes, api.metadata && protect.metadata()));
}
console.log(JSON.stringify(ports));
