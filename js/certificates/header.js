'use strict';

// Reads the client certificate from a header that a TLS-terminating proxy sets.

const { MonoCloudValidationError } = require('../errors.js');
const { readOptions } = require('../core/options-reader.js');
const { withStack } = require('../core/stack.js');
const { FORMATS } = require('./formats.js');
const { LONGEST, MALFORMED, NONE } = require('./pem.js');
const { readTrust } = require('./trust.js');

const OPTIONS = ['format', 'header', 'trustProxy'];

/** A field name (RFC 9110 §5.6.2). */
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/**
 * `certificateFromHeader` of one framework.
 *
 * @param {(request) => import('node:http').IncomingMessage} rawOf the request of Node.js
 * @param {(request) => ((address: string) => boolean) | undefined} frameworkTrust the framework's trust setting
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
      const { count, value } = fieldOf(rawHeaders, name);
      // A Unix socket has no address.
      if (count === 0 || trusts(request, socket.remoteAddress ?? '') !== true) return NONE;
      // Of two headers, only one can be the proxy's.
      if (count > 1 || value.length > LONGEST) return MALFORMED;
      return value === '' ? NONE : read(value);
    };
  };
}

/** The checked options. The stack of an error begins at the caller of `from`. */
function readHeaderOptions(options, frameworkTrust, from) {
  const what = 'certificateFromHeader()';
  const { format, header, trustProxy } = readOptions(options, OPTIONS, { what, from });
  try {
    return { ...readFormat(format, header), trusts: readTrust(trustProxy, frameworkTrust) };
  } catch (error) {
    if (error instanceof MonoCloudValidationError) throw withStack(error, from);
    // A Proxy object of the caller's threw.
    throw withStack(new MonoCloudValidationError('"trustProxy" can\'t be read'), from);
  }
}

function readFormat(format, header) {
  if (typeof format !== 'string' || FORMATS[format] === undefined) {
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

/** The number of headers of this name, and the last one's value. `headers` of Node.js joins several into one. */
function fieldOf(rawHeaders, name) {
  let count = 0;
  let value;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const known = rawHeaders[at];
    if (known.length === name.length && known.toLowerCase() === name) {
      count += 1;
      value = rawHeaders[at + 1];
    }
  }
  return { count, value };
}

module.exports = { headerResolver };
