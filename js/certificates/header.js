'use strict';

// Reads the client certificate from a header that a TLS-terminating proxy sets.

/**
 * @import { IncomingMessage } from 'node:http'
 * @import { CertificateFromHeaderOptions, CertificateHeaderFormat } from '../../index.d.ts'
 * @import { FrameworkTrust } from './trust.js'
 */

const { MonoCloudValidationError } = require('../errors.js');
const { readOptions } = require('../core/options-reader.js');
const { withStack } = require('../core/stack.js');
const { FORMATS } = require('./formats.js');
const { LONGEST, MALFORMED, NONE } = require('./pem.js');
const { readTrust } = require('./trust.js');

const OPTIONS = /** @type {const} */ (['format', 'header', 'trustProxy']);

/** A field name (RFC 9110 §5.6.2). */
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/**
 * `certificateFromHeader` of one framework.
 *
 * @template R the framework's request
 * @param {(request: R) => IncomingMessage} rawOf Node's own request
 * @param {FrameworkTrust<R>} frameworkTrust its trust setting
 */
function headerResolver(rawOf, frameworkTrust) {
  /** @param {CertificateFromHeaderOptions} options */
  return function certificateFromHeader(options) {
    const { read, name, trusts } = readHeaderOptions(
      options,
      frameworkTrust,
      certificateFromHeader,
    );
    /** @param {R} request */
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

/**
 * The checked options. The stack of an error begins at the caller of `from`.
 * @template R
 * @param {CertificateFromHeaderOptions} options
 * @param {FrameworkTrust<R>} frameworkTrust
 * @param {Function} from
 */
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

/**
 * @param {unknown} format
 * @param {unknown} header
 */
function readFormat(format, header) {
  const known = /** @type {CertificateHeaderFormat} where it is a name in there */ (format);
  if (typeof format !== 'string' || FORMATS[known] === undefined) {
    const names = Object.keys(FORMATS).join(', ');
    throw new MonoCloudValidationError(`"format" must be one of ${names}`);
  }
  const { read, header: usual } = FORMATS[known];
  const name = header ?? usual;
  if (typeof name !== 'string' || !FIELD_NAME.test(name)) {
    throw new MonoCloudValidationError('"header" must be the name of a header');
  }
  return { read, name: name.toLowerCase() };
}

/**
 * The number of headers of this name, and the last one's value. `headers` of Node.js joins several into one.
 * @param {string[]} rawHeaders
 * @param {string} name
 */
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
  return { count, value: /** @type {string} where `count` is not 0 */ (value) };
}

module.exports = { headerResolver };
