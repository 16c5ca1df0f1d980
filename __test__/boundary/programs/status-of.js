'use strict';

// The requests of an attack, whatever it has replaced.

const http = require('node:http');

const NativePromise = Promise;
const DEADLINE_MS = 30_000;

// Few connections to each API: an attack lasts for hundreds of requests to several.
const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });

/** The status of a GET; 0 where the connection ended without an answer or in time. */
function statusOf(url, headers) {
  return new NativePromise((resolve) => {
    const request = http.get(url, { agent, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
      response.on('error', () => resolve(0));
    });
    request.setTimeout(DEADLINE_MS, () => request.destroy());
    request.on('error', () => resolve(0));
  });
}

module.exports = { agent, statusOf };
