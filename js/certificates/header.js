'use strict';

// The client's certificate out of a header, as a proxy that terminates TLS hands it on.

const { MonoCloudValidationError } = require('../errors.js');
const { requireObject } = require('../options.js');
const { withStack } = require('../outcome.js');
const { FORMATS } = require('./formats.js');
const { LONGEST, MALFORMED, NONE } = require('./pem.js');
const { readTrust } = require('./trust.js');

/** A field name (RFC 9110 §5.6.2). */
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/**
 * `certificateFromHeader` of one framework.
 *
 * @param {(request) => import('node:http').IncomingMessage} rawOf Node's own request
 * @param {(request) => ((address: string) => boolean) | undefined} frameworkTrust its trust setting
 */
function headerResolver(rawOf, frameworkTrust) {
  return function certificateFromHeader(options) {
    const { read, name, trusts } = readHeaderOptions(
      options,
      frameworkTrust,
      certificateFromHeader,
    );
    return function certificateResolver(request) {
      const { rawHeaders, socket } = rawOf(request);
      const values = valuesOf(rawHeaders, name);
      // A Unix socket has no address.
      if (values.length === 0 || !trusts(request, socket.remoteAddress ?? '')) return NONE;
      // Twice means that two have written it, and only one of them can be the proxy.
      if (values.length > 1 || values[0].length > LONGEST) return MALFORMED;
      return values[0] === '' ? NONE : read(values[0]);
    };
  };
}

/** The options, checked. An error's stack begins where `from` was called. */
function readHeaderOptions(options, frameworkTrust, from) {
  requireObject(options, from);
  try {
    const { format, header, trustProxy } = options ?? {};
    return { ...readFormat(format, header), trusts: readTrust(trustProxy, frameworkTrust) };
  } catch (error) {
    if (error instanceof MonoCloudValidationError) throw withStack(error, from);
    // A getter or a proxy of the caller's threw.
    throw withStack(new MonoCloudValidationError('"options" can\'t be read'), from);
  }
}

function readFormat(format, header) {
  if (typeof format !== 'string' || !Object.hasOwn(FORMATS, format)) {
    const names = Object.keys(FORMATS).join(', ');
    throw new MonoCloudValidationError(`"format" must be one of ${names}`);
  }
  const { read, header: usual } = FORMATS[format];
  const name = header ?? usual;
  if (typeof name !== 'string' || !FIELD_NAME.test(name)) {
    throw new MonoCloudValidationError('"header" must be the name of a header');
  }
  return { read, name: name.toLowerCase() };
}

/** Every value that the header has, as it came: `headers` would show two as one. */
function valuesOf(rawHeaders, name) {
  const values = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const known = rawHeaders[at];
    if (known.length === name.length && known.toLowerCase() === name) {
      values.push(rawHeaders[at + 1]);
    }
  }
  return values;
}

module.exports = { headerResolver };
