'use strict';

// The header in which each proxy sends the client certificate, and its format. `read` takes a value of bounded
// length and returns PEM, NONE or MALFORMED.

/** @import { CertificateHeaderFormat } from '../../index.d.ts' */

const { pemOfXfcc } = require('./envoy.js');
const { MALFORMED, NONE, pemOfBase64, pemOfChain, pemOfEscapedPem, pemOfPem } = require('./pem.js');

/** @typedef {{ header: string, read: (value: string) => string }} Format */

/** @type {Record<CertificateHeaderFormat, Format> & { __proto__: null }} */
const FORMATS = {
  __proto__: null,

  // `$ssl_client_escaped_cert`: PEM, percent-encoded. The header's name is that of the Kubernetes ingress.
  // https://nginx.org/en/docs/http/ngx_http_ssl_module.html#var_ssl_client_escaped_cert
  nginx: { header: 'ssl-client-cert', read: pemOfEscapedPem },

  // PEM, percent-encoded except `+=/`. The default is the header of the mode `verify`, with one certificate.
  // The header of `passthrough`, `X-Amzn-Mtls-Clientcert`, has a chain that begins with the client's.
  // https://docs.aws.amazon.com/elasticloadbalancing/latest/application/mutual-authentication.html
  'aws-alb': { header: 'x-amzn-mtls-clientcert-leaf', read: pemOfChain },

  envoy: { header: 'x-forwarded-client-cert', read: pemOfXfcc },

  // `%[ssl_c_der,base64]`, or `%{+Q}[ssl_c_der,base64]`, which puts it in quotes. Without a certificate
  // the value is empty.
  // https://docs.haproxy.org/2.8/configuration.html#7.3.4-ssl_c_der
  haproxy: { header: 'x-ssl-client-cert', read: (value) => fromHaproxy(value) },

  // `%{SSL_CLIENT_CERT}s`: PEM in which mod_headers replaces line ends by spaces; "(null)" without a
  // certificate.
  // https://httpd.apache.org/docs/2.4/mod/mod_headers.html#requestheader
  apache: {
    header: 'ssl_client_cert',
    read: (value) => (value === '(null)' ? NONE : pemOfPem(value)),
  },

  // A byte sequence: base64 of the DER between colons.
  // https://www.rfc-editor.org/rfc/rfc9440#section-2.2, https://www.rfc-editor.org/rfc/rfc8941#section-3.3.5
  rfc9440: { header: 'client-cert', read: (value) => fromByteSequence(value) },
};

/** @param {string} value */
function fromHaproxy(value) {
  const quoted = value.length > 1 && value.startsWith('"') && value.endsWith('"');
  const base64 = quoted ? value.slice(1, -1) : value;
  return base64 === '' ? NONE : pemOfBase64(base64);
}

/** @param {string} value */
function fromByteSequence(value) {
  const enclosed = value.length > 1 && value.startsWith(':') && value.endsWith(':');
  return enclosed ? pemOfBase64(value.slice(1, -1)) : MALFORMED;
}

module.exports = { FORMATS };
