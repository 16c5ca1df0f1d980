'use strict';

// APIs that read client certificates from headers.

const { raw } = require('../support/http.js');
const { ROUTES, adapters } = require('./support.js');

const HUGE = { http: { maxHeaderSize: 1 << 20 } };

/** An API that reads its certificates from a header. */
function start(issuer, { adapter, create }, header, more) {
  const { certificateFromHeader, protectApi } = adapters[adapter];
  const protect = protectApi({
    ...issuer.options,
    certificateResolver: certificateFromHeader({ trustProxy: 'loopback', ...header }),
  });
  return create(protect, ROUTES, { ...HUGE, ...more });
}

const bearer = (jwt) => ['Authorization', `Bearer ${jwt}`];

const ask = (api, path, jwt, ...headers) =>
  raw(`${api.url}${path}`, { headers: [bearer(jwt), ...headers] });

/** What one resolver makes of one header, without a server. */
function resolve(options, value, remoteAddress = '127.0.0.1') {
  const resolver = adapters.express.certificateFromHeader({ trustProxy: 'loopback', ...options });
  const name = options.header ?? 'x';
  return resolver({ rawHeaders: [name, value], socket: { remoteAddress } });
}

const escaped = (pem) => encodeURIComponent(pem);

const pemOf = (base64) =>
  `-----BEGIN CERTIFICATE-----\n${base64.match(/.{1,64}/g).join('\n')}\n-----END CERTIFICATE-----\n`;

module.exports = { ask, escaped, pemOf, resolve, start };
